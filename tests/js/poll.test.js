import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desk } from './desk.js';

const rooms = (request) => new URL(request.url).searchParams.getAll('room');
/** What a server says that has nothing new. */
const quiet = (asked) => ({ rooms: Object.fromEntries(asked.map(([name, seq]) => [name, { seq: Number(seq), recovered: true, events: [] }])) });
const wait = (request) => new URL(request.url).searchParams.get('wait');
/** A client whose sockets don't get through. */
const polling = async (options) => {
  const kit = desk(options);
  await kit.live(3);
  kit.server.publish('clinic_3');
  await kit.clock.advance(20);
  kit.server.mode = 'refuse';
  kit.server.socket.hangUp(1006);
  await kit.clock.advance(5_000);
  return kit;
};

describe('the fallback to HTTP', () => {
  test('not after four failed tries, but after five', async () => {
    const { server, clock, socket } = desk();
    server.mode = 'refuse';
    const fails = async (n) => {
      while (socket.stats().failures < n) await clock.advance(1);
    };
    await fails(4);
    await clock.advance(1);
    assert.equal(server.requests.length, 0);
    await fails(5);
    await clock.advance(10);
    assert.equal(server.requests.length > 0, true);
    assert.equal(socket.state, 'polling');
  });

  test('the same events in the same order, by header, never by address, with what was seen', async () => {
    const { server, socket, events, clock } = await polling();
    assert.equal(socket.state, 'polling');
    assert.deepEqual(rooms(server.requests[0]), ['broadcast:0', 'clinic_3:1']);
    assert.match(server.requests[0].headers.Authorization, /^Bearer token-\d+$/);
    assert.ok(server.requests.every(({ url }) => !url.includes('token')));
    assert.deepEqual(server.requests.slice(0, 2).map(wait), ['0', '25']);
    for (let n = 0; n < 3; n += 1) {
      server.publish('clinic_3');
      await clock.advance(10);
    }
    assert.deepEqual(events('clinic_3'), [1, 2, 3, 4]);
    assert.equal(rooms(server.requests.at(-1))[1], 'clinic_3:4');
  });

  test('a request is held for 25 seconds, not repeated in a loop', async () => {
    const { server, clock } = await polling();
    const before = server.requests.length;
    await clock.advance(100_000);
    assert.ok(server.requests.length - before <= 5, `${server.requests.length - before}`);
  });

  test('a server that does not wait is not flooded', async () => {
    const { server, clock } = await polling();
    server.http = ({ asked, response }) => response(200, quiet(asked));
    await clock.advance(30_000);
    const before = server.requests.length;
    await clock.advance(30_000);
    assert.ok(server.requests.length - before <= 30, `${server.requests.length - before}`);
  });

  test('keeps trying the socket, and goes back to it with since and epoch', async () => {
    const { server, clock, socket, events, states } = await polling();
    const before = server.sockets.length;
    await clock.advance(60_000);
    const tries = server.sockets.length - before;
    assert.ok(tries >= 2 && tries <= 4, `${tries}`);
    server.publish('clinic_3');
    await clock.advance(20);
    server.mode = 'ok';
    await clock.advance(30_000);
    assert.equal(socket.state, 'live');
    assert.deepEqual(server.commands('join_queue_room').at(-1).data, { clinic_id: 3, since: 2, epoch: 'e1' });
    assert.deepEqual(states().slice(-3), ['polling', 'catching up', 'live']);
    const requests = server.requests.length;
    server.publish('clinic_3');
    await clock.advance(120_000);
    assert.equal(server.requests.length, requests, 'HTTP is silent again');
    assert.deepEqual(events('clinic_3'), [1, 2, 3]);
  });

  test('tries the socket at once when the network comes back or the tab is shown', async () => {
    for (const wake of [(page) => page.network(true), (page) => page.show()]) {
      const { server, clock, page, socket } = await polling();
      server.mode = 'ok';
      wake(page);
      await clock.advance(30);
      assert.equal(socket.state, 'live');
    }
  });

  test('an answer that comes after the socket is back does nothing twice', async () => {
    const { server, clock, socket, events } = await polling();
    server.mode = 'ok';
    await clock.advance(15_000);
    server.latency = 400;
    server.publish('clinic_3');
    await clock.advance(40_000);
    assert.equal(socket.state, 'live');
    assert.deepEqual(events('clinic_3'), [1, 2]);
  });

  test('without network it is offline, with backoff; and polling again when it is back', async () => {
    const { server, clock, socket, seen } = await polling();
    const since = () => clock.now() - socket.since;
    server.http = 'down';
    await clock.advance(60_000);
    assert.equal(socket.state, 'offline');
    assert.equal(seen.states.at(-1).since, socket.since);
    assert.ok(since() > 20_000);
    const before = server.requests.length;
    await clock.advance(60_000);
    assert.ok(server.requests.length - before < 25, `${server.requests.length - before}`);
    server.http = 'ok';
    await clock.advance(20_000);
    assert.equal(socket.state, 'polling');
    assert.ok(since() < 20_000);
  });

  test('a server that was away and answers again is tried by socket within seconds, not when the next try is due', async () => {
    for (const luck of [0.01, 0.5, 0.99]) {
      const { server, clock, socket } = await polling({ random: () => luck });
      server.http = 'down';
      await clock.advance(60_000);
      assert.equal(socket.state, 'offline');
      server.http = 'ok';
      server.mode = 'ok';
      await clock.advance(8_000 + 3_000 + 100);
      assert.equal(socket.state, 'live');
    }
  });

  test('who was told to be quiet stays so, even if HTTP was away in between', async () => {
    const { server, clock, socket } = await polling();
    const before = server.sockets.length;
    server.mode = 'mute';
    while (server.sockets.length === before) await clock.advance(100);
    await clock.advance(100);
    server.socket.hangUp(4429);
    server.mode = 'ok';
    await clock.advance(1_000);
    server.http = 'down';
    await clock.advance(30_000);
    assert.equal(socket.state, 'offline');
    server.http = 'ok';
    await clock.advance(15_000);
    assert.equal(socket.state, 'polling');
    assert.equal(server.sockets.length, before + 1);
  });

  test('where only HTTP gets through, sockets are not tried more often for that', async () => {
    const { server, clock, socket } = await polling();
    const before = server.sockets.length;
    await clock.advance(120_000);
    assert.equal(socket.state, 'polling');
    assert.ok(server.sockets.length - before <= 8, `${server.sockets.length - before}`);
  });

  test('polls again at once when the network comes back or the tab is shown, even if sockets still don’t get through', async () => {
    for (const wake of [(page) => page.network(true), (page) => page.show()]) {
      const { server, clock, page, socket } = await polling();
      server.http = 'down';
      await clock.advance(120_000);
      server.http = 'ok';
      wake(page);
      await clock.advance(10);
      assert.equal(socket.state, 'polling');
    }
  });

  test('hidden and without network it waits for neither clock nor answer', async () => {
    const waiting = await polling();
    waiting.server.http = 'down';
    await waiting.clock.advance(120_000);
    assert.ok(waiting.socket.stats().timers > 0);
    waiting.page.show(false);
    waiting.page.network(false);
    assert.equal(waiting.socket.stats().timers, 0);

    const asking = await polling();
    asking.page.show(false);
    asking.page.network(false);
    asking.server.http = 'down';
    await asking.clock.advance(60_000);
    assert.equal(asking.socket.stats().timers, 0);
  });

  test('never two requests at once, whatever the page does when it is told', async () => {
    const { server, clock, socket } = await polling();
    let n = 100;
    socket.onStateChange(({ state }) => (state === 'offline' || state === 'polling') && socket.joinDoctorRoom((n += 1)));
    socket.onQueueUpdate(({ data }) => data.snapshot && n < 110 && socket.joinDoctorRoom((n += 1)));
    for (let round = 0; round < 5; round += 1) {
      server.latency = 1;
      server.http = () => {
        Object.assign(server, { http: 'ok', latency: 2_000 });
        throw new TypeError('network');
      };
      await clock.advance(60_000);
      server.http = 'down';
      await clock.advance(60_000);
      server.http = 'ok';
      await clock.advance(60_000);
    }
    assert.ok(n >= 110);
    assert.equal(server.mostUnderWay, 1);
  });

  test('a proxy that never answers is given up', async () => {
    const { server, clock, socket } = await polling();
    server.http = () => new Promise(() => {});
    await clock.advance(80_000);
    assert.equal(socket.state, 'offline');
    assert.ok(server.requests.slice(0, -1).every(({ signal }, n) => n < 3 || signal.aborted));
    server.http = 'ok';
    await clock.advance(40_000);
    assert.equal(socket.state, 'polling');
  });

  test('a login page in place of JSON, a 500 and a 404 are failures, not answers', async () => {
    for (const http of [({ response }) => ({ ...response(200), json: async () => JSON.parse('<html>') }), 500, 404, ({ response }) => response(200, null)]) {
      const { server, clock, socket, events } = await polling();
      server.http = http;
      server.publish('clinic_3');
      await clock.advance(3_000);
      await clock.advance(30_000);
      assert.equal(socket.state, 'offline');
      server.http = 'ok';
      await clock.advance(30_000);
      assert.deepEqual(events('clinic_3'), [1, 2]);
    }
  });

  test('Retry-After is kept to', async () => {
    const { server, clock } = await polling();
    server.http = ({ response }) => response(429, {}, { 'Retry-After': '120' });
    await clock.advance(26_000);
    const before = server.requests.length;
    await clock.advance(90_000);
    assert.equal(server.requests.length, before);
  });

  test('401: a new token, and the same request again', async () => {
    const { server, clock, socket, seen, tokens, events } = await polling();
    await clock.advance(20_000);
    let old = null;
    server.http = ({ asked: cursors, headers, response }) => {
      old ??= headers.Authorization;
      if (headers.Authorization === old) return response(401, {});
      server.http = 'ok';
      return response(200, { rooms: { doctor_9: { seq: 0, recovered: true, events: [] }, ...quiet(cursors.filter(([, seq]) => seq)).rooms } });
    };
    const { asked } = tokens;
    const before = server.requests.length;
    const changes = seen.states.length;
    socket.joinDoctorRoom(9);
    await clock.advance(20);
    assert.equal(tokens.asked, asked + 1);
    const [first, second] = server.requests.slice(before);
    assert.equal(first.url, second.url);
    assert.equal(second.headers.Authorization, `Bearer token-${asked + 1}`);
    server.publish('clinic_3');
    await clock.advance(2_000);
    assert.deepEqual(events('clinic_3'), [1, 2]);
    assert.deepEqual(seen.states.slice(changes), []);
  });

  test('a token that is refused again and again is no loop; and no token at all is signed out', async () => {
    const { server, clock, socket, tokens } = await polling();
    server.http = 401;
    await clock.advance(26_000);
    const before = server.requests.length;
    await clock.advance(60_000);
    assert.equal(socket.state, 'offline');
    assert.ok(server.requests.length - before < 50, `${server.requests.length - before}`);
    tokens.give = () => null;
    await clock.advance(30_000);
    assert.equal(socket.state, 'signed out');
    assert.equal(clock.pending, 0);
  });

  test('403 drops the room it names, wherever it names it, and the others go on', async () => {
    for (const body of [{ room: 'clinic_4', detail: 'Not yours.' }, { detail: 'Not yours: clinic_4', code: 'forbidden' }]) {
      const { server, clock, socket, seen, events } = await polling();
      const ok = server.http;
      server.http = ({ asked, response }) => {
        if (asked.some(([name]) => name === 'clinic_4')) return response(403, body);
        server.http = ok;
        return response(200, quiet(asked));
      };
      socket.joinQueueRoom(4);
      await clock.advance(30);
      assert.deepEqual(seen.removed, [{ room: 'clinic_4', reason: body.detail }]);
      server.publish('clinic_3');
      await clock.advance(3_000);
      assert.deepEqual(events('clinic_3'), [1, 2]);
      assert.equal(socket.state, 'polling');
    }
  });

  test('403 that names no room of ours is a failure', async () => {
    const { server, clock, socket, seen } = await polling();
    server.http = ({ response }) => response(403, { detail: 'clinic_77' });
    await clock.advance(30_000);
    assert.deepEqual(seen.removed, []);
    assert.equal(socket.state, 'offline');
  });

  test('a room joined meanwhile starts at once, with a snapshot; one that was left is not asked for', async () => {
    const { server, clock, socket, seqs } = await polling();
    socket.joinDoctorRoom(9);
    await clock.advance(30);
    assert.deepEqual(seqs('doctor_9'), [0]);
    assert.deepEqual(rooms(server.requests.at(-1)), ['broadcast:0', 'clinic_3:1', 'doctor_9:0']);
    socket.leaveQueueRoom(3);
    await clock.advance(30);
    assert.deepEqual(rooms(server.requests.at(-1)), ['broadcast:0', 'doctor_9:0']);
  });

  test('a seq no longer kept comes as a snapshot; for broadcast the loss is told', async () => {
    const { server, clock, seen, seqs } = await polling();
    server.http = 'down';
    await clock.advance(30_000);
    for (let n = 0; n < 9; n += 1) server.publish('clinic_3');
    for (let n = 0; n < 9; n += 1) server.publish('broadcast', 'patient_updated', {});
    server.room('clinic_3').floor = 8;
    server.room('broadcast').floor = 8;
    server.http = 'ok';
    await clock.advance(30_000);
    assert.deepEqual(seqs('clinic_3'), [0, 1, 10]);
    assert.deepEqual(seen.resyncs.map(({ room, reason }) => [room, reason]), [['broadcast', 'gap']]);
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(10);
    assert.deepEqual(seqs('broadcast'), [10]);
  });

  for (const pollReadsEpoch of [true, false]) {
    test(`another epoch in an answer: told, and every room starts over (server ${pollReadsEpoch ? 'reads' : 'ignores'} ours)`, async () => {
      const { server, clock, seen, seqs } = await polling();
      server.pollReadsEpoch = pollReadsEpoch;
      assert.match(server.requests[0].url, /&epoch=e1$/);
      server.restore('e2', { clinic_3: 0 });
      // As far as numbers go this looks like the next event.
      server.publish('clinic_3');
      server.publish('clinic_3');
      await clock.advance(30_000);
      assert.deepEqual(seen.resyncs[0], { event: 'resync', room: null, reason: 'epoch', epoch: 'e2' });
      assert.equal(seen.resyncs.filter(({ reason }) => reason === 'epoch').length, 1);
      assert.equal(seen.frames.at(-1).data.snapshot, true);
      assert.deepEqual(seqs('clinic_3'), [0, 1, 2], 'and the last is a snapshot');
      assert.match(server.requests.at(-1).url, /&epoch=e2$/);
    });
  }

  for (const back of ['the socket', 'HTTP']) {
    test(`what was held back of a log that is gone is not heard in the next one (over ${back})`, async () => {
      const { server, clock, socket, seqs } = await polling();
      server.http = ({ response }) => response(200, { epoch: 'e1', rooms: { clinic_3: { seq: 3, recovered: true, events: [{ event: 'queue_updated', room: 'clinic_3', seq: 3, data: {} }] } } });
      await clock.advance(30_000);
      server.restore('e2', { clinic_3: 2 });
      Object.assign(server, { http: 'ok', mode: back === 'HTTP' ? 'refuse' : 'ok' });
      await clock.advance(60_000);
      assert.deepEqual(seqs('clinic_3'), [0, 1, 2]);
      assert.equal(socket.state, back === 'HTTP' ? 'polling' : 'live');
    });
  }

  test('a room that stands in an older epoch than the line had asks for a snapshot', async () => {
    const { server, clock, socket, seen } = await polling();
    socket.joinDoctorRoom(9, { since: 40, epoch: 'e0' });
    await clock.advance(20);
    assert.ok(rooms(server.requests.at(-1)).includes('doctor_9:0'), `${rooms(server.requests.at(-1))}`);
    assert.ok(server.requests.some((each) => rooms(each).includes('doctor_9')));
    assert.equal(seen.frames.at(-1).data.snapshot, true);
  });

  test('a room first seen over HTTP that told no epoch is joined without since on the socket', async () => {
    const { server, clock, socket } = desk();
    server.mode = 'refuse';
    server.pollEpoch = false;
    for (let n = 0; n < 3; n += 1) server.publish('clinic_3');
    socket.joinQueueRoom(3);
    await clock.advance(10_000);
    assert.equal(socket.state, 'polling');
    server.mode = 'ok';
    await clock.advance(30_000);
    assert.deepEqual(server.commands('join_queue_room').at(-1).data, { clinic_id: 3 });
    assert.equal(socket.state, 'live');
  });

  test('nor can broadcast be resumed then: what may be missing is told', async () => {
    const { server, clock, seen } = desk();
    server.mode = 'refuse';
    server.pollEpoch = false;
    await clock.advance(10_000);
    server.http = 'down';
    await clock.advance(30_000);
    server.publish('broadcast', 'patient_updated', {});
    server.mode = 'ok';
    await clock.advance(30_000);
    assert.deepEqual(seen.resyncs.map(({ room, reason }) => [room, reason]), [['broadcast', 'gap']]);
  });

  test('close ends it in the middle of a request', async () => {
    const { server, clock, socket } = await polling();
    socket.close();
    const before = server.requests.length;
    assert.equal(server.requests.at(-1).signal.aborted, true);
    server.publish('clinic_3');
    await clock.advance(600_000);
    assert.equal(server.requests.length, before);
    assert.equal(clock.pending, 0);
    assert.equal(socket.state, 'signed out');
  });

  test('pagehide ends it too, and pageshow begins again', async () => {
    const { server, clock, page, socket } = await polling();
    page.fire('pagehide');
    const before = server.requests.length;
    await clock.advance(600_000);
    assert.equal(server.requests.length, before);
    page.fire('pageshow');
    await clock.advance(10_000);
    assert.equal(socket.state, 'polling');
  });
});
