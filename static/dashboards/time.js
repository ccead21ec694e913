/** Times as the clinic's own clock shows them, whatever the clock and the zone of this computer. */

import { digits, locale as pageLocale } from './written.js';

/** @type {Map<string, Intl.DateTimeFormat>} making one costs a millisecond, a list has hundreds of times */
const formats = new Map();

/** @param {string} zone @param {Intl.DateTimeFormatOptions} options @param {string} [locale] */
function format(zone, options, locale) {
  const key = `${zone} ${locale} ${JSON.stringify(options)}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone })));
  return found;
}

/** @param {string} name @param {string} zone @param {number|string} moment */
const part = (name, zone, moment) => format(zone, /** @type {any} */ ({ calendar: 'gregory', numberingSystem: 'latn', year: 'numeric', month: '2-digit', day: '2-digit' }), 'en').formatToParts(new Date(moment)).find((each) => each.type === name)?.value;

/** '09:05', for people. @param {number|string|null|undefined} moment ms or ISO @param {string} zone */
export function clock(moment, zone) {
  if (moment === null || moment === undefined || moment === '') return '';
  return digits(format(zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, 'en').format(new Date(moment)));
}

/** '2026-11-23': the date in the zone. @param {number|string} moment @param {string} zone */
export const dayOf = (moment, zone) => `${part('year', zone, moment)}-${part('month', zone, moment)}-${part('day', zone, moment)}`;

/** A date as people write it. @param {string} date 'YYYY-MM-DD' @param {'long'|'short'} [length] @param {string} [locale] */
export function written(date, length = 'short', locale = pageLocale()) {
  const options = /** @type {Intl.DateTimeFormatOptions} */ (
    length === 'long' ? { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } : { day: 'numeric', month: 'short', year: 'numeric' }
  );
  return format('UTC', { ...options, calendar: 'gregory' }, locale).format(new Date(`${date}T12:00:00Z`));
}

/** A day of a week in short, "Mon, 23 Nov". @param {string} date 'YYYY-MM-DD' @param {string} [locale] */
export const weekday = (date, locale = pageLocale()) =>
  format('UTC', { weekday: 'short', day: 'numeric', month: 'short', calendar: 'gregory' }, locale).format(new Date(`${date}T12:00:00Z`));

/** Whole minutes from `moment` to `now`, never below 0. @param {string} moment @param {number} now */
export const minutesSince = (moment, now) => Math.max(0, Math.floor((now - Date.parse(moment)) / 60_000));

/**
 * The time by the server's clock: those of old computers are wrong. Small differences are the network's.
 * @param {string} serverNow as the page was rendered
 * @param {() => number} [here]
 */
export function serverClock(serverNow, here = Date.now) {
  const ahead = Date.parse(serverNow) - here();
  const skew = Math.abs(ahead) > 30_000 ? ahead : 0;
  return () => here() + skew;
}
