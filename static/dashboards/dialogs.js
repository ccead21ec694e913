/** A <dialog> with a form, sent by fetch. */

import { toast } from './announce.js';
import { Refusal } from './api.js';
import { whileBusy } from './commands.js';
import { byId, setText, slot } from './dom.js';
import { clearErrors, showErrors, valuesOf } from './forms.js';

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
      // Also where it stands open for somebody else.
      opening += 1;
      [about, doing] = [whom, work];
      clearErrors(form);
      setText(slot(form, 'about'), about);
      if (!dialog.open) dialog.showModal();
      const mine = opening;
      return () => mine === opening;
    },
  };
}
