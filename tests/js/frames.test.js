import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frames } from '../../static/realtime/frames.js';
import { Standing } from '../../static/realtime/standing.js';

/** Everything around it only writes down what it is asked. */
function reader({ isTrying = false, complete = true, onState = () => {} } = {}) {
  const did = [];
  const note = (name) => (...args) => did.push([name, ...args].join(' '));
  const line = {
    generation: 1, isTrying,
    get isUp() {
      return !this.isTrying;
    },
    opened(seconds) {
      this.isTrying = false;
      did.push(`opened ${seconds}`);
    },
    send: () => 7, ping: note('ping'),
  };
  const rooms = { complete, connected: note('rooms.connected'), frame: (frame) => did.push(`rooms.frame ${frame.event}`), refused: (ref) => (ref === 3 ? 'clinic_3' : undefined) };
  const token = { expires: note('expires'), clock: note('clock'), check: note('check') };
  const standing = new Standing((change) => {
    did.push(change.state);
    onState(line);
  });
  const frames = new Frames({
    line, rooms, token, standing, retries: { live: note('live line') }, now: () => 42,
    on: { connected: note('connected'), error: ({ code, room }) => did.push(`error ${code} ${room}`), unauthenticated: note('unauthenticated') },
  });
  return { did, line, frames, standing };
}
const connected = { event: 'connected', data: { heartbeat: 20, expires_at: 'then' } };

test('frames: connected begins the watch, the catching up and the rooms, and asks for the server’s time; a second one does nothing', () => {
  const { did, frames, standing } = reader({ isTrying: true });
  frames.take(connected);
  assert.deepEqual(did, ['connected', 'opened 20', 'expires then', 'catching up', 'rooms.connected [object Object]', 'ping', 'live line', 'live']);
  assert.deepEqual([frames.connects, standing.since, standing.state], [1, 42, 'live']);
  frames.take(connected);
  assert.equal(frames.connects, 1);
});

test('frames: whoever ends the line when told that it catches up, gets no rooms joined on it', () => {
  const { did, frames } = reader({ isTrying: true, onState: (line) => (line.generation += 1) });
  frames.take(connected);
  assert.deepEqual(did.filter((each) => each.startsWith('rooms') || each === 'ping'), []);
});

test('frames: before connected nothing but that and errors counts', () => {
  const { did, frames } = reader({ isTrying: true });
  for (const event of ['pong', 'queue_updated']) frames.take({ event, data: {} });
  assert.deepEqual(did, []);
  frames.take({ event: 'error', ref: null, data: { code: 'too_many', detail: 'Too many.' } });
  assert.deepEqual([did, frames.lastDetail], [['error too_many undefined'], 'Too many.']);
});

test('frames: live follows from what the rooms have', () => {
  const { did, frames } = reader({ complete: false });
  frames.take({ event: 'queue_updated' });
  assert.deepEqual(did, ['check', 'rooms.frame queue_updated', 'catching up']);
  frames.take({ event: 'pong', data: { at: 'now' } });
  assert.deepEqual(did.slice(3), ['clock now', 'check', 'rooms.frame pong']);
});

test('frames: a token that is refused asks for a new connection; too fast, a room or nothing of ours is no verdict', () => {
  for (const [ref, code, verdict] of [
    [7, 'forbidden', true],
    [7, 'rate_limited', false],
    [9, 'unauthenticated', true],
    [3, 'forbidden', false],
    [null, 'unauthenticated', false],
  ]) {
    const { did, frames } = reader();
    frames.renew('new');
    frames.take({ event: 'error', ref, data: { code } });
    assert.equal(did.includes('unauthenticated'), verdict, `${ref} ${code}`);
  }
});

test('frames: the verdict is over with the answer, and with the line', () => {
  for (const end of [(frames) => frames.take({ event: 'authenticated', data: {} }), (frames) => frames.drop()]) {
    const { did, frames } = reader();
    frames.renew('new');
    end(frames);
    frames.take({ event: 'error', ref: 7, data: { code: 'forbidden' } });
    assert.equal(did.includes('unauthenticated'), false);
  }
});

test('standing: changes alone are told, with what was before and why', () => {
  const changes = [];
  const standing = new Standing((change) => changes.push(change));
  standing.become('connecting');
  standing.since = 5;
  standing.become('offline', { code: 1006 });
  standing.become('offline', { code: 4408 });
  standing.become('signed out', { code: undefined, detail: '' });
  assert.deepEqual(changes, [
    { state: 'offline', previous: 'connecting', since: 5, code: 1006 },
    { state: 'signed out', previous: 'offline', since: 5 },
  ]);
});
