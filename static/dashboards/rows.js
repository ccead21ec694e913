/** Rows of visits and appointments, written from the store; the server writes the same (clinic_project/dashboards/rows.py). */

import { keepingFocus, setAttribute, setText, show, slot } from './dom.js';
import { clock, minutesSince, written } from './time.js';
import { t } from './words.js';

/** Who is in the queue, in the order in which a section shows the states. */
export const ACTIVE = ['in_progress', 'called', 'waiting', 'skipped'];

/**
 * @param {any[]} visits by rank
 * @returns {{active: any[], done: any[], waiting: any[]}}
 */
export function inSections(visits) {
  const active = ACTIVE.flatMap((status) => visits.filter((visit) => visit.status === status));
  return { active, done: visits.filter((visit) => !ACTIVE.includes(visit.status)), waiting: active.filter((visit) => visit.status === 'waiting') };
}

/**
 * The patient inside, else the one who was called last.
 * @param {any[]} active
 */
export function currentOf(active) {
  const called = active.filter((visit) => visit.status === 'called');
  called.sort((a, b) => Date.parse(b.called_at) - Date.parse(a.called_at));
  return active.find((visit) => visit.status === 'in_progress') ?? called[0] ?? null;
}

/** @param {any} visit @param {string} zone */
export function whenOf(visit, zone) {
  if (visit.status === 'called') {
    const key = visit.call_count > 1 ? 'called_again' : 'called_at';
    return t(key, { time: clock(visit.called_at, zone), count: visit.call_count });
  }
  if (visit.status === 'in_progress') return t('inside_since', { time: clock(visit.started_at, zone) });
  if (visit.status === 'completed') return t('ended_at', { time: clock(visit.completed_at, zone) });
  return visit.checked_in_at ? t('since', { time: clock(visit.checked_in_at, zone) }) : '';
}

/** When the patient should come again, and whether that is booked. @param {any} visit */
export function followUpText({ follow_up: wish }) {
  return wish ? t(wish.appointment_id === null ? 'follow_up.open' : 'follow_up.booked', { date: written(wish.on) }) : '';
}

/** Why the visit stands where it does, in the page's language. @param {any} visit @param {string} zone */
export function whyOf(visit, zone) {
  const { rank_basis: basis, priority } = visit;
  if (!visit.rank_reason) return '';
  const sentence = t(`reason.${basis}`, { slot: clock(visit.slot_start, zone), arrived: clock(visit.checked_in_at, zone) });
  return basis === 'moved' || priority === 'normal' ? sentence : `${t(`reason.${priority}`)} ${sentence}`;
}

/** @param {any} visit @param {number} now */
function minutesOf(visit, now) {
  const moment = { waiting: visit.checked_in_at, called: visit.called_at, in_progress: visit.started_at }[/** @type {string} */ (visit.status)];
  return moment ? `${t('separator')}${t('minutes', { count: minutesSince(moment, now) })}` : '';
}

/** Ids, and the name that a screen reader says with each group of buttons. @param {any} row @param {string} kind @param {any} entity */
export function nameRow(row, kind, entity) {
  row.id = `${kind}-${entity.id}`;
  row.classList.add('is-new');
  const name = slot(row, 'name');
  name.id = `${kind}-name-${entity.id}`;
  for (const group of row.querySelectorAll('[role=group]')) setAttribute(group, 'aria-labelledby', name.id);
}

/** What was said about an older state of the row is over. @param {any} row @param {number} version */
function seen(row, version) {
  const held = row.querySelector('[name=version]');
  if (!held || held.value === String(version)) return;
  if (held.value) setText(slot(row, 'message'), '');
  held.value = version;
}

/** Show the buttons that may be used. @param {any} row @param {Iterable<string>} verbs */
function offer(row, verbs) {
  const can = new Set(verbs);
  for (const button of row.querySelectorAll('[data-do]')) show(button, can.has(button.dataset.do));
  const more = row.querySelector('.visit__more');
  if (more) show(more, [...more.querySelectorAll('[data-do]')].some((button) => !button.hidden) || Boolean(slot(more, 'why')?.textContent));
}

/**
 * @param {any} row
 * @param {any} visit
 * @param {{zone: string, rules: Record<string, string[]>, now: number, clinic?: string, waitAlarm?: number, place?: {first: boolean, last: boolean}}} about
 *   `place` among those who wait, where a page lets people be moved
 */
export function fillVisit(row, visit, { zone, rules, now, clinic, waitAlarm, place }) {
  keepingFocus(row, () => {
    row.dataset.key = String(visit.id);
    row.dataset.status = visit.status;
    row.dataset.priority = visit.priority;
    row.classList.toggle('is-pending', visit.isPending === true);
    seen(row, visit.version);
    setText(slot(row, 'ticket'), visit.ticket ?? '');
    setText(slot(row, 'name'), visit.patient.name);
    setText(slot(row, 'priority'), t(`priority.${visit.priority}`));
    show(slot(row, 'priority'), visit.priority !== 'normal');
    setText(slot(row, 'status'), t(`visit.${visit.status}`));
    const why = whyOf(visit, zone);
    setAttribute(slot(row, 'status'), 'title', why || null);
    setText(slot(row, 'when'), whenOf(visit, zone));
    setText(slot(row, 'minutes'), minutesOf(visit, now));
    setText(slot(row, 'service'), visit.service.name);
    setText(slot(row, 'why'), why);
    show(slot(row, 'alarm'), waitAlarm !== undefined && isLongWait(visit, now, waitAlarm));
    if (clinic) setText(slot(row, 'clinic'), clinic);
    setText(row.querySelector('[data-do=call]'), t(visit.status === 'called' ? 'call_again' : 'call'));
    showPaid(row, visit.payment_status, visit.id);
    const verbs = new Set(rules[visit.status] ?? []);
    if (verbs.has('move') && place && !place.first) verbs.add('up');
    if (verbs.has('move') && place && !place.last) verbs.add('down');
    if (visit.payment_status !== 'void') verbs.add('pay');
    if (!visit.follow_up || visit.follow_up.appointment_id !== null) verbs.delete('follow_up');
    else setText(row.querySelector('[data-do=follow_up]'), t('follow_up.book', { date: written(visit.follow_up.on) }));
    verbs.add('history');
    offer(row, verbs);
    if (place) lead(row, visit, { ...place, why, canMove: verbs.has('move') });
  });
}

/**
 * What stands out in a row: who is next, with the reason; the step to take.
 * @param {any} row
 * @param {any} visit
 * @param {{first: boolean, why: string, canMove: boolean}} about
 */
function lead(row, visit, { first, why, canMove }) {
  setText(slot(row, 'next'), first ? t('next', { why }) : '');
  show(slot(row, 'next'), first);
  show(row.querySelector('[data-handle]'), canMove);
  row.querySelector('[data-do=call]').classList.toggle('button--primary', first);
  row.querySelector('[data-do=skip]').classList.toggle('button--primary', visit.call_limit_reached === true);
  setAttribute(slot(row, 'print-ticket'), 'href', `/reception/visits/${visit.id}/ticket/`);
}

/** @param {any} row @param {string} paid @param {number} visitId */
function showPaid(row, paid, visitId) {
  const chip = slot(row, 'paid');
  if (!chip) return;
  setText(chip, t(`paid.${paid}`));
  setAttribute(chip, 'data-paid', paid);
  for (const link of row.querySelectorAll('a[data-do=pay]')) setAttribute(link, 'href', `/reception/visits/${visitId}/payment/`);
}

/**
 * @param {any} row
 * @param {any} appointment
 * @param {{zone: string, rules: Record<string, string[]>, now: number, lateAfter: number, visit?: any, clinic?: string}} about
 */
export function fillAppointment(row, appointment, { zone, rules, now, lateAfter, visit, clinic }) {
  keepingFocus(row, () => {
    row.dataset.status = appointment.status;
    row.classList.toggle('is-pending', appointment.isPending === true);
    seen(row, appointment.version);
    setText(slot(row, 'time'), clock(appointment.start, zone));
    setAttribute(slot(row, 'time'), 'datetime', appointment.start);
    setText(slot(row, 'name'), appointment.patient.name);
    show(slot(row, 'late'), isLate(appointment, now, lateAfter));
    setText(slot(row, 'late'), t('appointment.late'));
    // Once somebody is here, where they are says more than that they are here.
    const here = visit && ['checked_in', 'fulfilled'].includes(appointment.status);
    setText(slot(row, 'status'), here ? t(`visit.${visit.status}`) : t(`appointment.${appointment.status}`));
    setText(slot(row, 'ticket'), visit?.ticket ?? '');
    setText(slot(row, 'doctor'), appointment.doctor.name);
    setText(slot(row, 'service'), appointment.service.name);
    if (clinic) setText(slot(row, 'clinic'), clinic);
    showPaid(row, visit?.payment_status ?? '', appointment.visit_id);
    const verbs = new Set(rules[appointment.status] ?? []);
    if (appointment.visit_id && appointment.status !== 'cancelled') verbs.add('pay');
    if (appointment.visit_id) verbs.add('history');
    offer(row, verbs);
    const more = slot(row, 'more');
    if (more) show(more, [...more.querySelectorAll('[data-do]')].some((button) => !button.hidden));
  });
}

/** Waits as long as the clinic wants to hear of. @param {any} visit @param {number} now @param {number} waitAlarm minutes */
export const isLongWait = (visit, now, waitAlarm) => visit.status === 'waiting' && now - Date.parse(visit.checked_in_at) >= waitAlarm * 60_000;

/** @param {any} appointment @param {number} now @param {number} lateAfter minutes */
export const isLate = (appointment, now, lateAfter) => appointment.status === 'booked' && now - Date.parse(appointment.start) > lateAfter * 60_000;
