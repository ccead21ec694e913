import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayAfter, firstFree } from '../../static/dashboards/reception/follow-up.js';

const taken = { start: 'a', available: false };
const free = { start: 'b', available: true };

test('the day after, over the ends of months and years, whatever the clocks do', () => {
  assert.deepEqual(['2026-02-28', '2026-12-31', '2026-03-29', '2026-10-25'].map(dayAfter), ['2026-03-01', '2027-01-01', '2026-03-30', '2026-10-26']);
});

test('the first day with a free time is offered, and only its free times', async () => {
  /** @type {Record<string, any[]>} */
  const days = { '2026-12-01': [], '2026-12-02': [taken], '2026-12-03': [taken, free] };
  /** @type {string[]} */
  const asked = [];
  const found = await firstFree('2026-12-01', 7, async (day) => (asked.push(day), days[day]));
  assert.deepEqual(found, { date: '2026-12-03', free: [free] });
  assert.deepEqual(asked, ['2026-12-01', '2026-12-02', '2026-12-03']);
});

test('where nothing is free the wished day stands', async () => {
  assert.deepEqual(await firstFree('2026-12-01', 2, async () => [taken]), { date: '2026-12-01', free: [] });
});
