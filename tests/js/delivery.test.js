import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desk } from './desk.js';

const pass = (frame) => [frame];

describe('order, exactly once', () => {
  test('frames that come twice are heard once and counted', async () => {
    const { server, socket, events, live, moment } = desk();
    await live(3);
    server.tamper = (frame) => [frame, frame];
    for (let n = 0; n < 5; n += 1) server.publish('clinic_3');
    await moment();
    assert.deepEqual(events('clinic_3'), [1, 2, 3, 4, 5]);
    assert.equal(socket.stats().duplicates, 5);
    assert.equal(socket.stats().holes, 0);
  });

  test('a frame that is missing: one join with since, what follows is held back', async () => {
    const { server, socket, events, live, moment, states } = desk();
    await live(3);
    const joins = server.commands('join_queue_room').length;
    server.tamper = (frame) => (frame.seq === 2 ? [] : [frame]);
    for (let n = 0; n < 4; n += 1) server.publish('clinic_3');
    server.tamper = pass;
    await moment();
    assert.deepEqual(events('clinic_3'), [1, 2, 3, 4]);
    assert.deepEqual(server.commands('join_queue_room').slice(joins).map(({ data }) => data), [{ clinic_id: 3, since: 1, epoch: 'e1' }]);
    assert.equal(socket.stats().holes, 1);
    assert.deepEqual(states().slice(-2), ['catching up', 'live'], 'it says so while something is missing');
  });

  test('frames in any order', async () => {
    const { server, events, live, moment } = desk();
    await live(3);
    const kept = [];
    server.tamper = (frame) => (frame.event === 'queue_updated' ? (kept.push(frame), []) : [frame]);
    for (let n = 0; n < 6; n += 1) server.publish('clinic_3');
    server.tamper = pass;
    for (const n of [3, 0, 5, 1, 4, 2]) server.push(server.socket, kept[n]);
    await moment();
    assert.deepEqual(events('clinic_3'), [1, 2, 3, 4, 5, 6]);
  });

  test('rooms are counted each by itself', async () => {
    const { server, socket, events, live, moment } = desk();
    await live(3);
    socket.joinDoctorRoom(9);
    await moment();
    server.publish('clinic_3');
    server.publish('doctor_9');
    server.publish('clinic_3');
    await moment();
    assert.deepEqual([events('clinic_3'), events('doctor_9')], [[1, 2], [1]]);
    assert.equal(socket.stats().holes, 0);
  });

  test('a listener that throws stops neither the others nor the room', async () => {
    const { server, socket, reported, live, moment } = desk();
    await live(3);
    const heard = [];
    socket.onVisitStatusChange(() => {
      throw new Error('page');
    });
    socket.onVisitStatusChange(({ seq }) => heard.push(seq));
    server.publish('clinic_3', 'visit_status_changed', {});
    server.publish('clinic_3', 'visit_status_changed', {});
    await moment();
    assert.deepEqual(heard, [1, 2]);
    assert.deepEqual(reported.map(({ message }) => message), ['page', 'page']);
  });

  test('each on… hears its own event, once however often it was added, and not after its off', async () => {
    const names = {
      onQueueUpdate: 'queue_updated', onNewCheckin: 'new_checkin', onVisitStatusChange: 'visit_status_changed',
      onAppointmentCreated: 'appointment_created', onAppointmentUpdated: 'appointment_updated',
      onAppointmentCancelled: 'appointment_cancelled', onPatientCreated: 'patient_created',
      onPatientUpdated: 'patient_updated', onPaymentProcessed: 'payment_processed',
    };
    const { server, socket, live, moment } = desk();
    await live(3);
    const heard = [];
    const offs = Object.entries(names).map(([on]) => {
      const fn = (frame) => heard.push([on, frame.event, frame.data.mark]);
      socket[on](fn);
      return socket[on](fn);
    });
    const publish = () => {
      for (const event of Object.values(names)) server.publish(/patient|payment/.test(event) ? 'broadcast' : 'clinic_3', event, { mark: event });
    };
    publish();
    await moment();
    assert.deepEqual(heard.sort(), Object.entries(names).map(([on, event]) => [on, event, event]).sort());
    for (const off of offs) off();
    publish();
    await moment();
    assert.equal(heard.length, 9);
  });
});

describe('rooms', () => {
  test('joined before there is a connection, joined once there is', async () => {
    const { server, socket, moment } = desk();
    socket.joinQueueRoom(3);
    socket.joinDoctorRoom('9');
    await moment();
    assert.deepEqual(server.received.map(({ event, data }) => [event, data]).slice(0, 2), [
      ['join_queue_room', { clinic_id: 3 }],
      ['join_doctor_room', { doctor_id: 9 }],
    ]);
    assert.equal(socket.state, 'live');
  });

  test('the snapshot of the page is where it starts: since and epoch', async () => {
    const { server, socket, events, seqs, moment } = desk();
    for (let n = 0; n < 5; n += 1) server.publish('clinic_3');
    socket.joinQueueRoom(3, { since: 3, epoch: 'e1' });
    await moment();
    assert.deepEqual(server.commands('join_queue_room')[0].data, { clinic_id: 3, since: 3, epoch: 'e1' });
    assert.deepEqual(events('clinic_3'), [4, 5]);
    assert.equal(seqs('clinic_3').length, 2, 'no snapshot');
  });

  test('so is the broadcast room’s', async () => {
    const { server, seqs, moment, socket } = desk({ broadcast: { since: 1, epoch: 'e1' } });
    for (let n = 0; n < 3; n += 1) server.publish('broadcast', 'patient_updated', { patient_id: n, version: 1 });
    await moment();
    assert.deepEqual(server.commands('resume_broadcast')[0].data, { since: 1, epoch: 'e1' });
    assert.deepEqual(seqs('broadcast'), [2, 3]);
    assert.equal(socket.state, 'live');
  });

  test('without a start the broadcast room begins at the head that connected names', async () => {
    const { server, seqs, seen, moment, live } = desk();
    for (let n = 0; n < 3; n += 1) server.publish('broadcast', 'patient_updated', {});
    await live();
    assert.equal(server.commands('resume_broadcast').length, 0);
    server.publish('broadcast', 'patient_updated', {});
    await moment();
    assert.deepEqual(seqs('broadcast'), [4]);
    assert.deepEqual(seen.resyncs, []);
  });

  test('broadcast goes on after a reconnect where it was', async () => {
    const { server, seqs, clock, live } = desk();
    await live();
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(10);
    server.socket.hangUp(1006);
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(600);
    assert.deepEqual(server.commands('resume_broadcast').at(-1).data, { since: 1, epoch: 'e1' });
    assert.deepEqual(seqs('broadcast'), [1, 2]);
  });

  test('a join twice is one join, and a start given late changes nothing', async () => {
    const { server, socket, live, moment } = desk();
    await live(3);
    socket.joinQueueRoom(3);
    socket.joinQueueRoom('3', { since: 99, epoch: 'e1' });
    await moment();
    assert.equal(server.commands('join_queue_room').length, 1);
    socket.leaveQueueRoom(3);
    socket.leaveQueueRoom(3);
    await moment();
    assert.equal(server.commands('leave_queue_room').length, 1);
    assert.equal(socket.stats().rooms, 0);
  });

  test('a room that was left is not joined again, and its late frames are not heard', async () => {
    const { server, clock, seen, socket, live } = desk();
    await live(3);
    server.publish('clinic_3');
    socket.leaveQueueRoom(3);
    await clock.advance(20);
    assert.deepEqual(seen.frames.map(({ seq }) => seq), [0], 'only its snapshot');
    server.socket.hangUp(1006);
    await clock.advance(600);
    assert.equal(server.commands('join_queue_room').length, 1);
    assert.equal(socket.state, 'live');
  });

  test('left while its join is in flight: nothing of it is heard, and the state does not wait for it', async () => {
    const { server, socket, seen, live, moment } = desk();
    await live();
    socket.joinQueueRoom(3);
    assert.equal(socket.state, 'catching up');
    socket.leaveQueueRoom(3);
    assert.equal(socket.state, 'live');
    await moment();
    assert.deepEqual(seen.frames, []);
    assert.equal(server.socket.rooms.has('clinic_3'), false);
  });

  test('left and joined again while the first join is in flight', async () => {
    const { server, socket, events, live, moment } = desk();
    for (let n = 0; n < 3; n += 1) server.publish('clinic_3');
    await live();
    socket.joinQueueRoom(3, { since: 1, epoch: 'e1' });
    socket.leaveQueueRoom(3);
    socket.joinQueueRoom(3, { since: 2, epoch: 'e1' });
    await moment();
    assert.deepEqual(events('clinic_3'), [3]);
    server.publish('clinic_3');
    await moment();
    assert.deepEqual(events('clinic_3'), [3, 4]);
    assert.equal(socket.state, 'live');
  });

  test('what was counted in a room stays counted when it is left', async () => {
    const { server, socket, live, moment } = desk();
    await live(3);
    server.tamper = (frame) => (frame.seq === 2 ? [] : [frame, frame]);
    for (let n = 0; n < 3; n += 1) server.publish('clinic_3');
    server.tamper = pass;
    await moment();
    const { holes, duplicates } = socket.stats();
    assert.ok(holes === 1 && duplicates > 0);
    socket.leaveQueueRoom(3);
    assert.deepEqual([socket.stats().holes, socket.stats().duplicates], [holes, duplicates]);
  });

  test('left by a listener in the middle of a batch', async () => {
    const { server, socket, events, live, moment } = desk();
    await live(3);
    socket.onQueueUpdate(({ seq }) => seq === 2 && socket.leaveQueueRoom(3));
    server.tamper = (frame) => (frame.seq === 1 ? [] : [frame]);
    for (let n = 0; n < 4; n += 1) server.publish('clinic_3');
    server.tamper = pass;
    await moment();
    assert.deepEqual(events('clinic_3'), [1, 2]);
  });

  test('an id that is none is a mistake of the page', () => {
    const { socket } = desk();
    socket.joinQueueRoom(1);
    assert.equal(socket.stats().rooms, 1);
    for (const id of [undefined, null, 'x', 0, -1, 1.5]) assert.throws(() => socket.joinQueueRoom(id), TypeError);
  });
});

describe('snapshots and epochs', () => {
  test('what is no longer kept comes as a snapshot, and the room goes on from its seq', async () => {
    const { server, clock, events, seqs, live } = desk();
    await live(3);
    server.publish('clinic_3');
    await clock.advance(10);
    server.socket.hangUp(1006);
    for (let n = 0; n < 9; n += 1) server.publish('clinic_3');
    server.room('clinic_3').floor = 8;
    await clock.advance(600);
    server.publish('clinic_3');
    await clock.advance(10);
    assert.deepEqual(seqs('clinic_3'), [0, 1, 10, 11]);
    assert.deepEqual(events('clinic_3'), [1, 11]);
  });

  test('another epoch: told once, before its snapshots; then lower numbers are heard', async () => {
    const { server, clock, socket, seen, seqs, live } = desk();
    await live(3);
    for (let n = 0; n < 9; n += 1) server.publish('clinic_3');
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(10);
    const order = [];
    socket.onResync(({ room, reason, epoch }) => order.push([room, reason, epoch]));
    socket.onQueueUpdate(({ data, seq }) => order.push([data.snapshot, seq]));
    server.restore('e2', { clinic_3: 4, broadcast: 1 });
    server.socket.hangUp(1012);
    await clock.advance(600);
    server.publish('clinic_3');
    await clock.advance(10);
    assert.deepEqual(order, [[null, 'epoch', 'e2'], ['broadcast', 'gap', 'e2'], [true, 4], [false, 5]].sort((a, b) => order.findIndex((x) => `${x}` === `${a}`) - order.findIndex((x) => `${x}` === `${b}`)));
    assert.deepEqual(order[0], [null, 'epoch', 'e2']);
    assert.deepEqual(seqs('clinic_3').slice(-2), [4, 5]);
    assert.equal(socket.state, 'live');
    server.socket.hangUp(1006);
    await clock.advance(1200);
    assert.deepEqual(server.commands('join_queue_room').at(-1).data, { clinic_id: 3, since: 5, epoch: 'e2' });
    assert.equal(seen.resyncs.length, 2, 'the same epoch is no news');
  });

  test('a page rendered before the restore is told so too', async () => {
    const { socket, seen, moment } = desk();
    socket.joinQueueRoom(3, { since: 40, epoch: 'e0' });
    await moment();
    assert.deepEqual(seen.resyncs.map(({ room, reason }) => [room, reason]), [[null, 'epoch']]);
    assert.equal(seen.frames[0].data.snapshot, true);
  });

  test('of another epoch nothing of the broadcast room passes before the server said where it stands', async () => {
    const { server, clock, seqs, live } = desk();
    await live();
    for (let n = 0; n < 5; n += 1) server.publish('broadcast', 'patient_updated', {});
    await clock.advance(10);
    server.restore('e2', { broadcast: 5 });
    let commands = 0;
    server.answering = ({ event }) => event === 'resume_broadcast' && (commands += 1) === 1;
    server.socket.hangUp(1006);
    await clock.advance(600);
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(10);
    assert.deepEqual(seqs('broadcast'), [1, 2, 3, 4, 5], 'number 6 of another log does not follow our 5');
    await clock.advance(45_000);
    assert.equal(commands > 1, true);
  });

  test('what the broadcast room lost is told, since there is no snapshot of it', async () => {
    const { server, clock, seen, seqs, live } = desk();
    await live();
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(10);
    server.socket.hangUp(1006);
    for (let n = 0; n < 9; n += 1) server.publish('broadcast', 'patient_updated', {});
    server.room('broadcast').floor = 8;
    await clock.advance(600);
    assert.deepEqual(seen.resyncs, [{ event: 'resync', room: 'broadcast', reason: 'gap', epoch: 'e1' }]);
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(10);
    assert.deepEqual(seqs('broadcast'), [1, 11]);
  });
});

describe('what the server says no to', () => {
  const refuse = (server, code, times = Infinity) => {
    let n = 0;
    server.answering = ({ event, ref }, each) => {
      if (!/^join|^resume/.test(event) || (n += 1) > times) return false;
      server.push(each, { event: 'error', data: { code, detail: `No: ${code}.` }, ref });
      return true;
    };
  };

  for (const code of ['forbidden', 'not_found', 'too_many_rooms', 'bad_request']) {
    test(`${code}: told with the room, which is not asked for again`, async () => {
      const { server, clock, socket, seen, live } = desk();
      await live();
      refuse(server, code);
      socket.joinQueueRoom(8);
      await clock.advance(20);
      assert.equal(seen.errors.length, 1);
      assert.deepEqual([seen.errors[0].code, seen.errors[0].detail, seen.errors[0].room], [code, `No: ${code}.`, 'clinic_8']);
      assert.deepEqual(seen.removed, [{ room: 'clinic_8', reason: `No: ${code}.` }]);
      assert.equal(socket.state, 'live');
      server.answering = () => false;
      server.socket.hangUp(1006);
      await clock.advance(100_000);
      assert.equal(server.commands('join_queue_room').length, 1);
    });
  }

  test('rate_limited: asked again a little later', async () => {
    const { server, clock, socket, live } = desk();
    await live();
    refuse(server, 'rate_limited', 1);
    socket.joinQueueRoom(8);
    await clock.advance(900);
    assert.equal(server.commands('join_queue_room').length, 1);
    await clock.advance(1_200);
    assert.equal(server.commands('join_queue_room').length, 2);
    assert.equal(socket.state, 'live');
  });

  test('rate_limited and then left: not asked again; and then the line lost: asked once on the next', async () => {
    const { server, clock, socket, live } = desk();
    await live();
    refuse(server, 'rate_limited', 2);
    socket.joinQueueRoom(8);
    socket.joinDoctorRoom(9);
    await clock.advance(100);
    socket.leaveQueueRoom(8);
    server.socket.hangUp(1006);
    await clock.advance(5_000);
    assert.equal(server.commands('join_queue_room').length, 1);
    assert.equal(server.commands('join_doctor_room').length, 2);
    refuse(server, 'rate_limited', 1);
    socket.joinQueueRoom(8);
    await clock.advance(100);
    socket.leaveQueueRoom(8);
    await clock.advance(5_000);
    assert.equal(server.commands('join_queue_room').length, 2);
    assert.equal(socket.state, 'live');
  });

  test('unauthenticated: a new token on a new connection', async () => {
    const { server, clock, socket, live } = desk();
    await live();
    refuse(server, 'unauthenticated', 1);
    socket.joinQueueRoom(8);
    await clock.advance(600);
    assert.equal(server.sockets.length, 2);
    assert.equal(socket.state, 'live');
    assert.equal(server.socket.protocols[1], 'bearer.token-2');
  });

  test('resume_broadcast refused: what was missed is told, and it goes on from the head', async () => {
    const { server, clock, seen, seqs, live, socket } = desk();
    await live();
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(10);
    refuse(server, 'bad_request', 1);
    server.socket.hangUp(1006);
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(600);
    server.publish('broadcast', 'patient_updated', {});
    await clock.advance(10);
    assert.deepEqual(seqs('broadcast'), [1, 3]);
    assert.equal(seen.resyncs.length, 1);
    assert.equal(socket.state, 'live');
  });

  test('an error that answers nothing of ours is told and changes nothing', async () => {
    const { server, socket, seen, live, moment } = desk();
    await live(3);
    for (const ref of [undefined, null, 12345]) server.push(server.socket, { event: 'error', data: { code: 'bad_request', detail: 'Eh?' }, ref });
    await moment();
    assert.deepEqual(seen.errors.map(({ code, room }) => [code, room]), [['bad_request', undefined], ['bad_request', undefined], ['bad_request', undefined]]);
    assert.equal(socket.state, 'live');
    assert.equal(socket.stats().rooms, 1);
  });

  test('the broadcast room can’t be taken away, nobody asked for it', async () => {
    const { server, seen, seqs, live, moment } = desk();
    await live();
    server.push(server.socket, { event: 'removed', data: { room: 'broadcast', reason: 'x' } });
    await moment();
    server.publish('broadcast', 'patient_updated', {});
    await moment();
    assert.deepEqual([seen.removed, seqs('broadcast')], [[], [1]]);
  });

  test('removed: the room is gone, told once, and not joined again', async () => {
    const { server, clock, socket, seen, live } = desk();
    await live(3);
    server.push(server.socket, { event: 'removed', data: { room: 'clinic_3', reason: 'Rights changed.' } });
    server.push(server.socket, { event: 'removed', data: { room: 'clinic_3', reason: 'Rights changed.' } });
    await clock.advance(20);
    assert.deepEqual(seen.removed, [{ room: 'clinic_3', reason: 'Rights changed.' }]);
    server.socket.hangUp(1006);
    await clock.advance(1_000);
    assert.equal(server.commands('join_queue_room').length, 1);
    assert.equal(socket.state, 'live');
  });
});
