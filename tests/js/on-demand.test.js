import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../static/dashboards/api.js';
import { onDemand } from '../../static/dashboards/on-demand.js';

test('is loaded once, and what could not be loaded is tried again', async () => {
  let tries = 0;
  const open = onDemand(async () => {
    tries += 1;
    if (tries === 1) throw new TypeError('Failed to fetch dynamically imported module');
    return (name) => `opened ${name}`;
  });

  await assert.rejects(open('a'), Refusal);
  assert.deepEqual(await Promise.all([open('a'), open('b')]), ['opened a', 'opened b']);
  assert.equal(tries, 2);
});

test('what it does itself may fail, and is not loaded again', async () => {
  let tries = 0;
  const open = onDemand(async () => {
    tries += 1;
    return () => {
      throw new RangeError('its own');
    };
  });

  await assert.rejects(open(), RangeError);
  await assert.rejects(open(), RangeError);
  assert.equal(tries, 1);
});
