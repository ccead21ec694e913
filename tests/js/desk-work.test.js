import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../static/dashboards/api.js';
import { pieces } from '../../static/dashboards/reception/highlight.js';
import { timeOff } from '../../static/dashboards/reception/off.js';
import { isTooShort } from '../../static/dashboards/reception/search.js';
import { suggestDoctor, suggestService } from '../../static/dashboards/reception/suggest.js';

const marked = (text, typed) => pieces(text, typed).map((piece) => (piece.hit ? `[${piece.text}]` : piece.text)).join('');

test('what was typed is marked, whatever the case, the accents and the order of the words', () => {
  assert.equal(marked('María José Ñáñez', 'nan MAR'), '[Mar]ía José [Ñáñ]ez');
  assert.equal(marked('O’Neil', 'oneil'), '[O’Neil]');
  assert.equal(marked('Anna Anna', 'an'), '[An]na [An]na');
  assert.equal(marked('Anna', ''), 'Anna');
  assert.equal(marked('', 'a'), '');
  assert.equal(marked('Straße', 'xyz'), 'Straße');
});

test('a phone is marked in any notation and in any digits', () => {
  assert.equal(marked('P-000067 · +49 171 900130', '0171 9001'), 'P-000067 · +49 [171] [9001]30');
  assert.equal(marked('+49 171 900130', '٩٠٠'), '+49 171 [900]130');
  assert.equal(marked('P-000067', '67'), 'P-0000[67]');
});

test('letters of other alphabets, and those beyond the first plane, keep their places', () => {
  assert.equal(marked('مريم محمود', 'محمود'), 'مريم [محمود]');
  assert.equal(marked('😀 Anna', 'anna'), '😀 [Anna]');
});

test('one letter says nothing yet, but one Chinese word or a digit may', () => {
  assert.equal(isTooShort(''), true);
  assert.equal(isTooShort('a'), true);
  assert.equal(isTooShort('م'), true);
  assert.equal(isTooShort('王'), false);
  assert.equal(isTooShort('김'), false);
  assert.equal(isTooShort('7'), false);
  assert.equal(isTooShort('ab'), false);
});

const doctors = (...waiting) => waiting.map((each, index) => ({ id: index + 1, waiting: Math.abs(each), isGone: Object.is(each, -0) || each < 0 }));

test('the doctor of the last visit is suggested, else whoever has the fewest waiting', () => {
  assert.deepEqual(suggestDoctor(doctors(5, 0), 1), { id: 1, why: 'last' });
  assert.deepEqual(suggestDoctor(doctors(5, 2), null), { id: 2, why: 'shortest' });
  assert.deepEqual(suggestDoctor(doctors(2, 2), 9), { id: 1, why: 'shortest' });
  assert.deepEqual(suggestDoctor(doctors(2), null), { id: 1, why: 'only' });
  assert.equal(suggestDoctor([], null), null);
});

test('who has gone isn’t suggested, unless all have', () => {
  assert.deepEqual(suggestDoctor(doctors(-1, 4), 1), { id: 2, why: 'shortest' });
  assert.deepEqual(suggestDoctor(doctors(-3, -1), 1), { id: 2, why: 'shortest' });
});

const day = (...pairs) => pairs.map(([doctor, service]) => ({ doctor: { id: doctor }, service: { id: service } }));

test('the service of the last visit is suggested, else the most common of the day with that doctor', () => {
  assert.deepEqual(suggestService([7, 8], 8, [], 1), { id: 8, why: 'last' });
  assert.deepEqual(suggestService([7, 8], 99, day([1, 8], [1, 8], [1, 7], [2, 7], [2, 7]), 1), { id: 8, why: 'common' });
  assert.deepEqual(suggestService([7, 8], null, day([2, 8]), 1), { id: 8, why: 'common' });
  assert.deepEqual(suggestService([7, 8], null, day([1, 99]), 1), { id: 7, why: 'first' });
  assert.equal(suggestService([], null, [], 1), null);
});

function off(held, answers = []) {
  const time = { now: Date.parse('2026-11-25T09:00:00Z'), asked: 0, drawn: 0 };
  const fetched = async () => {
    time.asked += 1;
    const answer = answers.shift();
    if (!answer) throw new Refusal(0, 'away');
    return { results: answer };
  };
  return { time, until: timeOff({ start: { off: held }, now: () => time.now, zone: 'UTC', redraw: () => (time.drawn += 1) }, fetched, () => time.now) };
}
const settled = () => new Promise(setImmediate);

test('time off is shown until it ends, today by its time and longer by its day', () => {
  const { time, until } = off({ 1: '2026-11-25T09:30:00Z', 2: '2026-11-27T00:00:00Z', 4: '2026-11-27T12:00:00Z' });
  assert.equal(until(1), '09:30');
  // Until midnight is until the end of the day before.
  assert.equal(until(2), '26 Nov 2026');
  assert.equal(until(4), '27 Nov 2026 12:00');
  assert.equal(until(3), '');
  time.now = Date.parse('2026-11-25T09:30:00Z');
  assert.equal(until(1), '');
});

test('what an admin enters meanwhile is seen within a minute, and no answer changes nothing', async () => {
  const entered = [{ doctor: 1, end: '2026-11-25T12:00:00Z' }, { doctor: 1, end: '2026-11-25T11:00:00Z' }];
  const { time, until } = off({ 2: '2026-11-25T10:00:00Z' }, [null, entered]);
  time.now += 59_000;
  until(1);
  assert.equal(time.asked, 0);
  time.now += 1_000;
  until(1);
  until(1);
  await settled();
  assert.equal(time.asked, 1);
  assert.equal(until(2), '10:00');
  time.now += 60_000;
  until(1);
  await settled();
  assert.equal(until(1), '12:00');
  assert.equal(until(2), '');
  assert.equal(time.drawn, 1);
});
