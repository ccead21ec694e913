/**
 * Giving an appointment another time or doctor: by drag, or step by step with the keys, or by pressing a free time. It shows at
 * once where it was put; a refusal puts it back and says why.
 */

import { toast } from '../announce.js';
import { Refusal, patch } from '../api.js';
import { byId, setText, show } from '../dom.js';
import { clock, dayOf, written } from '../time.js';
import { t } from '../words.js';
import { nearestStart } from './columns.js';
import { refusal } from './layout.js';
import { minutesOf } from './moments.js';

/** Fewer pixels than this are an unsteady hand. */
const STEADY = 6;
const EDGE = 48;

/**
 * @param {any} tools with `grid`, `columns()` of the page, `reveal(key)`, `redraw()`, `askReason(appointment)` where overbooking is allowed
 */
export function mover({ store, zone, now, grid, columns, reveal, redraw, askReason }) {
  /** @type {{id: number, minutes: number, target: {column: string, start: number}|null}|null} */
  let moving = null;

  const appointmentOf = (/** @type {number} */ id) => store.getState().appointments[id];
  const columnOf = (/** @type {string} */ key) => columns().find((/** @type {any} */ column) => column.key === key);
  const said = (/** @type {string} */ text) => setText(byId('calendar-said'), text);

  /** @param {{column: string, start: number}} target @param {{id: number, minutes: number}} what */
  const whyNot = ({ column: key, start: begins }, { id, minutes }) => {
    const column = columnOf(key);
    const span = { start: begins, end: begins + minutes * 60_000 };
    const taken = column.taken.filter((/** @type {any} */ each) => each.appointment.id !== id);
    return refusal(span, { ...column, taken: [...taken, ...column.elsewhere], now: now() });
  };

  const tellTarget = () => {
    if (!moving?.target) return;
    const column = columnOf(moving.target.column);
    const why = whyNot(moving.target, moving);
    const about = { time: clock(moving.target.start, zone), doctor: column.doctorName, date: written(column.date) };
    said(why ? t('calendar.target_bad', { ...about, why: t(`refuse.${why}`) }) : t('calendar.target', about));
  };

  const end = () => {
    moving = null;
    show(byId('calendar-moving'), false);
    redraw();
  };
  const giveUp = () => {
    if (!moving) return;
    const { id } = moving;
    end();
    said(t('calendar.move_ended'));
    requestAnimationFrame(() => grid.focusCell(`a${id}`));
  };

  /** @param {any} appointment */
  const begin = (appointment) => {
    const column = columns().find((/** @type {any} */ each) => each.doctorId === appointment.doctor.id && each.date === appointment.date);
    const begins = Date.parse(appointment.start);
    moving = { id: appointment.id, minutes: (Date.parse(appointment.end) - begins) / 60_000, target: column ? { column: column.key, start: begins } : null };
    const text = t('calendar.moving', { name: appointment.patient.name });
    setText(byId('calendar-moving-text'), text);
    show(byId('calendar-moving'), true);
    said(text);
    redraw();
  };

  /**
   * @param {any} seen the appointment as it was on the screen
   * @param {{start: number, doctorId: number, doctorName: string}} to
   * @param {Record<string, unknown>} [more]
   */
  const reschedule = async (seen, to, more = {}) => {
    const length = Date.parse(seen.end) - Date.parse(seen.start);
    const begins = new Date(to.start).toISOString();
    const shown = { start: begins, end: new Date(to.start + length).toISOString(), date: dayOf(to.start, zone), doctor: { id: to.doctorId, name: to.doctorName } };
    const takeBack = store.intend('appointment', seen.id, shown);
    requestAnimationFrame(() => grid.focusCell(`a${seen.id}`));
    try {
      const done = await patch(`/api/appointments/${seen.id}/`, { start: begins, doctor: to.doctorId, version: seen.version, ...more });
      store.answer('appointment', done);
      return done;
    } catch (error) {
      if (error instanceof Refusal && error.current) store.answer('appointment', error.current);
      throw error;
    } finally {
      takeBack();
    }
  };

  /** @param {any} seen @param {{start: number, doctorId: number, doctorName: string}} to @param {unknown} error */
  const refused = (seen, to, error) => {
    if (!(error instanceof Refusal)) throw error;
    const is = appointmentOf(seen.id) ?? seen;
    const text = t('calendar.not_moved', { name: is.patient.name, time: clock(is.start, zone), date: written(is.date), why: error.message });
    const overbook = () => askReason(is, async (/** @type {string} */ reason) => moved(is, await reschedule(is, to, { overbook: true, overbook_reason: reason })));
    toast(text, { bad: true, action: error.code === 'slot_taken' && askReason ? { label: t('calendar.overbook'), run: overbook } : undefined });
    requestAnimationFrame(() => grid.focusCell(`a${seen.id}`));
  };

  /** @param {any} seen @param {any} done */
  const moved = (seen, done) => {
    const undo = async () => {
      const back = { start: Date.parse(seen.start), doctorId: seen.doctor.id, doctorName: seen.doctor.name };
      try {
        const is = await reschedule(done, back);
        toast(t('calendar.moved_back', { name: is.patient.name, time: clock(is.start, zone), date: written(is.date) }));
      } catch (error) {
        refused(done, back, error);
      }
    };
    toast(t('calendar.moved', { name: done.patient.name, time: clock(done.start, zone), date: written(done.date), doctor: done.doctor.name }), { action: { label: t('undo'), run: undo } });
  };

  /** Put it where the target is. @returns {boolean} whether that is tried, or it stays where it was */
  const drop = () => {
    if (!moving?.target || !columnOf(moving.target.column)) return false;
    const { id, target } = moving;
    const seen = appointmentOf(id);
    const column = columnOf(target.column);
    const to = { start: target.start, doctorId: column.doctorId, doctorName: column.doctorName };
    if (to.start === Date.parse(seen.start) && to.doctorId === seen.doctor.id) {
      giveUp();
      return true;
    }
    const why = whyNot(target, moving);
    // That the doctor is taken an admin may overrule, and the server knows it better than a screen.
    if (why && !(why === 'taken' && askReason)) {
      tellTarget();
      toast(t('calendar.not_there', { name: seen.patient.name, time: clock(seen.start, zone), date: written(seen.date), why: t(`refuse.${why}`) }), { bad: true });
      return false;
    }
    end();
    reschedule(seen, to).then(
      (done) => moved(seen, done),
      (error) => refused(seen, to, error),
    );
    return true;
  };

  /** @param {string} key */
  const step = (key) => {
    const all = columns();
    const { target } = /** @type {NonNullable<typeof moving>} */ (moving);
    const first = all.find((/** @type {any} */ column) => column.starts.length);
    const at = all.findIndex((/** @type {any} */ column) => column.key === target?.column);
    // Another day was turned to meanwhile.
    if (!target || at < 0) return first && { column: first.key, start: first.starts[0] };
    const column = all[at];
    if (key === 'ArrowDown') return { column: column.key, start: column.starts.find((/** @type {number} */ each) => each > target.start) ?? target.start };
    if (key === 'ArrowUp') return { column: column.key, start: column.starts.findLast((/** @type {number} */ each) => each < target.start) ?? target.start };
    const onwards = (key === 'ArrowRight') !== (getComputedStyle(grid.root).direction === 'rtl');
    const others = onwards ? all.slice(at + 1) : all.slice(0, at).reverse();
    const next = others.find((/** @type {any} */ each) => each.starts.length);
    const begins = next && nearestStart(next, minutesOf(target.start, zone), zone);
    return begins ? { column: next.key, start: begins } : target;
  };

  // Before the grid's own keys.
  window.addEventListener(
    'keydown',
    (event) => {
      if (!moving || document.querySelector('dialog[open]') || event.ctrlKey || event.metaKey || event.altKey) return;
      const inGrid = grid.root.contains(document.activeElement) || document.activeElement === document.body;
      if (event.key === 'Escape') giveUp();
      else if (!inGrid) return;
      else if (event.key === 'Enter') drop();
      else if (event.key.startsWith('Arrow')) {
        moving.target = step(event.key) ?? null;
        if (moving.target) reveal(moving.target.column);
        tellTarget();
        redraw();
      } else return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
  byId('calendar-moving-end').addEventListener('click', giveUp);

  // --- By drag ---------------------------------------------------------------------------------------------------------

  /** @type {{id: number, x: number, y: number, grab: number, pointer: number, isDragging: boolean, timer: any}|null} */
  let held = null;
  /** The click that follows a drag isn't one. */
  let wasDragged = false;

  /** @param {number} x @param {number} y */
  const follow = (x, y) => {
    const element = /** @type {any[]} */ ([...grid.container.children]).find((each) => {
      const box = each.getBoundingClientRect();
      return box.left <= x && x < box.right;
    });
    const column = element && columnOf(element.dataset.key);
    if (!column || !moving || !held) return;
    const begins = nearestStart(column, grid.minutesAt(element, y - held.grab), zone);
    moving.target = begins === null ? null : { column: column.key, start: begins };
    redraw();
  };
  const release = () => {
    if (held) clearInterval(held.timer);
    held = null;
    grid.root.classList.remove('is-dragging');
  };

  grid.root.addEventListener('pointerdown', (/** @type {any} */ event) => {
    wasDragged = false;
    const cell = event.target.closest('.cell--booked');
    // A finger scrolls; it moves an appointment by the dialog's "Move…" and a press on a free time.
    if (!cell || event.button !== 0 || event.pointerType === 'touch' || moving) return;
    const id = Number(cell.dataset.key.slice(1));
    if (!['booked', 'checked_in'].includes(appointmentOf(id)?.status)) return;
    held = { id, x: event.clientX, y: event.clientY, grab: event.clientY - cell.getBoundingClientRect().top, pointer: event.pointerId, isDragging: false, timer: 0 };
  });
  window.addEventListener('pointermove', (event) => {
    if (!held || event.pointerId !== held.pointer) return;
    if (!held.isDragging) {
      if (Math.hypot(event.clientX - held.x, event.clientY - held.y) < STEADY) return;
      held.isDragging = true;
      grid.root.classList.add('is-dragging');
      begin(appointmentOf(held.id));
      held.timer = setInterval(() => {
        if (!held) return;
        const box = grid.root.getBoundingClientRect();
        const by = held.y < box.top + EDGE ? -12 : held.y > box.bottom - EDGE ? 12 : 0;
        grid.root.scrollTop += by;
        if (by) follow(held.x, held.y);
      }, 40);
    }
    held.x = event.clientX;
    held.y = event.clientY;
    follow(held.x, held.y);
  });
  window.addEventListener('pointerup', (event) => {
    if (!held || event.pointerId !== held.pointer) return;
    wasDragged = held.isDragging;
    release();
    if (wasDragged && !drop()) giveUp();
  });
  window.addEventListener('pointercancel', () => {
    if (!held) return;
    const { isDragging } = held;
    release();
    if (isDragging) giveUp();
  });

  return {
    begin,
    giveUp,
    /** @param {string} column @param {number} at a free time that was pressed */
    place(column, at) {
      if (!moving) return false;
      moving.target = { column, start: at };
      drop();
      return true;
    },
    isMoving: () => moving !== null,
    wasDragged: () => wasDragged,
    /** What is drawn of it. */
    ghost() {
      if (!moving?.target || !columnOf(moving.target.column)) return null;
      return { ...moving.target, minutes: moving.minutes, why: whyNot(moving.target, moving) };
    },
  };
}
