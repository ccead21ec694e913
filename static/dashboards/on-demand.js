/** Code that comes when it is first needed: what is rarely opened makes no page later. */

import { Refusal } from './api.js';
import { t } from './words.js';

/** Whoever has waited this long has gone on to something else: nothing may open over that any more. */
export const PATIENCE = 10_000;

let waiting = 0;

/** Is something about to open? What is typed now is meant for that. */
export const isOpening = () => waiting > 0;

/**
 * @param {() => Promise<(...args: any[]) => any>} load gives what does it
 * @param {{setTimeout: (fn: () => void, ms: number) => any, clearTimeout: (id: any) => void}} [timers]
 * @returns {((...args: any[]) => Promise<any>) & {warm: () => void}} a Refusal if it couldn't be loaded; the next call tries
 *   again. `warm` fetches it before it is asked for
 */
export function onDemand(load, timers = globalThis) {
  /** @type {Promise<(...args: any[]) => any>|null} */
  let loading = null;
  const begin = () => {
    const mine = (loading ??= load());
    mine.catch(() => {
      if (loading === mine) loading = null;
    });
    return mine;
  };
  const run = async (/** @type {any[]} */ ...args) => {
    /** @type {any} */
    let timer;
    /** @type {(...args: any[]) => any} */
    let work;
    waiting += 1;
    try {
      work = await Promise.race([begin(), new Promise((_, reject) => (timer = timers.setTimeout(reject, PATIENCE)))]);
    } catch {
      throw new Refusal(0, t('fail.network'));
    } finally {
      timers.clearTimeout(timer);
      waiting -= 1;
    }
    return work(...args);
  };
  return Object.assign(run, { warm: () => void begin().catch(() => {}) });
}
