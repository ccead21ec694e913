import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Alarms } from '../../static/realtime/alarms.js';
import { fullJitter, renewalDelay, retryDelay } from '../../static/realtime/backoff.js';
import { Listeners } from '../../static/realtime/listeners.js';
import { Room } from '../../static/realtime/rooms.js';
import { FakeClock } from './fake-clock.js';

const frame = (seq, extra = {}) => ({ event: 'queue_updated', room: 'clinic_3', seq, data: { visits: [], snapshot: false }, ...extra });
const snapshot = (seq) => frame(seq, { data: { visits: [], appointments: [], snapshot: true } });
const seqs = ({ frames }) => frames.map((each) => each.seq);
/** A room that is joined and complete at `seq`. */
const at = (seq, epoch = 'e1') => {
  const room = new Room('clinic_3', { since: seq, epoch });
  room.attach(epoch);
  room.asked(1);
  room.joined({ seq, recovered: true }, 1);
  return room;
};

test('backoff: full jitter doubles its ceiling from half a second to twenty', () => {
  assert.deepEqual([0, 1, 2, 5, 6, 99].map((n) => fullJitter(n, () => 1)), [500, 1000, 2000, 16_000, 20_000, 20_000]);
  assert.equal(fullJitter(9, () => 0), 0);
  assert.equal(fullJitter(1, () => 0.25), 250);
});

test('backoff: each reason has its own delay', () => {
  assert.equal(retryDelay({ failures: 0 }, () => 1), 500);
  assert.equal(retryDelay({ failures: 1 }, () => 1), 500);
  assert.equal(retryDelay({ failures: 4 }, () => 1), 4000);
  assert.equal(retryDelay({ code: 4408, failures: 0 }, () => 1), 250);
  assert.equal(retryDelay({ code: 4408, failures: 3 }, () => 1), 2000);
  assert.equal(retryDelay({ code: 4429, failures: 0 }, () => 0), 30_000);
  assert.equal(retryDelay({ code: 4429, failures: 9 }, () => 1), 150_000);
  assert.deepEqual([0, 1].map((x) => retryDelay({ failures: 7, polling: true }, () => x)), [15_000, 30_000]);
});

test('a token is renewed a minute before its end, a short one at half its life, never in a loop', () => {
  assert.equal(renewalDelay(300_000), 240_000);
  assert.equal(renewalDelay(80_000), 40_000);
  assert.equal(renewalDelay(-5), 1000);
});

test('alarms: setting one again replaces it, and longer than a browser can wait is cut', async () => {
  const clock = new FakeClock();
  const alarms = new Alarms(clock.timers);
  const rung = [];
  alarms.set('a', 10, () => rung.push('old'));
  alarms.set('a', 20, () => rung.push('new'));
  alarms.set('b', 5, () => rung.push('never'));
  alarms.clear('b');
  assert.equal(clock.pending, 1);
  await clock.advance(30);
  assert.deepEqual(rung, ['new']);
  assert.equal(alarms.size, 0);
  let ms;
  new Alarms({ setTimeout: (_, wait) => (ms = wait), clearTimeout() {} }).set('x', 1e12, () => {});
  assert.equal(ms, 2 ** 31 - 1);
});

test('listeners: the same function twice is called once, taken off it is not, and one that throws stops nobody', () => {
  const errors = [];
  const listeners = new Listeners((error) => errors.push(error.message));
  const heard = [];
  const twice = (x) => heard.push(`twice ${x}`);
  listeners.add('e', () => {
    throw new Error('mine');
  });
  listeners.add('e', twice);
  const off = listeners.add('e', twice);
  listeners.add('other', twice);
  assert.equal(listeners.size, 3);
  listeners.emit('e', 1);
  assert.deepEqual(heard, ['twice 1']);
  assert.deepEqual(errors, ['mine']);
  off();
  off();
  listeners.emit('e', 2);
  assert.deepEqual(heard, ['twice 1']);
  assert.equal(listeners.size, 2);
  assert.throws(() => listeners.add('e', null), TypeError);
});

test('listeners: one taken off by another is not called any more, one added during an event waits for the next', () => {
  const listeners = new Listeners();
  const heard = [];
  let off = () => {};
  listeners.add('e', () => {
    off();
    listeners.add('e', () => heard.push('late'));
  });
  off = listeners.add('e', () => heard.push('removed'));
  listeners.emit('e');
  assert.deepEqual(heard, []);
  listeners.emit('e');
  assert.deepEqual(heard, ['late']);
});

test('room: in order once, duplicates dropped and counted', () => {
  const room = at(5);
  assert.ok(room.complete);
  assert.deepEqual(seqs(room.accept(frame(6))), [6]);
  assert.deepEqual(seqs(room.accept(frame(6))), []);
  assert.deepEqual(seqs(room.accept(frame(2))), []);
  assert.equal(room.duplicates, 2);
  assert.equal(room.seq, 6);
});

test('room: a hole is told once, what follows is held back and delivered in order', () => {
  const room = at(5);
  const first = room.accept(frame(8));
  assert.deepEqual([seqs(first), first.hole, room.holes], [[], true, 1]);
  room.asked(2);
  assert.ok(!room.complete);
  assert.equal(room.accept(frame(9)).hole, false);
  assert.deepEqual(room.start, { since: 5, epoch: 'e1' });
  room.joined({ seq: 9, recovered: true }, 2);
  assert.deepEqual([...seqs(room.accept(frame(6))), ...seqs(room.accept(frame(7)))], [6, 7, 8, 9]);
  assert.deepEqual(seqs(room.accept(frame(8))), []);
  assert.ok(room.complete);
  assert.equal(room.holes, 1);
});

test('room: the answer of an older join says nothing', () => {
  const room = new Room('clinic_3');
  room.attach('e1');
  room.asked(7);
  assert.deepEqual(room.joined({ seq: 4, recovered: true }, 6), { frames: [], lost: false });
  assert.equal(room.awaiting, 'joined');
  room.joined({ seq: 4, recovered: false }, 7);
  assert.equal(room.awaiting, 'snapshot');
});

test('room: a live frame that overtakes the replay is no hole; one missing inside the replay is', () => {
  const room = new Room('clinic_3', { since: 5, epoch: 'e1' });
  room.attach('e1');
  room.asked(1);
  room.joined({ seq: 8, recovered: true }, 1);
  assert.equal(room.accept(frame(9)).hole, false);
  assert.deepEqual(seqs(room.accept(frame(6))), [6]);
  assert.equal(room.accept(frame(8)).hole, true);
});

test('room: nothing passes before the snapshot, which sets seq whatever it was', () => {
  const room = at(500);
  room.detach();
  room.attach('e2');
  assert.deepEqual(seqs(room.accept(frame(501))), [], 'a number of another log');
  assert.deepEqual(seqs(room.accept(snapshot(600))), [], 'nor a snapshot nobody asked for');
  room.asked(2);
  room.joined({ seq: 501, recovered: false }, 2);
  assert.deepEqual(seqs(room.accept(frame(502))), []);
  assert.ok(!room.complete);
  assert.deepEqual(seqs(room.accept(snapshot(501))), [501, 502]);
  assert.ok(room.complete);
  assert.deepEqual(room.start, { since: 502, epoch: 'e2' });
});

test('room: the snapshot of a log restored to an earlier state sets seq back', () => {
  const room = at(500);
  room.detach();
  room.attach('e2');
  room.asked(2);
  room.joined({ seq: 10, recovered: false }, 2);
  assert.deepEqual(seqs(room.accept(snapshot(10))), [10]);
  assert.deepEqual(seqs(room.accept(frame(11))), [11]);
});

test('room: a line that breaks between joined and snapshot leaves the old seq with its old epoch', () => {
  const room = at(500);
  room.detach();
  room.attach('e2');
  room.asked(2);
  room.joined({ seq: 10, recovered: false }, 2);
  room.detach();
  assert.deepEqual(room.start, { since: 500, epoch: 'e1' });
});

test('room: a snapshot nobody asked for neither sets the room back nor passes over events', () => {
  const room = at(5);
  room.accept(frame(6));
  for (const seq of [5, 6, 9]) assert.deepEqual(room.accept(snapshot(seq)), { frames: [], hole: false });
  assert.deepEqual([room.seq, room.duplicates], [6, 3]);
  assert.deepEqual(seqs(room.accept(frame(7))), [7]);
});

test('room: a second answer to one join says nothing, nor does one that names no join', () => {
  const room = new Room('broadcast', { since: 3, epoch: 'e1' });
  room.attach('e1');
  room.asked(1);
  assert.equal(room.joined({ seq: 5, recovered: false }, 1).lost, true);
  assert.deepEqual(seqs(room.accept(frame(6))), [6]);
  for (const ref of [1, undefined, null, 0]) room.joined({ seq: 5, recovered: false }, ref ?? 'none');
  assert.equal(room.seq, 6, 'or 6 would be heard again');
  assert.ok(room.complete);
});

test('room: a pong head above is a hole, but not while a replay moves; a replay that stopped is asked for again', () => {
  const room = at(5);
  assert.equal(room.pong(5), false);
  assert.equal(room.pong(6), true);
  assert.equal(room.holes, 1);
  room.asked(2);
  assert.equal(room.pong(6), false, 'the join is on its way');
  assert.equal(room.pong(6), true, 'and now it is late');
});

test('room: since without epoch is not trusted, nor is a number that is none', () => {
  assert.deepEqual(new Room('clinic_3', { since: 5 }).start, {});
  assert.deepEqual(new Room('clinic_3', { since: '5', epoch: 'e1' }).start, {});
  assert.deepEqual(new Room('clinic_3', { since: 0, epoch: 'e1' }).start, { since: 0, epoch: 'e1' });
  assert.deepEqual(seqs(at(5).accept(frame('6'))), []);
});

test('room: broadcast has no snapshot, so it settles at the head and says what is lost', () => {
  const room = new Room('broadcast', { since: 5, epoch: 'e1' });
  room.attach('e2');
  room.asked(1);
  room.accept(frame(13));
  const { frames, lost } = room.joined({ seq: 12, recovered: false }, 1);
  assert.equal(lost, true);
  assert.deepEqual(frames.map((each) => each.seq), [13]);
  assert.deepEqual(room.start, { since: 13, epoch: 'e2' });
  assert.deepEqual(seqs(room.accept(frame(14))), [14], 'from here on nothing is held back');
});

test('room: what is held back is bounded', () => {
  const room = at(5);
  room.accept(frame(7));
  room.asked(2);
  for (let n = 8; n < 6000; n += 1) room.accept(frame(n));
  room.joined({ seq: 5999, recovered: true }, 2);
  assert.ok(seqs(room.accept(frame(6))).length < 5000);
});

test('room: only the number of another, known epoch is foreign', () => {
  const passes = (room, epoch) => {
    room.detach();
    room.attach(epoch);
    return seqs(room.accept(frame(room.seq + 1))).length === 1;
  };
  assert.ok(passes(at(5, 'e1'), 'e1'));
  assert.ok(passes(at(5, 'e1'), null), 'a source that does not tell');
  assert.ok(!passes(at(5, 'e1'), 'e2'));
  const untold = new Room('clinic_3');
  untold.attach(null);
  untold.stands({ seq: 5, recovered: false });
  untold.accept(snapshot(5));
  assert.deepEqual(untold.start, {});
  assert.ok(passes(untold, 'e1'));
});

test('room: with the line everything goes that came with it', () => {
  const room = at(5);
  room.accept(frame(8));
  room.asked(2);
  room.detach();
  assert.equal(room.awaiting, null);
  assert.ok(!room.complete, 'what the next line knows is not known yet');
  room.joined({ seq: 5, recovered: true }, 2);
  assert.ok(!room.complete, 'nor does an answer to the old join count');
  room.attach('e1');
  room.asked(3);
  room.joined({ seq: 5, recovered: true }, 3);
  assert.ok(room.complete, 'what was held back is gone');
  room.detach();
  room.attach('e2');
  room.detach();
  room.attach(null);
  assert.deepEqual(seqs(room.accept(frame(6))), [6], 'and so is the other epoch');
});

test('room: forgetting leaves nothing to start from', () => {
  const room = at(5);
  room.accept(frame(8));
  room.attach('e2');
  room.forget();
  assert.deepEqual([room.start, room.seq, room.epoch, room.complete], [{}, null, null, false]);
  room.attach('e2');
  room.stands({ seq: 7, recovered: false });
  assert.deepEqual(seqs(room.accept(snapshot(7))), [7]);
});

test('room: before it is known where it stands nothing passes, not even number 1', () => {
  const room = new Room('clinic_3');
  room.attach('e1');
  room.asked(1);
  assert.deepEqual(seqs(room.accept(frame(1))), []);
  assert.deepEqual(seqs({ frames: room.joined({ seq: 1, recovered: true }, 1).frames }), [1], 'recovered without since: from the beginning');
  assert.deepEqual(room.start, { since: 1, epoch: 'e1' });
});

test('room: a source that tells no epoch leaves it as it was', () => {
  const room = at(5);
  room.detach();
  room.attach(null);
  room.joined({ seq: 6, recovered: true });
  assert.deepEqual(seqs(room.accept(frame(6))), [6]);
  assert.deepEqual(room.start, { since: 6, epoch: 'e1' });
});

test('room: as long as a replay moves, pongs are forgiven', () => {
  const moving = [
    (room) => room.asked(1),
    (room) => room.joined({ seq: 9, recovered: true }, 1),
    (room) => room.accept(frame(6)),
    (room) => room.accept(frame(7)),
  ];
  const room = new Room('clinic_3', { since: 5, epoch: 'e1' });
  room.attach('e1');
  for (const step of moving) {
    step(room);
    assert.equal(room.pong(9), false, `${step}`);
  }
  assert.equal(room.pong(9), true);
  assert.equal(room.holes, 0);
});

test('room: a frame held back already counts as a duplicate when it comes again', () => {
  const room = at(5);
  room.accept(frame(8));
  room.asked(2);
  room.accept(frame(8));
  assert.equal(room.duplicates, 1);
});

test('room: a snapshot older than joined said is one from before, and the right one is still waited for', () => {
  const room = new Room('clinic_3');
  room.attach('e1');
  room.asked(1);
  room.joined({ seq: 9, recovered: false }, 1);
  assert.deepEqual(seqs(room.accept(snapshot(8))), []);
  assert.ok(!room.complete);
  assert.equal(room.pong(9), false);
  assert.equal(room.pong(9), true);
  assert.deepEqual(seqs(room.accept(snapshot(9))), [9]);
  assert.ok(room.complete);
});

test('room: a pong that does not name it means that the server does not have us in it', () => {
  assert.equal(at(5).pong(undefined), true);
});

test('room: an empty room that is recovered is complete', () => {
  const room = new Room('clinic_3');
  room.attach('e1');
  room.asked(1);
  room.joined({ seq: 0, recovered: true }, 1);
  assert.ok(room.complete);
});
