/** How numbers, times and money are written here: in the page's language, with the digits that the person prefers. */

const page = () => globalThis.document?.documentElement;

/** For Intl, with the digits. Plain 'en' means American order of dates, which reads as another date elsewhere. */
export const locale = () => `${page()?.lang === 'en' ? 'en-GB' : page()?.lang || 'en-GB'}-u-nu-${page()?.dataset.digits ?? 'latn'}`;

/** The same text with the digits that the person prefers. @param {string|number} text */
export const digits = (text) =>
  page()?.dataset.digits === 'arab' ? String(text).replace(/[0-9]/g, (digit) => String.fromCharCode(0x0660 + Number(digit))) : String(text);

const isRightToLeft = () => page()?.dir === 'rtl';

/** With a direction of its own where text runs from right to left: a phone number would be turned round by its neighbours. @param {string} text */
export const isolated = (text) => (text && isRightToLeft() ? `\u2068${text}\u2069` : text);

/** @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** `12.50` and `USD` as people write it; exact, however long. @param {string} amount a decimal number @param {string} currency */
export function money(amount, currency) {
  // American only in its dates: a dollar is "$" on the server's pages and receipts, not "US$".
  const numbers = locale().replace('en-GB', 'en');
  const key = `${numbers} ${currency}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.NumberFormat(numbers, { style: 'currency', currency })));
  // Behind the sign, or its "$" would go to the other side of its letters.
  return found.format(/** @type {any} */ (amount)) + (isRightToLeft() ? '\u200e' : '');
}
