/** The dialog that books a time: a patient, a service, perhaps every week, perhaps although the doctor is taken. */

import { toast } from '../announce.js';
import { Refusal, get, post } from '../api.js';
import { whileBusy } from '../commands.js';
import { byId, setText, show } from '../dom.js';
import { draftValue, keepDraft } from '../drafts.js';
import { clearErrors, showErrors, valuesOf } from '../forms.js';
import { registration } from '../reception/register.js';
import { factsOf, patientSearch } from '../reception/search.js';
import { suggestService } from '../reception/suggest.js';
import { clock, written } from '../time.js';
import { t } from '../words.js';

/** @typedef {{doctorId: number, doctorName: string, date: string, start: number, until: number, isOverbooked: boolean}} Place */

/**
 * @param {any} tools
 * @param {(appointment: any) => void} onDone
 */
export function bookingDialog({ store, start, zone }, onDone) {
  const dialog = byId('book-dialog');
  const form = byId('book-form');
  const submit = byId('book-submit');
  const conflicts = byId('book-conflicts');
  const { services } = start.calendar;
  const draft = keepDraft(form, 'calendar-booking');
  const about = draftValue('calendar-place');
  /** @type {Place} */
  let place;
  /** @type {any} */
  let patient = null;

  const forgetConflicts = () => show(conflicts, false);

  /** @param {any} found */
  const choose = (found) => {
    patient = found;
    register.close();
    show(byId('book-find'), patient === null);
    show(byId('book-chosen'), patient !== null);
    show(form, true);
    clearErrors(form);
    forgetConflicts();
    submit.setAttribute('aria-disabled', String(patient === null));
    if (!patient) {
      search.clear();
      search.focus();
      return;
    }
    about.set(JSON.stringify({ ...place, patient: patient.id }));
    setText(byId('book-name'), patient.full_name);
    setText(byId('book-facts'), factsOf(patient));
    // It says what it books; the service is one step back.
    submit.focus();
  };
  const search = patientSearch(byId('book-search'), {
    onChoose: choose,
    onRegister: (text) => {
      show(byId('book-find'), false);
      show(form, false);
      register.open(text);
    },
  });
  const register = registration({ onDone: choose, onBack: () => choose(null) });

  /** Those that don't fit can be seen, and why they can't be chosen. */
  const offerServices = () => {
    const free = place.isOverbooked ? Infinity : (place.until - place.start) / 60_000;
    form.elements.service.replaceChildren(
      ...services.map((/** @type {any} */ service) => {
        const option = document.createElement('option');
        option.value = String(service.id);
        option.disabled = service.minutes > free;
        option.textContent = option.disabled
          ? t('calendar.too_long', { name: service.name, minutes: service.minutes })
          : t('calendar.until', { name: service.name, time: clock(place.start + service.minutes * 60_000, zone) });
        return option;
      }),
    );
    const fitting = services.filter((/** @type {any} */ service) => service.minutes <= free).map((/** @type {any} */ service) => service.id);
    const suggested = suggestService(fitting, null, Object.values(store.getState().appointments), place.doctorId);
    form.elements.service.value = suggested ? String(suggested.id) : '';
  };

  const drawForm = () => {
    const service = services.find((/** @type {any} */ each) => each.id === Number(form.elements.service.value));
    setText(submit, service ? t('calendar.book', { time: clock(place.start, zone), service: service.name }) : t('book'));
    const { interval_weeks: every } = form.elements;
    show(every.closest('.field'), !place.isOverbooked);
    show(byId('book-count-field'), every.value !== '');
  };

  /** @param {boolean} skip the dates that can't be booked */
  const send = async (skip) => {
    if (!patient) return;
    const asked = place;
    clearErrors(form);
    forgetConflicts();
    const { interval_weeks: every, count, overbook_reason: reason, ...values } = valuesOf(form);
    const body = { ...values, clinic: start.clinic, doctor: place.doctorId, patient: patient.id, service: Number(values.service), start: new Date(place.start).toISOString() };
    try {
      if (every) {
        const made = await post('/api/appointments/series/', { ...body, interval_weeks: Number(every), count: Number(count), skip_conflicts: skip });
        for (const each of made.appointments) store.answer('appointment', each);
        finish(asked, made.appointments[0], t('calendar.done_series', { name: patient.full_name, count: made.appointments.length }));
      } else {
        const made = await post('/api/appointments/', place.isOverbooked ? { ...body, overbook: true, overbook_reason: reason ?? '' } : body);
        store.answer('appointment', made);
        finish(asked, made, t('done.book', { name: made.patient.name, time: clock(made.start, zone), date: written(made.date) }));
      }
    } catch (error) {
      if (place !== asked) {
        if (!(error instanceof Refusal)) throw error;
        toast(error.message, { bad: true });
      } else if (error instanceof Refusal && error.code === 'series_conflict') showConflicts(error.body.conflicts);
      else {
        showErrors(form, error);
        if (place.isOverbooked || !(error instanceof Refusal) || error.code !== 'slot_taken') return;
        // An admin may go on all the same, with a reason.
        if (byId('book-overbook')) setOverbooked(true);
      }
    }
  };

  /** @param {boolean} is */
  const setOverbooked = (is) => {
    place.isOverbooked = is;
    show(byId('book-overbook'), is);
    if (is) form.elements.interval_weeks.value = '';
    drawForm();
  };

  /** @param {any[]} all */
  const showConflicts = (all) => {
    setText(byId('book-conflicts-text'), t('calendar.conflicts'));
    byId('book-conflicts-list').replaceChildren(
      ...all.map(({ date, start: at, detail }) => {
        const row = document.createElement('li');
        row.textContent = `${written(date)}: ${at === null ? t('calendar.no_such_time') : detail}`;
        return row;
      }),
    );
    show(byId('book-rest'), all.length < Number(form.elements.count.value));
    show(conflicts, true);
    byId('book-conflicts-text').focus();
  };

  /** @param {Place} asked the dialog may be open for another one by now @param {any} made @param {string} text */
  const finish = (asked, made, text) => {
    if (place === asked) dialog.close();
    toast(text);
    onDone(made);
  };

  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!patient) search.focus();
    else whileBusy(submit, () => send(false));
  });
  byId('book-rest').addEventListener('click', (/** @type {any} */ event) => whileBusy(event.currentTarget, () => send(true)));
  form.addEventListener('change', () => {
    drawForm();
    forgetConflicts();
  });
  byId('book-other').addEventListener('click', () => choose(null));
  dialog.addEventListener('click', (/** @type {any} */ event) => {
    if (event.target === dialog || event.target.closest('[data-close]')) dialog.close();
  });
  dialog.addEventListener('close', () => {
    draft.clear();
    about.clear();
    register.close();
  });

  /** @param {Place} at @param {any} [whom] */
  const open = (at, whom = null) => {
    place = at;
    about.set(JSON.stringify(at));
    form.reset();
    setText(byId('book-about'), t('calendar.book_title', { time: clock(at.start, zone), date: written(at.date, 'long'), doctor: at.doctorName }));
    if (byId('book-overbook')) show(byId('book-overbook'), at.isOverbooked);
    offerServices();
    drawForm();
    dialog.showModal();
    choose(whom);
  };

  return {
    open,
    /** What was half filled in before the page was loaded anew. */
    async restore() {
      const held = about.get();
      if (!held) return;
      const { patient: whom, ...at } = JSON.parse(held);
      // Without an answer the patient has to be found again, and the rest is there.
      open(at, whom ? await get(`/api/patients/${whom}/`).catch(() => null) : null);
      draft.restore();
      drawForm();
      if (!whom && register.restore()) {
        show(byId('book-find'), false);
        show(form, false);
      }
    },
  };
}
