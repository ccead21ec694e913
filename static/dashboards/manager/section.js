/** One clinic's figures on the page: written from the store whenever it changes, and from the clock. */

import { get } from '../api.js';
import { clone, setText, show, slot } from '../dom.js';
import { reconcile } from '../list.js';
import { clock } from '../time.js';
import { t } from '../words.js';
import { digits } from '../written.js';
import { ending, figures, visitsOf, waitKeeper } from './figures.js';

/** What is told only if there is somebody: the line of each. @type {Record<string, string>} */
const IN_THE_WAY = { inside: 'inside-line', later: 'later-line' };
const WAITS = ['waiting_longest', 'median_wait', 'longest_wait'];
/** Payments may come many at once: the sums are asked for once, and then at most this often. */
const AT_MOST_EVERY = 3_000;

/**
 * @param {any} root
 * @param {import('../live.js').Live} live
 * @param {(clinicId: number) => string} dateOf
 */
export function daySection(root, { store, start, now, redraw }, dateOf) {
  const clinicId = Number(root.dataset.clinic);
  const { zone, doctors, waits, ...money } = start.clinics[clinicId];
  let { taken, takenByDoctor } = money;
  let keeper = waitKeeper(waits);
  let drawn = false;
  let day = dateOf(clinicId);

  const ask = throttled(async () => {
    const fresh = await get(`/manager/clinics/${clinicId}/figures/`);
    ({ taken, takenByDoctor } = fresh);
    keeper = waitKeeper(fresh.waits);
    redraw();
  });

  store.subscribe((state, before) => {
    const changed = Object.values(state.visits).filter((visit) => visit.clinic_id === clinicId && visit !== before.visits[visit.id]);
    const paid = Object.values(state.payments).some((payment) => payment.clinic_id === clinicId && payment !== before.payments[payment.payment_id]);
    if (changed.filter((visit) => !keeper.see(visit)).length > 0 || paid) ask();
  });

  /** @param {any} place @param {Record<string, number|null>} counted @param {string[]} sums */
  const write = (place, counted, sums) => {
    for (const [name, value] of Object.entries(counted)) {
      const text = WAITS.includes(name) ? (value === null ? t('none') : t('minutes', { count: Math.floor(value / 60) })) : digits(value ?? '');
      mark(slot(place, name), text, drawn && !WAITS.includes(name));
    }
    mark(slot(place, 'taken'), sums.join(', '), drawn);
  };

  return () => {
    const state = store.getState();
    // A new day has taken nothing yet.
    if (day !== dateOf(clinicId)) ask();
    day = dateOf(clinicId);
    const visits = visitsOf(state, { clinicId, date: day });
    write(slot(root, 'figures'), figures(visits, keeper.waits, now()), taken);
    for (const [name, count] of Object.entries(ending(visits, now()))) {
      setText(slot(root, name), digits(count));
      if (name in IN_THE_WAY) show(slot(root, IN_THE_WAY[name]), count > 0);
    }
    const names = new Map(doctors.map((/** @type {number} */ id) => [id, state.doctors[id]?.name ?? '']));
    for (const { doctor } of visits) names.set(doctor.id, doctor.name);
    const rows = [...names].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name) || a.id - b.id);
    show(slot(root, 'empty'), rows.length === 0);
    show(slot(root, 'table'), rows.length > 0);
    reconcile(slot(root, 'doctors'), rows, {
      key: ({ id }) => id,
      create: () => clone('doctor-template'),
      update: (row, { id, name }) => {
        const own = visits.filter((visit) => visit.doctor.id === id);
        setText(slot(row, 'name'), name);
        setText(slot(row, 'state'), stateOf(state.doctors[id], own, zone, now()));
        write(row, figures(own, keeper.waits, now()), takenByDoctor[id] ?? []);
      },
    });
    drawn = true;
  };
}

/** @param {any} doctor @param {any[]} visits @param {string} zone @param {number} now */
export function stateOf(doctor, visits, zone, now) {
  const inside = visits.find((visit) => visit.status === 'in_progress');
  if (inside) return t('manager.with', { ticket: inside.ticket });
  if (!doctor) return t('none');
  const over = doctor.valid_until !== null && Date.parse(doctor.valid_until) <= now;
  if (over || doctor.state === 'available') return t('manager.available');
  return doctor.until === null ? t(`manager.${doctor.state}`) : t('manager.break_until', { time: clock(doctor.until, zone) });
}

/** Write it, and let the eye see that it has changed. @param {any} element @param {string} text @param {boolean} isNews */
function mark(element, text, isNews) {
  if (!element || element.textContent === text) return;
  element.textContent = text;
  if (!isNews) return;
  element.classList.remove('is-new');
  requestAnimationFrame(() => element.classList.add('is-new'));
}

/**
 * At once, and while more is wanted at most once in a while; what fails is tried again then.
 * @param {() => Promise<void>} work
 */
function throttled(work) {
  let isResting = false;
  let isWanted = false;
  const run = async () => {
    isResting = true;
    isWanted = false;
    await work().catch(() => (isWanted = true));
    setTimeout(() => {
      isResting = false;
      if (isWanted) run();
    }, AT_MOST_EVERY);
  };
  return () => {
    if (isResting) isWanted = true;
    else run();
  };
}
