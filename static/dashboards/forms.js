/** Forms that are sent by fetch, in the page or in a dialog of their own: what was refused stands by its field. */

import { toast } from './announce.js';
import { Refusal } from './api.js';
import { whileBusy } from './commands.js';
import { byId, setText, slot } from './dom.js';

/** @param {any} form @returns {Record<string, string>} what is filled in, trimmed; empty fields left out */
export function valuesOf(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]).filter(([, value]) => value !== ''));
}

/** Half the world writes 12,50; the other half 1,000, which is left for the server to refuse. @param {string} text */
export const decimal = (text) => (/^[^.,]*,(?![0-9٠-٩۰-۹]{3}$)[^.,]*$/.test(text) ? text.replace(',', '.') : text);

/**
 * `50.00` less `12.5` is `37.50`, never below zero; what isn't a number takes nothing away.
 * @param {string} sum
 * @param {string} off
 * @param {number} decimals of the currency
 */
export function less(sum, off, decimals) {
  const unit = 10 ** decimals;
  const rest = Math.round(Number(sum) * unit) - Math.round((Number(off) || 0) * unit);
  return (Math.max(0, rest) / unit).toFixed(decimals);
}

/** @param {any} form */
export function clearErrors(form) {
  setText(slot(form, 'message'), '');
  for (const field of form.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
  for (const sentence of form.querySelectorAll('.field__error')) sentence.remove();
}

/**
 * Field by field where the answer names them, the rest in the form's own place.
 * @param {any} form
 * @param {unknown} error
 */
export function showErrors(form, error) {
  if (!(error instanceof Refusal)) throw error;
  const rest = [];
  let first = null;
  for (const [name, sentence] of Object.entries(error.fields)) {
    const field = form.elements[name];
    if (!(field instanceof HTMLElement)) {
      rest.push(sentence);
      continue;
    }
    const line = document.createElement('span');
    line.className = 'field__error';
    line.id = `${field.id}-error`;
    line.textContent = sentence;
    field.after(line);
    field.setAttribute('aria-invalid', 'true');
    field.setAttribute('aria-describedby', line.id);
    first ??= field;
  }
  if (rest.length || !first) setText(slot(form, 'message'), rest.join(' ') || error.message);
  first?.focus();
}

/**
 * A <dialog> with one form. `work` gets what is filled in; the dialog closes when it is done and stays open, with the
 * server's sentence, when it is refused. Who closed it before the answer came, or opened it for somebody else, isn't disturbed
 * by it: a refusal comes as news that says whom it is about.
 * @param {string} id
 * @returns {{form: any, open: (about: string, work: (values: Record<string, string>) => Promise<unknown>) => () => boolean, dialog: any}}
 *   `open` gives what tells whether it is still open for the same
 */
export function formDialog(id) {
  const dialog = byId(id);
  const form = dialog.querySelector('form');
  const submit = slot(form, 'submit');
  /** @type {(values: Record<string, string>) => Promise<unknown>} */
  let doing = async () => {};
  let about = '';
  let opening = 0;
  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-disabled') === 'true') return;
    clearErrors(form);
    const [work, whom, mine] = [doing, about, opening];
    whileBusy(submit, () => work(valuesOf(form))).then(
      (stay) => {
        if (stay !== true && mine === opening) dialog.close();
      },
      (error) => {
        if (mine === opening || !(error instanceof Refusal)) showErrors(form, error);
        else toast(`${whom}: ${error.message}`, { bad: true });
      },
    );
  });
  dialog.addEventListener('click', (/** @type {any} */ event) => {
    if (event.target === dialog || event.target.closest('[data-close]')) dialog.close();
  });
  dialog.addEventListener('close', () => {
    opening += 1;
    for (const name of ['aria-busy', 'aria-disabled']) submit.removeAttribute(name);
  });
  return {
    dialog,
    form,
    open(whom, work) {
      [about, doing] = [whom, work];
      clearErrors(form);
      setText(slot(form, 'about'), about);
      dialog.showModal();
      const mine = opening;
      return () => mine === opening;
    },
  };
}
