/** One appointment: what it is, and what can be done with it. */

import { toast } from '../announce.js';
import { Refusal, get, post } from '../api.js';
import { actOnAppointment, tellAppointment, whileBusy } from '../commands.js';
import { byId, setText, show, slot } from '../dom.js';
import { clearErrors, showErrors, valuesOf } from '../forms.js';
import { clock, dayOf, written } from '../time.js';
import { facts, range, t } from '../words.js';

/**
 * @param {any} tools with `today()`
 * @param {{onMove: (appointment: any) => void, onOverbook: (appointment: any) => void, onClosed: (id: number) => void}} on
 */
export function appointmentDialog({ store, start, zone, now, socket, today }, { onMove, onOverbook, onClosed }) {
  const dialog = byId('appointment-dialog');
  const form = dialog.querySelector('form');
  let id = 0;
  /** Where the focus goes when it closes is someone else's. */
  let isHandedOver = false;

  const seen = () => store.getState().appointments[id];

  /** @param {any} appointment */
  const verbsOf = (appointment) => {
    const verbs = new Set(start.rules.appointment[appointment.status] ?? []);
    if (appointment.date !== today()) verbs.delete('check_in');
    if (Date.parse(appointment.start) > now()) verbs.delete('no_show');
    if (['booked', 'checked_in'].includes(appointment.status)) verbs.add('move');
    if (verbs.has('cancel') && appointment.series_id) verbs.add('cancel_following');
    if (Date.parse(appointment.start) > now()) verbs.add('overbook');
    return verbs;
  };

  const draw = () => {
    const appointment = seen();
    if (!dialog.open || !appointment) return;
    const { patient, doctor, service, notes, overbook_reason: overbooked, rescheduled } = appointment;
    setText(slot(form, 'name'), patient.name);
    const times = range(clock(appointment.start, zone), clock(appointment.end, zone));
    setText(slot(form, 'about'), facts([written(appointment.date, 'long'), times, doctor.name, service.name]));
    setText(slot(form, 'status'), t(`appointment.${appointment.status}`));
    setText(slot(form, 'notes'), facts([notes, overbooked]));
    const first = rescheduled?.[0];
    setText(slot(form, 'moves'), first ? t('calendar.move_from', { time: clock(first.from_start, zone), date: written(dayOf(first.from_start, zone)), reason: rescheduled.at(-1).reason }).replace(/:\s*$/, '') : '');
    slot(form, 'file').href = `/patients/${patient.id}/`;
    const verbs = verbsOf(appointment);
    for (const button of form.querySelectorAll('[data-do]')) show(button, verbs.has(button.dataset.do));
    show(slot(form, 'cancelling'), verbs.has('cancel'));
    show(slot(form, 'no-undo'), verbs.has('cancel_following'));
  };

  /** @param {string} verb */
  const run = async (verb) => {
    const appointment = seen();
    const { name } = appointment.patient;
    if (verb === 'cancel_following') {
      const { cancelled } = await post(`/api/appointments/${id}/cancel-following/`, { reason: valuesOf(form).reason ?? '' });
      // The line tells of each; without one they have to be asked for.
      if (socket.state !== 'live') for (const each of cancelled) store.answer('appointment', await get(`/api/appointments/${each}/`));
      toast(t('calendar.cancelled_many', { count: cancelled.length }));
      return;
    }
    const done = await actOnAppointment(store, id, verb.replace('_', '-'), verb === 'cancel' ? { reason: valuesOf(form).reason ?? '' } : {}, socket.state === 'live');
    tellAppointment(store, done, verb === 'cancel' ? t('calendar.cancelled', { name, time: clock(done.start, zone) }) : t('calendar.step', { name, status: t(`appointment.${done.status}`) }));
  };

  form.addEventListener('submit', (/** @type {Event} */ event) => event.preventDefault());
  dialog.addEventListener('click', (/** @type {any} */ event) => {
    if (event.target === dialog || event.target.closest('[data-close]')) {
      dialog.close();
      return;
    }
    const button = event.target.closest('[data-do]');
    if (!button || button.getAttribute('aria-disabled') === 'true') return;
    const verb = button.dataset.do;
    if (verb === 'move' || verb === 'overbook') {
      isHandedOver = true;
      dialog.close();
      (verb === 'move' ? onMove : onOverbook)(seen());
      return;
    }
    clearErrors(form);
    const asked = id;
    whileBusy(button, () => run(verb)).then(
      () => {
        if (id === asked) dialog.close();
      },
      (error) => {
        if (dialog.open && id === asked) showErrors(form, error);
        else if (error instanceof Refusal) toast(error.message, { bad: true });
        else throw error;
      },
    );
  });
  dialog.addEventListener('close', () => {
    if (!isHandedOver) onClosed(id);
  });

  return {
    draw,
    /** @param {any} appointment */
    open(appointment) {
      ({ id } = appointment);
      isHandedOver = false;
      form.reset();
      clearErrors(form);
      slot(form, 'cancelling').open = false;
      dialog.showModal();
      draw();
      slot(form, 'name').focus();
      // Events leave out the notes and the series.
      get(`/api/appointments/${id}/`).then(
        (found) => store.answer('appointment', found),
        (error) => showErrors(form, error),
      );
    },
  };
}
