import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnOf, nearestStart, takeHours } from '../../static/dashboards/calendar/columns.js';
import { freeCells, lanes, refusal, startsOf, windowOf, without } from '../../static/dashboards/calendar/layout.js';
import { addDays, daysOf, minutesOf, momentOf } from '../../static/dashboards/calendar/moments.js';

const MINUTE = 60_000;
/** A span of minutes, as moments. */
const span = (start, end) => ({ start: start * MINUTE, end: end * MINUTE });
const minutes = (moments) => moments.map((moment) => moment / MINUTE);

// --- The clinic's clock ----------------------------------------------------------------------------------------------

test('minutes of a day and moments are each other’s inverse in any zone', () => {
  for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Apia']) {
    for (const at of [0, 1, 9 * 60 + 15, 23 * 60 + 59]) assert.equal(minutesOf(momentOf('2026-03-02', at, zone), zone), at, `${zone} ${at}`);
  }
});

test('on the day the clock is set forward ten o’clock is ten o’clock', () => {
  assert.equal(new Date(momentOf('2026-03-29', 600, 'Europe/Berlin')).toISOString(), '2026-03-29T08:00:00.000Z');
  assert.equal(new Date(momentOf('2026-03-28', 600, 'Europe/Berlin')).toISOString(), '2026-03-28T09:00:00.000Z');
});

test('a week begins where the language says', () => {
  assert.deepEqual(daysOf('day', '2026-11-25', 1), ['2026-11-25']);
  assert.equal(daysOf('week', '2026-11-25', 1)[0], '2026-11-23');
  assert.equal(daysOf('week', '2026-11-22', 1)[0], '2026-11-16');
  assert.equal(daysOf('week', '2026-11-22', 0)[0], '2026-11-22');
  assert.equal(daysOf('week', '2026-11-25', 6)[0], '2026-11-21');
  assert.equal(daysOf('week', '2026-11-25', 1).length, 7);
  assert.equal(addDays('2026-12-31', 1), '2027-01-01');
});

// --- What overlaps ---------------------------------------------------------------------------------------------------

const placed = (...spans) => {
  const items = spans.map(([start, end]) => span(start, end));
  const places = lanes(items);
  return items.map((item) => `${places.get(item).lane}/${places.get(item).lanes}`);
};

test('what doesn’t overlap has the whole width, also where it touches', () => {
  assert.deepEqual(placed([0, 20], [20, 40], [50, 60]), ['0/1', '0/1', '0/1']);
});

test('what overlaps shares the width of its group and no more', () => {
  assert.deepEqual(placed([0, 20], [10, 30], [40, 60]), ['0/2', '1/2', '0/1']);
  // The third takes the lane that has become free.
  assert.deepEqual(placed([0, 20], [10, 40], [20, 30]), ['0/2', '1/2', '0/2']);
  assert.deepEqual(placed([0, 60], [0, 60], [0, 60]), ['0/3', '1/3', '2/3']);
});

test('of any appointments no two in a lane overlap', () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 200; round += 1) {
    const items = Array.from({ length: 1 + random(12) }, () => {
      const start = random(100);
      return span(start, start + 1 + random(30));
    });
    const places = lanes(items);
    for (const a of items) {
      for (const b of items) if (a !== b && a.start < b.end && b.start < a.end) assert.notEqual(places.get(a).lane, places.get(b).lane);
      assert.ok(places.get(a).lane < places.get(a).lanes);
    }
  }
});

// --- What is free ----------------------------------------------------------------------------------------------------

test('what is left beside others', () => {
  assert.deepEqual(without([span(0, 60)], [span(10, 20), span(50, 70)]), [span(0, 10), span(20, 50)]);
  assert.deepEqual(without([span(0, 60)], [span(0, 60)]), []);
  assert.deepEqual(without([span(0, 60)], [span(60, 70)]), [span(0, 60)]);
});

test('one may begin at each step, after each break anew, and where something ends', () => {
  assert.deepEqual(minutes(startsOf([span(0, 60), span(70, 110)], [span(20, 25)], 20)), [0, 20, 25, 40, 70, 90]);
});

const cells = (day) => freeCells({ step: 20, shortest: 20, now: 0, busy: [], ...day }).map(({ start, end, until }) => minutes([start, end, until]).join('-'));

test('free times lie beside what is booked, and say until when it stays free', () => {
  assert.deepEqual(cells({ working: [span(0, 80)], busy: [span(20, 40)] }), ['0-20-20', '40-60-80', '60-80-80']);
});

test('no time is lost after an appointment off the grid', () => {
  assert.deepEqual(cells({ working: [span(0, 80)], busy: [span(0, 25)] }), ['25-40-80', '40-60-80', '60-80-80']);
});

test('what is past, or too short for the shortest service, isn’t offered', () => {
  assert.deepEqual(cells({ working: [span(0, 60)], now: 21 * MINUTE }), ['40-60-60']);
  assert.deepEqual(cells({ working: [span(0, 50)], busy: [span(0, 20)] }), ['20-40-50']);
});

test('why an appointment can’t stand there', () => {
  const day = { closed: null, isBeyond: false, working: [span(0, 60), span(80, 120)], breaks: [span(60, 80)], away: [span(100, 110)], taken: [span(20, 40)], now: 0 };
  const at = (start, change = {}) => refusal(span(start, start + 20), { ...day, ...change });
  assert.equal(at(0), '');
  assert.equal(at(40), '');
  assert.equal(at(10), 'taken');
  assert.equal(at(50), 'break');
  assert.equal(at(90), 'away');
  assert.equal(at(200), 'outside');
  assert.equal(at(0, { now: MINUTE }), 'past');
  assert.equal(at(0, { closed: '' }), 'closed');
  assert.equal(at(0, { isBeyond: true }), 'beyond');
});

test('the hours that are shown are whole ones, and those of a working day where there is nothing', () => {
  assert.deepEqual(windowOf([[505, 700], [690, 725]]), [480, 780]);
  assert.deepEqual(windowOf([[0, 1_440]]), [0, 1_440]);
  assert.deepEqual(windowOf([]), [480, 1_080]);
});

// --- A column --------------------------------------------------------------------------------------------------------

const at = (time) => `2026-03-02T${time}:00Z`;
const RULES = { zone: 'UTC', now: Date.parse(at('07:00')), step: 20, shortest: 20, lastDay: '2026-12-31' };

function column(appointments = [], change = {}) {
  const days = new Map();
  const hours = { doctor: { id: 1 }, working: [{ start: at('08:00'), end: at('09:20') }], breaks: [], away: [], elsewhere: [] };
  takeHours({ days: [{ date: '2026-03-02', closed: null, ...change, doctors: [hours] }] }, days);
  return columnOf({ doctorId: 1, date: '2026-03-02', day: days.get('2026-03-02'), appointments, rules: RULES });
}
const booking = (id, start, end, change = {}) => ({ id, status: 'booked', doctor: { id: 1 }, date: '2026-03-02', start: at(start), end: at(end), ...change });
const keys = (found) => found.items.map((item) => `${item.kind} ${new Date(item.start).toISOString().slice(11, 16)}`);

test('a column lists what is booked and what is free by time', () => {
  const found = column([booking(1, '08:20', '08:40'), booking(2, '09:00', '09:20', { doctor: { id: 2 } }), booking(3, '09:00', '09:20', { date: '2026-03-03' })]);
  assert.deepEqual(keys(found), ['free 08:00', 'booked 08:20', 'free 08:40', 'free 09:00']);
});

test('a cancelled appointment is gone, a missed one stays in view, and the time of both is free', () => {
  assert.deepEqual(keys(column([booking(1, '08:00', '09:20', { status: 'cancelled' })])), ['free 08:00', 'free 08:20', 'free 08:40', 'free 09:00']);
  assert.deepEqual(keys(column([booking(1, '08:00', '08:20', { status: 'no_show' })])).slice(0, 2), ['free 08:00', 'booked 08:00']);
});

test('on a closed day nothing is free, and what was booked stays in view', () => {
  const found = column([booking(1, '08:20', '08:40')], { closed: 'Repairs' });
  assert.deepEqual(keys(found), ['booked 08:20']);
  assert.equal(found.closed, 'Repairs');
});

test('of a day nobody has asked for nothing is known', () => {
  const found = columnOf({ doctorId: 1, date: '2026-03-02', day: undefined, appointments: [], rules: RULES });
  assert.equal(found.isKnown, false);
  assert.deepEqual(found.items, []);
});

test('dropped between two times an appointment goes to the nearer', () => {
  const found = column();
  const nearest = (wanted) => minutesOf(nearestStart(found, wanted, 'UTC'), 'UTC');
  assert.equal(nearest(8 * 60 + 9), 8 * 60);
  assert.equal(nearest(8 * 60 + 11), 8 * 60 + 20);
  assert.equal(nearest(23 * 60), 9 * 60);
  assert.equal(nearestStart({ starts: [], date: '2026-03-02' }, 0, 'UTC'), null);
});
