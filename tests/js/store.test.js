import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  applyAnswer, appointmentsOf, belongs, createStore, emptyState, follow, queueOf, reduce, snapshotOf,
} from '../../static/realtime/index.js';
import { desk } from './desk.js';
import { deepFreeze } from './freeze.js';
import { seeded } from './random.js';

const DAY = '2026-11-23';
const visit = (id, version, more = {}) => ({
  id, version, ticket: `A-${id}`, queue_number: id, status: 'waiting', rank: id * 10, date: DAY, clinic_id: 3,
  doctor: { id: 5, name: 'Haddad' }, ...more,
});
const booking = (id, version, more = {}) => ({
  id, version, status: 'booked', start: '2026-11-23T09:00:00+03:00', date: DAY, clinic_id: 3, doctor: { id: 5, name: 'Haddad' }, ...more,
});
const update = (...visits) => ({ event: 'queue_updated', room: 'clinic_3', seq: 1, data: { date: DAY, visits, snapshot: false } });
const doctor = (id, version, more = {}) => ({ id, version, name: 'Haddad', state: 'available', until: null, valid_until: null, ...more });
const said = (...doctors) => ({ event: 'queue_updated', room: 'clinic_3', seq: 1, data: { date: DAY, visits: [], snapshot: false, doctors } });
const snapshot = (room, visits, appointments = [], date = DAY) => ({ event: 'queue_updated', room, seq: 1, data: { date, visits, appointments, snapshot: true } });
const on = (state, ...frames) => frames.reduce((each, frame) => deepFreeze(reduce(each, frame)), deepFreeze(state));
const state = (...frames) => on(emptyState(), ...frames);
const ids = (list) => list.map(({ id }) => id);

describe('reduce', () => {
  test('an entity is taken if its version is higher, else the state stays the very same', () => {
    const held = state(update(visit(1, 5)));
    assert.equal(on(held, update(visit(1, 5, { status: 'called' }))), held);
    assert.equal(on(held, update(visit(1, 4, { status: 'called' }))), held);
    const next = on(held, update(visit(1, 6, { status: 'called' })));
    assert.equal(next.visits[1].status, 'called');
    assert.equal(held.visits[1].status, 'waiting');
    assert.equal(next.appointments, held.appointments, 'tables that did not change stay the same object');
  });

  test('each event finds its table', () => {
    const all = state(
      update(visit(1, 1), visit(2, 1)),
      said(doctor(5, 1)),
      { event: 'new_checkin', data: { visit: visit(3, 1) } },
      { event: 'visit_status_changed', data: { visit: visit(4, 1), from: 'waiting', to: 'called' } },
      { event: 'appointment_created', data: { appointment: booking(1, 1) } },
      { event: 'appointment_updated', data: { appointment: booking(2, 1), changed: ['start'] } },
      { event: 'appointment_cancelled', data: { appointment: booking(3, 1), reason: '' } },
      { event: 'payment_processed', data: { payment_id: 8, visit_id: 1, clinic_id: 3, status: 'paid', version: 2 } },
      { event: 'patient_created', data: { patient_id: 9, version: 1 } },
      { event: 'patient_updated', data: { patient_id: 9, version: 2 } },
    );
    assert.deepEqual(Object.values(all).map((table) => Object.keys(table)), [['1', '2', '3', '4'], ['1', '2', '3'], ['5'], ['8'], ['9']]);
    assert.deepEqual(all.payments[8], { payment_id: 8, visit_id: 1, clinic_id: 3, status: 'paid', version: 2 });
    assert.deepEqual(all.patients[9], { patient_id: 9, version: 2 });
  });

  test('what it does not know, or cannot read, changes nothing', () => {
    const held = state(update(visit(1, 1)));
    for (const junk of [
      null, undefined, {}, 'x', { event: 'of_tomorrow', data: { visit: visit(2, 1) } }, { event: 'new_checkin' },
      { event: 'new_checkin', data: { visit: null } }, { event: 'new_checkin', data: { visit: { id: 5 } } },
      { event: 'queue_updated', data: {} }, { event: 'new_checkin', data: { visit: { version: 3 } } },
      { event: 'resync', room: 'broadcast', reason: 'gap' },
    ]) assert.equal(on(held, junk), held);
  });

  test('of an epoch that is gone the entities stay, but anything new wins', () => {
    const held = state(update(visit(1, 50), visit(2, 60)), { event: 'patient_updated', data: { patient_id: 9, version: 70 } });
    const after = on(held, { event: 'resync', room: null, reason: 'epoch', epoch: 'e2' });
    assert.deepEqual(ids(queueOf(after, { clinicId: 3, date: DAY })), [1, 2], 'the screen is not emptied');
    assert.equal(on(after, update(visit(2, 1, { status: 'called' }))).visits[2].status, 'called');
    const next = on(after, snapshot('clinic_3', [visit(1, 3, { status: 'skipped' })]), { event: 'patient_updated', data: { patient_id: 9, version: 7 } });
    assert.deepEqual(snapshotOf(next, 'clinic_3', DAY).visits, [visit(1, 3, { status: 'skipped' })]);
    assert.equal(next.patients[9].version, 7);
  });
});

describe('a snapshot', () => {
  test('takes away what belongs to its room and day and is not listed', () => {
    const held = state(update(visit(1, 1), visit(2, 1)), { event: 'appointment_created', data: { appointment: booking(1, 1) } });
    const next = on(held, snapshot('clinic_3', [visit(2, 1)]));
    assert.deepEqual([Object.keys(next.visits), Object.keys(next.appointments)], [['2'], []]);
  });

  test('spares other rooms, other days, and planned visits, which it never lists', () => {
    const spared = [
      visit(1, 1, { clinic_id: 4, doctor: { id: 6 } }),
      visit(2, 1, { date: '2026-11-24' }),
      visit(3, 1, { ticket: null, queue_number: null, status: 'planned' }),
      visit(4, 1, { doctor: { id: 6, name: 'Osei' } }),
    ];
    const held = state(update(...spared), { event: 'appointment_created', data: { appointment: booking(7, 1, { date: '2026-11-24' }) } });
    assert.equal(on(held, snapshot('doctor_5', [])), held);
    assert.deepEqual(Object.keys(on(held, snapshot('clinic_3', [])).visits), ['1', '2', '3']);
  });

  test('a room whose name only begins the same is another room', () => {
    const held = state(update(visit(1, 1, { clinic_id: 33 })));
    assert.equal(on(held, snapshot('clinic_3', [])), held);
  });

  test('a younger version than the snapshot’s stays, an older or equal one gives way', () => {
    const held = state(update(visit(1, 5), visit(2, 5), visit(3, 5)));
    const next = on(held, snapshot('clinic_3', [visit(1, 4, { status: 'called' }), visit(2, 5, { status: 'called' }), visit(3, 6, { status: 'called' })]));
    assert.deepEqual([1, 2, 3].map((id) => next.visits[id].status), ['waiting', 'called', 'called']);
  });

  test('that says what is held changes nothing, whatever the order of its keys', () => {
    const held = state(snapshot('clinic_3', [visit(1, 5)], [booking(1, 2)]));
    const turned = Object.fromEntries(Object.entries(visit(1, 5)).reverse());
    assert.equal(on(held, snapshot('clinic_3', [turned], [booking(1, 2)])), held);
  });

  test('of the version held wins where it differs, be it from, to or beside null', () => {
    const service = { id: 2, name: 'Consultation' };
    for (const [old, now] of [[null, service], [service, null], [service, 'x'], ['x', service], [null, 'x'], [service, { id: 2 }]]) {
      const next = on(state(update(visit(1, 5, { service: old }))), snapshot('clinic_3', [visit(1, 5, { service: now })]));
      assert.deepEqual(next.visits[1].service, now);
    }
  });

  test('older than a walk-in’s answer takes it away, and its own event brings it back', () => {
    const held = deepFreeze(applyAnswer(state(snapshot('clinic_3', [])), 'visit', visit(9, 1)));
    const gone = on(held, snapshot('clinic_3', []));
    assert.deepEqual(Object.keys(gone.visits), []);
    assert.deepEqual(ids(queueOf(on(gone, update(visit(9, 1))), { clinicId: 3, date: DAY })), [9]);
  });

  test('an empty day is a day', () => {
    const next = state(update(visit(1, 1)), snapshot('clinic_3', []));
    assert.deepEqual(snapshotOf(next, 'clinic_3', DAY), { date: DAY, visits: [], appointments: [] });
  });
});

describe('doctors', () => {
  const away = { state: 'break', until: '2026-11-23T10:00:00Z', valid_until: '2026-11-24T00:00:00Z' };

  test('ride on updates with or without visits, by version', () => {
    const held = state(said(doctor(5, 2, away)));
    assert.equal(on(held, said(doctor(5, 2))), held);
    const both = { ...update(visit(1, 1)), data: { ...update(visit(1, 1)).data, doctors: [doctor(5, 3)] } };
    const next = on(held, both);
    assert.deepEqual([next.doctors[5].state, Object.keys(next.visits)], ['available', ['1']]);
    assert.equal(on(next, update(visit(2, 1))).doctors, next.doctors);
  });

  test('of a snapshot are taken where they are not older, and none is taken away', () => {
    const listing = { ...snapshot('clinic_3', []), data: { ...snapshot('clinic_3', []).data, doctors: [doctor(5, 2), doctor(6, 3, away)] } };
    const next = on(state(said(doctor(5, 2, away), doctor(6, 4), doctor(7, 1))), listing);
    assert.deepEqual([5, 6, 7].map((id) => [next.doctors[id].version, next.doctors[id].state]), [[2, 'available'], [4, 'available'], [1, 'available']]);
  });

  test('of an epoch that is gone give way to whatever is new', () => {
    const held = on(state(said(doctor(5, 50, away))), { event: 'resync', room: null, reason: 'epoch' });
    assert.equal(held.doctors[5].state, 'break');
    assert.equal(on(held, said(doctor(5, 1))).doctors[5].state, 'available');
  });

  test('as an answer says it', () => {
    assert.deepEqual(applyAnswer(emptyState(), 'doctor', doctor(5, 2, away)).doctors[5], doctor(5, 2, away));
  });
});

describe('a REST answer', () => {
  test('goes by the same rule, and the echo then does nothing', () => {
    const held = deepFreeze(applyAnswer(state(update(visit(1, 1))), 'visit', visit(1, 2, { status: 'called' })));
    assert.equal(held.visits[1].status, 'called');
    assert.equal(on(held, update(visit(1, 2, { status: 'called' }))), held);
    assert.equal(applyAnswer(held, 'visit', visit(1, 1)), held);
  });

  test('behind its echo it adds what an event leaves out, and changes nothing else', () => {
    const echo = { event: 'payment_processed', data: { payment_id: 8, visit_id: 1, clinic_id: 3, status: 'paid', version: 2 } };
    const answer = { id: 8, version: 2, visit_id: 1, clinic_id: 3, status: 'paid', balance: '0.00' };
    const behind = deepFreeze(applyAnswer(state(echo), 'payment', answer));
    const ahead = on(applyAnswer(emptyState(), 'payment', answer), echo);
    assert.deepEqual(behind, ahead);
    assert.equal(behind.payments[8].balance, '0.00');
    assert.equal(applyAnswer(behind, 'payment', answer), behind);
    const lying = applyAnswer(behind, 'payment', { ...answer, status: 'void' });
    assert.equal(lying, behind);
  });

  test('a patient leaves only the version: names and numbers have no place here', () => {
    const held = applyAnswer(emptyState(), 'patient', { id: 9, version: 4, full_name: 'R. H.', phone: '1' });
    assert.deepEqual(held.patients, { 9: { patient_id: 9, version: 4 } });
  });

  test('appointments too; a kind that is none is a mistake of the page', () => {
    assert.deepEqual(applyAnswer(emptyState(), 'appointment', booking(1, 1)).appointments[1], booking(1, 1));
    assert.throws(() => applyAnswer(emptyState(), 'visits', visit(1, 1)), TypeError);
  });
});

describe('selectors', () => {
  test('queueOf: by rank, then by ticket; only tickets, only that room and day', () => {
    const held = state(update(
      visit(1, 1, { rank: 30 }), visit(2, 1, { rank: 10, queue_number: 12 }), visit(3, 1, { rank: 10, queue_number: 9 }), visit(4, 1, { rank: 9 }),
      visit(5, 1, { ticket: null, queue_number: null }), visit(6, 1, { date: '2026-11-22' }), visit(7, 1, { clinic_id: 4 }),
      visit(8, 1, { doctor: { id: 6 } }), visit(9, 1, { status: 'completed', rank: null }),
    ));
    assert.deepEqual(ids(queueOf(held, { clinicId: 3, date: DAY })), [4, 3, 2, 1, 8, 9]);
    assert.deepEqual(ids(queueOf(held, { doctorId: 5, date: DAY })), [4, 3, 2, 1, 7, 9]);
    assert.deepEqual(ids(queueOf(held, { clinicId: 3, doctorId: 5, date: DAY })), [4, 3, 2, 1, 9]);
    assert.deepEqual(ids(queueOf(held, { clinicId: 3, date: '2026-11-22' })), [6]);
  });

  test('appointmentsOf: by the moment of the start, however it is written', () => {
    const at = (id, start, more) => ({ event: 'appointment_created', data: { appointment: booking(id, 1, { start, ...more }) } });
    const held = state(
      at(1, '2026-11-23T09:00:00+03:00'), at(2, '2026-11-23T07:30:00+01:00'), at(3, '2026-11-23T05:00:00Z'),
      at(5, '2026-11-23T05:00:00Z'), at(4, '2026-11-23T08:00:00+03:00'), at(6, '2026-11-23T05:00:00Z', { clinic_id: 4 }),
    );
    assert.deepEqual(ids(appointmentsOf(held, { clinicId: 3, date: DAY })), [3, 4, 5, 1, 2]);
    assert.deepEqual(ids(appointmentsOf(held, { doctorId: 6, date: DAY })), []);
  });

  test('snapshotOf: by id, with tickets only', () => {
    const held = state(update(visit(10, 1, { rank: 1 }), visit(2, 1, { rank: 9 }), visit(3, 1, { ticket: null })));
    assert.deepEqual(ids(snapshotOf(held, 'doctor_5', DAY).visits), [2, 10]);
    assert.deepEqual(snapshotOf(held, 'clinic_4', DAY).visits, []);
  });

  test('belongs', () => {
    assert.deepEqual(['clinic_3', 'doctor_5', 'clinic_5', 'doctor_3', 'clinic_', 'broadcast'].map((room) => belongs(visit(1, 1), room)), [true, true, false, false, false, false]);
  });
});

describe('in any order', () => {
  test('versions of many entities, shuffled and doubled, by event or by answer, end in the same state', () => {
    const random = seeded(11);
    const steps = [];
    for (let id = 1; id <= 12; id += 1) {
      for (let version = 1; version <= 6; version += 1) {
        steps.push((s) => reduce(s, update(visit(id, version, { rank: (id * 7 + version * 13) % 40, status: `s${version}` }))));
        steps.push((s) => applyAnswer(s, 'appointment', booking(id, version, { status: `s${version}` })));
      }
    }
    const expected = steps.reduce((s, step) => step(s), emptyState());
    for (let n = 0; n < 100; n += 1) {
      const order = random.shuffled([...steps, ...steps.filter(() => random.chance(0.3))]);
      assert.deepEqual(order.reduce((s, step) => deepFreeze(step(s)), deepFreeze(emptyState())), expected);
    }
  });
});

describe('createStore', () => {
  test('tells its subscribers of changes, once each, and of nothing else', () => {
    const store = createStore();
    const heard = [];
    const fn = (next, before) => heard.push([next, before]);
    store.subscribe(fn);
    const off = store.subscribe(fn);
    const first = store.getState();
    store.dispatch(update(visit(1, 1)));
    store.dispatch(update(visit(1, 1)));
    store.answer('visit', visit(1, 1));
    assert.equal(heard.length, 1);
    assert.deepEqual([heard[0][0] === store.getState(), heard[0][1] === first], [true, true]);
    store.answer('visit', visit(1, 2));
    assert.equal(heard.length, 2);
    off();
    store.dispatch(update(visit(1, 3)));
    assert.equal(heard.length, 2);
    assert.equal(store.getState().visits[1].version, 3);
  });

  test('a subscriber that throws stops nobody; one that dispatches sees its change', () => {
    const errors = [];
    const store = createStore(emptyState(), (error) => errors.push(error.message));
    const heard = [];
    store.subscribe(() => {
      throw new Error('draw');
    });
    store.subscribe((next) => {
      heard.push(Object.keys(next.visits).length);
      if (!next.visits[2]) store.dispatch(update(visit(2, 1)));
    });
    store.dispatch(update(visit(1, 1)));
    assert.deepEqual(heard, [1, 2]);
    assert.deepEqual(errors, ['draw', 'draw']);
  });

  test('follows a socket through snapshots, events and a restored database, until it is told not to', async () => {
    const { server, clock, socket, live } = desk();
    const store = createStore();
    const before = socket.stats().listeners;
    const off = follow(socket, store);
    server.snapshot = (room) => ({ ...snapshot(room, [visit(1, 4)]), seq: 0 });
    await live(3);
    server.publish('clinic_3', 'queue_updated', update(visit(2, 1)).data);
    server.publish('broadcast', 'payment_processed', { payment_id: 8, version: 1 });
    server.publish('clinic_3', 'appointment_created', { appointment: booking(1, 9) });
    await clock.advance(20);
    const { visits, payments, appointments } = store.getState();
    assert.deepEqual([visits[1].version, visits[2].version, payments[8].version, appointments[1].version], [4, 1, 1, 9]);
    server.restore('e2');
    server.snapshot = (room) => ({ ...snapshot(room, [visit(1, 2)], [booking(1, 3)]), seq: 0 });
    server.socket.hangUp(1012);
    await clock.advance(600);
    assert.deepEqual(snapshotOf(store.getState(), 'clinic_3', DAY), { date: DAY, visits: [visit(1, 2)], appointments: [booking(1, 3)] });
    off();
    assert.equal(socket.stats().listeners, before);
  });
});
