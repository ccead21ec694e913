/** Registering a patient; who looks like somebody already there is shown while one types, before there is a second file. */

import { Refusal, ask, post } from '../api.js';
import { whileBusy } from '../commands.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { keepDraft } from '../drafts.js';
import { clearErrors, showErrors, valuesOf } from '../forms.js';
import { t } from '../words.js';
import { factsOf } from './search.js';

const AFTER_TYPING = 400;
/** What tells one person from another. */
const TELLING = ['full_name', 'phone', 'birth_date'];

/**
 * @param {{onDone: (patient: any) => void, onBack: () => void}} on
 * @returns {{open: (text: string) => void, restore: () => boolean, close: () => void}}
 */
export function registration({ onDone, onBack }) {
  const form = byId('register');
  const duplicates = byId('register-duplicates');
  const draft = keepDraft(form, 'register');
  /** @type {any} */
  let timer;
  /** @type {AbortController|null} */
  let running = null;

  const forget = () => {
    clearTimeout(timer);
    running?.abort();
    show(duplicates, false);
    setText(byId('register-duplicates-status'), '');
  };
  const close = () => {
    show(form, false);
    forget();
  };
  const giveUp = () => {
    close();
    form.reset();
    draft.clear();
  };

  /** @param {any} patient */
  const done = (patient) => {
    giveUp();
    onDone(patient);
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
        slot(row, 'use').addEventListener('click', () => done(patient));
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

  /** @param {any} button @param {boolean} force */
  const send = async (button, force) => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    forget();
    clearErrors(form);
    try {
      const patient = await whileBusy(button, () => post(`/api/patients/${force ? '?force=true' : ''}`, valuesOf(form)));
      if (patient) done(patient);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'possible_duplicate') {
        showCandidates(error.message, error.body.candidates.map((/** @type {any} */ each) => ({ patient: each, why: each.why })));
        byId('register-duplicates-text').focus();
        return;
      }
      // A field that is folded away can't be seen to be wrong.
      if (error instanceof Refusal && ['email', 'address', 'notes'].some((name) => name in error.fields)) byId('register-more').open = true;
      showErrors(form, error);
    }
  };

  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    send(byId('register-submit'), false);
  });
  form.addEventListener('input', (/** @type {any} */ event) => {
    if (!TELLING.includes(event.target.name)) return;
    clearTimeout(timer);
    running?.abort();
    timer = setTimeout(look, AFTER_TYPING);
  });
  byId('register-anyway').addEventListener('click', (/** @type {any} */ event) => send(event.currentTarget, true));
  byId('register-close').addEventListener('click', () => {
    giveUp();
    onBack();
  });

  return {
    open(text) {
      form.reset();
      clearErrors(form);
      forget();
      show(form, true);
      // What was typed is a phone number or a name.
      const isPhone = /^[+\d][\d\s()/.-]{4,}$/.test(text);
      form.elements[isPhone ? 'phone' : 'full_name'].value = text;
      form.elements[isPhone || !text ? 'full_name' : 'phone'].focus();
      look();
    },
    /** What was half typed before the page was loaded anew. */
    restore() {
      if (!draft.restore()) return false;
      show(form, true);
      byId('register-more').open = ['email', 'address', 'notes'].some((name) => form.elements[name].value !== '');
      look();
      return true;
    },
    close: giveUp,
  };
}
