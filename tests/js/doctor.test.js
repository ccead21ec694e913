import assert from 'node:assert/strict';
import { test } from 'node:test';
import { said, settingsOf } from '../../static/dashboards/alerts.js';
import { bodyOf } from '../../static/dashboards/doctor/complete.js';
import { newcomers } from '../../static/dashboards/doctor/news.js';
import { latestNotes } from '../../static/dashboards/doctor/past.js';
import { doctorOf } from '../../static/dashboards/doctor/state.js';
import { presenceOf, presenceText } from '../../static/dashboards/presence.js';
import { followUpText } from '../../static/dashboards/rows.js';
import { useWords } from '../../static/dashboards/words.js';

useWords({
  'presence.break_until': 'Break until {time}',
  'presence.break': 'On a break',
  'alert.waiting': '{ticket} is waiting',
  'alert.emergency': 'Emergency: {ticket}',
  'alert.waiting_many': 'New: {count}',
  'follow_up.open': 'Again: {date}',
  'follow_up.booked': 'Again: {date}, booked',
});

const NOW = Date.parse('2026-11-25T09:00:00Z');
const visit = (/** @type {any} */ more = {}) => ({ id: 1, status: 'waiting', priority: 'normal', doctor: { id: 2 }, ticket: 'A-001', patient: { name: 'Secret Name' }, ...more });
const state = (/** @type {any[]} */ ...visits) => ({ visits: Object.fromEntries(visits.map((each) => [each.id, each])) });
const whose = { doctorId: 2, isToday: () => true };

test('who comes into the queue is news, once', () => {
  const before = state();
  const after = state(visit());
  assert.deepEqual(newcomers(after, before, whose).waiting.map(({ id }) => id), [1]);
  assert.deepEqual(newcomers(after, after, whose), { waiting: [], emergencies: [] });
});

for (const [why, old, now] of /** @type {const} */ ([
  ['was called and waits again', visit({ status: 'called' }), visit()],
  ['is a colleague’s', undefined, visit({ doctor: { id: 3 } })],
  ['is done', visit(), visit({ status: 'completed' })],
  ['was called from somewhere else', visit(), visit({ status: 'called' })],
  ['is what was asked for here', undefined, visit({ isPending: true })],
  ['is the answer to what was asked for here', visit({ isPending: true, status: 'left' }), visit()],
])) {
  test(`no news: the visit ${why}`, () => {
    assert.deepEqual(newcomers(state(now), old ? state(old) : state(), whose), { waiting: [], emergencies: [] });
  });
}

test('a visit handed over by a colleague, one that left and is back, and a planned one that arrived are news', () => {
  for (const old of [visit({ doctor: { id: 3 } }), visit({ status: 'left' }), visit({ status: 'planned' })]) {
    assert.equal(newcomers(state(visit()), state(old), whose).waiting.length, 1);
  }
});

test('another day’s visit is none', () => {
  assert.deepEqual(newcomers(state(visit()), state(), { doctorId: 2, isToday: () => false }).waiting, []);
});

test('an emergency is told as one, whether it is new or has become one, and not again with its next step', () => {
  const urgent = visit({ priority: 'emergency' });
  for (const old of [state(), state(visit())]) assert.deepEqual(newcomers(state(urgent), old, whose), { waiting: [], emergencies: [urgent] });
  const called = visit({ priority: 'emergency', status: 'called' });
  assert.deepEqual(newcomers(state(called), state(urgent), whose).emergencies, []);
});

test('alerts are off until they are switched on', () => {
  for (const kept of [null, '', '{}', 'null', '{"sound": "yes"}', '[', '7']) assert.deepEqual(settingsOf(kept), { sound: false, notify: false });
  assert.deepEqual(settingsOf('{"sound": true, "notify": true}'), { sound: true, notify: true });
});

test('what is shown on a desktop names tickets, never patients', () => {
  for (const text of [said([visit()], false), said([visit()], true), said([visit(), visit()], false)]) assert.doesNotMatch(text, /Secret/);
  assert.equal(said([visit()], true), 'Emergency: A-001');
  assert.equal(said([visit(), visit()], false), 'New: 2');
});

test('a patient inside says more than what was said, and a state holds for its day', () => {
  const away = { state: 'break', until: '2026-11-25T09:30:00Z', valid_until: '2026-11-26T00:00:00Z' };
  assert.equal(presenceOf(away, true, NOW), 'with_patient');
  assert.equal(presenceOf(away, false, NOW), 'break');
  assert.equal(presenceOf(away, false, Date.parse('2026-11-26T00:00:00Z')), 'available');
  assert.equal(presenceOf(undefined, false, NOW), 'available');
  assert.equal(presenceText('break', away, 'UTC'), 'Break until 09:30');
  assert.equal(presenceText('break', { ...away, until: null }, 'UTC'), 'On a break');
});

test('the answer of the state is the store’s doctor', () => {
  const answer = { doctor: { id: 2, name: 'D' }, state: 'with_patient', said: 'break', until: null, valid_until: 'x', version: 4, with_visit: 9 };
  assert.deepEqual(doctorOf(answer), { id: 2, name: 'D', state: 'break', until: null, valid_until: 'x', version: 4 });
});

test('the end of a visit, as the API takes it', () => {
  assert.deepEqual(bodyOf({}), {});
  assert.deepEqual(bodyOf({ note: 'text' }), { note: 'text' });
  assert.deepEqual(bodyOf({ again: '2', on: '2026-12-01' }), { follow_up: { weeks: 2 } });
  assert.deepEqual(bodyOf({ again: 'on', on: '2026-12-01', service: '4' }), { follow_up: { on: '2026-12-01', service: 4 } });
  // Refused by the server, with its sentence, rather than left out.
  assert.deepEqual(bodyOf({ again: 'on' }), { follow_up: { on: '' } });
});

test('of each visit the latest note', () => {
  const notes = latestNotes([{ visit_id: 1, text: 'third' }, { visit_id: 2, text: 'other' }, { visit_id: 1, text: 'first' }]);
  assert.deepEqual([notes.get(1).text, notes.get(2).text, notes.size], ['third', 'other', 2]);
});

test('when to come again, and whether it is booked', () => {
  assert.equal(followUpText({ follow_up: null }), '');
  assert.match(followUpText({ follow_up: { on: '2026-12-09', appointment_id: null } }), /^Again: .*2026$/);
  assert.match(followUpText({ follow_up: { on: '2026-12-09', appointment_id: 5 } }), /booked$/);
});
