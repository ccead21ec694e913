/** The queue of the clinic, a section for each doctor. */

import { queueOf } from '../../realtime/index.js';
import { complain, listen } from '../commands.js';
import { byId, clone, setAttribute, setText, show, slot } from '../dom.js';
import { reconcile } from '../list.js';
import { afterwards, presenceOf, presenceText } from '../presence.js';
import { fillVisit, inSections, nameRow } from '../rows.js';
import { t } from '../words.js';
import { dragRows } from './drag.js';

const OWING = ['pending', 'partially_paid'];

/**
 * @param {any} tools
 * @returns {() => void} draws
 */
export function queueArea(tools) {
  const { store, start, zone, clinic } = tools;
  const container = byId('queue-sections');
  const clinicId = start.clinic;
  /** Names of the doctors whose section stays, with or without patients. @type {Map<number, string>} */
  const doctors = new Map([...container.children].map((section) => [Number(section.dataset.key), slot(section, 'name').textContent]));

  listen(container, tools.stepOfVisit);
  dragRows(container, (id, before) => tools.atRow(id, () => tools.moveBefore(id, before)));
  container.addEventListener('click', (/** @type {any} */ event) => {
    const button = event.target.closest('[data-slot=presence]');
    if (!button) return;
    const id = Number(button.closest('[data-key]').dataset.key);
    tools.askPresence({ id, name: doctors.get(id) ?? '' }, button.dataset.state).catch((/** @type {unknown} */ error) => complain(null, error));
  });

  /** @param {any} element @param {number} id @param {any[]} active */
  const fillPresence = (element, id, active) => {
    const doctor = store.getState().doctors[id];
    const isInside = active.some((visit) => visit.status === 'in_progress');
    const state = presenceOf(doctor, isInside, tools.now());
    slot(element, 'presence').dataset.state = state;
    setAttribute(slot(element, 'presence-icon'), 'href', `#icon-${state}`);
    setText(slot(element, 'presence-label'), presenceText(state, doctor, zone, afterwards(doctor, tools.now())));
  };

  /** @param {any[]} waiting */
  const rowsOf = (waiting) => ({
    key: (/** @type {any} */ visit) => visit.id,
    create: (/** @type {any} */ visit) => {
      const row = clone('visit-template');
      nameRow(row, 'visit', visit);
      // Who put it there knows.
      row.classList.toggle('is-new', !store.isOurs('visit', visit.id));
      return row;
    },
    update: (/** @type {any} */ row, /** @type {any} */ visit) => {
      fillVisit(row, visit, {
        zone,
        rules: start.rules.visit,
        now: tools.now(),
        waitAlarm: clinic.waitAlarm,
        place: { first: waiting[0] === visit, last: waiting.at(-1) === visit },
      });
      row.classList.toggle('is-changed', tools.isMarked('visit', visit.id));
    },
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
      update: (element, { id, name, visits }) => {
        const { active, done, waiting } = inSections(visits);
        const wishes = done.filter((visit) => visit.follow_up && visit.follow_up.appointment_id === null).length;
        const owing = done.filter((visit) => visit.status === 'completed' && OWING.includes(visit.payment_status)).length;
        setText(slot(element, 'name'), name);
        setText(slot(element, 'waiting'), t('waiting_count', { count: waiting.length }));
        fillPresence(element, id, active);
        const off = tools.offUntil(id);
        setText(slot(element, 'off'), t('off_until', { when: off }));
        show(slot(element, 'off'), off !== '');
        show(slot(element, 'empty'), active.length === 0);
        show(slot(element, 'done'), done.length > 0);
        setText(slot(element, 'done-label'), t('done_count', { count: done.length }));
        setText(slot(element, 'unpaid'), t('unpaid_count', { count: owing }));
        show(slot(element, 'unpaid'), owing > 0);
        setText(slot(element, 'wishes'), t('follow_up.count', { count: wishes }));
        show(slot(element, 'wishes'), wishes > 0);
        reconcile(element.querySelector('[data-list=active]'), active, rowsOf(waiting));
        reconcile(element.querySelector('[data-list=done]'), done, rowsOf(waiting));
      },
    });
  };
}
