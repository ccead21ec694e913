/** The page's sentences, translated by the server (clinic_project/dashboards/words.py). */

import { digits, isolated } from './written.js';

/** @type {Record<string, string>} */
let words = {};

/** @param {Record<string, string>} given */
export function useWords(given) {
  words = given;
}

/**
 * @param {string} key
 * @param {Record<string, string|number>} [values] for the {names} in the sentence
 * @returns {string} the key itself if nobody wrote a sentence, so that the gap is seen
 */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name] ?? whole;
    // A name may have digits of its own.
    return isolated(typeof value === 'number' ? digits(value) : value);
  });
}

/** Facts beside each other, those that there are. @param {Array<string|null|undefined|false>} parts */
export const facts = (parts) => parts.filter(Boolean).map((part) => isolated(String(part))).join(t('separator'));

/** From one time to another. @param {string} first @param {string} last */
export const range = (first, last) => t('range', { first, last });
