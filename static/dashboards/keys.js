/**
 * Keyboard shortcuts of a page; `?` lists them (keys-sheet.js). Single keys act only outside of fields and dialogs, and
 * can be switched off (WCAG 2.1.4): whoever speaks to the computer must not call a patient by a stray word.
 */

import { createKeybindingsHandler } from '../vendor/tinykeys/tinykeys.js';
import { complain } from './commands.js';
import { byId } from './dom.js';
import { ROW } from './list.js';
import { isOpening, onDemand } from './on-demand.js';

const OFF = 'front-desk.keys-off';

/**
 * @typedef {object} Shortcut
 * @property {string} keys as tinykeys reads them; of an alternative (`j`, `ArrowDown`) each is an entry of its own
 * @property {string} [word] key of its sentence in the sheet; without one it isn't listed
 * @property {(event: KeyboardEvent) => unknown} run
 */

/**
 * A key is meant by what it writes; where another script is typed, by its place on the keyboard. Many keyboards write "/" with Shift.
 * @param {string} keys
 */
const inAnyScript = (keys) => (/^[a-z]$/.test(keys) ? [`(${keys}|Key${keys.toUpperCase()})`] : keys === '/' ? ['(/|Slash)', 'Shift+/'] : [keys]);

/** It stands in that place, but writes another Latin character: so that is meant. @param {KeyboardEvent} event @param {string} keys */
const writesAnother = ({ key }, keys) => keys.length === 1 && /^[\x21-\x7e]$/.test(key) && key.toLowerCase() !== keys;

/** Is the key for the field? Of a radio button or a box to tick only those are that move or tick it. @param {KeyboardEvent} event */
const isForField = ({ key, repeat, isComposing, target }) => {
  const field = /** @type {any} */ (target);
  const isChosen = field.matches?.('[type=radio], [type=checkbox]') && key.length === 1 && key !== ' ';
  return repeat || isComposing || (!isChosen && field.matches?.('[contenteditable], input, select, textarea'));
};

/** So long after a dialog has closed by itself, somebody still types into it. */
const UNSEEN = 400;
/** Whoever goes on typing as fast as this hasn't noticed yet. */
const TYPING = 250;

/**
 * Keys that were meant for a dialog which has closed by itself, as one does that was saved. Who closed it with Escape or a button
 * knows that it is gone.
 * @param {() => number} [now]
 */
export function trailingKeys(now = () => performance.now()) {
  let isTyped = false;
  let until = 0;
  return {
    /** @param {boolean} isText a key for a field of the dialog; else a button, Escape, a pointer */
    inside(isText) {
      isTyped = isText;
    },
    closed() {
      if (isTyped) until = now() + UNSEEN;
      isTyped = false;
    },
    /** A key outside of dialogs: was it for the one that was there? */
    isTrailing() {
      if (now() >= until) return false;
      until = Math.max(until, now() + TYPING);
      return true;
    },
  };
}

export const isOff = () => localStorage.getItem(OFF) === 'yes';
/** @param {boolean} off */
export const switchOff = (off) => localStorage.setItem(OFF, off ? 'yes' : 'no');

/** @param {Shortcut[]} list */
export function shortcuts(list) {
  const sheet = onDemand(async () => (await import('./keys-sheet.js')).keysSheet(all));
  const open = () => sheet().catch((error) => complain(null, error));
  const all = [...list, { keys: '[Shift]+?', word: 'keys.help', run: open }, { keys: '[Shift]+؟', run: open }];
  byId('keys-button').addEventListener('click', open);

  const trailing = trailingKeys();
  document.addEventListener('close', trailing.closed, true);
  document.addEventListener('pointerdown', () => trailing.inside(false), true);

  const bindings = Object.fromEntries(
    all.flatMap(({ keys, run }) => {
      const act = (/** @type {KeyboardEvent} */ event) => {
        if (writesAnother(event, keys) || isOff() || document.querySelector('dialog[open]') || isOpening()) return;
        event.preventDefault();
        run(event);
      };
      return inAnyScript(keys).map((each) => [each, act]);
    }),
  );
  const handler = createKeybindingsHandler(bindings, { ignore: isForField });
  window.addEventListener('keydown', (/** @type {any} */ event) => {
    const { target, key, ctrlKey, metaKey } = event;
    if (target.closest?.('dialog')) trailing.inside(target.matches('input, select, textarea') && key !== 'Escape' && !ctrlKey && !metaKey);
    else if (!trailing.isTrailing()) handler(event);
  });
}

/** The row that a key was about, while the mouse over it hasn't moved: the next key is for the same, whichever lies there by then. */
let meant = '';
let mouse = '';
globalThis.document?.addEventListener('pointermove', ({ clientX, clientY }) => {
  if (mouse !== (mouse = `${clientX} ${clientY}`)) meant = '';
});
globalThis.document?.addEventListener('pointerdown', () => (meant = ''), true);

/**
 * The row that is meant: the one whose focus is seen, else the one that the last key was about, else the one under the mouse,
 * else the one that was clicked last.
 * @returns {any}
 */
export function currentRow() {
  const focused = document.activeElement?.closest(ROW);
  if (focused && document.activeElement?.matches(':focus-visible')) return focused;
  const row = (meant && document.getElementById(meant)) || document.querySelector(`:is(${ROW}):hover`);
  meant = row?.id ?? '';
  return row ?? focused;
}

/**
 * Press the button of the current row that stands for `verb`, if it is offered; of a row that only points to another one
 * (`data-slot="anchor"`), that one's too.
 * @param {string} verb
 */
export function pressInRow(verb) {
  const row = currentRow();
  const other = row?.querySelector('[data-slot=anchor]')?.hash;
  for (const place of [row, other && document.querySelector(other)]) {
    const button = /** @type {any[]} */ ([...(place?.querySelectorAll(`[data-do="${verb}"]`) ?? [])]).find((each) => !each.hidden);
    if (button) return button.click();
  }
}

/** Give the focus to the next or the previous row on the page. @param {number} step */
export function walkRows(step) {
  const rows = /** @type {any[]} */ ([...document.querySelectorAll('.rows > [data-key]')]).filter((row) => row.checkVisibility?.() ?? true);
  const at = rows.indexOf(/** @type {any} */ (document.activeElement?.closest(ROW)));
  const next = at < 0 ? rows[step > 0 ? 0 : rows.length - 1] : rows[at + step];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
}

/** The shortcuts of every page with rows. @type {Shortcut[]} */
export const ROW_KEYS = [
  { keys: 'j', word: 'keys.next_row', run: () => walkRows(1) },
  { keys: 'k', word: 'keys.previous_row', run: () => walkRows(-1) },
];
