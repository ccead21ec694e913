/** Saving a new patient; who looks like somebody already there is shown while one types, before there is a second file. */

import { Refusal, ask, post } from '../api.js';
import { whileBusy } from '../commands.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { clearErrors, showErrors, valuesOf } from '../forms.js';
import { t } from '../words.js';
import { factsOf } from './search.js';

const AFTER_TYPING = 400;
/** What tells one person from another. */
const TELLING = ['full_name', 'phone', 'birth_date'];

/**
 * @param {any} form whose reset means that it is about somebody else, or nobody
 * @param {(patient: any) => void} onDone
 * @param {() => number} filling another number for each person
 * @returns {(what: 'look'|'save', values: Record<string, string>, mine: number) => Promise<void>} `mine`: the number as it was when
 *   these values were to be saved
 */
export function registering(form, onDone, filling) {
  const duplicates = byId('register-duplicates');
  /** @type {any} */
  let timer;
  /** @type {AbortController|null} */
  let running = null;

  const stopLooking = () => {
    clearTimeout(timer);
    running?.abort();
  };
  const forget = () => {
    stopLooking();
    show(duplicates, false);
    setText(byId('register-duplicates-status'), '');
  };

  /** @param {string} text @param {Array<{patient: any, why: string}>} candidates */
  const showCandidates = (text, candidates) => {
    setText(byId('register-duplicates-text'), text);
    byId('register-candidates').replaceChildren(
      ...candidates.map(({ patient, why }) => {
        const row = clone('candidate-template');
        slot(row, 'name').textContent = patient.full_name;
        slot(row, 'facts').textContent = factsOf(patient);
        slot(row, 'why').textContent = t(`why.${why}`);
        slot(row, 'use').addEventListener('click', () => onDone(patient));
        return row;
      }),
    );
    show(duplicates, true);
  };

  /** Who is there already that may be this person? Nobody waits for the answer, and without one saving asks again. */
  const look = async () => {
    const values = Object.fromEntries(Object.entries(valuesOf(form)).filter(([name]) => TELLING.includes(name)));
    if ((values.full_name?.length ?? 0) < 2) return;
    const mine = (running = new AbortController());
    try {
      const { candidates } = await ask('/api/patients/duplicates/', values, mine.signal);
      if (running !== mine || form.hidden) return;
      if (candidates.length) showCandidates(t('register.alike'), candidates);
      else show(duplicates, false);
      setText(byId('register-duplicates-status'), candidates.length ? t('register.alike_count', { count: candidates.length }) : '');
    } catch (error) {
      // A half typed phone is refused; whatever it was, saving asks again.
      if (!(error instanceof Refusal) && !mine.signal.aborted) throw error;
    }
  };

  /** @param {Record<string, string>} values @param {number} mine @param {boolean} force */
  const save = async (values, mine, force) => {
    if (mine !== filling()) return;
    forget();
    try {
      const patient = await post(`/api/patients/${force ? '?force=true' : ''}`, values);
      if (mine === filling()) onDone(patient);
    } catch (error) {
      if (mine !== filling()) return;
      if (error instanceof Refusal && error.code === 'possible_duplicate') {
        showCandidates(error.message, error.body.candidates.map((/** @type {any} */ each) => ({ patient: each, why: each.why })));
        byId('register-duplicates-text').focus();
        return;
      }
      // A field that is folded away can't be seen to be wrong.
      if (error instanceof Refusal && ['email', 'address', 'notes'].some((name) => name in error.fields)) byId('register-more').open = true;
      throw error;
    }
  };

  form.addEventListener('input', (/** @type {any} */ event) => {
    if (!TELLING.includes(event.target.name)) return;
    stopLooking();
    timer = setTimeout(look, AFTER_TYPING);
  });
  form.addEventListener('reset', forget);
  byId('register-anyway').addEventListener('click', (/** @type {any} */ { currentTarget: button }) => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    clearErrors(form);
    whileBusy(button, () => save(valuesOf(form), filling(), true)).catch((error) => showErrors(form, error));
  });

  return (what, values, mine) => (what === 'look' ? look() : save(values, mine, false));
}
