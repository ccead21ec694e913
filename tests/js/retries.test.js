import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Retries } from '../../static/realtime/retries.js';
import { FakeClock } from './fake-clock.js';

function plans(random = () => 1) {
  const clock = new FakeClock();
  const began = clock.now();
  const tries = [];
  const retries = new Retries({ timers: clock.timers, now: clock.now, random, attempt: () => tries.push(clock.now() - began) });
  return { clock, retries, tries };
}
const page = { polling: false, dormant: false };

test('retries: five failures in a row give the socket up, ten seconds of a good line forget them', async () => {
  const { clock, retries } = plans();
  retries.failures = 4;
  assert.equal(retries.givenUp, false);
  retries.failures = 5;
  assert.equal(retries.givenUp, true);
  retries.live();
  await clock.advance(6_000);
  // That it is live is told with every frame.
  retries.live();
  await clock.advance(3_999);
  assert.deepEqual([retries.isHealthy, retries.failures], [false, 5]);
  await clock.advance(1);
  assert.deepEqual([retries.isHealthy, retries.failures, retries.givenUp], [true, 0, false]);
  retries.live();
  assert.equal(retries.timers, 0);
});

test('retries: a line that ends before has proved nothing', async () => {
  const { clock, retries } = plans();
  retries.failures = 2;
  retries.live();
  await clock.advance(9_000);
  retries.drop();
  await clock.advance(60_000);
  assert.deepEqual([retries.isHealthy, retries.failures, clock.pending], [false, 2, 0]);
});

test('retries: one try is planned, later with each failure, and leisurely only where HTTP carries the events and sockets don’t get through', async () => {
  const { clock, retries, tries } = plans();
  retries.failures = 3;
  retries.plan(1006, page);
  retries.plan(1006, { ...page, polling: true });
  await clock.advance(60_000);
  assert.deepEqual(tries, [2_000]);
  retries.failures = 5;
  retries.plan(1006, { ...page, polling: true });
  await clock.advance(29_999);
  assert.equal(tries.length, 1);
  await clock.advance(1);
  assert.equal(tries.length, 2);
});

test('retries: nobody looks and there is no network: nothing is planned, and what is planned is given up', async () => {
  const { clock, retries } = plans();
  retries.plan(1006, { ...page, dormant: true });
  assert.equal(clock.pending, 0);
  retries.plan(1006, page);
  retries.rest();
  assert.equal(clock.pending, 0);
});

test('retries: after 4429 it is quiet for as long as was asked, whoever wants to try sooner, and not longer whatever the clock does', async () => {
  const { clock, retries, tries } = plans(() => 0);
  retries.plan(4429, { ...page, dormant: true });
  assert.equal(retries.quietFor, 30_000);
  retries.now();
  retries.soon();
  await clock.advance(29_999);
  assert.deepEqual(tries, []);
  await clock.advance(1);
  assert.deepEqual([tries, retries.quietFor], [[30_000], 0]);
  retries.now();
  assert.equal(tries.length, 2);
  retries.plan(4429, page);
  clock.jump(-3_600_000);
  assert.equal(retries.quietFor, 30_000);
});

test('retries: when the server answers again a planned try comes within three seconds; without one nothing is planned', async () => {
  const { clock, retries, tries } = plans(() => 0.5);
  retries.soon();
  assert.equal(clock.pending, 0);
  retries.failures = 5;
  retries.plan(1006, { ...page, polling: true });
  retries.soon();
  await clock.advance(60_000);
  assert.deepEqual(tries, [1_500]);
});
