/** The doctor's page. */

import { appointmentsOf, queueOf } from '../realtime/index.js';
import { actOnVisit, complain, hush, listen, tellStep, whileBusy } from './commands.js';
import { byId, clone, setText, show } from './dom.js';
import { pastVisits } from './doctor/past.js';
import { post } from './api.js';
import { ROW_KEYS, currentRow, pressInRow, shortcuts } from './keys.js';
import { reconcile } from './list.js';
import { goLive } from './live.js';
import { currentOf, fillAppointment, fillVisit, inSections, nameRow } from './rows.js';
import { dayOf } from './time.js';
import { t } from './words.js';

goLive({
  kind: 'doctor',
  begin(live) {
    const { store, start, now } = live;
    const doctorId = start.doctor;
    const past = pastVisits(live);
    const current = byId('current');
    const callNext = byId('call-next');
    const nextButton = byId('call-next-button');
    const several = Object.keys(start.clinics).length > 1;

    /** Everything of today: each clinic has its own. @param {typeof queueOf} select */
    const today = (select) =>
      Object.entries(start.clinics).flatMap(([id, clinic]) =>
        select(store.getState(), { clinicId: Number(id), doctorId, date: several ? dayOf(now(), clinic.zone) : live.date() }),
      );
    /** @param {any} entity */
    const about = (entity) => {
      const clinic = start.clinics[entity.clinic_id];
      // At a clinic that isn't theirs an admin may look, and no more.
      const mine = start.mine.includes(entity.clinic_id);
      return { zone: clinic.zone, clinic: clinic.name, lateAfter: clinic.lateAfter, now: now(), rules: mine ? start.rules.visit : {} };
    };

    for (const place of [byId('queue-active'), byId('queue-done'), current.parentElement]) {
      listen(place, (verb, id) =>
        actOnVisit(store, id, verb).then((done) => done && verb !== 'undo' && tellStep(store, done, { rules: start.rules.visit })),
      );
    }
    /** Of the current patient, unless another row has the focus. @param {string} verb */
    const press = (verb) => (currentRow() ? pressInRow(verb) : current.querySelector(`[data-do="${verb}"]:not([hidden])`)?.click());
    shortcuts([
      { keys: 'n', word: 'keys.call_next', run: () => nextButton.click() },
      { keys: 's', word: 'keys.start', run: () => press('start') },
      { keys: 'e', word: 'keys.complete', run: () => press('complete') },
      { keys: 'c', word: 'keys.call', run: () => press('call') },
      { keys: 'x', word: 'keys.skip', run: () => press('skip') },
      { keys: 'z', word: 'keys.undo', run: () => press('undo') },
      ...ROW_KEYS,
    ]);
    callNext.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      if (nextButton.getAttribute('aria-disabled') === 'true') return;
      hush(callNext);
      whileBusy(nextButton, () => post(`/api/queue/doctors/${doctorId}/call-next/`))
        .then(
          (visit) => visit && store.answer('visit', visit),
          (error) => complain(callNext, error),
        )
        .finally(live.redraw);
    });

    const rows = {
      key: (/** @type {any} */ each) => each.id,
      create: (/** @type {any} */ visit) => {
        const row = clone('visit-template');
        nameRow(row, 'visit', visit);
        return row;
      },
      update: (/** @type {any} */ row, /** @type {any} */ visit) => fillVisit(row, visit, about(visit)),
    };

    return () => {
      const visits = today(queueOf);
      visits.sort((a, b) => a.rank - b.rank || a.queue_number - b.queue_number);
      const { active, done, waiting } = inSections(visits);
      const patient = currentOf(active);
      // Who is shown large isn't shown twice.
      const others = active.filter((visit) => visit !== patient);

      show(current, patient !== null);
      show(byId('current-empty'), patient === null);
      if (patient) fillVisit(current, patient, about(patient));
      past.show(patient);

      nextButton.classList.toggle('button--primary', patient === null);
      if (nextButton.getAttribute('aria-busy') !== 'true') nextButton.setAttribute('aria-disabled', String(waiting.length === 0));
      setText(byId('waiting-count'), t('waiting_count', { count: waiting.length }));
      show(byId('queue-empty'), others.length === 0);
      reconcile(byId('queue-active'), others, rows);
      show(byId('done'), done.length > 0);
      setText(byId('done-label'), t('done_count', { count: done.length }));
      reconcile(byId('queue-done'), done, rows);

      const appointments = today(appointmentsOf);
      appointments.sort((a, b) => Date.parse(a.start) - Date.parse(b.start) || a.id - b.id);
      show(byId('appointments-empty'), appointments.length === 0);
      reconcile(byId('appointment-list'), appointments, {
        key: (each) => each.id,
        create: (each) => {
          const row = clone('appointment-template');
          nameRow(row, 'appointment', each);
          return row;
        },
        update: (row, each) => fillAppointment(row, each, { ...about(each), rules: {}, visit: each.visit_id === null ? undefined : store.getState().visits[each.visit_id] }),
      });
    };
  },
});
