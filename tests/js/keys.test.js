import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trailingKeys } from '../../static/dashboards/keys.js';

function typist() {
  const time = { now: 1_000 };
  return { time, keys: trailingKeys(() => time.now) };
}

test('what is typed right after a dialog has closed by itself was meant for the dialog', () => {
  const { time, keys } = typist();
  assert.equal(keys.isTrailing(), false);
  keys.inside(true);
  keys.closed();
  time.now += 300;
  assert.equal(keys.isTrailing(), true);
  time.now += 200;
  assert.equal(keys.isTrailing(), true, 'goes on typing');
  time.now += 300;
  assert.equal(keys.isTrailing(), false);
});

test('who closes it themselves, or has not typed into it, may go on at once', () => {
  const { keys } = typist();
  keys.closed();
  assert.equal(keys.isTrailing(), false);
  keys.inside(true);
  keys.inside(false);
  keys.closed();
  assert.equal(keys.isTrailing(), false);
});

test('a dialog that nobody typed into does not inherit from the one before', () => {
  const { time, keys } = typist();
  keys.inside(true);
  keys.closed();
  time.now += 1_000;
  keys.closed();
  assert.equal(keys.isTrailing(), false);
});
