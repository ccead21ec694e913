/**
 * The figures of a day that is going on, from the store; clinic_project/dashboards/manager/figures.py counts the same. A wait is
 * that of queue/figures.py: from check-in to the first call (or start) that wasn't taken back. Pure.
 */

import { appointmentsOf } from '../../realtime/selectors.js';

/** An appointment whose visit has no ticket yet: what the visit is. @type {Record<string, string>} */
const VISIT_STATUS = { booked: 'planned', cancelled: 'cancelled', no_show: 'no_show' };
const COUNTED = { waiting: 'waiting', seen: 'completed', left: 'left', no_show: 'no_show', cancelled: 'cancelled', to_come: 'planned' };

/**
 * All visits of the day: those with a ticket, and those that only their appointment tells of.
 * @param {import('../../realtime/store.js').State} state
 * @param {{clinicId: number, date: string}} which
 * @returns {any[]}
 */
export function visitsOf(state, which) {
  const ticketed = Object.values(state.visits).filter((visit) => visit.ticket != null && visit.clinic_id === which.clinicId && visit.date === which.date);
  const known = new Set(ticketed.map((visit) => visit.id));
  const planned = appointmentsOf(state, which)
    .filter((each) => !known.has(each.visit_id) && each.status in VISIT_STATUS)
    .map((each) => ({ id: each.visit_id, status: VISIT_STATUS[each.status], doctor: each.doctor, checked_in_at: null, start: each.start }));
  return [...ticketed, ...planned];
}

/**
 * @param {any[]} visits
 * @param {Record<number, number>} waits seconds of the waits that are over, by visit
 * @param {number} now
 * @returns {Record<string, number|null>} counts, and seconds; null where there is nothing
 */
export function figures(visits, waits, now) {
  const over = visits.filter((visit) => visit.id in waits && visit.checked_in_at).map((visit) => waits[visit.id]);
  const since = visits.filter((visit) => visit.status === 'waiting').map((visit) => secondsBetween(visit.checked_in_at, now));
  const counts = Object.entries(COUNTED).map(([name, status]) => [name, visits.filter((visit) => visit.status === status).length]);
  return { ...Object.fromEntries(counts), waiting_longest: most(since), median_wait: median(over), longest_wait: most(over) };
}

/**
 * What closing the day would do now: who leaves, who is a no-show; and who stands in its way, inside with a doctor or booked for later.
 * @param {any[]} visits
 * @param {number} now
 */
export function ending(visits, now) {
  const count = (/** @type {string[]} */ ...statuses) => visits.filter((visit) => statuses.includes(visit.status)).length;
  const later = visits.filter((visit) => visit.status === 'planned' && Date.parse(visit.start) > now).length;
  return { leaving: count('waiting', 'called', 'skipped'), missing: count('planned') - later, inside: count('in_progress'), later };
}

/** @param {string} from @param {number} to */
const secondsBetween = (from, to) => Math.trunc((to - Date.parse(from)) / 1000);

/** @param {number[]} numbers */
const most = (numbers) => (numbers.length ? Math.max(...numbers) : null);

/** The middle one; between two, the even one of two as near, as Python rounds. @param {number[]} numbers */
export function median(numbers) {
  if (numbers.length === 0) return null;
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2) return sorted[middle];
  const sum = sorted[middle - 1] + sorted[middle];
  const below = Math.floor(sum / 2);
  return sum % 2 && below % 2 ? below + 1 : below;
}

/**
 * Keeps the waits that are over while visits change. A visit says when it was last called, not when first, nor whether a
 * call was taken back or the patient sent back to wait: what can't be told from it is asked for.
 * @param {Record<number, number>} waits as the server has counted them; changed here
 */
export function waitKeeper(waits) {
  return {
    waits,
    /**
     * A visit as it is now.
     * @param {any} visit
     * @returns {boolean} false: ask the server for all of them
     */
    see(visit) {
      const called = visit.called_at ?? visit.started_at;
      // Who came a day early and left may have been called then.
      if (!called || !visit.checked_in_at || Date.parse(called) < Date.parse(visit.checked_in_at)) return !(visit.id in waits);
      if (visit.id in waits) return true;
      if (visit.call_count > 1) return false;
      waits[visit.id] = Math.trunc((Date.parse(called) - Date.parse(visit.checked_in_at)) / 1000);
      return true;
    },
  };
}
