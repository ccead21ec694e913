/** Earlier visits of the current patient, with what doctors wrote: fetched when the patient changes, and only then. */

import { Refusal, get } from '../api.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { dayOf, written } from '../time.js';
import { facts, t } from '../words.js';

const SHOWN = 10;

/**
 * The latest note of each visit. Pure.
 * @param {any[]} notes the latest first
 * @returns {Map<number, any>}
 */
export function latestNotes(notes) {
  const found = new Map();
  for (const note of notes) if (!found.has(note.visit_id)) found.set(note.visit_id, note);
  return found;
}

/**
 * @param {any} live
 * @param {boolean} readsNotes
 */
export function pastVisits({ zone }, readsNotes) {
  const list = byId('past-list');
  const status = byId('past-status');
  /** Whose visits are shown or on their way. @type {number|null} */
  let patientId = null;
  /** @type {AbortController|null} */
  let running = null;
  /** @type {any} */
  let retry;

  /** @param {any} visit @param {any} note */
  const rowOf = (visit, note) => {
    const row = clone('past-template');
    slot(row, 'date').textContent = written(visit.date);
    slot(row, 'what').textContent = facts([visit.service.name, visit.doctor.name]);
    slot(row, 'status').textContent = t(`visit.${visit.status}`);
    slot(row, 'note').textContent = note?.text ?? '';
    slot(row, 'by').textContent = note ? t('note.by', { name: note.by, date: written(dayOf(note.at, zone)) }) : '';
    show(slot(row, 'note'), Boolean(note));
    // Who wrote it stands above already, unless it was somebody else or later.
    show(slot(row, 'by'), Boolean(note) && (note.by !== visit.doctor.name || dayOf(note.at, zone) !== visit.date));
    return row;
  };

  /** @param {any} current */
  const load = async (current) => {
    running?.abort();
    clearTimeout(retry);
    const mine = (running = new AbortController());
    const ask = (/** @type {string} */ path) => get(`/api/${path}/?patient=${current.patient.id}&page_size=${path === 'visits' ? SHOWN + 1 : 100}`, mine.signal);
    list.replaceChildren();
    setText(status, t('loading'));
    try {
      const [{ results, count }, notes] = await Promise.all([ask('visits'), readsNotes ? ask('visit-notes') : { results: [] }]);
      if (running !== mine) return;
      const texts = latestNotes(notes.results);
      const earlier = results.filter((/** @type {any} */ visit) => visit.id !== current.id && visit.status !== 'planned');
      list.replaceChildren(...earlier.slice(0, SHOWN).map((/** @type {any} */ visit) => rowOf(visit, texts.get(visit.id))));
      setText(status, earlier.length === 0 ? t('past.none') : count > SHOWN + 1 ? t('past.more') : '');
    } catch (error) {
      if (mine.signal.aborted) return;
      setText(status, error instanceof Refusal && error.status ? error.message : t('fail.load'));
      // The line may be back soon; the patient is the same.
      retry = setTimeout(() => patientId === current.patient.id && load(current), 5_000);
    }
  };

  return {
    /** @param {any} current the visit of the patient, or null */
    show(current) {
      show(byId('past'), current !== null);
      const next = current?.patient.id ?? null;
      if (next === patientId) return;
      patientId = next;
      running?.abort();
      clearTimeout(retry);
      if (current) load(current);
    },
  };
}
