/**
 * What needs attention now, from what is held and the clock; clinic_project/dashboards/attention.py finds the same for the
 * first rendering (tests/pages/attention.json holds both to it). Pure.
 */

import { isLate, isLongWait } from '../rows.js';

/** In the order of a glance: who is gone in a minute, whom a doctor waits for, who sits there too long, who isn't here at all, who should come again. */
export const KINDS = ['leaving', 'called', 'waiting', 'late', 'again'];
/** Called for so long and not inside: they aren't coming, or didn't hear it. */
const NOT_COME_AFTER = 3 * 60_000;
const OWING = ['pending', 'partially_paid'];
const LEAVING = ['leaving', 'again'];
/** The step to take from here. @type {Record<string, string[]>} */
export const STEPS = { late: ['check_in', 'no_show'], waiting: ['call'], called: ['skip'], leaving: ['pay'], again: ['follow_up'] };

/** @typedef {{kind: string, key: string, entity: any, since: number}} Entry */

/**
 * @param {any} visit
 * @param {number} now
 * @param {number} waitAlarm
 * @returns {[string, string]|null} kind, and since when
 */
function kindOf(visit, now, waitAlarm) {
  if (isLongWait(visit, now, waitAlarm)) return ['waiting', visit.checked_in_at];
  if (visit.status === 'called' && (visit.call_limit_reached || now - Date.parse(visit.called_at) >= NOT_COME_AFTER)) return ['called', visit.called_at];
  if (visit.status === 'completed' && OWING.includes(visit.payment_status)) return ['leaving', visit.completed_at];
  return null;
}

/**
 * By kind; within a kind the longest first, but of those who leave the last one: the others are out of the door.
 * @param {any[]} visits of the day
 * @param {any[]} appointments of the day
 * @param {{now: number, lateAfter: number, waitAlarm: number}} clinic
 * @returns {Entry[]}
 */
export function attentionOf(visits, appointments, { now, lateAfter, waitAlarm }) {
  /** @type {Entry[]} */
  const found = [];
  const add = (/** @type {string} */ kind, /** @type {any} */ entity, /** @type {string} */ moment) =>
    found.push({ kind, key: `${kind}-${entity.id}`, entity, since: Date.parse(moment) });
  for (const visit of visits) {
    const known = kindOf(visit, now, waitAlarm);
    if (known) add(known[0], visit, known[1]);
    // Whoever leaves unpaid may have to come again as well.
    if (visit.follow_up?.appointment_id === null && visit.completed_at) add('again', visit, visit.completed_at);
  }
  for (const each of appointments) if (isLate(each, now, lateAfter)) add('late', each, each.start);
  return found.sort(
    (a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (LEAVING.includes(a.kind) ? b.since - a.since : a.since - b.since) || a.entity.id - b.entity.id,
  );
}

/**
 * The few to show of many: of each kind in turn, so that none hides behind another; in the order that they had.
 * @param {Entry[]} all
 * @param {number} room
 */
export function glance(all, room) {
  const turns = KINDS.map((kind) => all.filter((entry) => entry.kind === kind));
  const most = Math.max(0, ...turns.map((each) => each.length));
  const chosen = new Set(Array.from({ length: most }, (_, turn) => turns.flatMap((each) => each.slice(turn, turn + 1))).flat().slice(0, room));
  return all.filter((entry) => chosen.has(entry));
}
