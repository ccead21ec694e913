/** The work on one patient: find or register, then walk in or book. */

import { toast } from '../announce.js';
import { Refusal, post } from '../api.js';
import { actOnAppointment, whileBusy } from '../commands.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { clearErrors, showErrors, valuesOf } from '../forms.js';
import { reconcile } from '../list.js';
import { ACTIVE } from '../rows.js';
import { clock, written } from '../time.js';
import { t } from '../words.js';
import { registration } from './register.js';
import { factsOf, patientSearch } from './search.js';
import { slotPicker } from './slots.js';

/**
 * @param {any} tools
 * @returns {() => void} draws
 */
export function workArea(tools) {
  const { store, start, zone, socket } = tools;
  const walkIn = byId('walk-in');
  const booking = byId('booking');
  /** @type {any} */
  let patient = null;

  const slots = slotPicker({ ...tools, form: booking });
  const search = patientSearch({
    onChoose: (found) => choose(found),
    onRegister: (text) => {
      choose(null);
      register.open(text);
    },
  });
  const register = registration({ onDone: (created) => choose(created), onBack: () => search.focus() });

  /** @param {any} found */
  const choose = (found) => {
    patient = found;
    register.close();
    show(byId('chosen'), patient !== null);
    clearErrors(walkIn);
    clearErrors(booking);
    if (!patient) return;
    setText(byId('chosen-name'), patient.full_name);
    setText(byId('chosen-facts'), factsOf(patient));
    draw();
    if (!booking.hidden) slots.load();
    byId('chosen-name').focus();
  };

  /** What is known of the chosen patient today: nobody is put into the queue twice by accident. */
  const draw = () => {
    if (!patient) return;
    const { visits, appointments } = store.getState();
    const here = (/** @type {any} */ each) => each.patient.id === patient.id && each.clinic_id === start.clinic && each.date === tools.date();
    const queued = Object.values(visits).filter((visit) => here(visit) && ACTIVE.includes(visit.status));
    const booked = Object.values(appointments).filter((each) => here(each) && each.status === 'booked');
    const facts = [
      ...queued.map((visit) => ({ key: `v${visit.id}`, id: 0, text: t('here.queue', { ticket: visit.ticket, doctor: visit.doctor.name, status: t(`visit.${visit.status}`) }) })),
      ...booked.map((each) => ({ key: `a${each.id}`, id: each.id, text: t('here.booked', { time: clock(each.start, zone), doctor: each.doctor.name }) })),
    ];
    reconcile(byId('chosen-today'), facts, {
      key: (fact) => fact.key,
      create: () => clone('today-template'),
      update: (row, fact) => {
        setText(slot(row, 'text'), fact.text);
        show(slot(row, 'button'), fact.id > 0);
        slot(row, 'button').dataset.appointment = String(fact.id);
      },
    });
  };

  byId('chosen-today').addEventListener('click', async (/** @type {any} */ event) => {
    const button = event.target.closest('button');
    if (!button || button.getAttribute('aria-disabled') === 'true') return;
    try {
      await whileBusy(button, () => actOnAppointment(store, Number(button.dataset.appointment), 'check-in', {}, socket.state === 'live'));
      finish();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setText(slot(walkIn, 'message'), error.message);
    }
  });

  /** Ready for the next one. */
  const finish = () => {
    choose(null);
    walkIn.elements.priority.value = 'normal';
    search.focus();
  };

  /** @param {any} form @param {any} button @param {() => Promise<void>} work */
  const send = async (form, button, work) => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    clearErrors(form);
    try {
      await whileBusy(button, work);
    } catch (error) {
      showErrors(form, error);
    }
  };

  walkIn.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    send(walkIn, walkIn.querySelector('button'), async () => {
      const visit = await post('/api/visits/', { ...numbers(valuesOf(walkIn), 'doctor', 'service'), patient: patient.id, clinic: start.clinic });
      store.answer('visit', visit);
      tools.ours.add(visit.id);
      toast(t('done.walk_in', { ticket: visit.ticket, name: visit.patient.name }));
      finish();
    });
  });

  booking.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    send(booking, byId('booking-submit'), async () => {
      const { date, ...values } = valuesOf(booking);
      try {
        const made = await post('/api/appointments/', { ...numbers(values, 'doctor', 'service'), patient: patient.id, clinic: start.clinic });
        store.answer('appointment', made);
        toast(t('done.book', { name: made.patient.name, time: clock(made.start, zone), date: written(made.date) }));
        finish();
      } catch (error) {
        if (error instanceof Refusal && error.code === 'slot_taken') slots.load();
        throw error;
      }
    });
  });

  for (const radio of document.querySelectorAll('[name=purpose]')) {
    radio.addEventListener('change', (/** @type {any} */ event) => {
      const isBooking = event.target.value === 'book';
      show(walkIn, !isBooking);
      show(booking, isBooking);
      if (isBooking) slots.load();
    });
  }
  byId('chosen-close').addEventListener('click', finish);

  return draw;
}

/** @param {Record<string, any>} values @param {string[]} names */
function numbers(values, ...names) {
  return { ...values, ...Object.fromEntries(names.map((name) => [name, Number(values[name])])) };
}
