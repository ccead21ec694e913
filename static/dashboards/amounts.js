/** Amounts as people type them. */

import { digits } from './written.js';

/**
 * As a program reads it, in whatever digits it was typed. Half the world writes 12,50; the other half 1,000, which is left for
 * the server to refuse.
 * @param {string} text
 */
export function decimal(text) {
  const latin = text.replace(/[٠-٩۰-۹]/g, (digit) => String(digit.charCodeAt(0) & 15)).replace('٫', '.');
  return /^[^.,]*,(?!\d{3}$)[^.,]*$/.test(latin) ? latin.replace(',', '.') : latin;
}

/** As this person would type it. @param {string} sum `12.50` */
export function typed(sum) {
  const own = digits(sum);
  return own === sum ? sum : own.replace('.', '٫');
}

/**
 * `50.00` less `12.5` is `37.50`, never below zero; what isn't a number takes nothing away.
 * @param {string} sum
 * @param {string} off
 * @param {number} decimals of the currency
 */
export function less(sum, off, decimals) {
  const unit = 10 ** decimals;
  const rest = Math.round(Number(sum) * unit) - Math.round((Number(off) || 0) * unit);
  return (Math.max(0, rest) / unit).toFixed(decimals);
}
