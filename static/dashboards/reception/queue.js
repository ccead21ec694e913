/** The queue of the clinic, a section for each doctor. */

import { queueOf } from '../../realtime/index.js';
import { actOnVisit, listen, tellStep } from '../commands.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { reconcile } from '../list.js';
import { fillVisit, inSections, nameRow } from '../rows.js';
import { t } from '../words.js';

const OWING = ['pending', 'partially_paid'];

/**
 * @param {any} tools
 * @returns {() => void} draws
 */
export function queueArea(tools) {
  const { store, start, zone } = tools;
  const container = byId('queue-sections');
  const clinicId = start.clinic;
  /** Names of the doctors whose section stays, with or without patients. @type {Map<number, string>} */
  const doctors = new Map([...container.children].map((section) => [Number(section.dataset.key), slot(section, 'name').textContent]));

  const visitsOf = (/** @type {number} */ doctorId) => queueOf(store.getState(), { clinicId, doctorId, date: tools.date() });

  /** The neighbours of one who waits: a move up is one behind the last but one. @param {number} id @param {number} step */
  const move = (id, step) => {
    const { doctor } = store.getState().visits[id];
    const { waiting } = inSections(visitsOf(doctor.id));
    const index = waiting.findIndex((visit) => visit.id === id);
    const target = step < 0 ? waiting[index - 2] : waiting[index + 1];
    return actOnVisit(store, id, 'move', { after: target?.id ?? null });
  };

  listen(container, (verb, id) => {
    const visit = store.getState().visits[id];
    switch (verb) {
      case 'up':
        return move(id, -1);
      case 'down':
        return move(id, 1);
      case 'pay':
        return tools.openPayment(visit.id, `${visit.ticket} ${visit.patient.name}`);
      case 'follow_up':
        return tools.bookFollowUp(visit);
      case 'priority':
        return tools.askPriority(visit);
      case 'transfer':
        return tools.askTransfer(visit);
      case 'cancel':
        return tools.askCancel('visit', visit);
      default:
        return actOnVisit(store, id, verb).then((done) => done && verb !== 'undo' && tellStep(store, done, { rules: start.rules.visit }));
    }
  });

  return () => {
    const all = queueOf(store.getState(), { clinicId, date: tools.date() });
    for (const { doctor } of all) doctors.set(doctor.id, doctor.name);
    const sections = [...doctors].map(([id, name]) => ({ id, name, visits: all.filter((visit) => visit.doctor.id === id) }));
    sections.sort((a, b) => a.name.localeCompare(b.name) || a.id - b.id);
    show(byId('queue-no-doctors'), sections.length === 0);
    reconcile(container, sections, {
      key: (section) => section.id,
      create: ({ id }) => {
        const element = clone('section-template');
        slot(element, 'name').id = `doctor-${id}`;
        element.setAttribute('aria-labelledby', `doctor-${id}`);
        element.querySelector('[data-list=active]').setAttribute('aria-labelledby', `doctor-${id}`);
        return element;
      },
      update: (element, { name, visits }) => {
        const { active, done, waiting } = inSections(visits);
        const wishes = done.filter((visit) => visit.follow_up && visit.follow_up.appointment_id === null).length;
        const owing = done.filter((visit) => visit.status === 'completed' && OWING.includes(visit.payment_status)).length;
        setText(slot(element, 'name'), name);
        setText(slot(element, 'waiting'), t('waiting_count', { count: waiting.length }));
        show(slot(element, 'empty'), active.length === 0);
        show(slot(element, 'done'), done.length > 0);
        setText(slot(element, 'done-label'), t('done_count', { count: done.length }));
        setText(slot(element, 'unpaid'), t('unpaid_count', { count: owing }));
        show(slot(element, 'unpaid'), owing > 0);
        setText(slot(element, 'wishes'), t('follow_up.count', { count: wishes }));
        show(slot(element, 'wishes'), wishes > 0);
        const how = {
          key: (/** @type {any} */ visit) => visit.id,
          create: (/** @type {any} */ visit) => {
            const row = clone('visit-template');
            nameRow(row, 'visit', visit);
            return row;
          },
          update: (/** @type {any} */ row, /** @type {any} */ visit) =>
            fillVisit(row, visit, {
              zone,
              rules: start.rules.visit,
              now: tools.now(),
              place: { first: waiting[0] === visit, last: waiting.at(-1) === visit },
            }),
        };
        reconcile(element.querySelector('[data-list=active]'), active, how);
        reconcile(element.querySelector('[data-list=done]'), done, how);
      },
    });
  };
}
