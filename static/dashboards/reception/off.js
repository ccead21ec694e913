/** Which doctors have time off now. No event tells of it, so the desk asks once a minute. */

import { Refusal, get } from '../api.js';
import { clock, dayOf, written } from '../time.js';

const EVERY = 60_000;

/**
 * @param {any} live
 * @param {(path: string) => Promise<any>} [fetched]
 * @param {() => number} [tick] milliseconds, whatever is done to the clock
 * @returns {(doctorId: number) => string} until when, as people write it; empty if there is none
 */
export function timeOff({ start, now, zone, redraw }, fetched = get, tick = () => performance.now()) {
  /** @type {Record<number, string>} until when, by doctor */
  let { off } = start;
  let asked = tick();

  const ask = async () => {
    asked = tick();
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
    if (tick() - asked >= EVERY && !globalThis.document?.hidden) ask();
    const end = off[doctorId];
    if (!end || Date.parse(end) <= now()) return '';
    const [day, last] = [dayOf(end, zone), dayOf(Date.parse(end) - 1, zone)];
    if (day === dayOf(now(), zone)) return clock(end, zone);
    // Until midnight: the day before is the last one.
    return day === last ? `${written(day)} ${clock(end, zone)}` : written(last);
  };
}
