/** Registering a patient; who looks like somebody already there is shown first. */

import { Refusal, post } from '../api.js';
import { whileBusy } from '../commands.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { clearErrors, showErrors, valuesOf } from '../forms.js';
import { t } from '../words.js';
import { factsOf } from './search.js';

/**
 * @param {{onDone: (patient: any) => void, onBack: () => void}} on
 * @returns {{open: (text: string) => void, close: () => void}}
 */
export function registration({ onDone, onBack }) {
  const form = byId('register');
  const duplicates = byId('register-duplicates');

  const close = () => {
    show(form, false);
    show(duplicates, false);
  };

  /** @param {any} patient */
  const done = (patient) => {
    close();
    form.reset();
    onDone(patient);
  };

  /** @param {Refusal} refusal */
  const showCandidates = (refusal) => {
    setText(byId('register-duplicates-text'), refusal.message);
    byId('register-candidates').replaceChildren(
      ...refusal.body.candidates.map((/** @type {any} */ candidate) => {
        const row = clone('candidate-template');
        slot(row, 'name').textContent = candidate.full_name;
        slot(row, 'facts').textContent = `${factsOf(candidate)} · ${t('why.same', { why: candidate.why.replace(/^same /, '') })}`;
        slot(row, 'use').addEventListener('click', () => done(candidate));
        return row;
      }),
    );
    show(duplicates, true);
    byId('register-duplicates-text').focus();
  };

  /** @param {any} button @param {boolean} force */
  const send = async (button, force) => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    clearErrors(form);
    try {
      const patient = await whileBusy(button, () => post(`/api/patients/${force ? '?force=true' : ''}`, valuesOf(form)));
      if (patient) done(patient);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'possible_duplicate') showCandidates(error);
      else showErrors(form, error);
    }
  };

  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    send(byId('register-submit'), false);
  });
  // Other facts may be another person: ask again.
  form.addEventListener('input', () => show(duplicates, false));
  byId('register-anyway').addEventListener('click', (/** @type {any} */ event) => send(event.currentTarget, true));
  byId('register-close').addEventListener('click', () => {
    close();
    onBack();
  });

  return {
    open(text) {
      form.reset();
      clearErrors(form);
      show(duplicates, false);
      show(form, true);
      // What was typed is a phone number or a name.
      const isPhone = /^[+\d][\d\s()/.-]{4,}$/.test(text);
      form.elements[isPhone ? 'phone' : 'full_name'].value = text;
      form.elements[isPhone || !text ? 'full_name' : 'phone'].focus();
    },
    close,
  };
}
