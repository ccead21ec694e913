/**
 * The end of a visit: a note, and whether the patient should come again. What is typed is kept per visit, survives
 * a reload and every update of the page, and is given up only when it is stored.
 */

import { toast } from '../announce.js';
import { Refusal, get, post } from '../api.js';
import { actOnVisit, tellStep, whoOf } from '../commands.js';
import { formDialog } from '../dialogs.js';
import { byId, setText, show, slot } from '../dom.js';
import { forgetDraft, hasDraft, keepDraft } from '../drafts.js';
import { offerAt } from '../visit-dialogs.js';
import { t } from '../words.js';

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

  let isDone = false;
  /** @param {any} visit that which was sent: the dialog may be open for another one by now */
  const finish = (visit) => {
    forgetDraft(draftOf(visit.id));
    isDone = dialog.open && visitId === visit.id;
  };
  dialog.addEventListener('close', () => {
    if (isDone) onDone();
    isDone = false;
  });

  /** @param {any} visit @param {Record<string, string>} values */
  const saveNote = async (visit, values) => {
    if (values.note && values.note !== stored) {
      await post(`/api/visits/${visit.id}/note/`, { note: values.note });
      toast(t('done.note', { who: whoOf(visit) }));
    }
    finish(visit);
  };

  const isOver = (/** @type {any} */ visit) => visit?.status === 'completed';

  /** It has ended already, by a click without an answer or from elsewhere: what was filled in is stored all the same. @param {any} visit @param {Record<string, string>} values */
  const catchUp = async (visit, values) => {
    const { note: text, follow_up: wish } = bodyOf(values);
    if (text) await post(`/api/visits/${visit.id}/note/`, { note: text });
    if (wish && !store.getState().visits[visit.id].follow_up) store.answer('visit', await post(`/api/visits/${visit.id}/follow-up/`, { follow_up: wish }));
    finish(visit);
    toast(t('complete.is_over', { who: whoOf(visit) }));
  };

  /** @param {any} visit @param {Record<string, string>} values */
  const complete = async (visit, values) => {
    if (isOver(store.getState().visits[visit.id])) return catchUp(visit, values);
    try {
      const done = await actOnVisit(store, visit.id, 'complete', bodyOf(values));
      finish(visit);
      return tellStep(store, done, { rules: start.rules.visit });
    } catch (error) {
      if (error instanceof Refusal && isOver(error.current)) return catchUp(visit, values);
      throw error;
    }
  };

  /** @param {any} visit @param {'complete'|'note'} kind @param {(visit: any, values: Record<string, string>) => Promise<unknown>} work */
  const begin = (visit, kind, work) => {
    visitId = visit.id;
    stored = '';
    form.reset();
    offerAt(service, visit);
    draft.restore();
    on.min = visit.date;
    become(kind);
    open(whoOf(visit), (values) => work(visit, values));
    (note ?? again[0]).focus();
    if (note) recall(visit);
  };

  return {
    openComplete: (visit) => begin(visit, 'complete', complete),
    openNote: (visit) => begin(visit, 'note', saveNote),
    isBegun: (id) => hasDraft(draftOf(id)),
  };
}
