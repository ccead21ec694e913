import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Line } from '../../static/realtime/line.js';
import { FakeClock } from './fake-clock.js';
import { FakeServer } from './fake-server.js';

function wire({ ask = async () => 't', ...settings } = {}) {
  const clock = new FakeClock();
  const server = Object.assign(new FakeServer(clock), settings);
  const told = [];
  // Whoever is told of its end lets go of it.
  const end = (what) => {
    told.push(what);
    line.drop();
  };
  const line = new Line({
    url: 'wss://x/', WebSocket: server.WebSocket, timers: clock.timers, now: clock.now, ask,
    on: {
      frame: (frame) => {
        told.push(frame.event);
        if (frame.event === 'connected') line.opened(frame.data.heartbeat);
      },
      down: (code, hung = false) => end(hung ? `${code} hung` : code),
      signedOut: () => end('signed out'),
    },
  });
  return { clock, server, line, told };
}

test('a line is up once the server has said connected, and not before', async () => {
  const { clock, line, told } = wire();
  assert.equal(line.isUp, false);
  line.try();
  assert.equal(line.isTrying, true);
  await clock.advance(20);
  assert.deepEqual([line.isUp, line.isTrying, line.silent, told[0]], [true, false, false, 'connected']);
  line.drop();
  assert.deepEqual([line.isUp, line.silent, line.timers, clock.pending], [false, undefined, 0, 0]);
});

/** Gives the token of a line that asks for it too slowly. */
let late = (_token) => {};

test('whatever was under way when a line is dropped comes to nothing', async () => {
  for (const settings of [{ ask: () => new Promise((resolve) => { late = resolve; }) }, { mode: 'stall' }, {}]) {
    const { clock, server, line, told } = wire(settings);
    line.try();
    await clock.advance(20);
    const before = [...told];
    const generation = line.generation;
    line.drop();
    late('too late');
    server.socket?.hangUp(1012);
    await clock.advance(600_000);
    assert.deepEqual(told, before);
    assert.equal(line.generation, generation + 1);
    assert.equal(clock.pending, 0);
  }
});
test('a token that does not come, one that fails and a socket that hangs each end the try, once', async () => {
  for (const [settings, end] of [
    [{ ask: () => new Promise(() => {}) }, 0],
    [{ ask: async () => { throw new Error('503'); } }, 0],
    [{ ask: async () => { throw Object.assign(new Error('gone'), { signedOut: true }); } }, 'signed out'],
    [{ mode: 'stall' }, '1006 hung'],
  ]) {
    const { clock, line, told } = wire(settings);
    line.try();
    await clock.advance(60_000);
    assert.deepEqual([told, clock.pending], [[end], 0]);
  }
});

test('refs go on over connections, and without one nobody is asked', async () => {
  const { clock, server, line } = wire();
  assert.equal(line.send('ping'), 0);
  line.ping();
  line.probe();
  line.try();
  await clock.advance(20);
  const first = line.send('ping');
  line.drop();
  line.try();
  await clock.advance(20);
  assert.ok(line.send('ping') > first);
  assert.equal(server.sockets.length, 2);
});
