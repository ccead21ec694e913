import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { QueueSocket } from '../../static/realtime/index.js';
import { desk } from './desk.js';

const SIX = ['connecting', 'live', 'catching up', 'polling', 'offline', 'signed out'];

describe('connecting', () => {
  test('the token goes as a subprotocol and never in the address', async () => {
    const { server, socket } = await desk().live(3);
    assert.deepEqual(server.socket.protocols, ['clinic.v1', 'bearer.token-1']);
    assert.equal(server.socket.url, 'wss://desk.example/ws/queue/');
    assert.equal(socket.state, 'live');
  });

  test('http addresses become those of sockets, and the fallback is on the same host', async () => {
    const { clock, server } = desk();
    server.mode = 'refuse';
    new QueueSocket({
      url: 'http://localhost:8000/ws/queue/', getToken: () => 't', WebSocket: server.WebSocket, fetch: server.fetch,
      timers: clock.timers, now: clock.now, random: () => 0.5,
    });
    await clock.advance(60_000);
    assert.ok(server.sockets.some(({ url }) => url === 'ws://localhost:8000/ws/queue/'));
    assert.ok(server.requests.some(({ url }) => url.startsWith('http://localhost:8000/api/realtime/events/?')));
    assert.ok(server.requests.some(({ url }) => url.startsWith('https://desk.example/api/realtime/events/?')));
  });

  test('states go connecting, catching up, live, and each change is told once', async () => {
    const { socket, states, live } = desk();
    assert.equal(socket.state, 'connecting');
    await live(3);
    assert.deepEqual(states(), ['catching up', 'live']);
  });

  test('catching up lasts until the replay has come up to the head that joined named', async () => {
    const { server, socket, moment, clock, states, live } = desk();
    await live(3);
    server.publish('clinic_3');
    await moment();
    server.socket.hangUp(1006);
    for (let n = 0; n < 3; n += 1) server.publish('clinic_3');
    const held = [];
    server.tamper = (frame) => (frame.seq === 4 ? (held.push(frame), []) : [frame]);
    await clock.advance(600);
    assert.equal(socket.state, 'catching up');
    server.tamper = (frame) => [frame];
    server.push(server.socket, held[0]);
    await moment();
    assert.equal(socket.state, 'live');
    assert.deepEqual(states().slice(2), ['connecting', 'catching up', 'live']);
  });

  test('a socket that opens and says nothing, or never opens, is given up after ten seconds', async () => {
    for (const mode of ['mute', 'stall']) {
      const { server, clock } = desk();
      server.mode = mode;
      await clock.advance(9_900);
      assert.equal(server.sockets.length, 1, mode);
      await clock.advance(1_000);
      assert.equal(server.sockets.length, 2, mode);
      assert.equal(server.sockets[0].readyState, 3, mode);
    }
  });

  test('a getToken that never answers does not hang the client', async () => {
    const { tokens, clock, server } = desk();
    await clock.advance(0);
    server.socket.hangUp(1006);
    tokens.give = () => new Promise(() => {});
    await clock.advance(11_000);
    tokens.give = () => 'good';
    await clock.advance(11_000);
    assert.equal(server.socket.protocols[1], 'bearer.good');
  });

  test('frames that are no JSON, no objects, or unknown do no harm', async () => {
    const { server, moment, socket, seqs, live } = desk();
    await live(3);
    for (const junk of ['{', 'null', '7', '[]', '{"event":5}', '{"event":"of_tomorrow","data":{}}', '{"event":"removed"}', '{"event":"joined"}', '{"event":"pong"}']) server.socket.deliver(junk);
    server.publish('clinic_3', 'of_tomorrow');
    server.publish('clinic_3');
    await moment();
    assert.deepEqual(seqs('clinic_3').slice(1), [2], 'an unknown event counts, or it would be a hole');
    assert.equal(socket.stats().holes, 0);
    assert.equal(socket.state, 'live');
  });
});

describe('reconnecting', () => {
  for (const code of [1000, 1001, 1006, 1011, 1012, 4401, 4408]) {
    test(`after ${code} it comes back with since and epoch, and asks for a token first`, async () => {
      const { server, clock, socket, tokens, live, events } = desk();
      await live(3);
      await clock.advance(15_000);
      server.publish('clinic_3');
      await clock.advance(20);
      server.socket.hangUp(code);
      assert.equal(socket.state, 'connecting');
      server.publish('clinic_3');
      await clock.advance(501);
      assert.equal(socket.state, 'live');
      assert.deepEqual(server.commands('join_queue_room').at(-1).data, { clinic_id: 3, since: 1, epoch: 'e1' });
      assert.deepEqual(events('clinic_3'), [1, 2]);
      assert.equal(tokens.asked, 2);
      assert.equal(server.socket.protocols[1], 'bearer.token-2');
    });
  }

  test('full jitter: the delay is random below a ceiling that doubles, and starts again after ten seconds live', async () => {
    const { server, clock, live } = desk({ random: () => 0.999 });
    await live(3);
    await clock.advance(10_000);
    server.mode = 'refuse';
    const gaps = [];
    const next = async () => {
      const before = server.sockets.length;
      const start = clock.now();
      while (server.sockets.length === before) await clock.advance(5);
      gaps.push(clock.now() - start);
    };
    server.socket.hangUp(1006);
    for (let n = 0; n < 5; n += 1) await next();
    const ceilings = [500, 500, 1000, 2000, 4000];
    gaps.forEach((gap, n) => assert.ok(Math.abs(gap - ceilings[n]) < 20, `${gaps}`));
    server.mode = 'ok';
    await clock.advance(60_000);
    gaps.length = 0;
    server.socket.hangUp(1006);
    await next();
    assert.ok(gaps[0] < 520);
  });

  test('a connection that dies before ten seconds does not reset the backoff', async () => {
    const { server, clock, socket, live } = desk();
    await live(3);
    for (let n = 1; n <= 3; n += 1) {
      server.socket.hangUp(1006);
      assert.equal(socket.stats().failures, n);
      await clock.advance(9_000);
      assert.equal(socket.state, 'live');
    }
    await clock.advance(2_500);
    assert.equal(socket.stats().failures, 0);
  });

  test('4429 backs off longer, and neither HTTP nor a look at the tab cuts that short', async () => {
    const { server, clock, page, socket, live } = desk({ random: () => 0 });
    await live(3);
    server.socket.hangUp(4429);
    page.show();
    page.network(true);
    await clock.advance(29_000);
    assert.equal(server.sockets.length, 1);
    assert.equal(server.requests.length, 0);
    await clock.advance(1_500);
    assert.equal(server.sockets.length, 2);
    assert.equal(socket.state, 'live');
  });

  test('4429 while nobody looks and the network is gone still ends', async () => {
    const { server, clock, page, socket, live } = desk({ random: () => 0 });
    await live(3);
    page.show(false);
    page.onLine = false;
    server.socket.hangUp(4429);
    await clock.advance(5_000);
    page.onLine = true;
    page.show();
    await clock.advance(26_000);
    assert.equal(socket.state, 'live');
  });

  test('4403 stops for good and shows why', async () => {
    const { server, clock, seen, socket, live, moment } = desk();
    await live(3);
    server.push(server.socket, { event: 'error', data: { code: 'forbidden', detail: 'This account is disabled.' } });
    await moment();
    server.socket.hangUp(4403);
    assert.equal(socket.state, 'signed out');
    assert.deepEqual([seen.states.at(-1).code, seen.states.at(-1).detail], [4403, 'This account is disabled.']);
    await clock.advance(3_600_000);
    assert.equal(server.sockets.length, 1);
    assert.equal(socket.stats().timers, 0);
  });

  test('there is no limit of attempts', async () => {
    const { server, clock, socket } = desk();
    server.mode = 'refuse';
    server.http = 'down';
    await clock.advance(6 * 3_600_000);
    assert.ok(server.sockets.length > 500);
    assert.equal(socket.state, 'offline');
    server.mode = 'ok';
    await clock.advance(31_000);
    assert.equal(socket.state, 'live');
  });

  test('offline tells the time of the last good contact', async () => {
    const { server, clock, seen, socket, live } = desk();
    await live(3);
    await clock.advance(25_000);
    const { since } = socket;
    assert.ok(clock.now() - since <= 20_000);
    server.mode = 'refuse';
    server.http = 'down';
    server.socket.hangUp(1006);
    await clock.advance(3_000);
    assert.equal(seen.states.at(-1).state, 'offline');
    assert.equal(seen.states.at(-1).since, since);
  });

  test('every state ever told is one of the six', async () => {
    const { server, clock, states, socket, live } = desk();
    await live(3);
    for (const [mode, http] of [['refuse', 'down'], ['refuse', 'ok'], ['ok', 'ok']]) {
      Object.assign(server, { mode, http });
      server.socket.hangUp(1006);
      await clock.advance(90_000);
    }
    socket.close();
    assert.deepEqual([...new Set(states())].sort(), [...SIX].sort());
  });
});

test('before connected nothing counts but errors', async () => {
  const { server, socket, seen, moment } = desk();
  server.mode = 'mute';
  socket.joinQueueRoom(3);
  await moment();
  for (const frame of [
    { event: 'removed', data: { room: 'clinic_3', reason: 'x' } },
    { event: 'patient_updated', room: 'broadcast', seq: 1, data: {} },
    { event: 'joined', data: { room: 'clinic_3', seq: 4, recovered: true } },
    { event: 'error', data: { code: 'unauthenticated', detail: 'Log in.' } },
  ]) server.socket.deliver(frame);
  assert.deepEqual([seen.removed, seen.frames, seen.errors.length, socket.stats().rooms, socket.state], [[], [], 1, 1, 'connecting']);
});

describe('generations', () => {
  test('late frames and the late end of an old socket do nothing', async () => {
    const { server, clock, seen, socket, live, moment } = desk();
    await live(3);
    const old = server.socket;
    const { onmessage, onclose } = old;
    old.hangUp(1006);
    await clock.advance(600);
    await moment();
    assert.notEqual(server.socket, old);
    assert.deepEqual([old.onmessage, old.onclose], [null, null]);
    const before = seen.frames.length;
    onmessage({ data: JSON.stringify({ event: 'queue_updated', room: 'clinic_3', seq: 1, data: { visits: [] } }) });
    onmessage({ data: JSON.stringify({ event: 'removed', data: { room: 'clinic_3', reason: 'x' } }) });
    onclose({ code: 4403 });
    await moment();
    assert.equal(seen.frames.length, before);
    assert.equal(socket.stats().rooms, 1);
    assert.equal(socket.state, 'live');
    assert.equal(server.sockets.length, 2);
  });

  test('a token that comes after the page was put away opens nothing', async () => {
    const { server, clock, page, tokens } = desk();
    let hand;
    tokens.give = () => new Promise((resolve) => (hand = resolve));
    await clock.advance(0);
    server.socket?.hangUp(1006);
    await clock.advance(600);
    const before = server.sockets.length;
    page.fire('pagehide');
    hand('late');
    await clock.advance(60_000);
    assert.equal(server.sockets.length, before);
  });

  test('a hundred reconnects add no listener, no timer, no socket, and a check-in is announced once', async () => {
    const { server, clock, socket, seen, page, live, moment } = desk();
    await live(3);
    await clock.advance(10_001);
    const { listeners, rooms } = socket.stats();
    const onPage = page.listeners;
    const pending = clock.pending;
    for (let n = 0; n < 100; n += 1) {
      server.socket.hangUp(n % 2 ? 1006 : 1012);
      await clock.advance(10_600);
    }
    await moment();
    seen.frames.length = 0;
    server.publish('clinic_3', 'new_checkin', { visit: { id: 1, version: 1 } });
    await moment();
    assert.equal(seen.frames.length, 1);
    const after = socket.stats();
    assert.deepEqual([after.listeners, after.rooms, after.reconnects], [listeners, rooms, 100]);
    assert.equal(page.listeners, onPage);
    assert.ok(clock.pending <= pending + 1, `${clock.pending} timers, were ${pending}`);
    assert.equal(server.sockets.filter((each) => each.readyState !== 3).length, 1);
  });
});
