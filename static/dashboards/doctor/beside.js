/** Asks what to do with a patient who was called and isn't inside. */

import { whoOf } from '../commands.js';
import { byId, setText, show, slot } from '../dom.js';
import { t } from '../words.js';

/**
 * @returns {(visit: any, canStart: boolean, then: (choice: string) => void) => void} opens the dialog; `canStart`: not while
 *   another patient is inside; `then` gets `start`, `skip` or `beside`
 */
export function besideDialog() {
  const dialog = byId('beside-dialog');
  const start = dialog.querySelector('[data-choice=start]');
  /** @type {(choice: string) => void} */
  let chosen = () => {};
  dialog.addEventListener('click', (/** @type {any} */ event) => {
    const button = event.target.closest('[data-choice]');
    if (button || event.target === dialog || event.target.closest('[data-close]')) dialog.close();
    if (button) chosen(button.dataset.choice);
  });

  return (visit, canStart, then) => {
    chosen = then;
    show(start, canStart);
    setText(slot(dialog, 'text'), t('beside.asks', { who: whoOf(visit) }));
    setText(start, t('beside.start', { who: whoOf(visit) }));
    if (dialog.open) return;
    dialog.showModal();
    // None of the answers: a second Enter on "Call next" must not skip anybody.
    dialog.querySelector('[data-close]').focus();
  };
}
