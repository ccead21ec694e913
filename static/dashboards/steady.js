/**
 * Nothing jumps under the mouse. While lists are drawn anew, the row that the pointer rests on (or that has the focus) stays
 * where it is on the screen, as far as there is something to scroll; and what came under a pointer that rests is not what was
 * aimed at: a click on it in the next moment is not passed on.
 */

import { ROW } from './list.js';

/** So long after something came under the pointer, a click was meant for what was there before. */
const REACTION = 400;
/** So soon after a key has pressed one thing, the same key has pressed what the focus went to, unseen. */
const TWICE = 700;
/** A hand that rests moves as little as this. */
const TREMOR = 6;

const ACTIVE = 'button, a[href], summary, input, select';

/** What scrolls an element; the page itself where nothing does. @param {Element} element @returns {any} */
export function scrollerOf(element) {
  for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
    if (up.scrollHeight > up.clientHeight && /auto|scroll/.test(getComputedStyle(up).overflowY)) return up;
  }
  return document.scrollingElement;
}

/**
 * @param {(row: any) => boolean} isOurs whether the row goes its way because of a step from here: it isn't held
 * @param {() => void} told a click was not passed on
 * @returns {(draw: () => void) => void} draws, and keeps in place
 */
export function steady(isOurs, told) {
  /** Where the mouse (or pen) is; a finger rests nowhere. @type {{x: number, y: number}|null} */
  let pointer = null;
  /** What the hand has put the pointer on. @type {Element|null|undefined} */
  let aim = null;
  /** What came under it since, when, and where it rested then. @type {{what: Element, at: number, x: number, y: number}|null} */
  let slipped = null;

  /** What a key pressed last, and when; forgotten with any other key. @type {{what: Element, at: number}|null} */
  let pressed = null;

  const under = () => (pointer ? document.elementFromPoint(pointer.x, pointer.y) : null);
  const activeOf = (/** @type {any} */ target) => target?.closest?.(ACTIVE) ?? null;

  document.addEventListener(
    'pointermove',
    (event) => {
      pointer = event.pointerType === 'touch' ? null : { x: event.clientX, y: event.clientY };
      if (slipped && Math.hypot(event.clientX - slipped.x, event.clientY - slipped.y) <= TREMOR) return;
      slipped = null;
      aim = activeOf(event.target);
    },
    { passive: true },
  );
  document.addEventListener('keydown', ({ key }) => {
    if (key !== 'Enter' && key !== ' ') pressed = null;
  });
  document.documentElement.addEventListener('pointerleave', () => (pointer = null));
  document.addEventListener(
    'click',
    (event) => {
      const target = activeOf(event.target);
      if (event.detail === 0 && event.isTrusted) {
        const now = performance.now();
        if (pressed && pressed.what !== target && now - pressed.at < TWICE && target?.closest(ROW)) {
          event.preventDefault();
          event.stopPropagation();
          return;
        }
        pressed = target && { what: target, at: now };
      }
      // Keys click too, and know what they are on.
      if (!slipped || event.detail === 0 || performance.now() - slipped.at > REACTION || target !== slipped.what) {
        if (event.detail > 0) aim = target;
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      // The second half of a double click was meant for nothing else, and needs no sentence.
      if (event.detail === 1) told();
    },
    true,
  );

  /** @returns {{row: any, top: number}|null} what is to stay */
  const anchor = () => {
    const row = under()?.closest(ROW) ?? document.activeElement?.closest(ROW);
    return row && !isOurs(row) ? { row, top: row.getBoundingClientRect().top } : null;
  };

  return (draw) => {
    const kept = anchor();
    draw();
    if (kept?.row.isConnected && kept.row.checkVisibility?.() !== false) {
      const by = kept.row.getBoundingClientRect().top - kept.top;
      if (Math.abs(by) >= 1) scrollerOf(kept.row).scrollBy({ top: by, behavior: 'instant' });
    }
    const now = activeOf(under());
    if (!pointer || !now?.closest(ROW) || now === aim) slipped = null;
    else if (slipped?.what !== now) slipped = { what: now, at: performance.now(), ...pointer };
  };
}
