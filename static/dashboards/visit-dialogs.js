/** What a step of a visit asks for on every page that has it: a priority and its reason, another doctor. */

import { actOnVisit, tellStep, whoOf } from './commands.js';
import { formDialog } from './dialogs.js';
import { t } from './words.js';

/** Leave only those options that are there at the visit's clinic. @param {any} select @param {any} visit */
export function offerAt(select, visit) {
  for (const option of select.options) {
    const { clinics } = option.dataset;
    option.hidden = option.disabled = clinics !== undefined && !clinics.split(' ').includes(String(visit.clinic_id));
  }
}

/** @param {any} live */
export function visitDialogs({ store, start }) {
  const priority = formDialog('priority-dialog');
  const transfer = formDialog('transfer-dialog');
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
      offerAt(doctor, visit);
      for (const option of doctor.options) option.disabled ||= Number(option.value) === visit.doctor.id;
      doctor.value = [...doctor.options].find((option) => !option.disabled)?.value ?? '';
      transfer.open(whoOf(visit), async ({ doctor: chosen }) => {
        const to = { id: Number(chosen), name: doctor.selectedOptions[0]?.textContent ?? '' };
        // From a doctor's own page the row will go; not before the dialog, which gives the focus back to it.
        const done = await actOnVisit(store, visit.id, 'transfer', { doctor: to.id }, start.doctor ? null : { doctor: to });
        // It is the other doctor's now, and theirs (or the desk's) to give back.
        tellStep(store, done, { rules: start.role === 'doctor' ? {} : rules, text: t('done.transfer', { who: whoOf(done), doctor: done.doctor.name }) });
      });
    },
  };
}
