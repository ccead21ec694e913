import { CLOSE } from './constants.js';

const BASE = 500;
const CAP = 20_000;

/**
 * Full jitter: anywhere between nothing and the exponential ceiling, so that the clients of a restarted server don't
 * come back in step.
 * @param {number} n tries that failed before, from 0
 * @param {() => number} random
 * @returns {number} ms
 */
export function fullJitter(n, random) {
  return random() * Math.min(CAP, BASE * 2 ** Math.min(n, 30));
}

/**
 * How long to wait before the next try at a socket.
 * @param {{code?: number, failures: number, polling?: boolean}} after `failures`: tries in a row that failed
 * @param {() => number} random
 * @returns {number} ms
 */
export function retryDelay({ code, failures, polling = false }, random) {
  // The server asked for quiet, so there is a floor as well as jitter.
  if (code === CLOSE.TOO_MANY) return 30_000 + random() * 30_000 * 2 ** Math.min(failures, 2);
  // With HTTP carrying the events there is no hurry.
  if (polling) return 15_000 + random() * 15_000;
  // The server is well, it only wants this client to read from the log; a second time in a row it is treated as any.
  if (code === CLOSE.TOO_SLOW && failures === 0) return random() * 250;
  return fullJitter(Math.max(0, failures - 1), random);
}

/**
 * When to renew a token: a minute before its end, or at half its life if that is later.
 * @param {number} life ms that are left
 * @returns {number} ms from now; never at once, so that a wrong clock can't make a loop
 */
export function renewalDelay(life) {
  return Math.max(life - 60_000, life / 2, 1_000);
}
