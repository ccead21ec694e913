/**
 * The state of the screen as a pure function of what came in: no DOM, no socket, no clock.
 *
 * One rule: an entity is taken if its `version` is higher than the one held. So events, replays and REST answers may come
 * in any order and any number, and the state ends the same. Three things follow from it or bound it:
 *
 * - A snapshot is the room's whole day, so it also takes away: a held visit or appointment of that room and day that it
 *   doesn't list has gone elsewhere while we were away. Two are spared: a planned visit (no ticket), because a snapshot
 *   never lists those; and what belongs to another room or day. A visit younger than the snapshot (a walk-in whose REST
 *   answer overtook it) is taken away too and comes back a moment later with its own event: that event's `seq` lies above
 *   the snapshot's, since the head is read first. Keeping it would keep for ever what was moved away.
 * - Doctors (whether they are there) ride on `queue_updated` and are never taken away: which rooms a doctor belongs to isn't
 *   in what is sent, and a doctor who works here no more is in no snapshot that a page starts from. `valid_until` says
 *   how long a state holds.
 * - Of one version there is one truth, but not all of it is everywhere: an answer or a snapshot with the version held adds
 *   the fields that an event left out, and a snapshot's fields win.
 * - `resync` with reason `epoch`: the database was put back to an earlier state and versions start again lower. What is
 *   held stays visible but counts as version 0, so whatever the new log says wins.
 */

/** @typedef {Record<string, any> & {id: number, version: number}} Entity a visit or an appointment, as in the contract */
/** @typedef {{id: number, version: number, name: string, state: string, until: string|null, valid_until: string|null}} Doctor */
/** @typedef {{payment_id: number, visit_id: number, clinic_id: number, status: string, version: number} & Record<string, any>} Payment */
/** @typedef {{patient_id: number, version: number}} PatientVersion latest version known; a copy with another one is stale */

/**
 * @typedef {object} State
 * @property {Readonly<Record<number, Entity>>} visits
 * @property {Readonly<Record<number, Entity>>} appointments
 * @property {Readonly<Record<number, Doctor>>} doctors
 * @property {Readonly<Record<number, Payment>>} payments
 * @property {Readonly<Record<number, PatientVersion>>} patients
 */

/** @typedef {'visits'|'appointments'|'doctors'|'payments'|'patients'} Table */

/** @type {Record<string, Table>} */
const TABLE = { visit: 'visits', appointment: 'appointments', doctor: 'doctors', payment: 'payments', patient: 'patients' };

/** @returns {State} */
export function emptyState() {
  return { visits: {}, appointments: {}, doctors: {}, payments: {}, patients: {} };
}

/**
 * @param {State} state never changed
 * @param {any} frame an event as it came over the wire, a snapshot, or what `onResync` gives
 * @returns {State} the same object if nothing changed
 */
export function reduce(state, frame) {
  const data = frame?.data ?? {};
  switch (frame?.event) {
    case 'queue_updated':
      if (data.snapshot === true) return takeSnapshot(state, frame.room, data);
      return takeAll(takeAll(state, 'visits', data.visits, newer), 'doctors', data.doctors, newer);
    case 'new_checkin':
    case 'visit_status_changed':
      return takeAll(state, 'visits', [data.visit], newer);
    case 'appointment_created':
    case 'appointment_updated':
    case 'appointment_cancelled':
      return takeAll(state, 'appointments', [data.appointment], newer);
    case 'payment_processed':
      return takeAll(state, 'payments', [data], newer);
    case 'patient_created':
    case 'patient_updated':
      return takeAll(state, 'patients', [data], newer);
    case 'resync':
      return frame.reason === 'epoch' ? distrust(state) : state;
    default:
      // An event of a later release: nothing here depends on it.
      return state;
  }
}

/**
 * What a REST call answered, by the same rule.
 * @param {State} state
 * @param {'visit'|'appointment'|'doctor'|'payment'|'patient'} kind
 * @param {any} entity
 * @returns {State}
 */
export function applyAnswer(state, kind, entity) {
  const table = TABLE[kind];
  if (!table) throw new TypeError(`Unknown kind of entity: ${kind}`);
  return takeAll(state, table, [entity], completed);
}

/**
 * Does a visit or an appointment belong to a room?
 * @param {Entity} entity
 * @param {string} room
 */
export function belongs(entity, room) {
  return room === `clinic_${entity.clinic_id}` || room === `doctor_${entity.doctor?.id}`;
}

/**
 * @callback Rule
 * @param {any} held undefined if there is none
 * @param {any} offered
 * @returns {any} `held` itself to leave it
 */

/** @type {Rule} */
const newer = (held, offered) => (held === undefined || offered.version > held.version ? offered : held);

/** @type {Rule} */
const completed = (held, offered) => (held?.version === offered.version ? merged(held, { ...offered, ...held }) : newer(held, offered));

/** @type {Rule} */
const listed = (held, offered) => (held?.version === offered.version ? merged(held, { ...held, ...offered }) : newer(held, offered));

/** @param {any} held @param {any} next */
const merged = (held, next) => (same(held, next) ? held : next);

/**
 * @param {Table} table
 * @param {any} raw
 * @returns {any} what is kept of it, undefined if it can't be an entity
 */
function shaped(table, raw) {
  if (typeof raw?.version !== 'number') return undefined;
  // Names and phone numbers of patients have no place in a state that every page shares.
  if (table === 'patients') return { patient_id: raw.patient_id ?? raw.id, version: raw.version };
  return table === 'payments' ? { ...raw, payment_id: raw.payment_id ?? raw.id } : raw;
}

/** @param {Table} table @param {any} entity */
const keyOf = (table, entity) => (table === 'payments' ? entity.payment_id : table === 'patients' ? entity.patient_id : entity.id);

/**
 * @param {State} state
 * @param {Table} table
 * @param {any[]|undefined} raws
 * @param {Rule} rule
 * @returns {State}
 */
function takeAll(state, table, raws, rule) {
  /** @type {any} */
  let next = null;
  for (const raw of raws ?? []) {
    const entity = shaped(table, raw);
    const key = entity && keyOf(table, entity);
    if (key === undefined) continue;
    const held = (next ?? state[table])[key];
    const taken = rule(held, entity);
    if (taken === held) continue;
    next ??= { ...state[table] };
    next[key] = taken;
  }
  return next ? { ...state, [table]: next } : state;
}

/**
 * @param {State} state
 * @param {string} room
 * @param {{date: string, visits?: Entity[], appointments?: Entity[], doctors?: Doctor[]}} data
 */
function takeSnapshot(state, room, { date, visits = [], appointments = [], doctors = [] }) {
  let next = state;
  next = without(next, 'visits', visits, (visit) => visit.ticket !== null && visit.date === date && belongs(visit, room));
  next = without(next, 'appointments', appointments, (each) => each.date === date && belongs(each, room));
  next = takeAll(next, 'visits', visits, listed);
  next = takeAll(next, 'appointments', appointments, listed);
  return takeAll(next, 'doctors', doctors, listed);
}

/**
 * @param {State} state
 * @param {'visits'|'appointments'} table
 * @param {Entity[]} listing
 * @param {(entity: Entity) => boolean} covered whether the listing would have it
 * @returns {State}
 */
function without(state, table, listing, covered) {
  const kept = new Set(listing.map((entity) => entity.id));
  const gone = Object.values(state[table]).filter((entity) => covered(entity) && !kept.has(entity.id));
  if (gone.length === 0) return state;
  const next = { ...state[table] };
  for (const { id } of gone) delete next[id];
  return { ...state, [table]: next };
}

/** @param {State} state @returns {State} */
function distrust(state) {
  /** @param {Record<number, any>} table */
  const zeroed = (table) => Object.fromEntries(Object.entries(table).map(([key, entity]) => [key, { ...entity, version: 0 }]));
  return {
    visits: zeroed(state.visits),
    appointments: zeroed(state.appointments),
    doctors: zeroed(state.doctors),
    payments: zeroed(state.payments),
    patients: zeroed(state.patients),
  };
}

/** Equal as JSON is, whatever the order of keys. @param {any} a @param {any} b @returns {boolean} */
function same(a, b) {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}
