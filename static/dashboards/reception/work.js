/** The work on one patient: find or register, then walk in or book. */

import { Refusal, get } from '../api.js';
import { actOnAppointment, whileBusy } from '../commands.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { draftValue, forgetDraft, hasDraft } from '../drafts.js';
import { clearErrors, showErrors } from '../forms.js';
import { reconcile } from '../list.js';
import { onDemand } from '../on-demand.js';
import { ACTIVE } from '../rows.js';
import { clock } from '../time.js';
import { t } from '../words.js';
import { registration } from './register.js';
import { factsOf, patientSearch } from './search.js';
import { walkIn } from './walkin.js';

/**
 * @param {any} tools
 * @returns {() => void} draws
 */
export function workArea(tools) {
  const { store, start, zone, socket } = tools;
  const booking = byId('booking');
  const purposes = /** @type {any[]} */ ([...document.querySelectorAll('[name=purpose]')]);
  const about = draftValue('patient');
  /** @type {any} */
  let patient = null;

  /** @param {any} form @param {any} button @param {() => Promise<void>} work */
  const sending = async (form, button, work) => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    clearErrors(form);
    try {
      await whileBusy(button, work);
    } catch (error) {
      showErrors(form, error);
    }
  };

  /** Ready for the next one, unless the next one is there already. @param {any} done the patient whose answer came */
  const finish = (done) => {
    if (patient !== done) return;
    choose(null);
    search.focus();
  };

  const asking = onDemand(async () => (await import('./booking.js')).bookingForm(tools, { form: booking, sending, patient: () => patient, onDone: finish }), { opens: false });
  /** @param {'load'|'restore'|'book'} what */
  const book = (what) => {
    clearErrors(booking);
    return asking(what).catch((/** @type {unknown} */ error) => showErrors(booking, error));
  };
  const walk = walkIn(tools, { form: byId('walk-in'), sending, onDone: finish });
  const search = patientSearch(byId('search'), {
    onChoose: (found) => choose(found),
    onRegister: (text) => {
      choose(null);
      register.open(text);
    },
  });
  const register = registration({ onDone: (created) => choose(created), onBack: () => search.focus() });

  const isBooking = () => purposes.some((radio) => radio.checked && radio.value === 'book');
  const showPurpose = () => {
    show(byId('walk-in'), !isBooking());
    show(booking, isBooking());
  };

  /** @param {any} found */
  const showPatient = (found) => {
    patient = found;
    show(byId('chosen'), patient !== null);
    if (patient) about.set(String(patient.id));
    else about.clear();
    if (!patient) return;
    setText(byId('chosen-name'), patient.full_name);
    setText(byId('chosen-facts'), factsOf(patient));
    byId('chosen-file').href = `/patients/${patient.id}/`;
    draw();
  };

  /** @param {any} found */
  const choose = async (found) => {
    register.close();
    clearErrors(booking);
    forgetDraft('booking');
    showPatient(found);
    if (found) asking.warm();
    const ready = walk.begin(found);
    if (!patient) return;
    if (isBooking()) book('load');
    byId('chosen-name').focus();
    await ready;
    // Meanwhile somebody may have gone on by themselves; and who is expected or here already isn't a walk-in without a thought.
    if (patient !== found || isBooking() || document.activeElement !== byId('chosen-name')) return;
    const known = byId('chosen-today');
    if (known.children.length === 0) walk.focus();
    else known.querySelector('button:not([hidden])')?.focus();
  };

  /** Go on where the page was when it was loaded anew. */
  const restore = async () => {
    if (register.restore()) return;
    const id = about.get();
    if (!id) return;
    try {
      showPatient(await get(`/api/patients/${id}/`));
    } catch {
      about.clear();
      return;
    }
    // The radio buttons outside of the forms come back by the draft of the form that is meant.
    if (hasDraft('booking')) {
      for (const radio of purposes) radio.checked = radio.value === 'book';
      showPurpose();
      await book('restore');
    }
    await walk.begin(patient, { isRestored: true });
  };

  /** What is known of the chosen patient today: nobody is put into the queue twice by accident. */
  const draw = () => {
    if (!patient) return;
    walk.draw();
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
    const asked = patient;
    try {
      await whileBusy(button, () => actOnAppointment(store, Number(button.dataset.appointment), 'check-in', {}, socket.state === 'live'));
      finish(asked);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setText(slot(byId('walk-in'), 'message'), error.message);
    }
  });

  booking.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    book('book');
  });

  for (const radio of purposes) {
    radio.addEventListener('change', () => {
      showPurpose();
      if (isBooking()) book('load');
    });
  }
  // Whoever is looked for may have to be registered next.
  byId('search').addEventListener('input', register.warm, { once: true });
  byId('chosen-close').addEventListener('click', () => finish(patient));
  restore();

  return draw;
}
