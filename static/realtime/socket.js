import { Announcer } from './announcer.js';
import { Contact } from './contact.js';
import { inPage } from './in-page.js';
import { Listeners } from './listeners.js';
import { addressesOf, toolsOf } from './options.js';
import { Standing } from './standing.js';
import { Subscriptions } from './subscriptions.js';

/** @typedef {import('./constants.js').Start} Start */
/** @typedef {import('./options.js').Options} Options */

/**
 * The live connection of a page (contract, section 9). Connects by itself, and again, until it is closed. A page has one for
 * an address: `new` gives the one there is, whoever made it, until that is closed or signed out.
 */
export class QueueSocket extends Announcer {
  #listeners;
  #standing;
  #rooms;
  #contact;

  /** @param {Options} options */
  constructor({ getToken, broadcast, ...options }) {
    const addresses = addressesOf(options);
    const tools = toolsOf(options);
    const open = inPage(tools.page.window);
    const held = open.get(addresses.socket);
    if (held) return held;
    const listeners = new Listeners(options.report);
    super(listeners);
    this.#listeners = listeners;
    this.#standing = new Standing((change) => listeners.emit('state', change));
    this.#rooms = new Subscriptions({
      ...tools,
      send: (event, data) => this.#contact.send(event, data),
      emit: (name, value) => listeners.emit(name, value),
      broadcast,
    });
    this.#contact = new Contact({
      addresses,
      tools,
      getToken,
      rooms: this.#rooms,
      standing: this.#standing,
      onError: (error) => listeners.emit('error', error),
      onStop: () => open.delete(addresses.socket),
    });
    open.set(addresses.socket, this);
    this.#contact.try();
  }

  /** @returns {import('./constants.js').State} */
  get state() {
    return this.#standing.state;
  }

  /** Time of the last good contact, ms since 1970; null if there was none yet. */
  get since() {
    return this.#standing.since;
  }

  /**
   * Follow a clinic's room, through every reconnect, until it is left. Again: nothing happens.
   * @param {number|string} clinicId
   * @param {Partial<Start>} [start] the snapshot the page already shows; without it, or without its epoch, one is sent
   */
  joinQueueRoom(clinicId, start) {
    this.#join(`clinic_${id(clinicId)}`, start);
  }

  /** @param {number|string} clinicId */
  leaveQueueRoom(clinicId) {
    this.#leave(`clinic_${id(clinicId)}`);
  }

  /** As `joinQueueRoom`. @param {number|string} doctorId @param {Partial<Start>} [start] */
  joinDoctorRoom(doctorId, start) {
    this.#join(`doctor_${id(doctorId)}`, start);
  }

  /** @param {number|string} doctorId */
  leaveDoctorRoom(doctorId) {
    this.#leave(`doctor_${id(doctorId)}`);
  }

  /** The page is done, or its user logged out. There is no way back: make a new one. */
  close() {
    this.#contact.stop();
    this.#rooms.clear();
    this.#listeners.close();
  }

  /** Counters for tests and support. */
  stats() {
    const { timers, ...contact } = this.#contact.stats();
    return {
      state: this.state,
      listeners: this.#listeners.size,
      rooms: this.#rooms.size,
      ...contact,
      ...this.#rooms.counters,
      resyncs: this.#rooms.resyncs,
      strays: this.#rooms.strays,
      timers: timers + this.#rooms.timers,
    };
  }

  /** @param {string} name @param {Partial<Start>} [start] */
  #join(name, start) {
    if (!this.#contact.isStopped && this.#rooms.join(name, start)) this.#contact.changed();
  }

  /** @param {string} name */
  #leave(name) {
    if (this.#rooms.leave(name)) this.#contact.changed();
  }
}

/** @param {number|string} value */
function id(value) {
  const n = Number(value);
  if (!Number.isSafeInteger(n) || n < 1) throw new TypeError(`Not the id of a room: ${value}`);
  return n;
}
