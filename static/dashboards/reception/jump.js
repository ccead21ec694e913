/** To a row of the page, wherever it stands: opened, brought into sight, with the focus. */

/** @param {any} row @returns {boolean} whether there is such a row */
export function goTo(row) {
  if (!row) return false;
  const closed = row.closest('details:not([open])');
  if (closed) closed.open = true;
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
  return true;
}
