/** What happened to a visit, who did it and when, and a way to take back the last step. */

import { Refusal, get } from '../api.js';
import { actOnVisit, tellUndone, whileBusy } from '../commands.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { clock, dayOf, written } from '../time.js';
import { facts, t } from '../words.js';
import { money } from '../written.js';

/** @param {any} step @returns {string} what was done, as a sentence */
export function sentenceOf(step) {
  const { details } = step;
  const values = { ...details };
  if (details.amount !== undefined) values.amount = money(details.amount, details.currency);
  if (details.method) values.method = t(`method.${details.method}`);
  if (details.priority) values.priority = t(`priority.${details.priority}`);
  const discount = Number(details.discount) > 0 ? t('history.discount', { amount: money(details.discount, details.currency) }) : '';
  return facts([t(`step.${step.action}`, values), discount, step.reason]);
}

/** What a visit begins with is not taken back. */
const FIRST = ['plan', 'walk_in'];

/**
 * Is there a last step that can be taken back, as far as its history tells?
 * @param {any[]} rows
 * @param {string[]} beside no steps of its own: they come with a change of the booking, or of another visit
 */
export function canUndo(rows, beside) {
  const last = rows.filter((step) => step.id !== null && !beside.includes(step.action)).at(-1);
  return last !== undefined && last.undoes === null && !FIRST.includes(last.action);
}

/**
 * @param {any} live
 * @returns {(visitId: number, about: string) => Promise<void>} opens the dialog
 */
export function historyDialog({ store, start, zone, now }) {
  const dialog = byId('history-dialog');
  const list = slot(dialog, 'steps');
  const undo = slot(dialog, 'undo');
  const message = slot(dialog, 'message');
  let shown = 0;

  /** @param {any[]} rows */
  const fill = (rows) => {
    const undone = new Set(rows.map((step) => step.undoes).filter((id) => id !== null));
    const today = dayOf(now(), zone);
    list.replaceChildren(
      ...rows.map((step) => {
        const row = clone('step-template');
        const day = dayOf(step.at, zone);
        slot(row, 'at').textContent = day === today ? clock(step.at, zone) : `${written(day)} ${clock(step.at, zone)}`;
        slot(row, 'what').textContent = sentenceOf(step);
        slot(row, 'by').textContent = step.by ? t('history.by', { who: step.by_name }) : '';
        row.classList.toggle('is-undone', undone.has(step.id));
        slot(row, 'undone').textContent = undone.has(step.id) ? t('history.undone') : '';
        return row;
      }),
    );
    setText(slot(dialog, 'loading'), rows.length ? '' : t('history.none'));
  };

  /** @param {number} visitId */
  const load = async (visitId) => {
    setText(slot(dialog, 'loading'), t('loading'));
    try {
      const [visit, rows] = await Promise.all([get(`/api/visits/${visitId}/`), get(`/api/visits/${visitId}/history/`)]);
      if (!dialog.open || shown !== visitId) return;
      // A planned visit is in no snapshot; now it is known, and its last step can be taken back.
      store.answer('visit', visit);
      fill(rows);
      show(undo, canUndo(rows, start.rules.beside) && start.rules.visit[visit.status]?.includes('undo') === true);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setText(slot(dialog, 'loading'), '');
      setText(message, error.message);
    }
  };

  undo.addEventListener('click', () =>
    whileBusy(undo, async () => {
      const visitId = shown;
      setText(message, '');
      try {
        tellUndone(await actOnVisit(store, visitId, 'undo'));
        await load(visitId);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        setText(message, error.message);
      }
    }),
  );
  dialog.addEventListener('click', (/** @type {any} */ event) => {
    if (event.target === dialog || event.target.closest('[data-close]')) dialog.close();
  });
  // What somebody else does meanwhile belongs to it.
  store.subscribe((/** @type {any} */ state, /** @type {any} */ before) => {
    const version = (/** @type {any} */ of) => of.visits[shown]?.version;
    if (dialog.open && version(state) !== version(before) && version(before) !== undefined) load(shown);
  });

  return async (visitId, about) => {
    shown = visitId;
    setText(slot(dialog, 'about'), about);
    setText(message, '');
    list.replaceChildren();
    show(undo, false);
    dialog.showModal();
    await load(visitId);
  };
}
