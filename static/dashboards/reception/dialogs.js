/** Small dialogs that ask for what a step needs: a priority and its reason, another doctor, why it is cancelled. */

import { Refusal } from '../api.js';
import { actOnAppointment, actOnVisit, tellAppointment, tellStep, whileBusy, whoOf } from '../commands.js';
import { byId, setText, slot } from '../dom.js';
import { clearErrors, showErrors, valuesOf } from '../forms.js';
import { clock } from '../time.js';
import { t } from '../words.js';

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
export function dialogs({ store, start, zone }) {
  const priority = formDialog('priority-dialog');
  const transfer = formDialog('transfer-dialog');
  const cancel = formDialog('cancel-dialog');
  const rules = start.rules.visit;
  return {
    /** @param {any} visit */
    async askPriority(visit) {
      priority.form.reset();
      priority.form.elements.priority.value = visit.priority;
      priority.open(whoOf(visit), async (values) => {
        const done = await actOnVisit(store, visit.id, 'priority', values);
        tellStep(store, done, { rules, text: t('done.priority', { who: whoOf(done), priority: t(`priority.${done.priority}`) }) });
      });
    },
    /** @param {any} visit */
    async askTransfer(visit) {
      const { doctor } = transfer.form.elements;
      for (const option of doctor.options) option.disabled = Number(option.value) === visit.doctor.id;
      doctor.value = [...doctor.options].find((option) => !option.disabled)?.value ?? '';
      transfer.open(whoOf(visit), async ({ doctor: chosen }) => {
        const to = { id: Number(chosen), name: doctor.selectedOptions[0]?.textContent ?? '' };
        const done = await actOnVisit(store, visit.id, 'transfer', { doctor: to.id }, { doctor: to });
        tellStep(store, done, { rules, text: t('done.transfer', { who: whoOf(done), doctor: done.doctor.name }) });
      });
    },
    /** @param {'visit'|'appointment'} kind @param {any} what */
    async askCancel(kind, what) {
      cancel.form.reset();
      const about = kind === 'visit' ? whoOf(what) : `${clock(what.start, zone)} ${what.patient.name}`;
      cancel.open(about, async (values) => {
        if (kind === 'visit') tellStep(store, await actOnVisit(store, what.id, 'cancel', values), { rules });
        else tellAppointment(store, await actOnAppointment(store, what.id, 'cancel', values), t('done.cancel', { name: about }));
      });
    },
  };
}
