import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { less } from '../../static/dashboards/amounts.js';
import { withIntents } from '../../static/dashboards/intents.js';
import { marks } from '../../static/dashboards/marks.js';
import { awayText, presenceOf, presenceText } from '../../static/dashboards/presence.js';
import { attentionOf, glance } from '../../static/dashboards/reception/attention.js';
import { canUndo, sentenceOf } from '../../static/dashboards/reception/history.js';
import { dropBefore, placeAt, stepFrom } from '../../static/dashboards/reception/moves.js';
import { isLongWait } from '../../static/dashboards/rows.js';
import { useWords } from '../../static/dashboards/words.js';
import { createStore } from '../../static/realtime/index.js';

const shared = JSON.parse(readFileSync(new URL('../pages/attention.json', import.meta.url), 'utf8'));
const clinic = { now: Date.parse(shared.now), lateAfter: shared.late_after, waitAlarm: shared.wait_alarm };

for (const { name, visits, appointments, expected } of shared.cases) {
  test(`who needs attention: ${name}`, () => {
    assert.deepEqual(attentionOf(visits, appointments, clinic).map((entry) => entry.key), expected);
    assert.deepEqual(attentionOf([...visits].reverse(), [...appointments].reverse(), clinic).map((entry) => entry.key), expected);
  });
}

test('of many some of each kind are shown, in the order they had', () => {
  const all = ['leaving', 'leaving', 'leaving', 'leaving', 'called', 'waiting', 'waiting', 'late'].map((kind, id) => ({ kind, key: `${kind}-${id}` }));
  const keys = (room) => glance(all, room).map((entry) => entry.key);

  assert.deepEqual(keys(4), ['leaving-0', 'called-4', 'waiting-5', 'late-7']);
  assert.deepEqual(keys(6), ['leaving-0', 'leaving-1', 'called-4', 'waiting-5', 'waiting-6', 'late-7']);
  assert.deepEqual(keys(2), ['leaving-0', 'called-4']);
  assert.deepEqual(keys(50), all.map((entry) => entry.key));
  assert.deepEqual(glance([], 4), []);
});

test('a long wait is one of who waits, from the minute of the alarm on', () => {
  const visit = { status: 'waiting', checked_in_at: '2026-11-25T09:30:00Z' };
  assert.equal(isLongWait(visit, Date.parse('2026-11-25T10:00:00Z'), 30), true);
  assert.equal(isLongWait(visit, Date.parse('2026-11-25T09:59:59Z'), 30), false);
  assert.equal(isLongWait({ ...visit, status: 'called' }, Date.parse('2026-11-25T12:00:00Z'), 30), false);
});

const waiting = [10, 20, 30, 40].map((rank, index) => ({ id: index + 1, rank }));
const orderAfter = (id, place) => waiting.map((visit) => (visit.id === id ? { ...visit, rank: place.rank } : visit)).sort((a, b) => a.rank - b.rank).map((visit) => visit.id);

test('wherever somebody is put, the rank that is shown until the answer puts them there, behind whom is sent', () => {
  for (const { id } of waiting) {
    const others = waiting.filter((visit) => visit.id !== id);
    for (let index = 0; index < waiting.length; index += 1) {
      const place = placeAt(waiting, id, index);
      if (index === id - 1) assert.equal(place, null);
      else {
        assert.equal(orderAfter(id, place).indexOf(id), index);
        assert.equal(place.after, others[index - 1]?.id ?? null);
      }
    }
  }
});

test('a step up or down, and not over the ends', () => {
  assert.deepEqual(orderAfter(3, stepFrom(waiting, 3, -1)), [1, 3, 2, 4]);
  assert.deepEqual(orderAfter(3, stepFrom(waiting, 3, 1)), [1, 2, 4, 3]);
  assert.equal(stepFrom(waiting, 1, -1), null);
  assert.equal(stepFrom(waiting, 4, 1), null);
  assert.equal(stepFrom(waiting, 99, 1), null);
});

test('dropped before a row or behind the last; where it stood, or before one who is gone, is nowhere', () => {
  assert.deepEqual(orderAfter(4, dropBefore(waiting, 4, 1)), [4, 1, 2, 3]);
  assert.deepEqual(orderAfter(1, dropBefore(waiting, 1, null)), [2, 3, 4, 1]);
  assert.equal(dropBefore(waiting, 2, 3), null);
  assert.equal(dropBefore(waiting, 4, null), null);
  assert.equal(dropBefore(waiting, 2, 99), null);
});

test('a patient inside says more than what was said, and that holds until midnight', () => {
  const now = Date.parse('2026-11-25T10:00:00Z');
  const onBreak = { state: 'break', until: '2026-11-25T10:30:00Z', valid_until: '2026-11-26T00:00:00Z' };
  assert.equal(presenceOf(undefined, false, now), 'available');
  assert.equal(presenceOf(onBreak, false, now), 'break');
  assert.equal(presenceOf(onBreak, true, now), 'with_patient');
  assert.equal(presenceOf(onBreak, false, Date.parse('2026-11-26T00:00:00Z')), 'available');
  useWords({ 'presence.break_until': 'Break until {time}', 'presence.break': 'Break', 'presence.gone': 'Gone' });
  assert.equal(presenceText('break', onBreak, 'Europe/Berlin'), 'Break until 11:30');
  assert.equal(presenceText('break', { ...onBreak, until: null }, 'UTC'), 'Break');
  assert.equal(presenceText('gone', onBreak, 'UTC'), 'Gone');
});

test('what was said while a patient is inside is said with it', () => {
  const doctor = { state: 'gone', until: null, valid_until: '2026-11-26T00:00:00Z' };
  useWords({ 'presence.with_patient': 'Inside', 'presence.then_gone': 'Inside, then gone', 'presence.then_break': 'Inside, then a break', 'presence.then_break_until': 'Inside, break until {time}' });
  assert.equal(presenceText('with_patient', doctor, 'UTC', 'gone'), 'Inside, then gone');
  assert.equal(presenceText('with_patient', doctor, 'UTC', 'break'), 'Inside, then a break');
  assert.equal(presenceText('with_patient', { ...doctor, until: '2026-11-25T10:30:00Z' }, 'UTC', 'break'), 'Inside, break until 10:30');
  assert.equal(presenceText('with_patient', doctor, 'UTC', 'available'), 'Inside');
});

test('who is gone or on a break is asked about before a call; a break that is over is none', () => {
  const now = Date.parse('2026-11-25T10:00:00Z');
  const doctor = (more) => ({ name: 'Dr A', until: null, valid_until: '2026-11-26T00:00:00Z', ...more });
  useWords({ 'away.gone': '{name} gone', 'away.break': '{name} on a break', 'away.break_until': '{name} until {time}' });
  assert.equal(awayText(undefined, now, 'UTC'), '');
  assert.equal(awayText(doctor({ state: 'available' }), now, 'UTC'), '');
  assert.equal(awayText(doctor({ state: 'gone' }), now, 'UTC'), 'Dr A gone');
  assert.equal(awayText(doctor({ state: 'break' }), now, 'UTC'), 'Dr A on a break');
  assert.equal(awayText(doctor({ state: 'break', until: '2026-11-25T10:01:00Z' }), now, 'UTC'), 'Dr A until 10:01');
  assert.equal(awayText(doctor({ state: 'break', until: '2026-11-25T10:00:00Z' }), now, 'UTC'), '');
  assert.equal(awayText(doctor({ state: 'gone', valid_until: '2026-11-25T10:00:00Z' }), now, 'UTC'), '', 'of yesterday');
});

const NOW = Date.parse('2026-11-25T09:00:00Z');
const visit = (more = {}) => ({
  id: 1, version: 3, status: 'waiting', call_count: 0, rank: 1, clinic_id: 1, date: '2026-11-25', doctor: { id: 2, name: 'D' }, patient: { id: 3, name: 'P' }, ...more,
});

function marked() {
  const time = { now: NOW };
  const store = withIntents(createStore(), () => time.now);
  store.answer('visit', visit());
  return { time, store, isMarked: marks(store, () => {}) };
}

test('what others changed is marked for a moment, once', () => {
  const { time, store, isMarked } = marked();
  store.answer('visit', visit({ version: 4, status: 'called' }));
  assert.equal(isMarked('visit', 1), true);
  time.now += 5_000;
  assert.equal(isMarked('visit', 1), false);
  store.answer('visit', visit({ version: 5, status: 'called', completed_at: null }));
  assert.equal(isMarked('visit', 1), false, 'nothing of it shows');
});

test('what was done from here is not marked, whether the event comes before the answer or behind it', () => {
  const { time, store, isMarked } = marked();
  const end = store.intend('visit', 1, { status: 'called' });
  store.dispatch({ event: 'visit_status_changed', room: 'clinic_1', data: { visit: visit({ version: 4, status: 'called' }) } });
  end();
  store.answer('visit', visit({ version: 4, status: 'called', call_limit_reached: false }));
  store.dispatch({ event: 'queue_updated', room: 'clinic_1', data: { visits: [visit({ version: 5, status: 'called', payment_status: 'paid' })] } });
  assert.equal(isMarked('visit', 1), false);
  time.now += 10_000;
  store.answer('visit', visit({ version: 6, status: 'skipped' }));
  assert.equal(isMarked('visit', 1), true, 'much later it is somebody else');
});

test('a step whose end can\'t be told is ours too, as long as one of them runs', () => {
  const { time, store } = marked();
  const first = store.intend('visit', 1, null);
  const second = store.intend('visit', 1, null);
  first();
  first();
  time.now += 60_000;
  assert.equal(store.isOurs('visit', 1), true);
  second();
  assert.equal(store.isOurs('visit', 1), true);
  time.now += 60_000;
  assert.equal(store.isOurs('visit', 1), false);
  assert.equal(store.isOurs('appointment', 1), false);
});

test('the amount follows the discount to the last digit of the currency', () => {
  assert.equal(less('50.00', '12.5', 2), '37.50');
  assert.equal(less('50.00', '', 2), '50.00');
  assert.equal(less('50.00', 'abc', 2), '50.00');
  assert.equal(less('50.00', '99', 2), '0.00');
  assert.equal(less('0.30', '0.10', 2), '0.20');
  assert.equal(less('1.005', '0.001', 3), '1.004');
  assert.equal(less('500', '120', 0), '380');
});

const step = (id, action, more = {}) => ({ id, action, undoes: null, reason: '', details: {}, ...more });

const BESIDE = ['change', 'booked'];

test('the last step can be taken back, unless it is the first, or was', () => {
  assert.equal(canUndo([step(1, 'walk_in')], BESIDE), false);
  assert.equal(canUndo([step(1, 'walk_in'), step(2, 'call')], BESIDE), true);
  assert.equal(canUndo([step(1, 'walk_in'), step(2, 'call'), step(3, 'undo', { undoes: 2 })], BESIDE), false);
  assert.equal(canUndo([step(1, 'plan'), step(2, 'check_in'), step(3, 'change'), step(4, 'booked')], BESIDE), true);
  assert.equal(canUndo([step(1, 'plan'), step(null, 'payment')], BESIDE), false);
  assert.equal(canUndo([], BESIDE), false);
});

test('a step is a sentence with what belongs to it', () => {
  useWords({
    separator: ' · ',
    'step.payment': 'Paid {amount}, {method}, receipt {receipt_number}', 'method.cash': 'Cash', 'history.discount': 'discount {amount}',
    'step.transfer': 'From {from_name} to {name}', 'step.priority': 'Priority: {priority}', 'priority.urgent': 'Urgent',
  });
  const money = { amount: '20.00', discount: '5.00', currency: 'USD', method: 'cash', receipt_number: 'A-1' };
  assert.equal(sentenceOf(step(null, 'payment', { details: money, reason: 'waited' })), 'Paid $20.00, Cash, receipt A-1 · discount $5.00 · waited');
  assert.equal(sentenceOf(step(1, 'transfer', { details: { from_name: 'A', name: 'B' } })), 'From A to B');
  assert.equal(sentenceOf(step(1, 'priority', { details: { priority: 'urgent' }, reason: 'fever' })), 'Priority: Urgent · fever');
});
