/** Booking a time for the patient who stands at the desk. */

import { toast } from '../announce.js';
import { Refusal, post } from '../api.js';
import { byId } from '../dom.js';
import { keepDraft } from '../drafts.js';
import { valuesOf } from '../forms.js';
import { clock, written } from '../time.js';
import { t } from '../words.js';
import { slotPicker } from './slots.js';

/**
 * @param {any} tools
 * @param {{form: any, sending: (form: any, button: any, work: () => Promise<void>) => Promise<void>, patient: () => any, onDone: (patient: any) => void}} on
 * @returns {(what: 'load'|'restore'|'book') => Promise<void>}
 */
export function bookingForm(tools, { form, sending, patient, onDone }) {
  const { store, start, zone } = tools;
  const draft = keepDraft(form, 'booking');
  const slots = slotPicker({ ...tools, form });

  const book = async () => {
    const { date, ...values } = valuesOf(form);
    const asked = patient();
    try {
      const made = await post('/api/appointments/', { ...values, doctor: Number(values.doctor), service: Number(values.service), patient: asked.id, clinic: start.clinic });
      store.answer('appointment', made);
      toast(t('done.book', { name: made.patient.name, time: clock(made.start, zone), date: written(made.date) }));
      onDone(asked);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'slot_taken') slots.load();
      throw error;
    }
  };

  return async (what) => {
    // Without a time there is nothing to book yet; perhaps the times couldn't be loaded.
    if (what === 'book' && form.querySelector('[name=start]:checked')) return sending(form, byId('booking-submit'), book);
    if (what === 'restore') draft.restore();
    await slots.load();
    if (what !== 'restore') return undefined;
    // Now there are the times, one of which was chosen.
    draft.restore();
    return slots.label();
  };
}
