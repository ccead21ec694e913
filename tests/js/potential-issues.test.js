/**
 * The "Potential Issues Identified" of the older system's map (realtime-communication-map.md), each by its own words. That
 * rooms are left on the server when a connection ends: tests/realtime/test_potential_issues.py.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createStore, follow, snapshotOf } from '../../static/realtime/index.js';
import { desk } from './desk.js';
import { FakeClinic } from './fake-clinic.js';
import { seeded } from './random.js';

const DATE = '2026-11-23';
const CODES = [1000, 1001, 1006, 1011, 1012, 4401, 4408];
const open = (server) => server.sockets.filter(({ readyState }) => readyState !== 3).length;

/** As often as it comes back, the line is cut; each way it can end in its turn. */
async function reconnect({ server, clock, page }, times) {
  for (let n = 0; n < times; n += 1) {
    const { length } = server.sockets;
    server.socket.hangUp(CODES[n % CODES.length]);
    page.network(true);
    await clock.advance(10);
    assert.equal(server.sockets.length, length + 1);
  }
}

describe('Connection management', () => {
  test('Reconnection may cause duplicate event listeners: after 1,000 there are as many as before, and each event is heard once', async () => {
    const kit = await desk().live(3);
    const { server, clock, socket, page, moment } = kit;
    const heard = [];
    socket.onNewCheckin(({ seq }) => heard.push(seq));
    await clock.advance(10_001);
    const before = socket.stats();
    const [onPage, pending] = [page.listeners, clock.pending];

    await reconnect(kit, 1_000);
    await clock.advance(10_001);

    const after = socket.stats();
    assert.deepEqual([after.listeners, after.rooms, after.timers, after.reconnects], [before.listeners, before.rooms, before.timers, 1_000]);
    assert.deepEqual([page.listeners, clock.pending, open(server)], [onPage, pending, 1]);
    for (const old of server.sockets.slice(0, -1)) assert.deepEqual([old.onmessage, old.onclose], [null, null]);
    for (let n = 0; n < 3; n += 1) server.publish('clinic_3', 'new_checkin', { visit: {} });
    await moment();
    assert.deepEqual(heard, [1, 2, 3]);
  });

  test('No automatic room cleanup on disconnect: nothing of a room outlives its line but that it is wanted, and from where', async () => {
    const { server, clock, socket, events, live } = desk();
    await live(3);
    socket.joinDoctorRoom(9);
    server.tamper = (frame) => (frame.seq === 1 ? [] : [frame]);
    for (let n = 0; n < 3; n += 1) server.publish('clinic_3');
    socket.leaveDoctorRoom(9);
    const old = server.socket;
    old.hangUp(1006);
    assert.equal(old.rooms.size, 0);
    server.tamper = (frame) => [frame];

    await clock.advance(1_000);

    assert.deepEqual([...server.socket.rooms].sort(), ['broadcast', 'clinic_3'], 'the one that was left is not joined');
    assert.deepEqual(server.commands('join_queue_room').at(-1).data, { clinic_id: 3, since: 0, epoch: 'e1' });
    assert.deepEqual(events('clinic_3'), [1, 2, 3], 'what was held back on the old line came with the new one');
  });

  test('Limited error recovery mechanisms: after every way a line can end or fail it is live again by itself, with nothing missing', async () => {
    const troubles = {
      ...Object.fromEntries([...CODES, 4429].map((code) => [`closed with ${code}`, ({ server }) => server.socket.hangUp(code)])),
      'dead without a word': ({ server }) => (server.dead = true),
      'no answers': ({ server }) => (server.deaf = true),
      'sockets refused': ({ server }) => server.socket.hangUp(1006, (server.mode = 'refuse')),
      'sockets that hang': ({ server }) => server.socket.hangUp(1006, (server.mode = 'stall')),
      'no network': ({ server }) => server.socket.hangUp(1006, Object.assign(server, { mode: 'refuse', http: 'down' })),
      'a broken server': ({ server }) => server.socket.hangUp(1011, Object.assign(server, { mode: 'refuse', http: 503 })),
      'no token': ({ server, tokens }) => server.socket.hangUp(4401, (tokens.give = () => Promise.reject(new Error('500')))),
    };
    for (const [what, happens] of Object.entries(troubles)) {
      const kit = await desk().live(3);
      const { server, clock, socket, tokens, events } = kit;
      await clock.advance(11_000);
      happens(kit);
      server.publish('clinic_3');
      await clock.advance(120_000);
      Object.assign(server, { mode: 'ok', http: 'ok', dead: false, deaf: false });
      tokens.give = () => 'good';
      server.publish('clinic_3');
      await clock.advance(90_000);
      assert.deepEqual([socket.state, events('clinic_3'), open(server)], ['live', [1, 2], 1], what);
    }
  });
});

describe('Event handling', () => {
  /** A page: a store that starts with the snapshot it was rendered from, as dashboards/live.js does it. */
  function page(random) {
    const kit = desk({ random, broadcast: { since: 0, epoch: 'e1' } });
    const clinic = new FakeClinic(kit.server, random);
    const store = createStore();
    follow(kit.socket, store);
    kit.socket.joinQueueRoom(3, { since: 0, epoch: 'e1' });
    kit.socket.joinDoctorRoom(9, { since: 0, epoch: 'e1' });
    return { ...kit, clinic, store };
  }

  test('Debouncing: debounced refetch instead of direct state updates: an event changes the state in the same tick, no call and no timer is made for it', async () => {
    const { server, clock, socket, clinic, store, moment } = page(seeded(1));
    await moment();
    const fetched = globalThis.fetch;
    globalThis.fetch = () => assert.fail('an event led to a call');
    try {
      for (let n = 0; n < 200; n += 1) {
        const [asked, pending, timers] = [server.received.length, clock.pending, socket.stats().timers];
        const frames = [];
        server.tamper = (frame) => (frames.push(frame), []);
        clinic.change();
        server.tamper = (frame) => [frame];
        for (const frame of frames) {
          const before = store.getState();
          server.socket.deliver(frame);
          // A second event of one change tells the same version: nothing to do.
          if (frame === frames[0]) assert.notEqual(store.getState(), before, frame.event);
        }
        for (const room of ['clinic_3', 'doctor_9']) assert.deepEqual(snapshotOf(store.getState(), room, DATE), clinic.snapshot(room));
        assert.deepEqual([server.received.length, clock.pending, socket.stats().timers], [asked, pending, timers]);
      }
    } finally {
      globalThis.fetch = fetched;
    }
    assert.equal(server.requests.length, 0);
  });

  test('Memory leaks: accumulating event listeners: pages that come and go on one connection leave none behind, and close leaves nothing', async () => {
    const { server, clock, socket, page, live, moment } = desk();
    await live(3);
    const before = socket.stats();
    let heard = 0;
    for (let n = 0; n < 1_000; n += 1) {
      const store = createStore();
      const offs = [follow(socket, store), socket.onNewCheckin(() => (heard += 1)), socket.onStateChange(() => {}), socket.onError(() => {}), socket.onRemoved(() => {})];
      socket.joinDoctorRoom(9);
      for (const off of offs) off();
      socket.leaveDoctorRoom(9);
    }
    await moment();
    server.publish('clinic_3', 'new_checkin', { visit: {} });
    await moment();
    const { listeners, rooms, timers } = socket.stats();
    assert.deepEqual([listeners, rooms, timers, heard], [before.listeners, before.rooms, before.timers, 0]);

    socket.close();
    await clock.advance(60_000);
    assert.deepEqual([socket.stats().listeners, socket.stats().timers, page.listeners, clock.pending, open(server)], [0, 0, 0, 0, 0]);
  });

  test('Race conditions: multiple rapid events may cause UI inconsistencies: 10,000 in any order and any number give what a fresh snapshot gives', async () => {
    const random = seeded(5);
    const { server, clock, socket, clinic, store, moment, seen } = page(random);
    /** @type {Record<string, number[]>} */
    const heard = { clinic_3: [], doctor_9: [], broadcast: [] };
    const hear = ({ room, seq }) => heard[room].push(seq);
    for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(Object.getPrototypeOf(socket)))) {
      if (/^on(?!State|Error|Removed|Resync)/.test(name)) socket[name](hear);
    }
    await moment();
    let events = 0;
    while (events < 10_000) {
      const burst = [];
      server.tamper = (frame) => (burst.push(frame), []);
      for (let n = 0; n < 100; n += 1) clinic.change();
      server.tamper = (frame) => [frame];
      const doubled = burst.flatMap((frame) => (random.chance(0.3) ? [frame, frame] : [frame]));
      // Not one of them by its turn: both rooms mixed, all within one moment.
      for (const frame of random.shuffled(doubled)) server.socket.deliver(frame);
      events += burst.length;
      await clock.advance(50);
    }
    assert.equal(socket.state, 'live');
    for (const room of ['clinic_3', 'doctor_9']) {
      assert.deepEqual(snapshotOf(store.getState(), room, DATE), clinic.snapshot(room));
      const fresh = createStore();
      fresh.dispatch(server.snapshot(room));
      assert.deepEqual(snapshotOf(store.getState(), room, DATE), snapshotOf(fresh.getState(), room, DATE));
    }
    for (const [room, numbers] of Object.entries(heard)) assert.deepEqual(numbers, Array.from({ length: server.room(room).head }, (_, n) => n + 1), room);
    assert.ok(Math.min(...Object.values(heard).map(({ length }) => length)) > 300);
    assert.deepEqual(seen.resyncs, []);
  });
});

describe('Authentication', () => {
  test('Token refresh: no automatic token refresh on expiration: a day on one connection, and a new one after a sleep past the end', async () => {
    const { server, clock, page, socket, tokens, events, live } = desk();
    await live(3);
    const day = 24 * 3_600_000;
    await clock.advance(day);
    const renewals = server.commands('authenticate');
    assert.ok(renewals.length >= day / 300_000, `${renewals.length}`);
    assert.deepEqual(renewals.map(({ data }) => data.token), renewals.map((_, n) => `token-${n + 2}`), 'each a fresh one');
    renewals.forEach(({ at }, n) => n && assert.ok(at - renewals[n - 1].at < 300_000, 'before the end'));
    assert.deepEqual([server.sockets.length, socket.state], [1, 'live']);

    server.publish('clinic_3');
    page.fire('freeze');
    clock.sleep(8 * 3_600_000);
    page.fire('resume');
    await clock.advance(20);
    assert.deepEqual([socket.state, events('clinic_3').length, server.socket.protocols[1]], ['live', 1, `bearer.token-${tokens.asked}`]);
  });

  test('Room persistence: rooms not automatically rejoined after reconnection: all of them, each from where it was, and what happened meanwhile is heard', async () => {
    const { server, clock, socket, events, live } = desk();
    await live(3);
    socket.joinQueueRoom(4);
    socket.joinDoctorRoom(9);
    await clock.advance(20);
    const rooms = ['clinic_3', 'clinic_4', 'doctor_9'];
    for (const code of CODES) {
      for (const room of rooms) server.publish(room);
      await clock.advance(20);
      server.socket.hangUp(code);
      for (const room of rooms) server.publish(room);
      await clock.advance(30_000);
      assert.equal(socket.state, 'live');
      assert.deepEqual([...server.socket.rooms].sort(), ['broadcast', ...rooms]);
    }
    for (const room of rooms) assert.deepEqual(events(room), Array.from({ length: 2 * CODES.length }, (_, n) => n + 1), room);
    assert.ok(server.commands('join_queue_room').slice(2).every(({ data }) => data.since > 0 && data.epoch === 'e1'));
  });
});
