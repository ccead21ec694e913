import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../static/dashboards/api.js';
import { PATIENCE, isOpening, onDemand } from '../../static/dashboards/on-demand.js';
import { FakeClock } from './fake-clock.js';

test('is loaded once, and what could not be loaded is tried again', async () => {
  let tries = 0;
  const open = onDemand(async () => {
    tries += 1;
    if (tries === 1) throw new TypeError('Failed to fetch dynamically imported module');
    return (name) => `opened ${name}`;
  });

  await assert.rejects(open('a'), Refusal);
  // Of two at once the last is meant: one dialog can't be about both.
  assert.deepEqual(await Promise.all([open('a'), open('b')]), [undefined, 'opened b']);
  assert.equal(tries, 2);
});

test('what it does itself may fail, and is not loaded again', async () => {
  let tries = 0;
  const open = onDemand(async () => {
    tries += 1;
    return () => {
      throw new RangeError('its own');
    };
  });

  await assert.rejects(open(), RangeError);
  await assert.rejects(open(), RangeError);
  assert.equal(tries, 1);
});

test('what has not come in time opens no more, and is there for the next call', async () => {
  const clock = new FakeClock();
  const opened = [];
  let come = () => {};
  const open = onDemand(() => new Promise((resolve) => (come = () => resolve((name) => opened.push(name)))), { timers: clock.timers });

  const first = assert.rejects(open('a'), Refusal);
  assert.equal(isOpening(), true);
  await clock.advance(PATIENCE);
  await first;
  assert.equal(isOpening(), false);
  come();
  await open('b');
  assert.deepEqual(opened, ['b']);
  assert.equal(clock.pending, 0);
});

test('what is fetched before it is asked for opens nothing, holds no keys and may fail in silence', async () => {
  let tries = 0;
  const open = onDemand(async () => {
    tries += 1;
    if (tries === 1) throw new TypeError('Failed to fetch dynamically imported module');
    return (name) => name;
  });

  open.warm();
  assert.equal(isOpening(), false);
  await new Promise(setImmediate);
  open.warm();
  assert.equal(await open('a'), 'a');
  assert.equal(tries, 2);
});

test('what opens nothing holds no keys, and each of its calls counts', async () => {
  const work = onDemand(async () => (/** @type {string} */ name) => name, { opens: false });

  const both = Promise.all([work('a'), work('b')]);
  assert.equal(isOpening(), false);
  assert.deepEqual(await both, ['a', 'b']);
});
