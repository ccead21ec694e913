import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expected, withIntents } from '../../static/dashboards/intents.js';
import { createStore } from '../../static/realtime/index.js';

const NOW = Date.parse('2026-11-25T09:00:00Z');
const visit = (more = {}) => ({
  id: 1, version: 3, status: 'waiting', call_count: 0, queue_number: 1, rank: 1, clinic_id: 1, date: '2026-11-25', doctor: { id: 2, name: 'D' }, patient: { id: 3, name: 'P' }, ...more,
});

function desk() {
  const below = createStore();
  const store = withIntents(below, () => NOW);
  store.answer('visit', visit());
  return { below, store, shown: () => store.getState().visits[1] };
}

test('an intent shows at once, and never gets into what is held', () => {
  const { below, store, shown } = desk();
  store.intend('visit', 1, expected(shown(), 'call', {}, store.now()));
  assert.equal(shown().status, 'called');
  assert.equal(shown().call_count, 1);
  assert.equal(shown().isPending, true);
  assert.equal(below.getState().visits[1].status, 'waiting');
});

test('a refused intent leaves no trace', () => {
  const { store, shown } = desk();
  const before = shown();
  const takeBack = store.intend('visit', 1, { status: 'skipped' });
  takeBack();
  assert.deepEqual(shown(), before);
  takeBack();
  assert.deepEqual(shown(), before);
});

test('an answer that comes while it is pending is what stays', () => {
  const { store, shown } = desk();
  const takeBack = store.intend('visit', 1, { status: 'called' });
  store.answer('visit', visit({ version: 4, status: 'cancelled' }));
  takeBack();
  assert.equal(shown().status, 'cancelled');
  assert.equal(shown().isPending, undefined);
});

test('whoever listens hears intents, their end and the store, with the state before and after', () => {
  const { store } = desk();
  const heard = [];
  const off = store.subscribe((state, before) => heard.push(`${before.visits[1].status}→${state.visits[1].status}`));
  const takeBack = store.intend('visit', 1, { status: 'called' });
  takeBack();
  store.answer('visit', visit({ version: 4, status: 'left' }));
  off();
  store.answer('visit', visit({ version: 5, status: 'waiting' }));
  assert.deepEqual(heard, ['waiting→called', 'called→waiting', 'waiting→left']);
});

test('what is gone from the store is not brought back by an intent', () => {
  const { store } = desk();
  store.intend('visit', 9, { status: 'called' });
  assert.equal(store.getState().visits[9], undefined);
});

test('a step whose end can\'t be told waits for the answer', () => {
  const { store, shown } = desk();
  const before = store.getState();
  store.intend('visit', 1, expected(shown(), 'undo', {}, store.now()));
  assert.equal(store.getState(), before);
});
