/** From the store and the hours to columns: of a day each doctor, of a week each day of one doctor. Pure. */

import { freeCells, lanes, startsOf, windowOf } from './layout.js';
import { minutesOf, momentOf } from './moments.js';

export const TAKES_TIME = ['booked', 'checked_in', 'fulfilled'];

/** @typedef {import('./layout.js').Span} Span */
/** @typedef {{working: Span[], breaks: Span[], away: Span[], elsewhere: Span[]}} Hours */
/** @typedef {{closed: string|null, doctors: Map<number, Hours>}} Day */

/** @type {Hours} */
const NO_HOURS = { working: [], breaks: [], away: [], elsewhere: [] };

/** @param {{start: string, end: string}} span @returns {Span} */
const parsed = ({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) });

/**
 * The answer about hours, by day.
 * @param {any} answer
 * @param {Map<string, Day>} into days that are known already; of a doctor who isn't in the answer what is known stays
 */
export function takeHours(answer, into) {
  for (const { date, closed, doctors } of answer.days) {
    const known = into.get(date)?.doctors ?? new Map();
    for (const { doctor, working, breaks, away, elsewhere } of doctors) {
      known.set(doctor.id, { working: working.map(parsed), breaks: breaks.map(parsed), away: away.map(parsed), elsewhere: elsewhere.map(parsed) });
    }
    into.set(date, { closed, doctors: known });
  }
}

/**
 * @param {object} about
 * @param {number} about.doctorId
 * @param {string} about.date
 * @param {Day|undefined} about.day
 * @param {any[]} about.appointments of the clinic
 * @param {{zone: string, now: number, step: number, shortest: number, lastDay: string}} about.rules
 */
export function columnOf({ doctorId, date, day, appointments, rules }) {
  const { zone, now, step, shortest } = rules;
  const hours = day?.doctors.get(doctorId) ?? NO_HOURS;
  const mine = appointments
    .filter((each) => each.doctor.id === doctorId && each.date === date && each.status !== 'cancelled')
    .map((appointment) => ({ appointment, start: Date.parse(appointment.start), end: Date.parse(appointment.end) }));
  const taken = mine.filter(({ appointment }) => TAKES_TIME.includes(appointment.status));
  const busy = [...taken, ...hours.away, ...hours.elsewhere];
  const isBeyond = date > rules.lastDay;
  const canBook = day !== undefined && day.closed === null && !isBeyond;
  const places = lanes(taken);
  return {
    key: `${doctorId} ${date}`,
    doctorId,
    date,
    isKnown: day?.doctors.has(doctorId) ?? false,
    closed: day?.closed ?? null,
    isBeyond,
    ...hours,
    taken,
    starts: startsOf(hours.working, busy, step),
    items: [
      ...hours.breaks.map((span) => ({ kind: 'break', key: `b${span.start}`, ...span })),
      ...hours.away.map((span) => ({ kind: 'away', key: `w${span.start}`, ...span })),
      ...hours.elsewhere.map((span) => ({ kind: 'elsewhere', key: `e${span.start}`, ...span })),
      ...(canBook ? freeCells({ working: hours.working, busy, step, shortest, now }) : []).map((cell) => ({ kind: 'free', key: `f${cell.start}`, ...cell })),
      ...mine.map((each) => ({ kind: 'booked', key: `a${each.appointment.id}`, ...each, ...(places.get(each) ?? { lane: 1, lanes: 2 }) })),
    ].sort((a, b) => a.start - b.start || a.end - b.end),
    /** What has to be seen, in minutes of the day. */
    shows: [...hours.working, ...mine].map((span) => /** @type {[number, number]} */ ([minutesOf(span.start, zone), minutesOf(span.start, zone) + (span.end - span.start) / 60_000])),
  };
}

/** @param {ReturnType<typeof columnOf>[]} columns */
export const hoursShown = (columns) => windowOf(columns.flatMap((column) => column.shows));

/**
 * The start that lies next to a time of the day.
 * @param {{starts: number[], date: string}} column
 * @param {number} minutes
 * @param {string} zone
 * @returns {number|null}
 */
export function nearestStart(column, minutes, zone) {
  const wanted = momentOf(column.date, minutes, zone);
  return column.starts.reduce((/** @type {number|null} */ best, start) => (best === null || Math.abs(start - wanted) < Math.abs(best - wanted) ? start : best), null);
}
