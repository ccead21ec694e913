/** Which days and doctors are shown: in the address, so that back, reload and sending it on work; and loading what they need. */

import { Refusal, get } from '../api.js';
import { t } from '../words.js';
import { takeHours } from './columns.js';
import { addDays, daysOf } from './moments.js';

const PAGE = 200;

/** @typedef {{view: 'day'|'week', date: string, doctor: number|null}} Where */

/**
 * @param {any} live
 * @param {() => void} redraw
 */
export function calendarView({ store, start, socket }, redraw) {
  const given = start.calendar;
  /** @type {Where} */
  let where = { view: given.view, date: given.date, doctor: given.doctor };
  let { today, last_day: lastDay } = given.hours;
  /** @type {Map<string, import('./columns.js').Day>} */
  const days = new Map();
  /** @type {AbortController|null} */
  let running = null;
  let failed = '';

  takeHours(given.hours, days);
  for (const each of given.appointments) store.answer('appointment', each);

  const dates = () => daysOf(where.view, where.date, given.weekStart);
  const doctors = () => given.doctors.filter((/** @type {any} */ each) => where.doctor === null || each.id === where.doctor);

  /** @param {URLSearchParams} query @param {AbortSignal} signal */
  const allAppointments = async (query, signal) => {
    const found = [];
    for (let page = 1; ; page += 1) {
      const { results, next } = await get(`/api/appointments/?${query}&page_size=${PAGE}&page=${page}`, signal);
      found.push(...results);
      if (!next) return found;
    }
  };

  /** What is held of the range and no longer listed has gone elsewhere while nobody told us. @param {any[]} listed @param {Where} asked @param {AbortSignal} signal */
  const followMoved = async (listed, asked, signal) => {
    const ids = new Set(listed.map((each) => each.id));
    const range = daysOf(asked.view, asked.date, given.weekStart);
    const gone = Object.values(store.getState().appointments).filter(
      (each) => each.clinic_id === start.clinic && range.includes(each.date) && (asked.doctor === null || each.doctor.id === asked.doctor) && !ids.has(each.id),
    );
    for (const { id } of gone) store.answer('appointment', await get(`/api/appointments/${id}/`, signal));
  };

  const load = async () => {
    running?.abort();
    const mine = (running = new AbortController());
    const asked = where;
    const range = dates();
    const query = new URLSearchParams({ date_after: range[0], date_before: /** @type {string} */ (range.at(-1)) });
    if (asked.doctor !== null) query.set('doctor', String(asked.doctor));
    failed = '';
    redraw();
    try {
      const [answer, found] = await Promise.all([
        get(`/api/clinics/${start.clinic}/hours/?${query}`, mine.signal),
        allAppointments(new URLSearchParams([...query, ['clinic', String(start.clinic)]]), mine.signal),
      ]);
      if (running !== mine) return;
      takeHours(answer, days);
      ({ today, last_day: lastDay } = answer);
      for (const each of found) store.answer('appointment', each);
      await followMoved(found, asked, mine.signal);
      running = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      running = null;
      failed = error instanceof Refusal && error.status ? error.message : t('search.no_answer');
    }
    redraw();
  };

  /** @param {Partial<Where>} change */
  const addressOf = (change = {}) => {
    const to = { ...where, ...change };
    const query = new URLSearchParams({ clinic: String(start.clinic), view: to.view, date: to.date });
    if (to.doctor !== null) query.set('doctor', String(to.doctor));
    return `?${query}`;
  };

  /** A week is one doctor's. @param {Partial<Where>} change */
  const go = (change) => {
    where = { ...where, ...change };
    if (where.view === 'week' && where.doctor === null) where.doctor = given.doctors[0]?.id ?? null;
    history.pushState(where, '', addressOf());
    load();
  };

  history.replaceState(where, '', addressOf());
  window.addEventListener('popstate', (event) => {
    if (!event.state) return;
    where = event.state;
    load();
  });
  // A snapshot has today alone: what was missed of other days has to be asked for.
  socket.onQueueUpdate((/** @type {any} */ frame) => {
    if (frame.data.snapshot) load();
  });

  return {
    load,
    go,
    addressOf,
    dates,
    doctors,
    where: () => where,
    days,
    today: () => today,
    lastDay: () => lastDay,
    isLoading: () => running !== null,
    failed: () => failed,
    /** @param {number} step */
    turn: (step) => ({ date: addDays(where.date, where.view === 'week' ? 7 * step : step) }),
  };
}
