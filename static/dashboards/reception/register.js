/** Registering a patient: the form is there at once; who looks alike, and saving, come when somebody types (registering.js). */

import { Refusal } from '../api.js';
import { whileBusy } from '../commands.js';
import { byId, show } from '../dom.js';
import { keepDraft } from '../drafts.js';
import { clearErrors, showErrors } from '../forms.js';
import { onDemand } from '../on-demand.js';

/**
 * @param {{onDone: (patient: any) => void, onBack: () => void}} on
 * @returns {{open: (text: string) => void, restore: () => boolean, close: () => void, warm: () => void}}
 */
export function registration({ onDone, onBack }) {
  const form = byId('register');
  const submit = byId('register-submit');
  const draft = keepDraft(form, 'register');
  const close = () => {
    show(form, false);
    form.reset();
    draft.clear();
  };
  const work = onDemand(async () =>
    (await import('./registering.js')).registering(form, (patient) => {
      close();
      onDone(patient);
    }),
  );
  const look = () =>
    work('look').catch((error) => {
      // Nobody waits for it, and saving tries again.
      if (!(error instanceof Refusal)) throw error;
    });

  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-disabled') === 'true') return;
    clearErrors(form);
    whileBusy(submit, () => work('save')).catch((error) => showErrors(form, error));
  });
  byId('register-close').addEventListener('click', () => {
    close();
    onBack();
  });

  return {
    open(text) {
      form.reset();
      clearErrors(form);
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
    close,
    warm: work.warm,
  };
}
