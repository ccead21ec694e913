/** The doctor's page. */

import { appointmentsOf, queueOf } from '../realtime/index.js';
import { alerts } from './alerts.js';
import { toast } from './announce.js';
import { Refusal } from './api.js';
import { actOnVisit, listen, tellStep, tellUndone } from './commands.js';
import { byId, clone, setText, show, slot } from './dom.js';
import { besideDialog } from './doctor/beside.js';
import { completeDialog } from './doctor/complete.js';
import { news } from './doctor/news.js';
import { nextArea } from './doctor/next.js';
import { pastVisits } from './doctor/past.js';
import { stateArea } from './doctor/state.js';
import { ROW_KEYS, pressInRow, shortcuts } from './keys.js';
import { reconcile } from './list.js';
import { goLive } from './live.js';
import { currentOf, fillAppointment, fillVisit, followUpText, inSections, nameRow } from './rows.js';
import { dayOf } from './time.js';
import { visitDialogs } from './visit-dialogs.js';
import { t } from './words.js';

goLive({
  kind: 'doctor',
  begin(live) {
    const { store, start, now } = live;
    const doctorId = start.doctor;
    const current = byId('current');
    const several = Object.keys(start.clinics).length > 1;
    /** The visit of the last step from here, for undo when no row is chosen. */
    let latest = 0;

    /** @param {any} clinic */
    const dayAt = (clinic) => (several ? dayOf(now(), clinic.zone) : live.date());
    /** Everything of today: each clinic has its own. @param {typeof queueOf} select */
    const today = (select) => Object.entries(start.clinics).flatMap(([id, clinic]) => select(store.getState(), { clinicId: Number(id), doctorId, date: dayAt(clinic) }));
    const queue = () => {
      const visits = today(queueOf);
      visits.sort((a, b) => a.rank - b.rank || a.queue_number - b.queue_number);
      return inSections(visits);
    };
    /** @param {any} entity */
    const about = (entity) => {
      const clinic = start.clinics[entity.clinic_id];
      // At a clinic that isn't theirs an admin may look, and no more.
      const mine = start.mine.includes(entity.clinic_id);
      return { zone: clinic.zone, clinic: clinic.name, lateAfter: clinic.lateAfter, now: now(), rules: mine ? start.rules.visit : {} };
    };

    const { askPriority, askTransfer } = visitDialogs(live);
    const next = nextArea(live, { doctorId, queue, askBeside: besideDialog(), onStep: (visit) => (latest = visit.id) });
    const state = stateArea(live, doctorId);
    const past = pastVisits(live, start.role === 'doctor');
    const ending = completeDialog(live, () => {
      live.redraw();
      // The button that opened the dialog is gone with the patient.
      const held = document.activeElement;
      if (!held || held === document.body || held.closest('dialog')) byId('call-next-button').focus();
    });
    news(live, { doctorId, isToday: (visit) => visit.date === dayAt(start.clinics[visit.clinic_id]), alert: alerts() });

    /** @param {string} verb @param {number} id @returns {Promise<unknown>} */
    const act = async (verb, id) => {
      const visit = store.getState().visits[id];
      latest = id;
      switch (verb) {
        case 'complete':
          return ending.openComplete(visit);
        case 'note':
          return ending.openNote(visit);
        case 'priority':
          return askPriority(visit);
        case 'transfer':
          return askTransfer(visit);
        default: {
          const done = await actOnVisit(store, id, verb);
          return verb === 'undo' ? tellUndone(done) : tellStep(store, done, { rules: start.rules.visit });
        }
      }
    };
    for (const place of [byId('queue-active'), byId('queue-done'), current.parentElement]) listen(place, act);

    /** A row that has the focus. Where the mouse happens to lie decides nothing here: keys are for the patient inside. */
    const isInRow = () => Boolean(document.activeElement?.closest('.rows > [data-key]'));
    /** Of the current patient, unless another row has the focus. @param {string} verb */
    const press = (verb) => (isInRow() ? pressInRow(verb) : current.hidden || current.querySelector(`[data-do="${verb}"]:not([hidden])`)?.click());
    /** The last step from here, unless another row has the focus. */
    const undo = async () => {
      const visit = store.getState().visits[latest];
      if (isInRow() || !visit) return press('undo');
      if (!start.rules.visit[visit.status]?.includes('undo')) return undefined;
      return act('undo', latest).catch((error) => {
        if (!(error instanceof Refusal)) throw error;
        toast(error.message, { bad: true });
      });
    };
    shortcuts([
      { keys: 'n', word: 'keys.call_next', run: next.press },
      { keys: 's', word: 'keys.start', run: () => press('start') },
      { keys: 'e', word: 'keys.complete', run: () => press('complete') },
      { keys: 'Control+Enter', word: 'keys.complete_dialog', run: () => press('complete') },
      { keys: 'c', word: 'keys.call', run: () => press('call') },
      { keys: 'x', word: 'keys.skip', run: () => press('skip') },
      { keys: 'r', word: 'keys.return', run: () => press('return') },
      { keys: 't', word: 'keys.transfer', run: () => press('transfer') },
      { keys: 'p', word: 'keys.priority', run: () => press('priority') },
      { keys: 'o', word: 'keys.note', run: () => press('note') },
      { keys: 'z', word: 'keys.undo', run: undo },
      { keys: 'a', word: 'keys.available', run: () => state.say('available') },
      { keys: 'b', word: 'keys.break', run: () => state.say('break') },
      { keys: 'g', word: 'keys.gone', run: () => state.say('gone') },
      ...ROW_KEYS,
    ]);

    /** @param {any} [first] who is next */
    const rows = (first) => ({
      key: (/** @type {any} */ each) => each.id,
      create: (/** @type {any} */ visit) => {
        const row = clone('visit-template');
        nameRow(row, 'visit', visit);
        return row;
      },
      update: (/** @type {any} */ row, /** @type {any} */ visit) => {
        fillVisit(row, visit, about(visit));
        row.classList.toggle('is-next', visit === first);
        show(slot(row, 'is-next'), visit === first);
        setText(slot(row, 'wish'), followUpText(visit));
        show(slot(row, 'wish'), visit.follow_up !== null);
      },
    });

    return () => {
      const { active, done, waiting } = queue();
      const patient = currentOf(active);
      // Who is shown large isn't shown twice.
      const others = active.filter((visit) => visit !== patient);

      show(current, patient !== null);
      show(byId('current-empty'), patient === null);
      if (patient) fillVisit(current, patient, about(patient));
      show(byId('note-begun'), patient?.status === 'in_progress' && ending.isBegun(patient.id));
      past.show(patient);
      state.draw(active.some((visit) => visit.status === 'in_progress'));
      next.draw();

      show(byId('queue-empty'), others.length === 0);
      reconcile(byId('queue-active'), others, rows(waiting[0]));
      show(byId('done'), done.length > 0);
      setText(byId('done-label'), t('done_count', { count: done.length }));
      reconcile(byId('queue-done'), done, rows());

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
