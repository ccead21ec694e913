import { EVENT } from './constants.js';
import { Listeners } from './listeners.js';

/** @typedef {import('./constants.js').Frame} Frame */
/** @typedef {import('./constants.js').StateChange} StateChange */
/** @typedef {() => void} Off takes the listener off again */
/** @typedef {(frame: Frame) => void} FrameListener */

/** What a page can listen to. Beside the socket, since none of it depends on how events get here. */
export class Announcer {
  #listeners;

  /** @param {Listeners} listeners */
  constructor(listeners) {
    this.#listeners = listeners;
  }

  /** Also gets the snapshots (`data.snapshot`). @param {FrameListener} fn @returns {Off} */
  onQueueUpdate(fn) {
    return this.#listeners.add(EVENT.QUEUE_UPDATED, fn);
  }

  /** @param {FrameListener} fn @returns {Off} */
  onNewCheckin(fn) {
    return this.#listeners.add(EVENT.NEW_CHECKIN, fn);
  }

  /** @param {FrameListener} fn @returns {Off} */
  onVisitStatusChange(fn) {
    return this.#listeners.add(EVENT.VISIT_STATUS_CHANGED, fn);
  }

  /** @param {FrameListener} fn @returns {Off} */
  onAppointmentCreated(fn) {
    return this.#listeners.add(EVENT.APPOINTMENT_CREATED, fn);
  }

  /** @param {FrameListener} fn @returns {Off} */
  onAppointmentUpdated(fn) {
    return this.#listeners.add(EVENT.APPOINTMENT_UPDATED, fn);
  }

  /** @param {FrameListener} fn @returns {Off} */
  onAppointmentCancelled(fn) {
    return this.#listeners.add(EVENT.APPOINTMENT_CANCELLED, fn);
  }

  /** @param {FrameListener} fn @returns {Off} */
  onPatientCreated(fn) {
    return this.#listeners.add(EVENT.PATIENT_CREATED, fn);
  }

  /** @param {FrameListener} fn @returns {Off} */
  onPatientUpdated(fn) {
    return this.#listeners.add(EVENT.PATIENT_UPDATED, fn);
  }

  /** @param {FrameListener} fn @returns {Off} */
  onPaymentProcessed(fn) {
    return this.#listeners.add(EVENT.PAYMENT_PROCESSED, fn);
  }

  /** @param {(change: StateChange) => void} fn @returns {Off} */
  onStateChange(fn) {
    return this.#listeners.add('state', fn);
  }

  /** @param {(error: {code: string, detail: string, room?: string, ref?: any}) => void} fn @returns {Off} */
  onError(fn) {
    return this.#listeners.add('error', fn);
  }

  /** A room is no longer followed though the page didn't leave it. @param {(gone: {room: string, reason: string}) => void} fn @returns {Off} */
  onRemoved(fn) {
    return this.#listeners.add('removed', fn);
  }

  /**
   * Events were missed that no snapshot makes up for: fetch again what `room` told of (null, reason 'epoch': everything,
   * the database was put back to an earlier state).
   * @param {(resync: {event: 'resync', room: string|null, reason: 'gap'|'epoch', epoch: string|null}) => void} fn
   * @returns {Off}
   */
  onResync(fn) {
    return this.#listeners.add('resync', fn);
  }
}
