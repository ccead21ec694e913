/** News for everybody: seen as a toast, heard through the live region that the toasts stand in. */

import { byId, clone, slot } from './dom.js';

const STAYS = 8_000;
/** Where there is little room, fewer. */
const atOnce = () => (matchMedia('(max-width: 46rem)').matches ? 2 : 4);
// More than come again after any failure; a page that stays open for weeks keeps no more than these.
const REMEMBERED = 1_000;

/** Where the focus was before it went into the toasts. @type {any} */
let cameFrom = null;

/** Take a toast away; the focus goes back to where it came from. @param {any} element */
function remove(element) {
  const hadFocus = element?.contains(document.activeElement);
  element?.remove();
  if (hadFocus && cameFrom?.isConnected) cameFrom.focus();
}

/** @param {string} about */
const toldOf = (about) => byId('toasts').querySelector(`[data-about="${about}"]`);

/** What was told of it holds no more. @param {string} about */
export const untell = (about) => remove(toldOf(about));

/**
 * @param {string} text
 * @param {{bad?: boolean, about?: string, stays?: boolean, action?: {label: string, run: () => unknown}}} [options] `action`: a button
 *   beside it, once; `about`: what it tells of, so that it takes the place of what was told of the same before; `stays`: until it
 *   is dismissed
 */
export function toast(text, { bad = false, about, stays = false, action } = {}) {
  const region = byId('toasts');
  const element = clone('toast-template');
  if (about) {
    untell(about);
    element.dataset.about = about;
  }
  slot(element, 'text').textContent = text;
  element.classList.toggle('toast--bad', bad);
  const close = () => remove(element);
  element.addEventListener('focusin', (/** @type {any} */ { relatedTarget: from }) => {
    if (from && !region.contains(from)) cameFrom = from;
  });
  const button = slot(element, 'action');
  button.hidden = !action;
  if (action) {
    button.textContent = action.label;
    button.addEventListener('click', () => {
      close();
      action.run();
    });
  }
  slot(element, 'close').addEventListener('click', close);
  const passing = region.querySelectorAll('.toast:not(.toast--stays)');
  for (const old of [...passing].slice(0, Math.max(0, region.children.length + 1 - atOnce()))) remove(old);
  region.append(element);
  element.classList.toggle('toast--stays', stays);
  if (stays) return;
  // None goes while somebody reads one of them: those below would move under the mouse.
  const later = () => setTimeout(() => (region.matches(':hover, :focus-within') ? later() : close()), STAYS);
  later();
}

/**
 * One piece of news per check-in. What was missed while there was no line comes all at once, and becomes one sentence.
 * @param {(visits: any[]) => void} tell
 * @param {number} [together] ms within which they are told together
 */
export function checkinNews(tell, together = 150) {
  /** @type {Set<string>} */
  const told = new Set();
  /** @type {any[]} */
  let waiting = [];
  return (/** @type {any} */ { data: { visit } }) => {
    const key = `${visit.id} ${visit.checked_in_at}`;
    if (told.has(key)) return;
    told.add(key);
    if (told.size > REMEMBERED) told.delete(/** @type {string} */ (told.values().next().value));
    waiting.push(visit);
    if (waiting.length > 1) return;
    setTimeout(() => {
      const visits = waiting;
      waiting = [];
      tell(visits);
    }, together);
  };
}
