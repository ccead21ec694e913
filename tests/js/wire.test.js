import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Connection } from '../../static/realtime/connection.js';
import { watchPage } from '../../static/realtime/page.js';
import { FakeClock } from './fake-clock.js';
import { FakePage, FakeServer } from './fake-server.js';

async function wire({ heartbeat = 20, mode = 'ok' } = {}) {
  const clock = new FakeClock();
  const server = new FakeServer(clock);
  Object.assign(server, { heartbeat, mode });
  const frames = [];
  const downs = [];
  let ref = 0;
  const link = new Connection({
    url: 'wss://x/', token: 't', WebSocket: server.WebSocket, timers: clock.timers, now: clock.now, nextRef: () => (ref += 1),
    on: {
      frame: (frame) => {
        frames.push(frame);
        if (frame.event === 'connected') link.watch(frame.data.heartbeat);
      },
      down: (code) => downs.push(code),
    },
  });
  await clock.advance(10);
  return { clock, server, link, frames, downs, pings: () => server.commands('ping').length };
}

test('after its end nothing comes out of it any more, whoever ended it', async () => {
  for (const end of [(link) => link.drop(), (link, socket) => socket.hangUp(1012)]) {
    const { clock, server, link, frames, downs } = await wire();
    const { onmessage, onclose } = server.socket;
    end(link, server.socket);
    const told = [...downs];
    onmessage({ data: '{"event":"late"}' });
    onclose({ code: 1006 });
    link.drop();
    await clock.advance(600_000);
    assert.deepEqual(frames.map(({ event }) => event), ['connected']);
    assert.deepEqual(downs, told);
    assert.equal(link.timers, 0);
    assert.equal(clock.pending, 0);
    assert.deepEqual([server.socket.onmessage, server.socket.onclose], [null, null]);
  }
});

test('dropping closes with 1000 and tells nobody; a socket whose close throws is dropped all the same', async () => {
  const { server, link, downs } = await wire();
  link.drop();
  assert.deepEqual([server.socket.closedWith, downs], [1000, []]);
  const other = await wire();
  other.server.socket.close = () => {
    throw new Error('InvalidStateError');
  };
  other.link.drop();
  assert.equal(other.link.timers, 0);
});

test('sending on a socket that is opening, or gone, is no error', async () => {
  const opening = await wire({ mode: 'stall' });
  opening.link.send('ping');
  const { server, link } = await wire();
  server.socket.readyState = 3;
  const before = server.received.length;
  assert.equal(typeof link.send('ping'), 'number');
  link.drop();
  server.socket.readyState = 1;
  link.send('ping');
  assert.equal(server.received.length, before);
});

test('text that is no frame is not handed on', async () => {
  const { server, frames, downs } = await wire();
  for (const junk of ['', '{', 'null', '"x"', '7', '{}', '{"event":1}']) server.socket.deliver(junk);
  assert.deepEqual([frames.length, downs], [1, []]);
});

test('the heartbeat is the server’s, and twenty seconds if that is none', async () => {
  for (const [heartbeat, expected] of [[1, 80], [10, 8], [0, 4], [undefined, 4], [-3, 4], ['x', 4]]) {
    const { clock, server, link, pings } = await wire({ mode: 'mute' });
    link.watch(heartbeat);
    server.answering = () => false;
    await clock.advance(40_000);
    assert.equal(pings(), expected, `${heartbeat}`);
  }
});

test('a heartbeat is counted from what came last, not from the last ping', async () => {
  const { clock, server, downs } = await wire();
  await clock.advance(29_990);
  server.socket.deliver({ event: 'x' });
  server.dead = true;
  await clock.advance(19_900);
  assert.deepEqual(downs, []);
  await clock.advance(200);
  assert.deepEqual(downs, [1006]);
});

test('silent only if nothing came for that long', async () => {
  const { clock, server, link } = await wire();
  await clock.advance(600_000);
  assert.equal(link.silent, false);
  server.socket.deliver({ event: 'x' });
  clock.sleep(19_999);
  assert.equal(link.silent, false);
  clock.sleep(1);
  assert.equal(link.silent, true);
});

test('a clock that is set back an hour neither kills a connection nor keeps a dead one', async () => {
  const { clock, server, downs } = await wire();
  await clock.advance(30_000);
  clock.jump(-3_600_000);
  await clock.advance(120_000);
  assert.deepEqual(downs, []);
  server.dead = true;
  await clock.advance(30_000);
  clock.jump(-3_600_000);
  await clock.advance(60_000);
  assert.deepEqual(downs, [1006]);
});

test('a probe gives five seconds', async () => {
  const { clock, server, link, downs } = await wire();
  link.probe();
  await clock.advance(60_000);
  assert.deepEqual(downs, []);
  server.dead = true;
  link.probe();
  await clock.advance(4_990);
  assert.deepEqual(downs, []);
  await clock.advance(20);
  assert.deepEqual(downs, [1006]);
});

test('watchPage: dormant only if hidden and without network; stop takes everything off', () => {
  const page = new FakePage();
  const heard = [];
  const on = Object.fromEntries(['online', 'offline', 'shown', 'hidden', 'leave', 'back'].map((name) => [name, () => heard.push(name)]));
  const watch = watchPage(page, on);
  assert.equal(watch.dormant(), false);
  page.show(false);
  assert.equal(watch.dormant(), false);
  page.network(false);
  assert.equal(watch.dormant(), true);
  page.show(true);
  assert.equal(watch.dormant(), false);
  page.network(true);
  for (const name of ['pagehide', 'pageshow', 'freeze', 'resume']) page.fire(name);
  assert.deepEqual(heard, ['hidden', 'offline', 'shown', 'online', 'leave', 'back', 'leave', 'back']);
  watch.stop();
  watch.stop();
  assert.equal(page.listeners, 0);
  page.show(false);
  assert.equal(heard.length, 8);
});

test('watchPage outside a browser is silent', () => {
  const watch = watchPage({}, /** @type {any} */ ({}));
  assert.equal(watch.dormant(), false);
  watch.stop();
});
