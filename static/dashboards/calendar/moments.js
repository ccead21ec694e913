/** Days and minutes of the clinic's own clock, and the moments they are. Pure. */

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * What the zone's clock shows, as if it were UTC: to reckon with, never to show.
 * @param {number|string} moment ms or ISO
 * @param {string} zone
 */
export function wallOf(moment, zone) {
  let format = formats.get(zone);
  if (!format) {
    const options = /** @type {any} */ ({ timeZone: zone, hourCycle: 'h23', calendar: 'gregory', numberingSystem: 'latn', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' });
    formats.set(zone, (format = new Intl.DateTimeFormat('en', options)));
  }
  const part = Object.fromEntries(format.formatToParts(new Date(moment)).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
}

/** Minutes of the clock since its midnight. @param {number|string} moment @param {string} zone */
export const minutesOf = (moment, zone) => Math.floor((wallOf(moment, zone) % DAY) / MINUTE);

/**
 * The moment at which the clock shows so many minutes after midnight. Of a time that it skips the moment after, of one that
 * it shows twice one of the two.
 * @param {string} date 'YYYY-MM-DD'
 * @param {number} minutes
 * @param {string} zone
 */
export function momentOf(date, minutes, zone) {
  const wanted = Date.parse(`${date}T00:00:00Z`) + minutes * MINUTE;
  let moment = wanted;
  for (let round = 0; round < 2; round += 1) moment += wanted - wallOf(moment, zone);
  return moment;
}

/** @param {string} date @param {number} days */
export const addDays = (date, days) => new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);

/**
 * The days that a view shows.
 * @param {'day'|'week'} view
 * @param {string} date
 * @param {number} weekStart 0 is Sunday
 */
export function daysOf(view, date, weekStart) {
  if (view === 'day') return [date];
  const first = addDays(date, -((new Date(`${date}T00:00:00Z`).getUTCDay() - weekStart + 7) % 7));
  return Array.from({ length: 7 }, (_, number) => addDays(first, number));
}
