/** @typedef {import('./store.js').State} State */
/** @typedef {import('./store.js').Entity} Entity */

import { belongs } from './store.js';

/**
 * Whose day: a clinic's, a doctor's, or a doctor's in one clinic.
 * @typedef {{clinicId?: number, doctorId?: number, date: string}} Which date: 'YYYY-MM-DD', the clinic's own
 */

/** Nulls last, so that what has no rank doesn't stand first. @param {any} a @param {any} b */
const compare = (a, b) => (a === b ? 0 : a == null ? 1 : b == null || a < b ? -1 : 1);

/** @param {Entity} a @param {Entity} b */
const byId = (a, b) => a.id - b.id;

/** @param {Entity} a @param {Entity} b */
const byRank = (a, b) => compare(a.rank, b.rank) || compare(a.queue_number, b.queue_number) || byId(a, b);

// Not as text: the same moment can be written with two offsets, and on the day the clocks change it is.
/** @param {Entity} a @param {Entity} b */
const byStart = (a, b) => compare(Date.parse(a.start), Date.parse(b.start)) || byId(a, b);

/** @param {Entity} entity @param {Which} which */
const matches = (entity, { clinicId, doctorId, date }) =>
  entity.date === date &&
  (clinicId === undefined || entity.clinic_id === clinicId) &&
  (doctorId === undefined || entity.doctor?.id === doctorId);

/** @param {Entity} visit */
const queued = (visit) => visit.ticket != null;

/**
 * Every visit with a ticket, whatever its status, in the order of the queue.
 * @param {State} state
 * @param {Which} which
 * @returns {Entity[]}
 */
export function queueOf(state, which) {
  return Object.values(state.visits).filter((visit) => queued(visit) && matches(visit, which)).sort(byRank);
}

/**
 * @param {State} state
 * @param {Which} which
 * @returns {Entity[]} by start
 */
export function appointmentsOf(state, which) {
  return Object.values(state.appointments).filter((each) => matches(each, which)).sort(byStart);
}

/**
 * What a snapshot of this room and day would say, to compare with the server's.
 * @param {State} state
 * @param {string} room
 * @param {string} date
 * @returns {{date: string, visits: Entity[], appointments: Entity[]}} each by id
 */
export function snapshotOf(state, room, date) {
  /** @param {Entity} entity */
  const here = (entity) => entity.date === date && belongs(entity, room);
  return {
    date,
    visits: Object.values(state.visits).filter((visit) => queued(visit) && here(visit)).sort(byId),
    appointments: Object.values(state.appointments).filter(here).sort(byId),
  };
}
