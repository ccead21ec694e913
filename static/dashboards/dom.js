/** Small helpers for the document. Text only ever goes in as text. */

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/** @param {ParentNode} root @param {string} name @returns {any} the element that shows `name` */
export const slot = (root, name) => root.querySelector(`[data-slot="${name}"]`);

/** @param {string} id @returns {any} what the server wrote with json_script */
export const json = (id) => JSON.parse(byId(id).textContent);

/** @param {string} id of a <template> @returns {any} a copy of its one element */
export const clone = (id) => byId(id).content.firstElementChild.cloneNode(true);

/**
 * Writes only what differs: a text node that is replaced loses the user's selection and is read out again.
 * @param {Element|null} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** @param {any} element @param {boolean} shown */
export function show(element, shown) {
  if (element && element.hidden === shown) element.hidden = !shown;
}

/** @param {Element|null} element @param {string} name @param {string|null} value */
export function setAttribute(element, name, value) {
  if (!element || element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** Could it take the focus? @param {any} element */
const focusable = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;

/**
 * Let `change` hide what it must: if that takes the focus away, the nearest button left in `root` gets it, so that
 * somebody who works with the keyboard isn't thrown to the top of the page.
 * @param {Element} root
 * @param {() => void} change
 */
export function keepingFocus(root, change) {
  const held = /** @type {any} */ (root.contains(document.activeElement) ? document.activeElement : null);
  change();
  if (!held || (held.isConnected && focusable(held) && !held.disabled)) return;
  const next = /** @type {any[]} */ ([...root.querySelectorAll('button, summary, a[href]')]).find(focusable);
  next?.focus({ preventScroll: true });
}

/**
 * Call at most once per frame, and a little later in a hidden tab, where frames stand still.
 * @param {() => void} fn
 */
export function oncePerFrame(fn) {
  let waiting = false;
  const run = () => {
    waiting = false;
    fn();
  };
  return () => {
    if (waiting) return;
    waiting = true;
    if (document.hidden) setTimeout(run, 250);
    else requestAnimationFrame(run);
  };
}
