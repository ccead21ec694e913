/** Registering a patient: the form is there at once; who looks alike, and saving, come when somebody types (registering.js). */

import { Refusal } from '../api.js';
import { whileBusy } from '../commands.js';
import { byId, show } from '../dom.js';
import { keepDraft } from '../drafts.js';
import { clearErrors, showErrors, valuesOf } from '../forms.js';
import { onDemand } from '../on-demand.js';

/**
 * @param {{onDone: (patient: any) => void, onBack: () => void}} on
 * @returns {{open: (text: string) => void, restore: () => boolean, close: () => void, warm: () => void}}
 */
export function registration({ onDone, onBack }) {
  const form = byId('register');
  const submit = byId('register-submit');
  const draft = keepDraft(form, 'register');
  /** Another number for each person: an answer for the one before is nobody's here. */
  let filling = 0;
  const close = () => {
    filling += 1;
    for (const name of ['aria-busy', 'aria-disabled']) submit.removeAttribute(name);
    show(form, false);
    form.reset();
    draft.clear();
  };
  const done = (/** @type {any} */ patient) => {
    close();
    onDone(patient);
  };
  const work = onDemand(async () => (await import('./registering.js')).registering(form, done, () => filling), { opens: false });
  const look = () =>
    work('look').catch((error) => {
      // Nobody waits for it, and saving tries again.
      if (!(error instanceof Refusal)) throw error;
    });

  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-disabled') === 'true') return;
    clearErrors(form);
    const [values, mine] = [valuesOf(form), filling];
    whileBusy(submit, () => work('save', values, mine)).catch((error) => mine === filling && showErrors(form, error));
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
