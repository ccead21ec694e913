/**
 * A keyed list: after `reconcile` the container has one element per item, in their order. Elements are kept, so what is
 * typed, opened or focused in a row stays; only what has to move is moved.
 */

/** A row of any list; a section of lists has a key too. */
export const ROW = '[data-key]:not(section)';

/**
 * Indexes of a longest rising run of `numbers`, -1 left out: these elements can stay where they are.
 * @param {number[]} numbers
 * @returns {Set<number>}
 */
export function staying(numbers) {
  /** @type {number[]} index of the smallest end of a run of each length */
  const ends = [];
  const before = new Array(numbers.length).fill(-1);
  numbers.forEach((number, index) => {
    if (number < 0) return;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[ends[middle]] < number) low = middle + 1;
      else high = middle;
    }
    before[index] = low > 0 ? ends[low - 1] : -1;
    ends[low] = index;
  });
  const kept = new Set();
  for (let index = ends.length ? ends[ends.length - 1] : -1; index >= 0; index = before[index]) kept.add(index);
  return kept;
}

/**
 * @template T
 * @param {any} container
 * @param {readonly T[]} items
 * @param {object} how
 * @param {(item: T) => string|number} how.key
 * @param {(item: T) => any} how.create an element; its data-key is set here
 * @param {(element: any, item: T) => void} how.update also called for a new one
 */
export function reconcile(container, items, { key, create, update }) {
  const focused = container.contains(document.activeElement) ? /** @type {any} */ (document.activeElement) : null;
  const old = /** @type {any[]} */ ([...container.children]);
  const place = new Map(old.map((element, index) => [element.dataset.key, index]));
  const wanted = new Set(items.map((item) => String(key(item))));
  let lost = -1;
  old.forEach((element, index) => {
    if (wanted.has(element.dataset.key)) return;
    if (focused && element.contains(focused)) lost = index;
    element.remove();
  });
  const from = items.map((item) => place.get(String(key(item))) ?? -1);
  const kept = staying(from);
  let next = null;
  for (let index = items.length - 1; index >= 0; index -= 1) {
    let element = old[from[index]];
    if (!element) {
      element = create(items[index]);
      element.dataset.key = String(key(items[index]));
      container.insertBefore(element, next);
    } else if (!kept.has(index)) {
      // moveBefore keeps focus, selection and scrolling; where it is missing the focus is given back below.
      if (container.moveBefore) container.moveBefore(element, next);
      else container.insertBefore(element, next);
    }
    next = element;
  }
  items.forEach((item, index) => update(container.children[index], item));
  if (lost >= 0) {
    // The row that had the focus is gone: the one that took its place, or the list itself.
    const heir = container.children[Math.min(lost, container.children.length - 1)];
    (heir?.querySelector('button:not([hidden]), summary') ?? container).focus({ preventScroll: true });
  } else if (focused && focused.isConnected && document.activeElement !== focused) {
    focused.focus({ preventScroll: true });
  }
}
