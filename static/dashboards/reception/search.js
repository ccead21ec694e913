/** Finding a patient while typing: a combobox after the ARIA pattern, its list a listbox. */

import { Refusal, get } from '../api.js';
import { clone, setText, show, slot } from '../dom.js';
import { written } from '../time.js';
import { facts, t } from '../words.js';
import { writeMarked } from './highlight.js';

const AFTER_TYPING = 150;
/** An answer that takes longer than this is waited for visibly. */
const UNNOTICED = 400;
const SHOWN = 8;
/** One letter of an alphabet says nothing yet; a whole word of Chinese or Korean may be one. */
const ONE_LETTER = /^\p{L}$/u;
const ONE_WORD = /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}]$/u;

/** What tells namesakes apart; a phone number stays on one line. @param {any} patient */
export const factsOf = (patient) =>
  facts([patient.record_number, patient.birth_date && t('born', { date: written(patient.birth_date) }), patient.phone?.replaceAll(' ', '\u00a0')]);

/** Does the search have to wait for more? @param {string} text */
export const isTooShort = (text) => text === '' || (ONE_LETTER.test(text) && !ONE_WORD.test(text));

/**
 * @param {any} root with the field, its list and what is said about them (templates/patients/_search.html)
 * @param {{onChoose: (patient: any) => void, onRegister: (text: string) => void}} on
 */
export function patientSearch(root, { onChoose, onRegister }) {
  const input = root.querySelector('input');
  const list = slot(root, 'list');
  const status = slot(root, 'status');
  const message = slot(root, 'message');
  const retry = slot(root, 'retry');
  /** @type {any[]} what each option stands for */
  let options = [];
  let active = -1;
  /** For what the list was drawn. @type {string|null} */
  let drawn = null;
  /** Enter came before the answer: it means the answer. */
  let entered = false;
  /** @type {any} */
  let timer;
  /** @type {AbortController|null} */
  let running = null;

  const elements = () => [...list.querySelectorAll('[role=option]')];

  const close = () => {
    clearTimeout(timer);
    running?.abort();
    running = null;
    entered = false;
    drawn = null;
    show(list, false);
    input.setAttribute('aria-expanded', 'false');
    mark(-1);
  };

  /** @param {number} index */
  const mark = (index) => {
    elements()[active]?.setAttribute('aria-selected', 'false');
    active = index;
    const option = elements()[index];
    if (!option) {
      input.removeAttribute('aria-activedescendant');
      return;
    }
    option.setAttribute('aria-selected', 'true');
    input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  };

  /** @param {number} index */
  const choose = (index) => {
    const option = options[index];
    if (!option) return;
    const text = input.value.trim();
    input.value = '';
    setText(status, '');
    close();
    if (option.register) onRegister(text);
    else onChoose(option.patient);
  };

  /** The only one found is meant; of two namesakes the first isn't always. */
  const enter = () => {
    entered = false;
    if (active >= 0) choose(active);
    else if (options.length === 2) choose(0);
    else mark(0);
  };

  /** @param {{results: any[], count: number}} found @param {string} text */
  const draw = ({ results, count }, text) => {
    clearTimeout(timer);
    drawn = text;
    options = [...results.map((patient) => ({ patient })), { register: true }];
    list.replaceChildren(
      ...options.map((option, index) => {
        const element = clone('option-template');
        element.id = `${input.id}-option-${index}`;
        if (option.patient) {
          writeMarked(slot(element, 'name'), option.patient.full_name, text);
          writeMarked(slot(element, 'facts'), factsOf(option.patient), text);
        } else slot(element, 'name').textContent = text ? t('search.register', { text }) : t('search.register_empty');
        element.classList.toggle('option--new', !option.patient);
        return element;
      }),
    );
    if (count > results.length) {
      const note = document.createElement('li');
      note.className = 'option option--note';
      note.setAttribute('role', 'presentation');
      note.textContent = t('search.more');
      list.append(note);
    }
    show(list, true);
    input.setAttribute('aria-expanded', 'true');
    setText(status, results.length ? t('search.some', { count }) : text ? t('search.none', { text }) : '');
    mark(-1);
    if (entered) enter();
  };

  const look = async () => {
    clearTimeout(timer);
    running?.abort();
    const text = input.value.trim();
    setText(message, '');
    show(retry, false);
    if (isTooShort(text)) {
      close();
      setText(status, text ? t('search.one_letter') : '');
      return;
    }
    const mine = (running = new AbortController());
    const slow = setTimeout(() => setText(status, t('search.searching')), UNNOTICED);
    try {
      const found = await get(`/api/patients/?page_size=${SHOWN}&search=${encodeURIComponent(text)}`, mine.signal);
      if (running !== mine) return;
      running = null;
      draw(found, text);
    } catch (error) {
      if (mine.signal.aborted) return;
      close();
      setText(status, '');
      setText(message, error instanceof Refusal && error.status ? error.message : t('search.no_answer'));
      show(retry, true);
    } finally {
      clearTimeout(slow);
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    entered = false;
    timer = setTimeout(look, AFTER_TYPING);
  });
  input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    const text = input.value.trim();
    const isOpen = !list.hidden;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (isOpen && drawn === text) mark((active + (event.key === 'ArrowDown' ? 1 : active < 0 ? 0 : -1) + options.length) % options.length);
      else if (text === '') draw({ results: [], count: 0 }, '');
      else look();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (isOpen && drawn === text) enter();
      else if (!isTooShort(text)) {
        entered = true;
        if (!running) look();
      }
    } else if (event.key === 'Escape' && isOpen) {
      // In a dialog Escape would close that too.
      event.preventDefault();
      close();
    }
  });
  // Before the field loses the focus.
  list.addEventListener('pointerdown', (/** @type {Event} */ event) => event.preventDefault());
  list.addEventListener('click', (/** @type {any} */ event) => choose(elements().indexOf(event.target.closest('[role=option]'))));
  input.addEventListener('blur', close);
  retry.addEventListener('click', () => {
    input.focus();
    look();
  });

  return {
    focus: () => input.focus(),
    clear() {
      close();
      input.value = '';
      setText(status, '');
    },
  };
}
