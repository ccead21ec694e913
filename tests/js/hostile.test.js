/** What pages, servers, proxies, browsers and clocks do that nobody meant them to. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkinNews } from '../../static/dashboards/announce.js';
import { QueueSocket } from '../../static/realtime/index.js';
import { desk } from './desk.js';

const open = (server) => server.sockets.filter(({ readyState }) => readyState !== 3).length;

describe('one connection for a page', () => {
  const another = ({ server, clock, page }, url = 'wss://desk.example/ws/queue/', make = QueueSocket) =>
    new make({ url, getToken: () => 'other', WebSocket: server.WebSocket, fetch: server.fetch, timers: clock.timers, now: clock.now, random: () => 0.5, page });

  test('asked for twice it is the one there is, also by a second copy of the module', async () => {
    const kit = await desk().live(3);
    const copy = await import('../../static/realtime/socket.js?copy');
    assert.notEqual(copy.QueueSocket, QueueSocket);
    for (const make of [QueueSocket, copy.QueueSocket]) assert.equal(another(kit, 'https://desk.example/ws/queue/', make), kit.socket);
    await kit.clock.advance(60_000);
    assert.equal(kit.server.sockets.length, 1);
  });

  test('closed or signed out it is over, and the next one is new', async () => {
    const kit = await desk().live(3);
    kit.socket.close();
    const second = another(kit);
    await kit.moment();
    assert.notEqual(second, kit.socket);
    assert.deepEqual([second.state, open(kit.server), second.stats().rooms], ['live', 1, 0]);
    kit.server.socket.hangUp(4403);
    assert.equal(second.state, 'signed out');
    assert.notEqual(another(kit), second);
    await kit.moment();
    assert.equal(open(kit.server), 1);
  });

  test('one that could not be made is in no way of the next', async () => {
    const kit = desk();
    kit.socket.close();
    const { page } = kit;
    assert.throws(() => new QueueSocket({ url: 'wss://desk.example/ws/queue/', getToken: () => 't', pollUrl: 'http://[', page }));
    const next = another(kit);
    await kit.moment();
    assert.equal(next.state, 'live');
    next.close();
  });

  test('another page, and another server, have their own', async () => {
    const one = await desk().live(3);
    const two = await desk().live(3);
    assert.notEqual(one.socket, two.socket);
    assert.notEqual(another(one, 'wss://elsewhere.example/ws/queue/'), one.socket);
  });

  test('a second "connected" on one connection joins nothing again and is no reconnect', async () => {
    const { server, socket, live, moment } = desk();
    await live(3);
    const joins = server.received.length;
    server.push(server.socket, { event: 'connected', data: { epoch: 'e1', heartbeat: 20, rooms: { broadcast: 0 } } });
    await moment();
    assert.equal(server.received.length, joins);
    assert.deepEqual([socket.state, socket.stats().reconnects], ['live', 0]);
  });

  test('the page is put away in the middle of connecting: nothing stays open, and coming back opens one', async () => {
    for (const mode of ['stall', 'mute', 'ok']) {
      const { server, clock, page, socket } = desk();
      server.mode = mode;
      await clock.advance(1);
      page.fire('pagehide');
      assert.deepEqual([open(server), socket.stats().timers, socket.state], [0, 0, 'offline'], mode);
      server.mode = 'ok';
      for (const name of ['resume', 'pageshow', 'visibilitychange', 'online']) page.fire(name);
      await clock.advance(60_000);
      assert.deepEqual([open(server), socket.state], [1, 'live'], mode);
    }
  });
});

describe('listeners', () => {
  test('an off that is called late doesn’t take off what was added since', async () => {
    const { server, socket, live, moment } = desk();
    await live(3);
    let heard = 0;
    const listener = () => (heard += 1);
    const off = socket.onNewCheckin(listener);
    off();
    socket.onNewCheckin(listener);
    off();
    server.publish('clinic_3', 'new_checkin', { visit: {} });
    await moment();
    assert.equal(heard, 1);
  });

  test('after close nobody is kept', () => {
    const { socket } = desk();
    socket.close();
    socket.onQueueUpdate(() => {});
    socket.onStateChange(() => {});
    assert.equal(socket.stats().listeners, 0);
  });

  test('one that throws, goes, adds, joins and leaves from within: the others hear each event once', async () => {
    const { server, socket, seen, reported, live, moment, events } = desk();
    await live(3);
    let added = 0;
    const off = socket.onNewCheckin(() => {
      off();
      socket.onNewCheckin(() => (added += 1));
      socket.joinDoctorRoom(9);
      socket.leaveDoctorRoom(9);
      socket.joinDoctorRoom(8);
      throw new Error('page');
    });
    const before = socket.stats().listeners;
    for (let n = 0; n < 3; n += 1) server.publish('clinic_3', 'new_checkin', { visit: {} });
    await moment();
    assert.deepEqual(events('clinic_3'), [1, 2, 3]);
    assert.deepEqual([added, reported.length, seen.errors.length], [2, 1, 0]);
    assert.equal(socket.stats().listeners, before);
    assert.deepEqual([...server.socket.rooms].sort(), ['broadcast', 'clinic_3', 'doctor_8']);
    assert.equal(socket.state, 'live');
  });

  for (const [what, then] of [['leaves', (socket) => socket.leaveQueueRoom(3)], ['closes', (socket) => socket.close()]]) {
    test(`one that ${what} when it hears of a loss: the room it had is not joined`, async () => {
      const { server, clock, socket } = desk();
      server.mode = 'refuse';
      server.pollEpoch = false;
      socket.joinQueueRoom(3);
      await clock.advance(10_000);
      server.http = 'down';
      socket.onResync(() => then(socket));
      await clock.advance(30_000);
      server.publish('broadcast', 'patient_updated', {});
      server.mode = 'ok';
      await clock.advance(30_000);
      assert.equal(socket.stats().resyncs, 1);
      assert.equal(server.commands('join_queue_room').length, 0);
    });
  }

  test('check-ins that were told are not remembered for ever', () => {
    const told = [];
    const news = checkinNews((visits) => told.push(...visits), 1);
    const before = Set.prototype.add;
    const sizes = [];
    Set.prototype.add = function add(value) {
      const set = before.call(this, value);
      sizes.push(this.size);
      return set;
    };
    try {
      for (let id = 0; id < 5_000; id += 1) news({ data: { visit: { id, checked_in_at: '10:00' } } });
    } finally {
      Set.prototype.add = before;
    }
    assert.ok(Math.max(...sizes) <= 1_001, `${Math.max(...sizes)}`);
  });
});

describe('servers', () => {
  test('a second answer to a join, and one that nobody waits for, move nothing', async () => {
    const { server, socket, seqs, live, moment, seen } = desk();
    await live(3);
    for (let n = 0; n < 4; n += 1) server.publish('broadcast', 'patient_updated', {});
    server.publish('clinic_3');
    await moment();
    const { ref } = server.commands('join_queue_room')[0];
    for (const each of [ref, undefined, null, 999]) {
      for (const recovered of [true, false]) {
        for (const room of ['clinic_3', 'broadcast', 'clinic_77']) server.push(server.socket, { event: 'joined', data: { room, seq: 2, recovered }, ref: each });
      }
    }
    await moment();
    assert.equal(socket.state, 'live');
    server.publish('broadcast', 'patient_updated', {});
    await moment();
    assert.deepEqual(seqs('broadcast'), [1, 2, 3, 4, 5]);
    assert.deepEqual([seen.resyncs, socket.stats().rooms, socket.stats().holes], [[], 1, 0]);
  });

  test('an error that answers a join which was answered before takes no room away', async () => {
    const { server, socket, seen, live, moment } = desk();
    await live(3);
    server.push(server.socket, { event: 'error', data: { code: 'forbidden', detail: 'No.' }, ref: server.commands('join_queue_room')[0].ref });
    await moment();
    assert.deepEqual([seen.removed, socket.stats().rooms, seen.errors.length], [[], 1, 1]);
  });

  test('a room that the server forgot is joined again at the next pong', async () => {
    const { server, clock, socket, events, live } = desk();
    await live(3);
    server.socket.rooms.delete('clinic_3');
    server.publish('clinic_3');
    await clock.advance(20_100);
    assert.deepEqual(events('clinic_3'), [1]);
    assert.deepEqual(server.commands('join_queue_room').at(-1).data, { clinic_id: 3, since: 0, epoch: 'e1' });
    assert.equal(socket.state, 'live');
  });

  test('4408 again before the line was well is treated as any end, and never a hot loop', async () => {
    const { server, clock, live } = desk({ random: () => 0.999 });
    await live(3);
    await clock.advance(10_001);
    const gaps = [];
    for (let n = 0; n < 4; n += 1) {
      const { length } = server.sockets;
      const at = clock.now();
      server.socket.hangUp(4408);
      while (server.sockets.length === length) await clock.advance(5);
      gaps.push(clock.now() - at);
      await clock.advance(20);
    }
    [250, 500, 1_000, 2_000].forEach((gap, n) => assert.ok(Math.abs(gaps[n] - gap) < 20, `${gaps}`));
  });
});

describe('proxies', () => {
  for (const mode of ['stall', 'mute']) {
    test(`one that swallows the upgrade (${mode}): HTTP carries the events after the first ten seconds, sockets go on being tried`, async () => {
      const { server, clock, socket, events } = desk();
      server.mode = mode;
      socket.joinQueueRoom(3, { since: 0, epoch: 'e1' });
      await clock.advance(2_000);
      server.publish('clinic_3');
      await clock.advance(9_000);
      assert.equal(socket.state, 'polling');
      assert.deepEqual(events('clinic_3'), [1]);
      await clock.advance(90_000);
      assert.ok(server.sockets.length >= 5, `${server.sockets.length}`);
      server.mode = 'ok';
      server.publish('clinic_3');
      await clock.advance(45_000);
      assert.equal(socket.state, 'live');
      assert.deepEqual(events('clinic_3'), [1, 2]);
      const { length } = server.requests;
      await clock.advance(60_000);
      assert.equal(server.requests.length, length, 'and HTTP is silent again');
    });
  }

  test('JSON that is no answer is a failure, however well it is dressed', async () => {
    for (const body of [{}, [], 7, 'welcome', { rooms: null }, { rooms: {} }, { rooms: { broadcast: { seq: 0, recovered: true } } }, { rooms: { broadcast: { seq: 0 }, clinic_3: { seq: '1' } } }]) {
      const { server, clock, socket } = desk();
      server.mode = 'refuse';
      server.http = ({ response }) => response(200, body);
      socket.joinQueueRoom(3);
      await clock.advance(20_000);
      assert.equal(socket.state, 'offline', JSON.stringify(body));
    }
  });

  test('an answer over HTTP that comes when the socket is back is nobody’s, and its request is ended', async () => {
    const { server, clock, socket, events } = desk();
    server.mode = 'refuse';
    socket.joinQueueRoom(3, { since: 0, epoch: 'e1' });
    await clock.advance(10_000);
    assert.equal(socket.state, 'polling');
    let answer;
    server.http = ({ response }) => new Promise((resolve) => (answer = () => resolve(response(200, { epoch: 'e9', rooms: { broadcast: { seq: 0, recovered: true }, clinic_3: { seq: 1, recovered: true, events: [{ event: 'queue_updated', room: 'clinic_3', seq: 1, data: {} }] } } }))));
    await clock.advance(26_000);
    server.mode = 'ok';
    await clock.advance(30_000);
    assert.equal(socket.state, 'live');
    answer();
    await clock.advance(1_000);
    assert.deepEqual(events('clinic_3'), []);
    assert.deepEqual([socket.state, socket.stats().resyncs], ['live', 0]);
    assert.ok(server.requests.at(-1).signal.aborted);
  });

  test('a line that is lost for the fifth time is not called live until HTTP has answered', async () => {
    const { server, clock, socket, live } = desk();
    await live(3);
    server.http = () => new Promise(() => {});
    for (let n = 0; n < 5; n += 1) {
      assert.equal(socket.state, 'live');
      server.socket.hangUp(1006);
      assert.equal(socket.state, 'connecting');
      server.mode = n === 4 ? 'stall' : 'ok';
      await clock.advance(3_000);
    }
    assert.equal(server.requests.length, 1);
    assert.equal(socket.state, 'connecting');
  });

  test('put away while it polled, a page that comes back polls at once', async () => {
    const { server, clock, page, socket } = desk();
    server.mode = 'refuse';
    await clock.advance(10_000);
    assert.equal(socket.state, 'polling');
    page.fire('pagehide');
    server.mode = 'stall';
    await clock.advance(3_600_000);
    page.fire('pageshow');
    await clock.advance(10);
    assert.equal(socket.state, 'polling');
  });

  test('told to be quiet and put away, a page that comes back asks neither way before its time', async () => {
    const { server, clock, page, socket } = desk({ random: () => 0 });
    server.mode = 'refuse';
    await clock.advance(5_000);
    assert.equal(socket.state, 'polling');
    const { length } = server.sockets;
    server.mode = 'mute';
    while (server.sockets.length === length) await clock.advance(100);
    await clock.advance(10);
    server.socket.hangUp(4429);
    page.fire('pagehide');
    const asked = server.requests.length;
    page.fire('pageshow');
    await clock.advance(29_000);
    assert.deepEqual([server.sockets.length, server.requests.length], [length + 1, asked]);
  });
});

describe('tabs and clocks', () => {
  test('a tab that is frozen lets its connection go and says so; thawed it is back without being shown', async () => {
    const { server, clock, page, socket, events, live } = desk();
    await live(3);
    page.show(false);
    page.fire('freeze');
    assert.deepEqual([open(server), socket.stats().timers, socket.state], [0, 0, 'offline']);
    server.publish('clinic_3');
    clock.sleep(3 * 3_600_000);
    page.fire('resume');
    await clock.advance(20);
    assert.deepEqual([socket.state, open(server), events('clinic_3')], ['live', 1, [1]]);
  });

  test('hidden for hours, with timers once a minute: the same connection, each event when it happens, tokens in time', async () => {
    const { server, clock, page, socket, events, tokens, live } = desk();
    await live(3);
    page.show(false);
    for (let minute = 1; minute <= 240; minute += 1) {
      clock.sleep(60_000);
      server.publish('clinic_3');
      await clock.advance(10);
      assert.equal(events('clinic_3').length, minute);
    }
    assert.deepEqual([server.sockets.length, socket.state, socket.stats().timers <= 4], [1, 'live', true]);
    const renewals = server.commands('authenticate').map(({ at }) => at);
    assert.equal(tokens.asked, renewals.length + 1);
    for (let n = 1; n < renewals.length; n += 1) assert.ok(renewals[n] - renewals[n - 1] <= 300_100, 'before it ran out');
  });

  test('a machine that slept with the page in view: whatever comes next from the server renews the token', async () => {
    const { server, clock, live } = desk();
    server.heartbeat = 3_600;
    await live(3);
    clock.jump(250_000);
    await clock.advance(10);
    assert.equal(server.commands('authenticate').length, 0);
    server.publish('clinic_3');
    await clock.advance(10);
    assert.equal(server.commands('authenticate').length, 1);
    assert.equal(server.sockets.length, 1);
  });

  test('showing and hiding a tab again and again does not keep a dead line alive', async () => {
    const { server, clock, page, live } = desk();
    await live(3);
    await clock.advance(5_000);
    server.dead = true;
    for (let n = 0; n < 4; n += 1) {
      page.show(false);
      page.show();
      await clock.advance(1_500);
    }
    assert.equal(server.sockets[0].readyState, 3);
  });

  test('a line that answered once is not ended by the question before', async () => {
    const { server, clock, page, live } = desk();
    await live(3);
    page.show();
    await clock.advance(4_900);
    server.latency = 1_000;
    page.show();
    await clock.advance(4_000);
    assert.equal(server.sockets.length, 1);
  });

  test('a clock set back while the server wants quiet does not make it an hour', async () => {
    const { server, clock, page, socket, live } = desk({ random: () => 0 });
    await live(3);
    server.socket.hangUp(4429);
    clock.jump(-3_600_000);
    page.show();
    await clock.advance(30_100);
    assert.equal(socket.state, 'live');
  });

  test('a clock set forward by hours costs no connection', async () => {
    const { server, clock, socket, live } = desk();
    await live(3);
    clock.jump(5 * 3_600_000);
    await clock.advance(600_000);
    assert.deepEqual([server.sockets.length, socket.state], [1, 'live']);
  });

  test('offline, and no word that the network is back: it goes on trying, and is back by itself', async () => {
    const { server, clock, page, socket, events, live } = desk();
    await live(3);
    server.dead = true;
    server.mode = 'refuse';
    server.http = 'down';
    page.network(false);
    await clock.advance(600_000);
    assert.equal(socket.state, 'offline');
    server.publish('clinic_3');
    Object.assign(server, { dead: false, mode: 'ok', http: 'ok' });
    await clock.advance(12_000);
    assert.deepEqual([socket.state, events('clinic_3')], ['live', [1]]);
  });
});

describe('tokens', () => {
  test('the same token that runs out, again and again: no hot loop, and a line again once there is a new one', async () => {
    const { server, clock, socket, tokens, live } = desk();
    const ends = clock.now() + 60_000;
    tokens.give = () => 'old';
    const refuse = (each) => {
      each.deliver({ event: 'error', data: { code: 'unauthenticated', detail: 'Ran out.' } });
      each.hangUp(4401);
    };
    server.tamper = (frame, each) => {
      const old = each.protocols[1] === 'bearer.old';
      if (old && clock.now() > ends) {
        clock.timers.setTimeout(() => refuse(each), 1);
        return [];
      }
      if (frame.data?.expires_at && old) return [{ ...frame, data: { ...frame.data, expires_at: new Date(ends).toISOString() } }];
      return [frame];
    };
    server.http = ({ headers, response }) => response(headers.Authorization === 'Bearer old' ? 401 : 500, {});
    await live(3);
    await clock.advance(59_000);
    const { asked } = tokens;
    assert.ok(asked <= 8, `${asked}`);
    await clock.advance(600_000);
    assert.ok(tokens.asked - asked < 200, `${tokens.asked - asked} in ten minutes`);
    assert.ok(server.sockets.length < 60, `${server.sockets.length}`);
    tokens.give = () => 'new';
    await clock.advance(40_000);
    assert.equal(socket.state, 'live');
  });

  test('a renewal that answers after the next was sent for is not sent beside it', async () => {
    const { server, clock, tokens, live } = desk();
    await live(3);
    const hands = [];
    tokens.give = () => new Promise((resolve) => hands.push(resolve));
    await clock.advance(255_000);
    assert.equal(hands.length, 2);
    hands[1]('second');
    hands[0]('first');
    await clock.advance(100);
    assert.deepEqual(server.commands('authenticate').map(({ data }) => data.token), ['second']);
  });
});
