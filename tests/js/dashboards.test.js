import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkinNews } from '../../static/dashboards/announce.js';
import { Refusal } from '../../static/dashboards/api.js';
import { decimal } from '../../static/dashboards/amounts.js';
import { PATIENCE, verdict } from '../../static/dashboards/light.js';
import { reconcile, staying } from '../../static/dashboards/list.js';
import { currentOf, inSections, isLate } from '../../static/dashboards/rows.js';
import { clock, dayOf, minutesSince, serverClock } from '../../static/dashboards/time.js';
import { t, useWords } from '../../static/dashboards/words.js';

/** As much of an element as the list needs, counting what is done to it. */
class FakeElement {
  children = [];
  dataset = {};
  moves = 0;
  isConnected = true;

  contains(other) {
    return other === this || this.children.some((child) => child.contains(other));
  }

  insertBefore(child, next) {
    this.moves += 1;
    child.remove();
    this.children.splice(next ? this.children.indexOf(next) : this.children.length, 0, child);
    child.parent = this;
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((child) => child !== this);
    this.parent = null;
  }

  querySelector() {
    return null;
  }

  focus() {
    globalThis.document.activeElement = this;
  }
}

function list(...keys) {
  globalThis.document = { activeElement: null };
  const container = new FakeElement();
  const how = { key: (item) => item, create: () => new FakeElement(), update: (element, item) => (element.shows = item) };
  const set = (items) => reconcile(container, items, how);
  set(keys);
  container.moves = 0;
  return { container, set, keys: () => container.children.map((child) => child.dataset.key).join('') };
}

test('a list ends with one element per item, in order, whatever it was before', () => {
  const orders = ['', 'a', 'ab', 'ba', 'abc', 'cab', 'bca', 'xay', 'dcba', 'abcdef', 'fabcde', 'bcdefa'];
  for (const from of orders) {
    for (const to of orders) {
      const { set, keys } = list(...from);
      set([...to]);
      assert.equal(keys(), to, `${from} → ${to}`);
    }
  }
});

test('elements are kept and only what has to move is moved', () => {
  const { container, set } = list(...'abcdef');
  const before = new Map(container.children.map((child) => [child.dataset.key, child]));

  set([...'fabcde']);

  assert.equal(container.moves, 1);
  for (const child of container.children) assert.equal(child, before.get(child.dataset.key));
});

test('nothing is moved where nothing changes', () => {
  const { container, set } = list(...'abc');

  set([...'abc']);

  assert.equal(container.moves, 0);
});

test('the row that takes the place of a focused one that goes gets the focus', () => {
  const { container, set } = list(...'abc');
  globalThis.document.activeElement = container.children[1];
  const button = new FakeElement();
  container.children[2].querySelector = () => button;

  set([...'ac']);

  assert.equal(globalThis.document.activeElement, button);
});

test('the longest run stays', () => {
  assert.deepEqual([...staying([5, 0, 1, 2, 3, 4])].sort(), [1, 2, 3, 4, 5]);
  assert.deepEqual([...staying([-1, 2, -1, 0, 1])].sort(), [3, 4]);
  assert.equal(staying([]).size, 0);
});

test('the light is green only when live, and stale when it has been quiet for too long', () => {
  const now = { quietFor: 0, hadContact: true };
  assert.deepEqual(verdict({ ...now, state: 'live' }), { state: 'live', text: 'light.live', banner: '', isStale: false });
  assert.equal(verdict({ ...now, state: 'connecting' }).text, 'light.reconnecting');
  assert.equal(verdict({ ...now, state: 'connecting', hadContact: false }).text, 'light.connecting');
  assert.equal(verdict({ ...now, state: 'connecting', quietFor: PATIENCE + 1 }).isStale, true);
  assert.equal(verdict({ ...now, state: 'offline' }).banner, 'banner.offline');
  assert.equal(verdict({ ...now, state: 'polling' }).isStale, false);
  assert.equal(verdict({ ...now, state: 'live', removed: true }).isStale, true);
  assert.equal(verdict({ ...now, state: 'signed out', removed: true }).state, 'signed out');
  assert.equal(verdict({ ...now, state: 'signed out', code: 4403 }).banner, 'banner.disabled');
});

test('times and days are those of the zone', () => {
  assert.equal(clock('2026-11-23T23:30:00Z', 'Asia/Baghdad'), '02:30');
  assert.equal(dayOf('2026-11-23T23:30:00Z', 'Asia/Baghdad'), '2026-11-24');
  assert.equal(dayOf('2026-11-23T03:30:00Z', 'America/New_York'), '2026-11-22');
  assert.equal(clock('2026-11-23T00:00:00Z', 'UTC'), '00:00');
  assert.equal(clock(null, 'UTC'), '');
  assert.equal(minutesSince('2026-11-23T10:00:00Z', Date.parse('2026-11-23T10:14:59Z')), 14);
  assert.equal(minutesSince('2026-11-23T10:00:00Z', Date.parse('2026-11-23T09:00:00Z')), 0);
});

test('a computer whose clock is wrong shows the time of the server', () => {
  assert.equal(serverClock('2026-11-23T10:00:00Z', () => Date.parse('2026-11-23T07:00:00Z'))(), Date.parse('2026-11-23T10:00:00Z'));
  const close = Date.parse('2026-11-23T10:00:02Z');
  assert.equal(serverClock('2026-11-23T10:00:00Z', () => close)(), close);
});

test('the queue shows who is inside, who is called, who waits, who was skipped', () => {
  const visits = ['waiting', 'skipped', 'completed', 'called', 'waiting', 'in_progress'].map((status, id) => ({ id, status, called_at: `2026-11-23T10:0${id}:00Z` }));
  const { active, done, waiting } = inSections(visits);

  assert.deepEqual(active.map((visit) => visit.id), [5, 3, 0, 4, 1]);
  assert.deepEqual(done.map((visit) => visit.id), [2]);
  assert.deepEqual(waiting.map((visit) => visit.id), [0, 4]);
  assert.equal(currentOf(active).id, 5);
  assert.equal(currentOf([{ id: 1, status: 'called', called_at: '2026-11-23T10:00:00Z' }, { id: 2, status: 'called', called_at: '2026-11-23T10:01:00Z' }]).id, 2);
  assert.equal(currentOf([]), null);
});

test('late is who is expected and past the minutes that the clinic grants', () => {
  const appointment = { status: 'booked', start: '2026-11-23T10:00:00Z' };
  assert.equal(isLate(appointment, Date.parse('2026-11-23T10:10:00Z'), 10), false);
  assert.equal(isLate(appointment, Date.parse('2026-11-23T10:10:01Z'), 10), true);
  assert.equal(isLate({ ...appointment, status: 'checked_in' }, Date.parse('2026-11-23T12:00:00Z'), 10), false);
});

test('a check-in is told once, those that come together are told together', async () => {
  const told = [];
  const news = checkinNews((visits) => told.push(visits.map((visit) => visit.id)), 5);
  const checkin = (id, at = '10:00') => news({ data: { visit: { id, checked_in_at: at } } });

  checkin(1);
  checkin(1);
  checkin(2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  checkin(1);
  checkin(1, '11:00');
  await new Promise((resolve) => setTimeout(resolve, 20));

  assert.deepEqual(told, [[1, 2], [1]]);
});

test('sentences are filled in, and a missing one is seen', () => {
  useWords({ arrived: '{ticket} {name} has arrived' });
  assert.equal(t('arrived', { ticket: 'A-001', name: '{ticket}' }), 'A-001 {ticket} has arrived');
  assert.equal(t('arrived'), '{ticket} {name} has arrived');
  assert.equal(t('nothing'), 'nothing');
});

test('a comma is a decimal point where nothing else is', () => {
  assert.equal(decimal('12,50'), '12.50');
  for (const text of ['١٢٫٥٠', '١٢,٥٠', '۱۲.۵۰', '12٫50']) assert.equal(decimal(text), '12.50');
  assert.equal(decimal('١,٠٠٠'), '1,000');
  assert.equal(decimal('1,250.00'), '1,250.00');
  assert.equal(decimal('12.50'), '12.50');
});

test('what is said of a field within a field is a sentence too', () => {
  const refusal = new Refusal(400, '', { follow_up: { on: ['Not that far ahead.', 'And a weekday.'] }, note: ['Too long.'] });
  assert.deepEqual(refusal.fields, { follow_up: 'Not that far ahead. And a weekday.', note: 'Too long.' });
});
