/** Forms that are sent by fetch, in the page or in a dialog of their own (dialogs.js): what was refused stands by its field. */

import { Refusal } from './api.js';
import { setText, slot } from './dom.js';

/** @param {any} form @returns {Record<string, string>} what is filled in, trimmed; empty fields left out */
export function valuesOf(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]).filter(([, value]) => value !== ''));
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
