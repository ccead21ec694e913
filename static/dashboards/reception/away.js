/** Asks before a patient is called in for a doctor who is gone or on a break. */

import { toast } from '../announce.js';
import { complain } from '../commands.js';
import { byId, setText, show, slot } from '../dom.js';
import { t } from '../words.js';

/**
 * @param {any} tools
 * @returns {(visit: any, why: string, call: () => unknown) => unknown} opens the dialog
 */
export function awayDialog(tools) {
  const { store, start } = tools;
  const dialog = byId('away-dialog');
  const transfer = dialog.querySelector('[data-choice=transfer]');
  /** @type {any} */
  let asked = null;
  /** @type {() => unknown} */
  let call = () => {};
  dialog.addEventListener('click', (/** @type {any} */ event) => {
    const choice = event.target.closest('[data-choice]')?.dataset.choice;
    if (choice || event.target === dialog || event.target.closest('[data-close]')) dialog.close();
    if (choice === 'call') call();
    else if (choice) tools.askTransfer(asked).catch((/** @type {unknown} */ error) => complain(byId(`visit-${asked.id}`), error));
  });
  /** Somebody else has called the patient meanwhile, or sent them elsewhere: there is nothing to ask any more. */
  const isOver = () => {
    const now = store.getState().visits[asked.id];
    return now?.status !== asked.status || now.call_count !== asked.call_count || now.doctor.id !== asked.doctor.id;
  };
  store.subscribe(() => {
    if (dialog.open && isOver()) dialog.close();
  });

  return (visit, why, work) => {
    [asked, call] = [visit, work];
    if (isOver()) return toast(t('changed_since'), { bad: true });
    setText(slot(dialog, 'text'), why);
    show(transfer, start.rules.visit[visit.status].includes('transfer') && byId('transfer-doctor').options.length > 1);
    if (!dialog.open) dialog.showModal();
    // None of the answers: a second Enter must not call anybody.
    return dialog.querySelector('[data-close]').focus();
  };
}
