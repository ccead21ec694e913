/** The doctor wants the patient back: book it while they stand at the desk. The first free time from that day on is offered. */

import { toast } from '../announce.js';
import { Refusal, get, post } from '../api.js';
import { actOnVisit, tellStep, whileBusy } from '../commands.js';
import { formDialog } from '../dialogs.js';
import { setAttribute, setText, slot } from '../dom.js';
import { clearErrors, showErrors } from '../forms.js';
import { followUpText } from '../rows.js';
import { clock, written } from '../time.js';
import { facts, t } from '../words.js';

/** So many days are looked through for a free time; further ahead somebody chooses by hand. */
const LOOK_AHEAD = 7;

/** The day after. @param {string} date 'YYYY-MM-DD' */
export const dayAfter = (date) => new Date(Date.parse(`${date}T12:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

/**
 * The first day from `date` on with a free time, and those of it; else the first day, with none.
 * @param {string} date
 * @param {number} days to look through
 * @param {(date: string) => Promise<any[]>} slotsOf
 */
export async function firstFree(date, days, slotsOf) {
  for (let day = date, left = days; left > 0; day = dayAfter(day), left -= 1) {
    const free = (await slotsOf(day)).filter((each) => each.available);
    if (free.length) return { date: day, free };
  }
  return { date, free: [] };
}

/**
 * @param {any} live
 * @returns {(visit: any) => Promise<void>} opens the dialog
 */
export function followUpDialog({ store, start, zone, now }) {
  const { form, open, dialog } = formDialog('follow-up-dialog');
  const { date, start: time } = form.elements;
  const submit = slot(form, 'submit');
  const never = slot(form, 'never');
  /** @type {any} */
  let visit = null;
  /** Of several questions the last one counts. */
  let asked = 0;

  const label = () => {
    setText(submit, time.value ? t('book_at', { time: clock(time.value, zone) }) : t('book'));
    setAttribute(submit, 'aria-disabled', time.value ? null : 'true');
  };
  const slotsOf = async (/** @type {string} */ day) => {
    const query = new URLSearchParams({ clinic: visit.clinic_id, service: visit.follow_up.service_id ?? visit.service.id, date: day });
    const slots = await get(`/api/doctors/${visit.doctor.id}/slots/?${query}`);
    return slots.filter((/** @type {any} */ each) => Date.parse(each.start) > now());
  };

  /** @param {string} day @param {number} days */
  const load = async (day, days) => {
    const mine = (asked += 1);
    time.replaceChildren();
    label();
    setText(slot(form, 'status'), t('loading'));
    try {
      const found = await firstFree(day, days, slotsOf);
      if (mine !== asked) return;
      date.value = found.date;
      time.replaceChildren(...found.free.map((each) => new Option(clock(each.start, zone), each.start)));
      setText(slot(form, 'status'), found.free.length ? t('slots.free', { count: found.free.length }) : t('slots.full'));
    } catch (error) {
      if (mine === asked) setText(slot(form, 'status'), error instanceof Refusal ? error.message : t('fail.load'));
    }
    label();
  };
  time.addEventListener('change', label);
  date.addEventListener('change', () => date.value && load(date.value, 1));

  const book = async () => {
    const { clinic_id: clinic, doctor, patient, follow_up: wish, service } = visit;
    try {
      const made = await post('/api/appointments/', { clinic, doctor: doctor.id, patient: patient.id, service: wish.service_id ?? service.id, start: time.value, booking_source: 'desk' });
      store.answer('appointment', made);
      toast(t('done.book', { name: made.patient.name, time: clock(made.start, zone), date: written(made.date) }));
    } catch (error) {
      if (error instanceof Refusal && error.code === 'slot_taken') load(date.value, 1);
      throw error;
    }
  };
  never.addEventListener('click', () =>
    whileBusy(never, async () => {
      clearErrors(form);
      try {
        const done = await actOnVisit(store, visit.id, 'follow-up', { follow_up: null });
        dialog.close();
        tellStep(store, done, { rules: start.rules.visit, text: t('done.no_follow_up', { name: done.patient.name }) });
      } catch (error) {
        showErrors(form, error);
      }
    }),
  );

  return async (chosen) => {
    visit = chosen;
    form.reset();
    open(facts([`${visit.ticket} ${visit.patient.name}`, followUpText(visit)]), book);
    await load(visit.follow_up.on, LOOK_AHEAD);
    time.focus();
  };
}
