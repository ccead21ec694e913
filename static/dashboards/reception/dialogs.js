/** Small dialogs that ask for what a step needs: a priority and its reason, another doctor, why it is cancelled. */

import { Refusal } from '../api.js';
import { actOnAppointment, actOnVisit, whileBusy } from '../commands.js';
import { byId, setText, slot } from '../dom.js';
import { clearErrors, showErrors, valuesOf } from '../forms.js';
import { clock } from '../time.js';

/**
 * A <dialog> with one form. `work` gets what is filled in; the dialog closes when it is done and stays open, with the
 * server's sentence, when it is refused.
 * @param {string} id
 * @returns {{form: any, open: (about: string, work: (values: Record<string, string>) => Promise<unknown>) => void, dialog: any}}
 */
export function formDialog(id) {
  const dialog = byId(id);
  const form = dialog.querySelector('form');
  const submit = slot(form, 'submit');
  /** @type {(values: Record<string, string>) => Promise<unknown>} */
  let doing = async () => {};
  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    if (submit.getAttribute('aria-disabled') === 'true') return;
    clearErrors(form);
    const work = doing;
    whileBusy(submit, () => work(valuesOf(form))).then(
      (stay) => {
        if (stay !== true) dialog.close();
      },
      (error) => {
        if (error instanceof Refusal) showErrors(form, error);
        else throw error;
      },
    );
  });
  dialog.addEventListener('click', (/** @type {any} */ event) => {
    if (event.target === dialog || event.target.closest('[data-close]')) dialog.close();
  });
  return {
    dialog,
    form,
    open(about, work) {
      doing = work;
      clearErrors(form);
      setText(slot(form, 'about'), about);
      dialog.showModal();
    },
  };
}

/** @param {any} live */
export function dialogs({ store, zone }) {
  const priority = formDialog('priority-dialog');
  const transfer = formDialog('transfer-dialog');
  const cancel = formDialog('cancel-dialog');
  return {
    /** @param {any} visit */
    async askPriority(visit) {
      priority.form.reset();
      priority.form.elements.priority.value = visit.priority;
      priority.open(`${visit.ticket} ${visit.patient.name}`, (values) => actOnVisit(store, visit.id, 'priority', values));
    },
    /** @param {any} visit */
    async askTransfer(visit) {
      const { doctor } = transfer.form.elements;
      for (const option of doctor.options) option.disabled = Number(option.value) === visit.doctor.id;
      doctor.value = [...doctor.options].find((option) => !option.disabled)?.value ?? '';
      transfer.open(`${visit.ticket} ${visit.patient.name}`, ({ doctor: chosen }) => actOnVisit(store, visit.id, 'transfer', { doctor: Number(chosen) }));
    },
    /** @param {'visit'|'appointment'} kind @param {any} what */
    async askCancel(kind, what) {
      cancel.form.reset();
      const name = kind === 'visit' ? what.ticket : clock(what.start, zone);
      cancel.open(`${name} ${what.patient.name}`, (values) =>
        kind === 'visit' ? actOnVisit(store, what.id, 'cancel', values) : actOnAppointment(store, what.id, 'cancel', values),
      );
    },
  };
}
