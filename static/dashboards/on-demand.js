/** Code that comes when it is first needed: what is rarely opened makes no page later. */

import { Refusal } from './api.js';
import { t } from './words.js';

/** Whoever has waited this long has gone on to something else: nothing may open over that any more. */
export const PATIENCE = 10_000;

let waiting = 0;

/** What was asked for last; whoever has asked for something else since, or typed into a field, wants none of what was before. */
let turn = 0;
globalThis.document?.addEventListener('input', () => (turn += 1), true);

/** @type {Array<() => void>} */
const warmers = [];

/** Fetch all of the page's: once it is here, neither a cut line nor another release on the server can take it away. */
export const warmAll = () => warmers.forEach((warm) => warm());

/** Is something about to open? What is typed now is meant for that. */
export const isOpening = () => waiting > 0;

/**
 * @param {() => Promise<(...args: any[]) => any>} load gives what does it
 * @param {object} [how]
 * @param {boolean} [how.opens] whether something opens: it is the last that was asked for, and what is typed meanwhile is meant for it
 * @param {{setTimeout: (fn: () => void, ms: number) => any, clearTimeout: (id: any) => void}} [how.timers]
 * @returns {((...args: any[]) => Promise<any>) & {warm: () => void}} a Refusal if it couldn't be loaded; the next call tries
 *   again (in older browsers in vain, until the page is loaded anew). `warm` fetches it before it is asked for
 */
export function onDemand(load, { opens = true, timers = globalThis } = {}) {
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
    const mine = opens ? (turn += 1) : 0;
    waiting += Number(opens);
    try {
      work = await Promise.race([begin(), new Promise((_, reject) => (timer = timers.setTimeout(reject, PATIENCE)))]);
    } catch {
      throw new Refusal(0, t('fail.part'));
    } finally {
      timers.clearTimeout(timer);
      waiting -= Number(opens);
    }
    return opens && mine !== turn ? undefined : work(...args);
  };
  const warm = () => void begin().catch(() => {});
  warmers.push(warm);
  return Object.assign(run, { warm });
}
