/** What a step of the doctor's asks for: a priority and its reason, another doctor, and what to do with who was called before. */

import { actOnVisit, tellStep } from '../commands.js';
import { byId, setText, show, slot } from '../dom.js';
import { formDialog } from '../reception/dialogs.js';
import { t } from '../words.js';

/** @param {any} visit */
export const whoOf = (visit) => `${visit.ticket} ${visit.patient.name}`;

/** Leave only those options that are there at the visit's clinic. @param {any} select @param {any} visit */
export function offerAt(select, visit) {
  for (const option of select.options) {
    const { clinics } = option.dataset;
    option.hidden = option.disabled = clinics !== undefined && !clinics.split(' ').includes(String(visit.clinic_id));
  }
}

/** @param {any} live */
export function dialogs({ store, start }) {
  const priority = formDialog('priority-dialog');
  const transfer = formDialog('transfer-dialog');
  const beside = byId('beside-dialog');
  /** @type {(choice: string) => void} */
  let chosen = () => {};
  beside.addEventListener('click', (/** @type {any} */ event) => {
    const button = event.target.closest('[data-choice]');
    if (button || event.target === beside || event.target.closest('[data-close]')) beside.close();
    if (button) chosen(button.dataset.choice);
  });

  return {
    /** @param {any} visit */
    async askPriority(visit) {
      priority.form.reset();
      priority.form.elements.priority.value = visit.priority;
      priority.open(whoOf(visit), async (values) => {
        const done = await actOnVisit(store, visit.id, 'priority', values);
        tellStep(store, done, { rules: start.rules.visit, text: t('done.priority', { who: whoOf(done), priority: t(`priority.${done.priority}`) }) });
      });
    },
    /** @param {any} visit */
    async askTransfer(visit) {
      const { doctor } = transfer.form.elements;
      offerAt(doctor, visit);
      doctor.value = [...doctor.options].find((option) => !option.disabled)?.value ?? '';
      transfer.open(whoOf(visit), async ({ doctor: to }) => {
        const done = await actOnVisit(store, visit.id, 'transfer', { doctor: Number(to) });
        // It is the other doctor's now, and theirs (or the desk's) to give back.
        const rules = start.role === 'doctor' ? {} : start.rules.visit;
        tellStep(store, done, { rules, text: t('done.transfer', { who: whoOf(done), doctor: done.doctor.name }) });
      });
    },
    /**
     * Somebody was called and isn't inside.
     * @param {any} visit
     * @param {boolean} canStart not while another patient is inside
     * @param {(choice: string) => void} then `start`, `skip` or `beside`
     */
    askBeside(visit, canStart, then) {
      chosen = then;
      show(beside.querySelector('[data-choice=start]'), canStart);
      setText(slot(beside, 'text'), t('beside.asks', { who: whoOf(visit) }));
      setText(beside.querySelector('[data-choice=start]'), t('beside.start', { who: whoOf(visit) }));
      if (!beside.open) beside.showModal();
    },
  };
}
