import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desk } from './desk.js';
import { seeded } from './random.js';

const ROOMS = ['clinic_3', 'doctor_9', 'broadcast'];
const EVENTS = 2_000;

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
