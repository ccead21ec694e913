/** Code that comes when it is first needed: what is rarely opened makes no page later. */

import { Refusal } from './api.js';
import { t } from './words.js';

/**
 * @param {() => Promise<(...args: any[]) => any>} load gives what does it
 * @returns {(...args: any[]) => Promise<any>} a Refusal if it couldn't be loaded; the next call tries again
 */
export function onDemand(load) {
  /** @type {Promise<(...args: any[]) => any>|null} */
  let loading = null;
  return async (...args) => {
    loading ??= load();
    /** @type {(...args: any[]) => any} */
    let work;
    try {
      work = await loading;
    } catch {
      loading = null;
      throw new Refusal(0, t('fail.network'));
    }
    return work(...args);
  };
}
