/** The sheet that lists the shortcuts of a page, with the switch for who doesn't want single keys. */

import { byId, clone, slot } from './dom.js';
import { isOff, switchOff } from './keys.js';
import { t } from './words.js';

/** How a key is written in the sheet. @param {string} keys */
const written = (keys) => keys.replace('Shift+?', '?').replace('ArrowDown', '↓').replace('ArrowUp', '↑').replace('Escape', 'Esc').replace('Control', 'Ctrl').toUpperCase();

/**
 * @param {import('./keys.js').Shortcut[]} all
 * @returns {() => void} opens it
 */
export function keysSheet(all) {
  const dialog = byId('keys-dialog');
  slot(dialog, 'list').replaceChildren(
    ...all
      .filter(({ word }) => word)
      .map(({ keys, word }) => {
        const row = clone('key-template');
        slot(row, 'keys').textContent = written(keys.replace('[Shift]+', ''));
        slot(row, 'what').textContent = t(/** @type {string} */ (word));
        return row;
      }),
  );
  const toggle = slot(dialog, 'toggle');
  toggle.checked = !isOff();
  toggle.addEventListener('change', () => switchOff(!toggle.checked));
  dialog.addEventListener('click', (/** @type {any} */ event) => {
    if (event.target === dialog || event.target.closest('[data-close]')) dialog.close();
  });
  return () => dialog.open || dialog.showModal();
}
