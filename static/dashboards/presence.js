/** Whether a doctor is there, from the store and the clock; clinic_project/dashboards/rows.py says the same. Pure. */

import { clock } from './time.js';
import { t } from './words.js';

/**
 * A patient inside says more than what was said, and what was said holds until midnight only.
 * @param {any} doctor of the store, if known
 * @param {boolean} isInside whether a patient is
 * @param {number} now
 * @returns {string} available, with_patient, break or gone
 */
export function presenceOf(doctor, isInside, now) {
  if (isInside) return 'with_patient';
  if (!doctor?.valid_until || now >= Date.parse(doctor.valid_until)) return 'available';
  return doctor.state;
}

/** What holds once the patient is out: a break that is over by then is none. @param {any} doctor @param {number} now */
export function afterwards(doctor, now) {
  const said = presenceOf(doctor, false, now);
  return said === 'break' && doctor.until && Date.parse(doctor.until) <= now ? 'available' : said;
}

/**
 * @param {string} state
 * @param {any} doctor
 * @param {string} zone
 * @param {string} [said] what holds once the patient is out
 */
export function presenceText(state, doctor, zone, said = state) {
  const what = said === state || said === 'available' ? state : `then_${said}`;
  return what.endsWith('break') && doctor?.until ? t(`presence.${what}_until`, { time: clock(doctor.until, zone) }) : t(`presence.${what}`);
}

/**
 * Why nobody would expect this doctor to see the next patient; a break that is over is no reason.
 * @param {any} doctor of the store, if known
 * @param {number} now
 * @param {string} zone
 * @returns {string} a sentence, empty if there is none
 */
export function awayText(doctor, now, zone) {
  const { name, until } = doctor ?? {};
  const said = afterwards(doctor, now);
  if (said === 'available') return '';
  return said === 'break' && until ? t('away.break_until', { name, time: clock(until, zone) }) : t(`away.${said}`, { name });
}
