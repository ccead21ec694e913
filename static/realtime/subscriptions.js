import { BROADCAST } from './constants.js';
import { Alarms } from './alarms.js';
import { Room } from './rooms.js';

/** @typedef {import('./constants.js').Frame} Frame */
/** @typedef {import('./constants.js').Start} Start */

/**
 * The rooms a page follows and everything the server says about them. Remembers them whether or not there is a line;
 * `send` and `emit` are all it knows of the outside.
 */
export class Subscriptions {
  /** @type {Map<string, Room>} */
  #rooms = new Map();
  /** @type {string|null} */
  #epoch = null;
  /** Whether a line is up on which a join can be sent. */
  #open = false;
  #head = 0;
  #send;
  #emit;
  #random;
  #alarms;
  #gone = { holes: 0, duplicates: 0 };
  resyncs = 0;
  strays = 0;

  /**
   * @param {object} options
   * @param {(event: string, data: object) => number} options.send returns the ref
   * @param {(name: string, value: any) => void} options.emit
   * @param {import('./alarms.js').Timers} options.timers
   * @param {() => number} options.random
   * @param {Partial<Start>} [options.broadcast]
   */
  constructor({ send, emit, timers, random, broadcast }) {
    this.#send = send;
    this.#emit = emit;
    this.#random = random;
    this.#alarms = new Alarms(timers);
    this.#remember(BROADCAST, broadcast);
  }

  /** How many rooms the page has asked for. */
  get size() {
    return this.#rooms.size - (this.#rooms.has(BROADCAST) ? 1 : 0);
  }

  get timers() {
    return this.#alarms.size;
  }

  get complete() {
    for (const room of this.#rooms.values()) if (!room.complete) return false;
    return true;
  }

  get counters() {
    const sum = { ...this.#gone };
    for (const room of this.#rooms.values()) {
      sum.holes += room.holes;
      sum.duplicates += room.duplicates;
    }
    return sum;
  }

  get epoch() {
    return this.#epoch;
  }

  /** What to ask for over HTTP. @returns {Array<[string, number|null]>} */
  cursors() {
    // One request has one epoch: a room that stands in another can't say where.
    return [...this.#rooms.values()].map((room) => [room.name, room.epoch === null || room.epoch === this.#epoch ? room.seq : null]);
  }

  /**
   * @param {string} name
   * @param {Partial<Start>} [start]
   * @returns {boolean} false: it was there already, and nothing changes
   */
  join(name, start) {
    if (this.#rooms.has(name)) return false;
    const room = this.#remember(name, start);
    if (this.#open) {
      room.attach(this.#epoch);
      this.#ask(room);
    }
    return true;
  }

  /** @param {string} name @returns {boolean} whether it was there */
  leave(name) {
    if (!this.#forget(name)) return false;
    if (this.#open) this.#send(...command('leave', name));
    return true;
  }

  clear() {
    for (const name of [...this.#rooms.keys()]) this.#forget(name);
  }

  /** A socket is up. @param {{epoch: string, rooms?: Record<string, number>}} data of `connected` */
  connected({ epoch, rooms }) {
    this.#open = true;
    this.#head = rooms?.[BROADCAST] ?? 0;
    this.#enter(epoch);
    for (const room of [...this.#rooms.values()]) {
      // Who was told of a loss may have left it meanwhile, or closed everything.
      if (this.#rooms.get(room.name) !== room) continue;
      room.attach(epoch);
      if (room.name !== BROADCAST || room.epoch !== null) {
        this.#ask(room);
        continue;
      }
      // The first time there is nothing to look back to; after HTTP that didn't tell its epoch there is, but no way to.
      const lost = room.seq !== null && room.seq !== this.#head;
      room.settle(this.#head);
      if (lost) this.#resync(BROADCAST, 'gap');
    }
  }

  /** The line is gone. */
  detach() {
    this.#open = false;
    this.#alarms.clearAll();
    for (const room of this.#rooms.values()) room.detach();
  }

  /** @param {any} frame any frame but `connected`, `authenticated` and `error` */
  frame(frame) {
    const { event, data } = frame;
    if (event === 'pong') {
      if (typeof data?.rooms !== 'object' || data.rooms === null) return;
      for (const room of this.#rooms.values()) if (room.pong(data.rooms[room.name])) this.#ask(room);
    } else if (event === 'joined') {
      this.#joined(data, frame.ref);
    } else if (event === 'removed') {
      this.drop(data?.room, data?.reason ?? '');
    } else if (event !== 'left') {
      const room = this.#rooms.get(frame.room);
      if (!room) {
        this.strays += 1;
        return;
      }
      const { frames, hole } = room.accept(frame);
      // Before the listeners, since one of them may leave the room.
      if (hole && this.#open) this.#ask(room);
      this.#deliver(room, frames);
    }
  }

  /**
   * An `error` answered one of our joins.
   * @param {any} ref
   * @param {string} code
   * @param {string} detail
   * @returns {string|undefined} the room it was about
   */
  refused(ref, code, detail) {
    const room = [...this.#rooms.values()].find((each) => ref != null && each.joinRef === ref);
    if (!room) return undefined;
    if (code === 'rate_limited') {
      this.#alarms.set(room.name, 1000 + 2000 * this.#random(), () => this.#ask(room));
    } else if (room.name === BROADCAST) {
      this.#joined({ room: BROADCAST, seq: this.#head, recovered: false }, ref);
    } else if (code !== 'unauthenticated') {
      // Asking again would bring the same answer. (With no token, the new one brings a new connection.)
      this.drop(room.name, detail || code);
    }
    return room.name;
  }

  /** A room isn't ours any more. @param {string} name @param {string} reason */
  drop(name, reason) {
    if (name !== BROADCAST && this.#forget(name)) this.#emit('removed', { room: name, reason });
  }

  /**
   * An answer of the HTTP fallback.
   * @param {{rooms?: Record<string, {seq: number, recovered: boolean, events: Frame[]}>, epoch?: string}} body
   * @returns {boolean} whether there was anything new in it
   */
  polled({ rooms = {}, epoch }) {
    if (epoch) this.#enter(epoch);
    let news = false;
    for (const [name, { seq, recovered, events = [] }] of Object.entries(rooms)) {
      const room = this.#rooms.get(name);
      if (!room) continue;
      const before = room.seq;
      if (epoch && recovered && room.epoch !== null && room.epoch !== epoch) {
        // Numbers of a log that is gone, continued with those of another: start over.
        room.forget();
        news = true;
        continue;
      }
      room.attach(epoch ?? null);
      const { frames, lost } = room.stands({ seq, recovered });
      if (lost) this.#resync(BROADCAST, 'gap');
      this.#deliver(room, frames);
      for (const frame of events) this.#deliver(room, room.accept(frame).frames);
      news ||= room.seq !== before;
    }
    return news;
  }

  /** @param {{room: string, seq: number, recovered: boolean}} data @param {any} ref */
  #joined(data, ref) {
    const room = this.#rooms.get(data?.room);
    if (!room) return;
    const { frames, lost } = room.joined(data, ref);
    if (lost) this.#resync(room.name, 'gap');
    this.#deliver(room, frames);
  }

  /** @param {Room} room @param {Frame[]} frames */
  #deliver(room, frames) {
    for (const frame of frames) {
      // A listener may have left it, or closed everything.
      if (this.#rooms.get(room.name) !== room) return;
      this.#emit(frame.event, frame);
    }
  }

  /** @param {string} epoch */
  #enter(epoch) {
    if (this.#epoch === epoch) return;
    const changed = this.#epoch !== null;
    this.#epoch = epoch;
    if (changed) this.#resync(null, 'epoch');
  }

  /** @param {string|null} room @param {'gap'|'epoch'} reason */
  #resync(room, reason) {
    this.resyncs += 1;
    this.#emit('resync', { event: 'resync', room, reason, epoch: this.#epoch });
  }

  /** @param {Room} room */
  #ask(room) {
    const start = room.start;
    room.asked(room.name === BROADCAST ? this.#send('resume_broadcast', start) : this.#send(...command('join', room.name, start)));
  }

  /** @param {string} name @param {Partial<Start>} [start] */
  #remember(name, start) {
    const room = new Room(name, start);
    this.#rooms.set(name, room);
    // What the page was rendered from counts as seen: another epoch on the line is then a change.
    this.#epoch ??= room.epoch;
    return room;
  }

  /** @param {string} name */
  #forget(name) {
    const room = this.#rooms.get(name);
    if (!room) return false;
    this.#rooms.delete(name);
    this.#alarms.clear(name);
    this.#gone.holes += room.holes;
    this.#gone.duplicates += room.duplicates;
    return true;
  }
}

/**
 * @param {'join'|'leave'} verb
 * @param {string} name
 * @param {Partial<Start>} [start]
 * @returns {[string, object]}
 */
function command(verb, name, start) {
  const [kind, id] = name.split('_');
  return kind === 'clinic'
    ? [`${verb}_queue_room`, { clinic_id: Number(id), ...start }]
    : [`${verb}_doctor_room`, { doctor_id: Number(id), ...start }];
}
