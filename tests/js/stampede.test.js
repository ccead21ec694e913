/** All desks lose their server in the same moment; they must not come back in step. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QueueSocket } from '../../static/realtime/index.js';
import { FakeClock } from './fake-clock.js';
import { FakePage, FakeServer } from './fake-server.js';
import { seeded } from './random.js';

const DESKS = 300;

/** Many desks on one server, live and well; `tried` are the times of their tries from now on. */
async function desks() {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  const tried = [];
  class Counted extends server.WebSocket {
    constructor(...args) {
      super(...args);
      tried.push(clock.now());
    }
  }
  const sockets = Array.from({ length: DESKS }, (_, n) =>
    new QueueSocket({
      url: 'wss://desk.example/ws/queue/', getToken: () => 't', WebSocket: Counted, fetch: server.fetch,
      timers: clock.timers, now: clock.now, random: seeded(n + 1), page: new FakePage(),
    }),
  );
  await clock.advance(11_000);
  assert.ok(sockets.every(({ state }) => state === 'live'));
  tried.length = 0;
  return { clock, server, sockets, tried, start: clock.now() };
}

/** The most that fall into any `width` ms, and whether they fill what they may fill. */
const crowd = (times, width) => Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + width).length));

test('a server that is stopped (1012) and there again at once: everybody is back within half a second, spread all over it', async () => {
  const { clock, server, sockets, tried, start } = await desks();

  for (const each of [...server.sockets]) each.hangUp(1012);
  await clock.advance(520);

  assert.ok(sockets.every(({ state }) => state === 'live'));
  assert.equal(tried.length, DESKS);
  const delays = tried.map((at) => at - start);
  // Even would be 10 % in each 50 ms.
  assert.ok(crowd(tried, 50) < DESKS * 0.18, `${crowd(tried, 50)}`);
  const mean = delays.reduce((a, b) => a + b) / DESKS;
  assert.ok(mean > 220 && mean < 280, `${mean}`);
  assert.ok(Math.min(...delays) < 25 && Math.max(...delays) > 475, 'from nothing to the ceiling');
});

test('a server that is away for half a minute: what it finds when it is back is no crowd, and all are back within seconds', async () => {
  const { clock, server, sockets, tried } = await desks();
  Object.assign(server, { mode: 'refuse', http: 'down' });
  for (const each of [...server.sockets]) each.hangUp(1012);
  await clock.advance(30_000);
  assert.ok(sockets.every(({ state }) => state === 'offline'));

  Object.assign(server, { mode: 'ok', http: 'ok' });
  tried.length = 0;
  await clock.advance(12_000);

  assert.ok(sockets.every(({ state }) => state === 'live'));
  assert.equal(tried.length, DESKS, 'one try each');
  assert.ok(crowd(tried, 100) < DESKS * 0.1, `${crowd(tried, 100)}`);
});
