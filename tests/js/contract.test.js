import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { emptyState, reduce, snapshotOf } from '../../static/realtime/index.js';
import { deepFreeze } from './freeze.js';
import { seeded } from './random.js';

const folder = new URL('../contract/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json')).sort();

test('there are cases', () => {
  assert.ok(files.length > 0, 'no tests/contract/*.json: nothing would be checked');
});

const byId = (a, b) => a.id - b.id;

for (const file of files) {
  const { name, room, date, before, events, after } = deepFreeze(JSON.parse(readFileSync(new URL(file, folder), 'utf8')));

  describe(`${file}: ${name}`, () => {
    const start = deepFreeze(reduce(emptyState(), before));
    const run = (state, frames) => frames.reduce((each, frame) => deepFreeze(reduce(each, frame)), state);
    /** What the room's snapshot would say. Only this one room is held, so all doctors are its own. */
    const shown = (state) => ({ ...snapshotOf(state, room, date), doctors: Object.values(state.doctors).sort(byId) });
    const expected = {
      date, visits: [...after.data.visits].sort(byId), appointments: [...after.data.appointments].sort(byId),
      doctors: [...after.data.doctors ?? []].sort(byId),
    };
    const end = run(start, events);

    test('is a case that can fail', () => {
      assert.ok(events.length > 0);
      assert.notDeepEqual(shown(start), expected);
      for (const frame of [before, after]) assert.deepEqual([frame.event, frame.room, frame.data.snapshot, frame.data.date], ['queue_updated', room, true, date]);
      assert.deepEqual(events.map((frame) => [frame.room, frame.seq]), events.map((_, n) => [room, before.seq + n + 1]));
      assert.equal(after.seq, before.seq + events.length);
    });

    test('before + events = after', () => {
      assert.deepEqual(shown(end), expected);
    });

    test('each event twice changes nothing more', () => {
      for (let n = 0; n < events.length; n += 1) {
        const once = run(start, events.slice(0, n + 1));
        assert.equal(reduce(once, events[n]), once);
      }
    });

    test('all of them again, from any starting point, changes nothing', () => {
      for (let n = 0; n < events.length; n += 1) assert.equal(run(end, [...events.slice(n), ...events.slice(0, n)]), end);
    });

    test('in any order the end is the same', () => {
      const random = seeded(events.length);
      for (let n = 0; n < 50; n += 1) assert.deepEqual(run(start, random.shuffled(events)), end);
    });

    test('the snapshot after changes nothing in the room, and alone gives itself', () => {
      assert.equal(reduce(end, after), end);
      assert.deepEqual(shown(reduce(emptyState(), after)), expected);
    });

    test('a snapshot makes up for events that were never seen', () => {
      assert.deepEqual(shown(reduce(start, after)), expected);
    });
  });
}
