/** A click on a row's button: one call, the answer into the store, a refusal beside the button. */

import { Refusal, get, post } from './api.js';
import { toast } from './announce.js';
import { keepingFocus, setText, slot } from './dom.js';
import { expected } from './intents.js';
import { t } from './words.js';

/** @typedef {import('./intents.js').HopefulStore} Store */

/**
 * Run what a button stands for; while it runs, the button does nothing more. Not `disabled`: that would take the focus.
 * @template T
 * @param {any} button
 * @param {() => Promise<T>} work
 * @returns {Promise<T|undefined>} undefined if it is running already
 */
export async function whileBusy(button, work) {
  if (!button) return work();
  if (button.getAttribute('aria-busy') === 'true') return undefined;
  button.setAttribute('aria-busy', 'true');
  button.setAttribute('aria-disabled', 'true');
  try {
    return await work();
  } finally {
    button.removeAttribute('aria-busy');
    button.removeAttribute('aria-disabled');
  }
}

/** Say why not, near the place; if the row is gone once the page is drawn anew, as a toast. @param {any} place @param {unknown} error */
export function complain(place, error) {
  if (!(error instanceof Refusal)) console.error(error);
  const sentence = error instanceof Refusal ? error.message : t('fail.unknown');
  requestAnimationFrame(() => {
    if (place?.isConnected) {
      setText(slot(place, 'message'), sentence);
      if (error instanceof Refusal && error.status === 0) place.dataset.unanswered = '';
    } else toast(sentence, { bad: true });
  });
}

/** @param {any} place */
export function hush(place) {
  setText(slot(place, 'message'), '');
  delete place.dataset.unanswered;
}

/** The line is back, and every row shows what became of it: that there was no answer is nobody's business any more. */
export function hushUnanswered() {
  for (const place of document.querySelectorAll('[data-unanswered]')) hush(place);
}

/** What of a visit somebody looks at when they decide; a payment that came in meanwhile isn't a reason to ask again. */
const DECISIVE = ['status', 'call_count', 'priority'];
const sameToTheEye = (/** @type {any} */ a, /** @type {any} */ b) => DECISIVE.every((name) => a[name] === b[name]) && a.doctor.id === b.doctor.id;

/** The last step of a visit that is under way. @type {Map<number, Promise<any>>} */
const underWay = new Map();

/**
 * One step of a visit after the other: whoever is quick goes on from what is shown, not yet from what is answered. A step
 * that is refused takes along those that were built on it.
 * @param {number} id
 * @param {(before: any) => Promise<any>} work gets the visit as the step before left it, if there is one
 * @returns {Promise<any>}
 */
export function inTurn(id, work) {
  const mine = (underWay.get(id) ?? Promise.resolve()).then(work);
  underWay.set(id, mine);
  const end = () => underWay.get(id) === mine && underWay.delete(id);
  mine.then(end, end);
  return mine;
}

/**
 * One step of a visit, bound to the state that was on the screen: two people who click at once do one thing. It shows at
 * once, and is taken back if it is refused.
 * @param {Store} store
 * @param {number} id
 * @param {string} verb as in the API's address
 * @param {object} [body]
 * @param {Record<string, any>|null} [hope] what is shown until the answer, where the verb alone doesn't tell
 */
export async function actOnVisit(store, id, verb, body = {}, hope) {
  const seen = store.getState().visits[id];
  const path = `/api/visits/${id}/${verb}/`;
  const takeBack = store.intend('visit', id, hope ?? expected(seen, verb, body, store.now()));
  /** @param {number} version */
  const send = async (version) => {
    const visit = await post(path, { ...body, version });
    store.answer('visit', visit);
    return visit;
  };
  try {
    return await inTurn(id, async (before) => {
      try {
        return await send(before?.version ?? seen.version);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const { current } = error;
        if (current) store.answer('visit', current);
        if (error.code !== 'stale_version' || !current || !sameToTheEye(seen, current)) throw error;
        return send(current.version);
      }
    });
  } finally {
    takeBack();
  }
}

/**
 * Take back the last step, if it still is the one that led to what was `seen`.
 * @param {Store} store
 * @param {any} seen
 */
async function undo(store, seen) {
  const { [seen.id]: held } = store.getState().visits;
  if (held && held.version > seen.version && !(sameToTheEye(seen, held) && seen.rank === held.rank)) return toast(t('changed_since'), { bad: true });
  try {
    return tellUndone(await actOnVisit(store, seen.id, 'undo'));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return toast(error.message, { bad: true });
  }
}

/** @param {any} visit as it is again */
export const tellUndone = (visit) => toast(t('done.undo', { name: visit.patient.name, status: t(`visit.${visit.status}`) }), { about: `visit-${visit.id}` });

/** As a person is named in news. @param {any} visit */
export const whoOf = (visit) => `${visit.ticket ?? ''} ${visit.patient.name}`.trim();

/**
 * Say what was done, with a button that takes it back.
 * @param {Store} store
 * @param {any} visit as it is now
 * @param {{rules: Record<string, string[]>, text?: string}} about
 */
export function tellStep(store, visit, { rules, text = `${whoOf(visit)}: ${t(`visit.${visit.status}`)}` }) {
  const action = rules[visit.status]?.includes('undo') ? { label: t('undo'), run: () => undo(store, visit) } : undefined;
  toast(text, { action, about: `visit-${visit.id}` });
}

/** The visit's state that goes with an appointment's, as long as nobody has gone on. @type {Record<string, string>} */
const VISIT_AFTER = { checked_in: 'waiting', cancelled: 'cancelled', no_show: 'no_show' };

/**
 * The same of a step of an appointment: what is taken back is its visit's.
 * @param {Store} store
 * @param {any} appointment
 * @param {string} text
 */
export function tellAppointment(store, appointment, text) {
  const run = async () => {
    try {
      // A planned or cancelled visit is in no snapshot.
      const visit = await get(`/api/visits/${appointment.visit_id}/`);
      store.answer('visit', visit);
      if (visit.status !== VISIT_AFTER[appointment.status] || visit.call_count > 0) toast(t('changed_since'), { bad: true });
      else await undo(store, visit);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      toast(error.message, { bad: true });
    }
  };
  toast(text, { action: appointment.visit_id ? { label: t('undo'), run } : undefined, about: `visit-${appointment.visit_id}` });
}

/** @type {Record<string, string>} */
const STATUS_AFTER = { 'check-in': 'checked_in', cancel: 'cancelled', 'no-show': 'no_show' };

/**
 * One step of an appointment.
 * @param {Store} store
 * @param {number} id
 * @param {string} verb
 * @param {object} [body]
 * @param {boolean} [isLive] if not, nobody tells us of its visit: ask for it
 */
export async function actOnAppointment(store, id, verb, body = {}, isLive = true) {
  const held = store.getState().appointments[id];
  const takeBack = store.intend('appointment', id, STATUS_AFTER[verb] ? { status: STATUS_AFTER[verb] } : null);
  const takeBackVisit = held?.visit_id ? store.intend('visit', held.visit_id, null) : () => {};
  try {
    const appointment = await post(`/api/appointments/${id}/${verb}/`, body, held?.version);
    store.answer('appointment', appointment);
    if (!isLive && appointment.visit_id) store.answer('visit', await get(`/api/visits/${appointment.visit_id}/`));
    return appointment;
  } catch (error) {
    if (error instanceof Refusal && error.current) store.answer('appointment', error.current);
    throw error;
  } finally {
    takeBack();
    takeBackVisit();
  }
}

/**
 * Buttons and links with data-do in a container's rows, now and later.
 * @param {any} container
 * @param {(verb: string, id: number, button: any, row: any) => Promise<unknown>|undefined} act undefined: the browser's own way
 */
export function listen(container, act) {
  container.addEventListener('click', (/** @type {any} */ event) => {
    const button = event.target.closest('[data-do]');
    if (!button || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const row = button.closest('[data-key]');
    if (button.getAttribute('aria-disabled') === 'true') return;
    hush(row);
    whileBusy(button, () => Promise.resolve(act(button.dataset.do, Number(row.dataset.id ?? row.dataset.key), button, row))).then(
      () => closeMore(row),
      (error) => complain(row, error),
    );
  });
}

/** @param {any} row */
function closeMore(row) {
  const more = row.querySelector('details[open]');
  if (more) keepingFocus(row, () => (more.open = false));
}
