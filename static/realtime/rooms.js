/** @typedef {import('./constants.js').Frame} Frame */
/** @typedef {import('./constants.js').Start} Start */

import { BROADCAST } from './constants.js';

// More than the server ever replays: past it, asking again is cheaper than keeping.
const HELD_MAX = 5_000;

/** @param {Frame} frame */
const isSnapshot = (frame) => frame.event === 'queue_updated' && frame.data?.snapshot === true;

/**
 * What one room has seen: sequence numbers in, frames to deliver out. Knows nothing of sockets, so the order rules can
 * be tested alone. Methods that take a frame return the frames that are now due, in order.
 */
export class Room {
  /** @type {number|null} the last `seq` delivered, and the epoch it belongs to: the two only ever change together */
  seq = null;
  /** @type {string|null} */
  epoch = null;
  /** @type {'joined'|'snapshot'|null} what the server owes us */
  awaiting = null;
  /** @type {any} the `ref` of our last join: an answer to an older one says nothing about this one */
  joinRef = null;
  /** Whether anything came since the last pong; tells a slow replay from a lost one. */
  moved = false;
  holes = 0;
  duplicates = 0;
  /** @type {number|null} the head that `joined` named */
  #target = null;
  /** @type {string|null} the epoch of the source we are fed from now */
  #source = null;
  #foreign = false;
  /** @type {Map<number, Frame>} */
  #held = new Map();

  /** @param {string} name @param {Partial<Start>} [start] */
  constructor(name, start) {
    this.name = name;
    // A `seq` without its epoch may belong to a log that is gone: a snapshot is the safe answer.
    if (Number.isSafeInteger(start?.since) && start?.epoch) {
      this.seq = /** @type {number} */ (start.since);
      this.epoch = start.epoch;
    }
  }

  /** Nothing is missing as far as can be known. */
  get complete() {
    return this.awaiting === null && this.#target !== null && this.seq !== null && this.seq >= this.#target && this.#held.size === 0;
  }

  /** What a join says about where we stand. @returns {Partial<Start>} */
  get start() {
    return this.seq !== null && this.epoch !== null ? { since: this.seq, epoch: this.epoch } : {};
  }

  /** From now on frames come from a log with this epoch. @param {string|null} epoch null: not told */
  attach(epoch) {
    this.#source = epoch;
    // Numbers of another log can't be compared with ours: nothing passes until the server has said where we stand.
    this.#foreign = this.seq !== null && epoch !== null && this.epoch !== null && epoch !== this.epoch;
    // Nor may what was held back of the old one pass for a successor of the new one's.
    if (this.#foreign) this.#held.clear();
  }

  /** The source is gone. What was held back comes again with the next one. */
  detach() {
    this.awaiting = null;
    this.joinRef = null;
    this.#target = null;
    this.#held.clear();
  }

  /** A join has been sent. @param {any} ref */
  asked(ref) {
    this.awaiting = 'joined';
    this.joinRef = ref;
    this.moved = true;
  }

  /** Start at this head without looking back. @param {number} seq */
  settle(seq) {
    this.seq = seq;
    this.epoch = this.#source;
    this.#target = seq;
    this.awaiting = null;
    this.#foreign = false;
    return this.#drain();
  }

  /** Forget where we stood: only a snapshot helps. */
  forget() {
    this.detach();
    this.seq = null;
    this.epoch = null;
  }

  /**
   * The answer to a join; once, since a second one tells where the room stood before.
   * @param {{seq: number, recovered: boolean}} data
   * @param {any} ref
   */
  joined(data, ref) {
    return this.awaiting === 'joined' && ref === this.joinRef ? this.stands(data) : { frames: [], lost: false };
  }

  /**
   * What the server says of where this room stands.
   * @param {{seq: number, recovered: boolean}} data
   * @returns {{frames: Frame[], lost: boolean}} lost: events were missed and no snapshot will make up for them
   */
  stands({ seq, recovered }) {
    this.moved = true;
    this.joinRef = null;
    if (!recovered && this.name === BROADCAST) {
      const lost = this.seq !== null;
      return { frames: this.settle(seq), lost };
    }
    this.#target = seq;
    this.#foreign = false;
    if (!recovered) {
      this.awaiting = 'snapshot';
      return { frames: [], lost: false };
    }
    this.awaiting = null;
    this.seq ??= 0;
    this.epoch = this.#source ?? this.epoch;
    return { frames: this.#drain(), lost: false };
  }

  /**
   * @param {Frame} frame
   * @returns {{frames: Frame[], hole: boolean}} hole: join again with `since`
   */
  accept(frame) {
    const nothing = { frames: [], hole: false };
    const n = frame.seq;
    if (!Number.isSafeInteger(n)) return nothing;
    const snapshot = isSnapshot(frame);
    if (this.#foreign) {
      if (!snapshot) this.#hold(frame);
      return nothing;
    }
    if (snapshot) return this.#takeSnapshot(frame);
    if (this.seq === null || this.awaiting === 'snapshot') {
      this.#hold(frame);
      return nothing;
    }
    if (n <= this.seq) {
      this.duplicates += 1;
      return nothing;
    }
    this.#hold(frame);
    const frames = this.#drain();
    return { frames, hole: this.#gap(n) };
  }

  /**
   * @param {number|undefined} head this room's in a pong; undefined: the server doesn't have us in it
   * @returns {boolean} join again
   */
  pong(head) {
    if (this.complete) {
      if (head !== undefined && head <= /** @type {number} */ (this.seq)) return false;
      this.holes += 1;
      return true;
    }
    // Joining or replaying. A pong may overtake what is on its way, so one is forgiven as long as things move.
    const stuck = !this.moved;
    this.moved = false;
    return stuck;
  }

  /** @param {Frame} frame */
  #takeSnapshot(frame) {
    // Only the one that was announced: one from before would put us back, and one nobody asked for passes over events.
    if (this.awaiting !== 'snapshot' || frame.seq < /** @type {number} */ (this.#target)) {
      this.duplicates += 1;
      return { frames: [], hole: false };
    }
    this.awaiting = null;
    this.seq = frame.seq;
    // Only now: had the line broken before, the old `seq` would have gone out with the new epoch.
    this.epoch = this.#source;
    this.moved = true;
    const frames = [frame, ...this.#drain()];
    return { frames, hole: this.#gap(frame.seq) };
  }

  /** @param {Frame} frame */
  #hold(frame) {
    if (this.#held.has(frame.seq)) this.duplicates += 1;
    if (this.#held.size >= HELD_MAX) this.#held.clear();
    this.#held.set(frame.seq, frame);
  }

  #drain() {
    /** @type {Frame[]} */
    const due = [];
    for (let next; (next = this.#held.get(/** @type {number} */ (this.seq) + 1)); ) {
      this.seq = next.seq;
      due.push(next);
    }
    for (const n of this.#held.keys()) if (n <= /** @type {number} */ (this.seq)) this.#held.delete(n);
    if (due.length) this.moved = true;
    return due;
  }

  /** @param {number} n the frame that came last */
  #gap(n) {
    const { seq } = this;
    if (this.#held.size === 0 || this.awaiting !== null || seq === null) return false;
    // While the replay runs, what is held fits on when it is through, and a live frame may overtake it. Only a number
    // that skips inside of it is a hole.
    if (this.#target !== null && seq < this.#target && (n <= seq || n > this.#target)) return false;
    this.holes += 1;
    return true;
  }
}
