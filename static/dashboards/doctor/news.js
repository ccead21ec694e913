/** What is new in this doctor's queue: told once, marked where it stands, and for whoever wants it with a sound. */

import { toast } from '../announce.js';
import { byId } from '../dom.js';
import { ACTIVE } from '../rows.js';
import { t } from '../words.js';

const ONE_BY_ONE = 3;

/**
 * Who has come into the queue between two states, and who has become an emergency. Pure.
 * @param {any} state
 * @param {any} before
 * @param {{doctorId: number, isToday: (visit: any) => boolean}} whose
 * @returns {{waiting: any[], emergencies: any[]}}
 */
export function newcomers(state, before, { doctorId, isToday }) {
  /** @type {{waiting: any[], emergencies: any[]}} */
  const found = { waiting: [], emergencies: [] };
  if (state.visits === before.visits) return found;
  const inQueue = (/** @type {any} */ visit) => visit?.doctor.id === doctorId && ACTIVE.includes(visit.status);
  for (const visit of Object.values(state.visits)) {
    const old = before.visits[visit.id];
    // What was asked for here is no news; when the answer comes, it is shown already.
    if (visit === old || visit.isPending || old?.isPending || !inQueue(visit) || !isToday(visit)) continue;
    const urgent = visit.priority === 'emergency';
    if (urgent && (!inQueue(old) || old.priority !== 'emergency')) found.emergencies.push(visit);
    else if (visit.status === 'waiting' && !inQueue(old)) found.waiting.push(visit);
  }
  return found;
}

/** Let the row flash, also one that stands there already. @param {any} visit */
function mark(visit) {
  const row = byId(`visit-${visit.id}`);
  if (!row) return;
  row.classList.remove('is-new');
  requestAnimationFrame(() => row.classList.add('is-new'));
}

/**
 * @param {any} live
 * @param {{doctorId: number, isToday: (visit: any) => boolean, alert: (visits: any[], options?: {urgent?: boolean}) => void}} how
 */
export function news({ store }, { doctorId, isToday, alert }) {
  store.subscribe((/** @type {any} */ state, /** @type {any} */ before) => {
    const { waiting, emergencies } = newcomers(state, before, { doctorId, isToday });
    for (const visit of emergencies) {
      toast(t('news.emergency', { ticket: visit.ticket, name: visit.patient.name }), { bad: true });
      mark(visit);
    }
    if (emergencies.length) alert(emergencies, { urgent: true });
    if (waiting.length > ONE_BY_ONE) toast(t('news.waiting_many', { count: waiting.length }));
    else for (const visit of waiting) toast(t('news.waiting', { ticket: visit.ticket, name: visit.patient.name }));
    if (waiting.length && !emergencies.length) alert(waiting);
  });
}
