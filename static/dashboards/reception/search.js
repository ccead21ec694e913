/** Finding a patient while typing: a combobox after the ARIA pattern, its list a listbox. */

import { Refusal, get } from '../api.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { written } from '../time.js';
import { t } from '../words.js';

const AFTER_TYPING = 180;
const SHOWN = 8;

/** What tells namesakes apart. @param {any} patient */
export const factsOf = (patient) =>
  [patient.record_number, patient.birth_date && t('born', { date: written(patient.birth_date) }), patient.phone].filter(Boolean).join(' · ');

/**
 * @param {{onChoose: (patient: any) => void, onRegister: (text: string) => void}} on
 */
export function patientSearch({ onChoose, onRegister }) {
  const input = byId('search-input');
  const list = byId('search-results');
  const status = byId('search-status');
  /** @type {any[]} what each option stands for */
  let options = [];
  let active = -1;
  /** @type {any} */
  let timer;
  /** @type {AbortController|null} */
  let running = null;

  const close = () => {
    clearTimeout(timer);
    running?.abort();
    running = null;
    show(list, false);
    input.setAttribute('aria-expanded', 'false');
    mark(-1);
  };

  /** @param {number} index */
  const mark = (index) => {
    list.children[active]?.setAttribute('aria-selected', 'false');
    active = index;
    const option = list.children[index];
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

  /** @param {{results: any[], count: number}} found @param {string} text */
  const draw = ({ results, count }, text) => {
    options = [...results.map((patient) => ({ patient })), { register: true }];
    list.replaceChildren(
      ...options.map((option, index) => {
        const element = clone('option-template');
        element.id = `search-option-${index}`;
        slot(element, 'name').textContent = option.patient ? option.patient.full_name : t('search.register', { text });
        slot(element, 'facts').textContent = option.patient ? factsOf(option.patient) : '';
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
    setText(status, results.length ? t('search.some', { count }) : t('search.none'));
    mark(-1);
  };

  const look = async () => {
    const text = input.value.trim();
    running?.abort();
    setText(byId('search-message'), '');
    if (text.length < 2) {
      close();
      return;
    }
    const mine = (running = new AbortController());
    try {
      const found = await get(`/api/patients/?page_size=${SHOWN}&search=${encodeURIComponent(text)}`, mine.signal);
      if (running === mine) draw(found, text);
    } catch (error) {
      if (mine.signal.aborted) return;
      close();
      setText(byId('search-message'), error instanceof Refusal && error.status ? error.message : t('fail.load'));
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(look, AFTER_TYPING);
  });
  input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    const isOpen = !list.hidden;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!isOpen) look();
      else mark((active + (event.key === 'ArrowDown' ? 1 : active < 0 ? 0 : -1) + options.length) % options.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      // Enter chooses what is marked and nothing else: of two namesakes the first isn't always meant.
      if (isOpen && active >= 0) choose(active);
      else if (isOpen) mark(0);
    } else if (event.key === 'Escape' && isOpen) {
      event.preventDefault();
      close();
    }
  });
  // Before the field loses the focus.
  list.addEventListener('pointerdown', (/** @type {Event} */ event) => event.preventDefault());
  list.addEventListener('click', (/** @type {any} */ event) => choose([...list.children].indexOf(event.target.closest('[role=option]'))));
  input.addEventListener('blur', close);

  return { focus: () => input.focus() };
}
