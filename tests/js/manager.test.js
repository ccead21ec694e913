import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ending, figures, median, visitsOf, waitKeeper } from '../../static/dashboards/manager/figures.js';
import { stateOf } from '../../static/dashboards/manager/section.js';
import { useWords } from '../../static/dashboards/words.js';
import { emptyState } from '../../static/realtime/store.js';

// The same cases as tests/manager/test_figures.py.
const cases = JSON.parse(readFileSync(new URL('../manager/figures.json', import.meta.url), 'utf8'));
const keyed = (rows) => Object.fromEntries(rows.map((row) => [row.id, row]));

for (const one of cases) {
  test(`figures: ${one.name}`, () => {
    const state = { ...emptyState(), visits: keyed([...one.visits, ...(one.others ?? [])]), appointments: keyed(one.appointments) };
    const visits = visitsOf(state, { clinicId: one.clinic, date: one.date });
    const now = Date.parse(one.now);
    assert.deepEqual(figures(visits, one.waits, now), one.figures);
    assert.deepEqual(ending(visits, now), one.ending);
    for (const [id, expected] of Object.entries(one.doctors)) {
      assert.deepEqual(figures(visits.filter((visit) => visit.doctor.id === Number(id)), one.waits, now), expected, `doctor ${id}`);
    }
  });
}

test('the median of nothing is nothing, and of two the even second between', () => {
  assert.equal(median([]), null);
  assert.deepEqual([[5], [1, 2], [2, 3], [9, 1, 4], [4, 1, 3, 2]].map(median), [5, 2, 2, 4, 2]);
});

const visit = (more) => ({ id: 1, checked_in_at: '2026-03-02T09:00:00Z', called_at: null, started_at: null, call_count: 0, ...more });

test('a wait ends with the first call, and a second call leaves it', () => {
  const keeper = waitKeeper({});
  assert.equal(keeper.see(visit()), true);
  assert.equal(keeper.see(visit({ called_at: '2026-03-02T09:10:00.900Z', call_count: 1 })), true);
  assert.equal(keeper.see(visit({ called_at: '2026-03-02T09:20:00Z', call_count: 2 })), true);
  assert.deepEqual(keeper.waits, { 1: 600 });
});

test('who goes in without a call has waited until then', () => {
  const keeper = waitKeeper({});
  keeper.see(visit({ started_at: '2026-03-02T09:05:00Z' }));
  assert.deepEqual(keeper.waits, { 1: 300 });
});

test('what a visit can\'t tell is asked for: a first call that was missed, and a call that is gone', () => {
  assert.equal(waitKeeper({}).see(visit({ called_at: '2026-03-02T09:20:00Z', call_count: 2 })), false);
  assert.equal(waitKeeper({ 1: 600 }).see(visit()), false);
  assert.equal(waitKeeper({}).see(visit({ checked_in_at: null })), true);
});

test('a doctor is with a patient, away, or there again at the end of the day', () => {
  useWords({ none: '–', 'manager.with': 'With {ticket}', 'manager.available': 'Available', 'manager.gone': 'Gone', 'manager.break': 'Break', 'manager.break_until': 'Break until {time}' });
  const now = Date.parse('2026-03-02T10:00:00Z');
  const doctor = (more) => ({ id: 5, state: 'available', until: null, valid_until: null, ...more });
  const tonight = '2026-03-03T00:00:00Z';
  const said = (one, visits = []) => stateOf(one, visits, 'UTC', now);
  assert.equal(said(doctor(), [{ status: 'in_progress', ticket: 'A-007' }]), 'With A-007');
  assert.equal(said(doctor()), 'Available');
  assert.equal(said(doctor({ state: 'gone', valid_until: tonight })), 'Gone');
  assert.equal(said(doctor({ state: 'break', valid_until: tonight })), 'Break');
  assert.equal(said(doctor({ state: 'break', until: '2026-03-02T11:30:00Z', valid_until: tonight })), 'Break until 11:30');
  assert.equal(said(doctor({ state: 'gone', valid_until: '2026-03-02T09:00:00Z' })), 'Available');
  assert.equal(said(undefined), '–');
});
