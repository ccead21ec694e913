/** What the buttons of rows do, wherever the row stands: in the queue, among the appointments, in the strip above them. */

import { queueOf } from '../../realtime/index.js';
import { toast } from '../announce.js';
import { actOnAppointment, actOnVisit, tellAppointment, tellStep, tellUndone, whoOf } from '../commands.js';
import { awayText } from '../presence.js';
import { inSections } from '../rows.js';
import { t } from '../words.js';
import { dropBefore, stepFrom } from './moves.js';

/** @type {Record<string, string>} */
const DONE = { check_in: 'done.check_in', no_show: 'done.no_show' };

/** So soon after a call nobody has seen what it did: a key that bounces isn't a second one. */
const BOUNCE = 500;

/** @param {any} tools */
export function steps(tools) {
  const { store, start, socket, zone } = tools;
  const rules = start.rules.visit;
  const visitOf = (/** @type {number} */ id) => store.getState().visits[id];

  /** Who is in a doctor's queue. @param {number} doctorId */
  const queueFor = (doctorId) => inSections(queueOf(store.getState(), { clinicId: start.clinic, doctorId, date: tools.date() }));
  const waitingWith = (/** @type {number} */ id) => queueFor(visitOf(id).doctor.id).waiting;

  /**
   * Whoever is seen to be next, and bound to that: in two windows at once it calls one patient, not two. With somebody called
   * who hasn't come yet it asks first.
   * @param {number} doctorId
   * @param {boolean} [anyway]
   */
  const callNext = async (doctorId, anyway = false) => {
    const { active, waiting } = queueFor(doctorId);
    const called = active.find((visit) => visit.status === 'called');
    if (waiting.length === 0) return toast(t('queue.empty'));
    if (called && !anyway) {
      const run = () => tools.atRow(waiting[0].id, () => callNext(doctorId, true));
      return toast(t('called_already', { who: whoOf(called) }), { about: `doctor-${doctorId}`, action: { label: t('call_next_anyway'), run } });
    }
    return call(waiting[0]);
  };

  /** When somebody was called in last. @type {Map<number, number>} by doctor */
  const calls = new Map();

  /**
   * The doctor is available with a call, so who is gone or on a break is asked about first.
   * @param {any} visit
   * @param {boolean} [anyway]
   */
  const call = async (visit, anyway = false) => {
    const { id } = visit.doctor;
    const away = anyway ? '' : awayText(store.getState().doctors[id], store.now(), zone);
    if (away) return tools.askAway(visit, away, () => tools.atRow(visit.id, () => call(visit, true)));
    if (performance.now() - (calls.get(id) ?? -Infinity) < BOUNCE) return undefined;
    calls.set(id, performance.now());
    try {
      return tellStep(store, await actOnVisit(store, visit.id, 'call'), { rules });
    } catch (error) {
      // What was refused, or not answered, may be asked for again at once.
      calls.delete(id);
      throw error;
    }
  };

  /** @param {number} id @param {{after: number|null, rank: number}|null} place null: nothing to do */
  const move = async (id, place) => {
    if (!place) return;
    const moved = await actOnVisit(store, id, 'move', { after: place.after }, { rank: place.rank });
    tellStep(store, moved, { rules, text: t('done.move', { who: whoOf(moved) }) });
  };

  /** @param {string} verb @param {number} id @returns {Promise<unknown>} */
  const stepOfVisit = async (verb, id) => {
    const visit = visitOf(id);
    switch (verb) {
      case 'call':
        return call(visit);
      case 'up':
        return move(id, stepFrom(waitingWith(id), id, -1));
      case 'down':
        return move(id, stepFrom(waitingWith(id), id, 1));
      case 'pay':
        return tools.openPayment(id, whoOf(visit));
      case 'history':
        return tools.openHistory(id, whoOf(visit));
      case 'follow_up':
        return tools.bookFollowUp(visit);
      case 'priority':
        return tools.askPriority(visit);
      case 'transfer':
        return tools.askTransfer(visit);
      case 'cancel':
        return tools.askCancel('visit', visit);
      default: {
        const done = await actOnVisit(store, id, verb);
        return verb === 'undo' ? tellUndone(done) : tellStep(store, done, { rules });
      }
    }
  };

  /** @param {string} verb @param {number} id @returns {Promise<unknown>} */
  const stepOfAppointment = async (verb, id) => {
    const appointment = store.getState().appointments[id];
    if (verb === 'pay') return tools.openPayment(appointment.visit_id, appointment.patient.name);
    if (verb === 'history') return tools.openHistory(appointment.visit_id, appointment.patient.name);
    if (verb === 'cancel') return tools.askCancel('appointment', appointment);
    const done = await actOnAppointment(store, id, verb.replace('_', '-'), {}, socket.state === 'live');
    return tellAppointment(store, done, t(DONE[verb], { name: done.patient.name }));
  };

  return { stepOfVisit, stepOfAppointment, callNext, moveBefore: (/** @type {number} */ id, /** @type {number|null} */ before) => move(id, dropBefore(waitingWith(id), id, before)) };
}
