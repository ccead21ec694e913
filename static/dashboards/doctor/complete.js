/**
 * The end of a visit: a note, and whether the patient should come again. What is typed is kept per visit, survives
 * a reload and every update of the page, and is given up only when it is stored.
 */

import { toast } from '../announce.js';
import { Refusal, get, post } from '../api.js';
import { actOnVisit, tellStep } from '../commands.js';
import { byId, setText, show, slot } from '../dom.js';
import { hasDraft, keepDraft } from '../drafts.js';
import { formDialog } from '../reception/dialogs.js';
import { t } from '../words.js';
import { offerAt, whoOf } from './dialogs.js';

/** @param {number} id of a visit */
const draftOf = (id) => `note.${id}`;

/**
 * What is filled in, as the API takes it. Pure.
 * @param {Record<string, string>} values
 * @returns {{note?: string, follow_up?: {weeks?: number, on?: string, service?: number}}}
 */
export function bodyOf({ note, again, on, service }) {
  const when = again === 'on' ? { on: on ?? '' } : again ? { weeks: Number(again) } : null;
  return { ...(note && { note }), ...(when && { follow_up: { ...when, ...(service && { service: Number(service) }) } }) };
}

/**
 * @param {any} live
 * @param {() => void} onDone
 * @returns {{openComplete: (visit: any) => void, openNote: (visit: any) => void, isBegun: (id: number) => boolean}}
 */
export function completeDialog({ store, start }, onDone) {
  const { dialog, form, open } = formDialog('complete-dialog');
  const { note, again, on, service } = form.elements;
  let visitId = 0;
  const draft = keepDraft(form, () => draftOf(visitId));
  /** What was stored before: to write the same again is to change nothing. */
  let stored = '';

  const layout = () => {
    show(slot(form, 'follow-up'), again.value !== '' && !slot(form, 'again').hidden);
    show(slot(form, 'on'), again.value === 'on');
  };
  form.addEventListener('change', layout);
  form.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });

  /** @param {'complete'|'note'} kind */
  const become = (kind) => {
    show(slot(form, 'again'), kind === 'complete');
    setText(byId('complete-title'), t(kind === 'complete' ? 'complete.title' : 'complete.note_title'));
    setText(slot(form, 'submit'), t(kind === 'complete' ? 'complete.submit' : 'complete.save'));
    layout();
  };

  /** A note that was written before is shown, unless something new is begun. @param {any} visit */
  const recall = async (visit) => {
    try {
      const { results } = await get(`/api/visit-notes/?visit=${visit.id}&page_size=1`);
      if (visitId !== visit.id || !results.length) return;
      stored = results[0].text;
      if (note.value === '') note.value = stored;
    } catch (error) {
      // Without it a note is simply another one: nothing is overwritten.
      if (!(error instanceof Refusal)) throw error;
    }
  };

  const finish = () => {
    draft.clear();
    onDone();
  };

  /** @param {any} visit @param {Record<string, string>} values */
  const saveNote = async (visit, values) => {
    if (values.note && values.note !== stored) {
      await post(`/api/visits/${visit.id}/note/`, { note: values.note });
      toast(t('done.note', { who: whoOf(visit) }));
    }
    finish();
  };

  /** @param {any} visit @param {Record<string, string>} values */
  const complete = async (visit, values) => {
    try {
      const done = await actOnVisit(store, visit.id, 'complete', bodyOf(values));
      finish();
      tellStep(store, done, { rules: start.rules.visit });
    } catch (error) {
      const ended = error instanceof Refusal && error.current?.status === 'completed';
      if (!ended || !values.note || !note) throw error;
      // Ended from elsewhere meanwhile: what was typed can still be kept.
      reopen(visit, 'note', saveNote);
      setText(slot(form, 'message'), t('complete.is_over'));
      return true;
    }
    return undefined;
  };

  /** @param {any} visit @param {'complete'|'note'} kind @param {(visit: any, values: Record<string, string>) => Promise<unknown>} work */
  const reopen = (visit, kind, work) => {
    become(kind);
    if (dialog.open) dialog.close();
    open(whoOf(visit), (values) => work(visit, values));
    (note ?? again[0]).focus();
  };

  /** @param {any} visit @param {'complete'|'note'} kind @param {(visit: any, values: Record<string, string>) => Promise<unknown>} work */
  const begin = (visit, kind, work) => {
    visitId = visit.id;
    stored = '';
    form.reset();
    offerAt(service, visit);
    draft.restore();
    on.min = visit.date;
    reopen(visit, kind, work);
    if (note) recall(visit);
  };

  return {
    openComplete: (visit) => begin(visit, 'complete', complete),
    openNote: (visit) => begin(visit, 'note', saveNote),
    isBegun: (id) => hasDraft(draftOf(id)),
  };
}
