import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStore, follow, snapshotOf } from '../../static/realtime/index.js';
import { desk } from './desk.js';
import { FakeClinic } from './fake-clinic.js';
import { seeded } from './random.js';

const ROOMS = ['clinic_3', 'doctor_9', 'broadcast'];
const EVENTS = 2_000;
const EARS = [
  'onQueueUpdate', 'onNewCheckin', 'onVisitStatusChange', 'onAppointmentCreated', 'onAppointmentUpdated',
  'onAppointmentCancelled', 'onPatientUpdated',
];

for (const seed of [1, 2, 3, 4]) {
  test(`dropped, doubled, shuffled frames, lost answers, lost lines, HTTP: each event once and in order (seed ${seed})`, async () => {
    const random = seeded(seed);
    const { server, clock, page, socket, seqs, states, seen } = desk({ random, broadcast: { since: 0, epoch: 'e1' } });
    const late = [];
    server.tamper = (frame) => {
      const control = frame.seq === undefined;
      if (random.chance(control ? 0.02 : 0.05)) return [];
      if (control) return [frame];
      if (random.chance(0.05)) {
        late.push(frame);
        return [];
      }
      const out = random.chance(0.05) ? [frame, frame] : [frame];
      while (late.length && random.chance(0.5)) out.push(late.splice(random.below(late.length), 1)[0]);
      return random.shuffled(out);
    };
    // From the first event on, or the start would be a snapshot and prove nothing.
    socket.joinQueueRoom(3, { since: 0, epoch: 'e1' });
    socket.joinDoctorRoom(9, { since: 0, epoch: 'e1' });
    await clock.advance(50);
    for (let n = 0; n < EVENTS; n += 1) {
      const room = ROOMS[random.below(ROOMS.length)];
      server.publish(room, room === 'broadcast' ? 'patient_updated' : 'queue_updated', { n, snapshot: false });
      await clock.advance(random.below(60));
      if (random.chance(0.03)) server.socket.hangUp([1006, 1012, 4408, 4401][random.below(4)]);
      if (random.chance(0.004)) page.fire('pagehide');
      if (random.chance(0.02)) page.fire('pageshow');
      if (random.chance(0.01)) page.network(random.chance(0.6));
      if (random.chance(0.01)) page.show(random.chance(0.6));
      if (random.chance(0.004)) Object.assign(server, { mode: 'refuse' });
      if (random.chance(0.01)) Object.assign(server, { mode: 'ok', http: random.chance(0.7) ? 'ok' : 'down' });
      if (random.chance(0.002)) await clock.advance(30_000);
      if (random.chance(0.003)) {
        socket.joinDoctorRoom(100);
        if (random.chance(0.5)) await clock.advance(5);
        socket.leaveDoctorRoom(100);
      }
    }
    server.tamper = (frame) => [frame];
    Object.assign(server, { mode: 'ok', http: 'ok' });
    Object.assign(page, { onLine: true });
    page.show();
    page.fire('pageshow');
    await clock.advance(120_000);
    assert.equal(socket.state, 'live');
    for (const room of ROOMS) {
      const { head } = server.room(room);
      assert.ok(head > 500);
      assert.deepEqual(seqs(room), Array.from({ length: head }, (_, n) => n + 1), room);
    }
    assert.deepEqual(seen.resyncs, []);
    const stats = socket.stats();
    for (const [what, least] of Object.entries({ holes: 30, duplicates: 50, reconnects: 15, polls: 5 })) {
      assert.ok(stats[what] >= least, `the chaos was too tame: ${what} ${stats[what]}`);
    }
    for (const state of ['live', 'catching up', 'polling', 'offline']) assert.ok(states().includes(state), state);
    assert.equal(stats.rooms, 2);
  });
}

test('the same with logs that are cut off and restored: the last snapshot and what follows it are whole', async () => {
  const random = seeded(7);
  const { server, clock, socket, seen } = desk({ random });
  server.tamper = (frame) => (frame.seq !== undefined && random.chance(0.1) ? [] : [frame]);
  await clock.advance(0);
  socket.joinQueueRoom(3);
  for (let n = 0; n < 1_500; n += 1) {
    server.publish('clinic_3', 'queue_updated', { snapshot: false });
    await clock.advance(random.below(100));
    const room = server.room('clinic_3');
    if (random.chance(0.04)) room.floor = room.head - random.below(3);
    if (random.chance(0.01)) {
      server.restore(`e${n}`, { clinic_3: random.below(400) });
      for (const each of [...server.sockets]) if (each.up) each.hangUp(1012);
    }
    if (random.chance(0.05)) server.socket.hangUp(1006);
  }
  server.tamper = (frame) => [frame];
  await clock.advance(120_000);
  assert.equal(socket.state, 'live');
  const frames = seen.frames.filter(({ room }) => room === 'clinic_3');
  const restarts = frames.filter(({ data }) => data.snapshot).length;
  assert.ok(restarts > 10, `${restarts}`);
  assert.ok(seen.resyncs.filter(({ reason }) => reason === 'epoch').length > 2);
  let at = null;
  for (const { seq, data } of frames) {
    if (!data.snapshot) assert.equal(seq, at + 1, 'between two snapshots nothing is missing');
    at = seq;
  }
  assert.equal(at, server.room('clinic_3').head);
});

const CODES = [1000, 1001, 1006, 1011, 1012, 4401, 4408, 4429];
const FOLLOWED = ['clinic_3', 'doctor_9'];

/**
 * A day of changes over a line that doubles, loses, delays and so shuffles whatever goes over it, answers to joins included,
 * and ends in every way; and, if `restored`, with logs that are cut off or replaced. Then quiet.
 */
async function badDay(seed, restored) {
  const random = seeded(seed);
  const kit = desk({ random, broadcast: { since: 0, epoch: 'e1' } });
  const { server, clock, page, socket } = kit;
  const clinic = new FakeClinic(server, random);
  const store = createStore();
  follow(socket, store);
  const heard = { clinic_3: [], doctor_9: [], broadcast: [] };
  for (const name of EARS) socket[name]((frame) => heard[frame.room].push(frame));
  socket.onResync(({ room, epoch }) => (room === null ? ROOMS : [room]).forEach((each) => heard[each].push({ mark: epoch })));
  server.tamper = (frame) => (random.chance(0.06) ? [] : random.chance(0.1) ? [frame, frame] : [frame]);
  server.wire = () => (random.chance(0.7) ? 1 : random.below(2_000));
  for (const [join, id] of [['joinQueueRoom', 3], ['joinDoctorRoom', 9]]) socket[join](id, { since: 0, epoch: 'e1' });
  const backups = [{ clinic: clinic.save(), heads: {} }];
  for (let n = 0; n < 60; n += 1) {
    for (let burst = random.below(4); burst >= 0; burst -= 1) clinic.change();
    await clock.advance(random.below(random.chance(0.1) ? 20_000 : 800));
    if (random.chance(0.12)) server.socket?.hangUp(CODES[random.below(CODES.length)]);
    if (random.chance(0.05)) server.mode = ['refuse', 'mute', 'stall'][random.below(3)];
    if (random.chance(0.15)) server.mode = 'ok';
    if (random.chance(0.1)) server.http = ['ok', 'ok', 'ok', 'down', 502, 401][random.below(6)];
    if (random.chance(0.05)) page.fire(['pagehide', 'freeze', 'pageshow', 'resume'][random.below(4)]);
    if (random.chance(0.05)) page.network(random.chance(0.5));
    if (random.chance(0.05)) page.show(random.chance(0.5));
    if (random.chance(0.03)) {
      socket.leaveDoctorRoom(9);
      heard.doctor_9.push({ mark: 'left' });
      socket.joinDoctorRoom(9);
    }
    if (!restored) continue;
    if (random.chance(0.1)) backups.push({ clinic: clinic.save(), heads: Object.fromEntries(ROOMS.map((room) => [room, server.room(room).head])) });
    if (random.chance(0.04)) for (const room of server.rooms.values()) Object.assign(room, { floor: room.head - random.below(3) });
    if (random.chance(0.03)) {
      const { clinic: held, heads } = backups[random.below(backups.length)];
      clinic.load(held);
      server.restore(`e${n + 2}`, heads);
      for (const each of server.sockets) each.hangUp(1012);
    }
  }
  server.tamper = (frame) => [frame];
  Object.assign(server, { mode: 'ok', http: 'ok', wire: () => 1 });
  page.onLine = true;
  page.show();
  page.fire('pageshow');
  // Past the longest quiet that 4429 asks for, and two heartbeats.
  await clock.advance(200_000);
  return { ...kit, clinic, store, heard };
}

for (const restored of [false, true]) {
  test(`150 bad days${restored ? ', with logs cut off and restored' : ''}: at quiet the store is a fresh snapshot, and each room was heard once and in order`, async () => {
    const faults = { reconnects: 0, polls: 0, holes: 0, duplicates: 0 };
    let snapshots = 0;
    for (let seed = 1; seed <= 150; seed += 1) {
      const { server, socket, clinic, store, heard } = await badDay(1_000 * seed, restored);
      const day = `seed ${seed}`;
      assert.equal(socket.state, 'live', day);
      assert.equal(server.sockets.filter(({ readyState }) => readyState !== 3).length, 1, day);
      for (const room of FOLLOWED) assert.deepEqual(snapshotOf(store.getState(), room, '2026-11-23'), clinic.snapshot(room), `${day} ${room}`);
      for (const room of ROOMS) {
        let at = 0;
        let marked = false;
        for (const { mark, seq, data } of heard[room]) {
          if (mark) marked = true;
          else if (data.snapshot) {
            // A room that was left and joined anew starts with one; nothing else brings one but a log that is gone.
            assert.ok(restored || marked, `${day} ${room}: a snapshot for nothing`);
            assert.ok(marked || seq >= at, `${day} ${room}: back from ${at} to ${seq}`);
            snapshots += 1;
          } else if (!(marked && room === 'broadcast')) assert.equal(seq, at + 1, `${day} ${room}`);
          if (!mark) [at, marked] = [seq, false];
        }
        if (room !== 'broadcast') assert.equal(at, server.room(room).head, `${day} ${room}: all of it`);
      }
      for (const name of Object.keys(faults)) faults[name] += socket.stats()[name];
    }
    for (const [name, count] of Object.entries({ ...faults, snapshots })) assert.ok(count > 150, `the days were too good: ${name} ${count}`);
  });
}
