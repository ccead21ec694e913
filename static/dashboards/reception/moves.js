/** Where somebody who waits goes: behind whom, and the rank to show until the server has given one. Pure. */

/** Enough to stand before or behind all; the server's own numbers follow in a moment. */
const STEP = 1_000_000;

/**
 * @param {any[]} waiting those who wait for the doctor, in order
 * @param {number} id who moves
 * @param {number} index where to, among the others
 * @returns {{after: number|null, rank: number}|null} null: they stand there already, or wait no more
 */
export function placeAt(waiting, id, index) {
  const from = waiting.findIndex((visit) => visit.id === id);
  if (from < 0 || index === from || index < 0 || index >= waiting.length) return null;
  const others = waiting.filter((visit) => visit.id !== id);
  const before = others[index - 1];
  const behind = others[index];
  const rank = before && behind ? (before.rank + behind.rank) / 2 : before ? before.rank + STEP : behind.rank - STEP;
  return { after: before?.id ?? null, rank };
}

/** @param {any[]} waiting @param {number} id @param {number} step -1 up, 1 down */
export const stepFrom = (waiting, id, step) => placeAt(waiting, id, waiting.findIndex((visit) => visit.id === id) + step);

/**
 * Dropped before another row.
 * @param {any[]} waiting
 * @param {number} id
 * @param {number|null} beforeId null: behind the last one
 */
export function dropBefore(waiting, id, beforeId) {
  const others = waiting.filter((visit) => visit.id !== id);
  const index = beforeId === null ? others.length : others.findIndex((visit) => visit.id === beforeId);
  return index < 0 ? null : placeAt(waiting, id, index);
}
