/**
 * Moving a row by its handle: mouse, pen and finger. The row stays where it is and a line shows where it would go, so
 * nothing jumps while it is held; events that come meanwhile are drawn as ever. Keys do the same (Shift and an arrow).
 */

import { scrollerOf } from '../steady.js';

/** So near to an end of what scrolls, it scrolls, so many pixels per frame. */
const EDGE = 48;
const SPEED = 9;


/**
 * @param {any} container with lists of rows
 * @param {(id: number, before: number|null) => void} drop told once, when the row is let go elsewhere
 */
export function dragRows(container, drop) {
  /** @type {{row: any, y: number, pointer: number}|null} */
  let held = null;
  /** @type {any} */
  let line = null;

  const rowsOf = (/** @type {any} */ row) => [...row.parentElement.children].filter((each) => each.dataset.status === 'waiting');

  /** The row before which it would go; null: behind the last. @param {any} row @param {number} y */
  const target = (row, y) => {
    const others = rowsOf(row).filter((each) => each !== row);
    const next = others.find((each) => {
      const { top, height } = each.getBoundingClientRect();
      return y < top + height / 2;
    });
    return { next: next ?? null, last: others.at(-1) };
  };

  const show = () => {
    if (!held) return;
    // Called, gone, or another list: there is nothing to drop any more.
    if (!held.row.isConnected || held.row.dataset.status !== 'waiting') return end(false);
    const { next, last } = target(held.row, held.y);
    line?.classList.remove('is-drop-before', 'is-drop-behind');
    line = next ?? last;
    line?.classList.add(next ? 'is-drop-before' : 'is-drop-behind');
    const scroller = scrollerOf(held.row);
    const { top, bottom } = scroller === document.scrollingElement ? { top: 0, bottom: innerHeight } : scroller.getBoundingClientRect();
    const by = held.y < top + EDGE ? -SPEED : held.y > bottom - EDGE ? SPEED : 0;
    if (by) scroller.scrollBy(0, by);
    requestAnimationFrame(show);
  };

  /** @param {boolean} isDropped */
  const end = (isDropped) => {
    if (!held) return;
    const { row, y, pointer } = held;
    held = null;
    line?.classList.remove('is-drop-before', 'is-drop-behind');
    line = null;
    row.classList.remove('is-dragged');
    document.removeEventListener('keydown', cancel, true);
    if (container.hasPointerCapture(pointer)) container.releasePointerCapture(pointer);
    if (!isDropped) return;
    const { next } = target(row, y);
    drop(Number(row.dataset.key), next ? Number(next.dataset.key) : null);
  };

  const cancel = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    end(false);
  };

  container.addEventListener('pointerdown', (/** @type {any} */ event) => {
    const handle = event.target.closest('[data-handle]');
    if (!handle || event.button !== 0 || held) return;
    event.preventDefault();
    const row = handle.closest('[data-key]');
    // By the container: a row that moves in the document loses what it has captured.
    container.setPointerCapture(event.pointerId);
    held = { row, y: event.clientY, pointer: event.pointerId };
    row.classList.add('is-dragged');
    document.addEventListener('keydown', cancel, true);
    show();
  });
  container.addEventListener('pointermove', (/** @type {any} */ event) => {
    if (held?.pointer === event.pointerId) held.y = event.clientY;
  });
  container.addEventListener('pointerup', (/** @type {any} */ event) => {
    if (held?.pointer === event.pointerId) end(true);
  });
  container.addEventListener('pointercancel', () => end(false));
  container.addEventListener('lostpointercapture', (/** @type {any} */ event) => {
    if (held?.pointer === event.pointerId) end(false);
  });
}
