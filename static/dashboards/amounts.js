/** Amounts as people type them. */

/** Half the world writes 12,50; the other half 1,000, which is left for the server to refuse. @param {string} text */
export const decimal = (text) => (/^[^.,]*,(?![0-9٠-٩۰-۹]{3}$)[^.,]*$/.test(text) ? text.replace(',', '.') : text);

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
