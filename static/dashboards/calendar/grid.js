/**
 * The columns on the page. Each is a list by time, so that it can be read out as one; what can be pressed is a button, of which
 * one is in the order of Tab and the arrow keys lead to the others.
 */

import { byId, clone, setAttribute, setText, show, slot } from '../dom.js';
import { reconcile } from '../list.js';
import { clock, written } from '../time.js';
import { facts, range, t } from '../words.js';
import { minutesOf, momentOf } from './moments.js';

/** Twice as high as what a finger needs at the least. */
const STEP_REM = 1.75;
const TEMPLATE = /** @type {Record<string, string>} */ ({ free: 'free-template', booked: 'booked-template' });

/** @param {any} element @param {string} name @param {number|string} value by the CSSOM, which a strict CSP lets pass */
const setProperty = (element, name, value) => {
  if (element.style.getPropertyValue(name) !== String(value)) element.style.setProperty(name, String(value));
};

/**
 * @param {{zone: string, step: number, severalDays: () => boolean}} about
 */
export function calendarGrid({ zone, step, severalDays }) {
  const root = byId('calendar');
  const container = byId('calendar-columns');
  const axis = byId('calendar-axis');
  /** The button that Tab leads to. @type {{column: string, cell: string, minutes: number}|null} */
  let current = null;
  let from = 0;
  setProperty(root, '--minute', `${STEP_REM / step}rem`);

  const buttons = (/** @type {any} */ column) => /** @type {any[]} */ ([...column.querySelectorAll('button')]);
  const isRightToLeft = () => getComputedStyle(root).direction === 'rtl';

  /** @param {any} element @param {any} item @param {any} column */
  const fillCell = (element, item, column) => {
    const begins = minutesOf(item.start, zone);
    setProperty(element, '--from', begins - from);
    setProperty(element, '--for', (item.end - item.start) / 60_000);
    const time = clock(item.start, zone);
    if (item.kind === 'free') {
      setText(slot(element, 'time'), time);
      const about = { time, until: clock(item.until, zone), doctor: column.doctorName, date: written(column.date) };
      setAttribute(element.firstElementChild, 'aria-label', t(severalDays() ? 'calendar.free_day' : 'calendar.free', about));
    } else if (item.kind === 'booked') {
      const { appointment } = item;
      const status = t(`appointment.${appointment.status}`);
      const name = appointment.patient.name;
      setProperty(element, '--lane', item.lane);
      setProperty(element, '--lanes', item.lanes);
      setAttribute(element, 'data-status', appointment.status);
      element.classList.toggle('is-pending', appointment.isPending === true);
      element.classList.toggle('is-short', item.end - item.start < 25 * 60_000);
      setText(slot(element, 'name'), name);
      setText(slot(element, 'facts'), facts([time, appointment.service.name, appointment.status !== 'booked' && status]));
      setAttribute(element.firstElementChild, 'aria-label', t('calendar.booked', { time, until: clock(item.end, zone), name, service: appointment.service.name, status, doctor: column.doctorName }));
      setAttribute(element.firstElementChild, 'title', facts([range(time, clock(item.end, zone)), name, appointment.service.name]));
    } else {
      setText(slot(element, 'name'), `${t(`calendar.${item.kind}`)} ${range(time, clock(item.end, zone))}`);
    }
  };

  /** @param {any} element @param {any} column @param {{today: string, now: number, ghost: any}} about */
  const fillColumn = (element, column, { today, now, ghost }) => {
    setText(slot(element, 'name'), column.name);
    setText(slot(element, 'about'), column.about);
    const note = column.closed !== null ? 'calendar.column_closed' : column.isKnown && column.working.length === 0 ? 'calendar.column_none' : '';
    setText(slot(element, 'note'), note && t(note));
    show(slot(element, 'note'), note !== '');
    setAttribute(element, 'aria-busy', column.isKnown ? null : 'true');
    element.classList.toggle('is-today', column.date === today);
    element.classList.toggle('has-ghost', ghost?.column === column.key);
    const body = slot(element, 'body');
    if (column.date === today) setProperty(element, '--now', minutesOf(now, zone) - from);
    if (ghost?.column === column.key) {
      setProperty(element, '--ghost-from', minutesOf(ghost.start, zone) - from);
      setProperty(element, '--ghost-for', ghost.minutes);
      setAttribute(body, 'data-ghost', clock(ghost.start, zone));
      element.classList.toggle('is-refused', ghost.why !== '');
    }
    // In a column that is there already, what is new was made by somebody just now.
    const isNews = body.children.length > 0;
    reconcile(body, column.items, {
      key: (item) => item.key,
      create: (item) => {
        const cell = clone(TEMPLATE[item.kind] ?? 'gap-template');
        cell.classList.add(`cell--${item.kind}`);
        cell.classList.toggle('is-new', isNews && item.kind === 'booked');
        return cell;
      },
      update: (cell, item) => fillCell(cell, item, column),
    });
  };

  /** @param {any} cell */
  const minutesOfCell = (cell) => from + Number(cell.style.getPropertyValue('--from'));
  /** @param {any[]} all @param {(button: any) => number} distance */
  const nearest = (all, distance) => all.reduce((best, each) => (best && distance(best) <= distance(each) ? best : each), undefined);

  /** @param {any} button */
  const makeCurrent = (button) => {
    const cell = button.closest('.cell');
    for (const other of root.querySelectorAll('.cell button[tabindex="0"]')) if (other !== button) other.tabIndex = -1;
    button.tabIndex = 0;
    current = { column: cell.closest('.column').dataset.key, cell: cell.dataset.key, minutes: minutesOfCell(cell) };
  };
  /** @param {string} column @param {string} cell @returns {any} */
  const buttonOf = (column, cell) => container.querySelector(`.column[data-key="${CSS.escape(column)}"] .cell[data-key="${CSS.escape(cell)}"] button`);

  /** @param {any} button @param {string} key @returns {any} */
  const neighbour = (button, key) => {
    const column = button.closest('.column');
    const all = buttons(column);
    const at = all.indexOf(button);
    if (key === 'ArrowDown' || key === 'ArrowUp') return all[at + (key === 'ArrowDown' ? 1 : -1)];
    if (key === 'Home' || key === 'End') return all.at(key === 'Home' ? 0 : -1);
    const onwards = (key === 'ArrowRight') !== isRightToLeft();
    let next = column;
    do next = onwards ? next.nextElementSibling : next.previousElementSibling;
    while (next && buttons(next).length === 0);
    if (!next) return undefined;
    const top = button.getBoundingClientRect().top;
    const away = (/** @type {any} */ each) => Math.abs(each.getBoundingClientRect().top - top);
    return nearest(buttons(next), away);
  };

  root.addEventListener('focusin', (/** @type {any} */ event) => event.target.closest('.cell button') && makeCurrent(event.target));
  root.addEventListener('keydown', (/** @type {any} */ event) => {
    const button = event.target.closest('.cell button');
    if (!button || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) return;
    event.preventDefault();
    neighbour(button, event.key)?.focus();
  });

  return {
    root,
    container,
    /**
     * @param {any[]} columns
     * @param {{hours: [number, number], today: string, now: number, date: string, ghost: any}} about
     */
    draw(columns, about) {
      [from] = about.hours;
      setProperty(root, '--minutes', about.hours[1] - from);
      const hours = Array.from({ length: (about.hours[1] - from) / 60 }, (_, number) => from + 60 * number);
      reconcile(axis, hours, {
        key: (minutes) => minutes,
        create: () => document.createElement('span'),
        update: (element, minutes) => {
          setProperty(element, '--from', minutes - from);
          setText(element, clock(momentOf(about.date, minutes, zone), zone));
        },
      });
      reconcile(container, columns, {
        key: (column) => column.key,
        create: (column) => {
          const element = clone('column-template');
          const name = slot(element, 'name');
          name.id = `column-${column.key.replace(' ', '-')}`;
          element.setAttribute('aria-labelledby', name.id);
          return element;
        },
        update: (element, column) => fillColumn(element, column, about),
      });
      const held = current && buttonOf(current.column, current.cell);
      // What is gone left its place to something.
      const column = current && container.querySelector(`.column[data-key="${CSS.escape(current.column)}"]`);
      const next = held ?? nearest(buttons(column ?? root), (button) => Math.abs(minutesOfCell(button.parentElement) - (current?.minutes ?? from)));
      if (next && next.tabIndex !== 0) makeCurrent(next);
    },
    /** @param {string} cell its key, wherever it is @returns {boolean} */
    focusCell(cell) {
      const button = container.querySelector(`.cell[data-key="${CSS.escape(cell)}"] button`);
      button?.focus();
      return button !== null;
    },
    focusCurrent: () => root.querySelector('.cell button[tabindex="0"]')?.focus(),
    /** The time of the day at a height of the screen. @param {any} column @param {number} y */
    minutesAt(column, y) {
      const box = slot(column, 'body').getBoundingClientRect();
      const minutes = Number(root.style.getPropertyValue('--minutes'));
      return from + ((y - box.top) / box.height) * minutes;
    },
    /** So that one sees it at once, and the keys begin there. @param {number} minutes */
    scrollTo(minutes) {
      const body = container.querySelector('.column__body');
      if (!body) return;
      root.scrollTop = ((minutes - from) / Number(root.style.getPropertyValue('--minutes'))) * body.offsetHeight - 80;
      const free = /** @type {any[]} */ ([...root.querySelectorAll('.cell--free')]).find((cell) => minutesOfCell(cell) >= minutes);
      if (free) makeCurrent(free.firstElementChild);
    },
  };
}
