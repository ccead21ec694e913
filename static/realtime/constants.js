/** Words and times of protocol clinic.v1 that more than one module needs. */

export const PROTOCOL = 'clinic.v1';
export const BROADCAST = 'broadcast';

/** @typedef {'connecting'|'live'|'catching up'|'polling'|'offline'|'signed out'} State */

/** The only words `state` can be. */
export const STATE = Object.freeze({
  CONNECTING: /** @type {const} */ ('connecting'),
  LIVE: /** @type {const} */ ('live'),
  CATCHING_UP: /** @type {const} */ ('catching up'),
  POLLING: /** @type {const} */ ('polling'),
  OFFLINE: /** @type {const} */ ('offline'),
  SIGNED_OUT: /** @type {const} */ ('signed out'),
});

/** The nine events that carry data, by their names on the wire. */
export const EVENT = Object.freeze({
  QUEUE_UPDATED: 'queue_updated',
  NEW_CHECKIN: 'new_checkin',
  VISIT_STATUS_CHANGED: 'visit_status_changed',
  APPOINTMENT_CREATED: 'appointment_created',
  APPOINTMENT_UPDATED: 'appointment_updated',
  APPOINTMENT_CANCELLED: 'appointment_cancelled',
  PATIENT_CREATED: 'patient_created',
  PATIENT_UPDATED: 'patient_updated',
  PAYMENT_PROCESSED: 'payment_processed',
});

export const CLOSE = Object.freeze({ NORMAL: 1000, UNAUTHENTICATED: 4401, DISABLED: 4403, TOO_SLOW: 4408, TOO_MANY: 4429 });

/** Milliseconds, unless the name says otherwise. */
export const TIMING = Object.freeze({
  OPEN_TIMEOUT: 10_000,
  HEALTHY_AFTER: 10_000,
  PROBE: 5_000,
  HEARTBEAT: 20_000,
  POLL_WAIT_SECONDS: 25,
  TRIES_BEFORE_POLLING: 5,
  BACK_WITHIN: 3_000,
});

/**
 * One event as it came over the wire; what every event listener gets.
 * @typedef {{event: string, room: string, seq: number, at?: string, data: any, ref?: any}} Frame
 */

/**
 * Where a server-rendered page stands: the `seq` of the snapshot in it and the log's epoch it was read in.
 * @typedef {{since: number, epoch: string}} Start
 */

/**
 * @typedef {object} StateChange
 * @property {State} state
 * @property {State} previous
 * @property {number|null} since time (ms since 1970) of the last good contact, null if there was none yet
 * @property {number} [code] the close code, where one led here
 * @property {string} [detail] a sentence for a person, where the server gave one
 */
