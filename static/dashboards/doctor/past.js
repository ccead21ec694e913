/** Earlier visits of the current patient: fetched when the patient changes, and only then. */

import { Refusal, get } from '../api.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { written } from '../time.js';
import { t } from '../words.js';

const SHOWN = 10;

/** @param {any} live */
export function pastVisits({ store }) {
  const list = byId('past-list');
  const status = byId('past-status');
  /** Whose visits are shown or on their way. @type {number|null} */
  let patientId = null;
  /** @type {AbortController|null} */
  let running = null;
  /** @type {any} */
  let retry;

  /** @param {any} current */
  const load = async (current) => {
    running?.abort();
    clearTimeout(retry);
    const mine = (running = new AbortController());
    list.replaceChildren();
    setText(status, t('loading'));
    try {
      const { results, count } = await get(`/api/visits/?patient=${current.patient.id}&page_size=${SHOWN + 1}`, mine.signal);
      if (running !== mine) return;
      const earlier = results.filter((/** @type {any} */ visit) => visit.id !== current.id && visit.status !== 'planned');
      list.replaceChildren(
        ...earlier.slice(0, SHOWN).map((/** @type {any} */ visit) => {
          const row = clone('past-template');
          slot(row, 'date').textContent = written(visit.date);
          slot(row, 'what').textContent = `${visit.service.name} · ${visit.doctor.name}`;
          slot(row, 'status').textContent = t(`visit.${visit.status}`);
          return row;
        }),
      );
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
