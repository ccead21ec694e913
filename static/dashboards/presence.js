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

/** @param {string} state @param {any} doctor @param {string} zone */
export const presenceText = (state, doctor, zone) =>
  state === 'break' && doctor?.until ? t('presence.break_until', { time: clock(doctor.until, zone) }) : t(`presence.${state}`);
