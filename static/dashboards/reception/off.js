/** Which doctors have time off now. No event tells of it, so the desk asks once a minute. */

import { Refusal, get } from '../api.js';
import { clock, dayOf, written } from '../time.js';

const EVERY = 60_000;

/**
 * @param {any} live
 * @param {(path: string) => Promise<any>} [fetched]
 * @returns {(doctorId: number) => string} until when, as people write it; empty if there is none
 */
export function timeOff({ start, now, zone, redraw }, fetched = get) {
  /** @type {Record<number, string>} until when, by doctor */
  let { off } = start;
  let asked = now();

  const ask = async () => {
    asked = now();
    try {
      const { results } = await fetched('/api/time-off/?current=true&page_size=200');
      off = {};
      for (const { doctor, end } of results) if (!(Date.parse(off[doctor]) > Date.parse(end))) off[doctor] = end;
      redraw();
    } catch (error) {
      // In a minute it is asked again.
      if (!(error instanceof Refusal)) throw error;
    }
  };

  return (doctorId) => {
    if (now() - asked >= EVERY && !globalThis.document?.hidden) ask();
    const end = off[doctorId];
    if (!end || Date.parse(end) <= now()) return '';
    return dayOf(end, zone) === dayOf(now(), zone) ? clock(end, zone) : written(dayOf(end, zone));
  };
}
