/** The page's sentences, translated by the server (clinic_project/dashboards/words.py). */

import { digits } from './written.js';

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
    return typeof value === 'number' ? digits(value) : value;
  });
}
