/** The dialog in which the desk says whether a doctor is there. */

import { toast } from '../announce.js';
import { post } from '../api.js';
import { formDialog } from '../dialogs.js';
import { show, slot } from '../dom.js';
import { presenceText } from '../presence.js';
import { clock } from '../time.js';
import { t } from '../words.js';

/**
 * @param {any} live
 * @returns {(doctor: {id: number, name: string}, state: string) => void} opens it
 */
export function presenceDialog({ store, zone, now }) {
  const { form, open } = formDialog('presence-dialog');
  const minutes = form.elements.minutes;
  const label = () => show(slot(form, 'break'), form.elements.state.value === 'break');
  form.addEventListener('change', label);

  /** @param {{id: number, name: string}} doctor @param {Record<string, string>} values */
  const say = async (doctor, values) => {
    const length = Number(values.minutes);
    const until = values.state === 'break' && length ? new Date(now() + length * 60_000).toISOString() : undefined;
    const answer = await post(`/api/doctors/${doctor.id}/state/`, { state: values.state, ...(until && { until }), version: store.getState().doctors[doctor.id]?.version });
    const known = { id: doctor.id, name: answer.doctor.name, version: answer.version, state: answer.said, until: answer.until, valid_until: answer.valid_until };
    store.answer('doctor', known);
    toast(t('done.presence', { name: known.name, state: presenceText(known.state, known, zone) }), { about: `doctor-${doctor.id}` });
  };

  return (doctor, state) => {
    form.reset();
    // What is most likely meant stands there, so that Enter says it.
    form.elements.state.value = ['available', 'with_patient'].includes(state) ? 'break' : 'available';
    for (const option of minutes.options) {
      const length = Number(option.value);
      if (length) option.textContent = t('presence.minutes', { count: length, time: clock(now() + length * 60_000, zone) });
    }
    label();
    open(t('presence.title', { name: doctor.name }), (values) => say(doctor, values));
    form.querySelector('[name=state]:checked').focus();
  };
}
