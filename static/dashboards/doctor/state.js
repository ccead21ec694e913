/** Whether the doctor is there: shown large, said with one click or key. */

import { toast, untell } from '../announce.js';
import { Refusal, post } from '../api.js';
import { complain, hush, whileBusy } from '../commands.js';
import { byId, setAttribute, setText, slot } from '../dom.js';
import { afterwards, presenceOf, presenceText } from '../presence.js';
import { t } from '../words.js';

const LENGTH = 'front-desk.break';

/** The store's doctor from the answer of the API. @param {any} answer */
export const doctorOf = ({ doctor, said, until, valid_until, version }) => ({ ...doctor, state: said, until, valid_until, version });

/**
 * @param {any} live
 * @param {number} doctorId
 * @returns {{say: (state: string) => void, draw: (isInside: boolean) => void}}
 */
export function stateArea({ store, now, zone, redraw }, doctorId) {
  const area = byId('presence');
  const form = byId('presence-form');
  /** What is asked for and not yet answered. @type {any} */
  let hoped = null;
  /** One after the other; the last one holds. @type {Promise<unknown>} */
  let turn = Promise.resolve();
  /** Said here: what comes of it is no news. @type {Set<number>} */
  const ours = new Set();
  const held = () => store.getState().doctors[doctorId];
  const shown = () => (hoped ? { ...held(), ...hoped } : held());

  /** @param {string} state @param {string|null} until @param {any} [button] @param {number} [version] of the state that is replaced, if not whichever is held */
  const ask = (state, until, button, version) => {
    hush(form);
    untell('presence');
    const hope = (hoped = { state, until, valid_until: new Date(now() + 86_400_000).toISOString() });
    redraw();
    turn = turn
      .then(async () => {
        const before = held();
        const answer = await whileBusy(button, () => post(`/api/doctors/${doctorId}/state/`, { state, ...(until && { until }), version: version ?? before?.version }));
        if (!answer) return;
        ours.add(answer.version);
        store.answer('doctor', doctorOf(answer));
        // Whoever has said something else since has taken it back already.
        if (hoped === hope) tell(doctorOf(answer), before);
      })
      .catch((error) => {
        if (error instanceof Refusal && error.current) store.answer('doctor', doctorOf(error.current));
        complain(form, error);
      })
      .finally(() => {
        if (hoped === hope) hoped = null;
        redraw();
      });
  };

  /**
   * One key sends the doctor home on every screen, so one takes that back: to what was said before, unless somebody has said
   * something since.
   * @param {any} doctor
   * @param {any} before
   */
  const tell = (doctor, before) => {
    const was = presenceOf(before, false, now());
    if (doctor.state !== 'gone' || was === 'gone') return;
    const run = () => ask(was, was === 'break' && Date.parse(before.until) > now() ? before.until : null, undefined, doctor.version);
    toast(t('done.presence', { name: doctor.name, state: presenceText(doctor.state, doctor, zone) }), { about: 'presence', action: { label: t('undo'), run } });
  };

  /** @param {string} state @param {any} [button] */
  const say = (state, button) => {
    if (!form) return;
    const minutes = Number(form.elements.minutes.value);
    ask(state, state === 'break' && minutes ? new Date(now() + minutes * 60_000).toISOString() : null, button);
  };

  if (form) {
    const { minutes } = form.elements;
    const kept = localStorage.getItem(LENGTH);
    if ([...minutes.options].some((option) => option.value === kept)) minutes.value = kept;
    minutes.addEventListener('change', () => localStorage.setItem(LENGTH, minutes.value));
    form.addEventListener('submit', (/** @type {any} */ event) => {
      event.preventDefault();
      say(event.submitter.value, event.submitter);
    });
  }

  store.subscribe((/** @type {any} */ state, /** @type {any} */ before) => {
    const [doctor, old] = [state.doctors[doctorId], before.doctors[doctorId]];
    if (!doctor || !old || doctor.version === old.version || hoped || ours.has(doctor.version)) return;
    // A call makes the doctor available, and whoever calls sees that.
    if (presenceOf(doctor, false, now()) === presenceOf(old, false, now()) && doctor.until === old.until) return;
    toast(t('news.presence', { state: presenceText(presenceOf(doctor, false, now()), doctor, zone) }), { about: 'presence' });
  });

  return {
    say: (state) => say(state),
    draw(isInside) {
      const doctor = shown();
      const state = presenceOf(doctor, isInside, now());
      const said = presenceOf(doctor, false, now());
      area.dataset.state = state;
      area.classList.toggle('is-pending', hoped !== null);
      setText(slot(area, 'now'), presenceText(state, doctor, zone, afterwards(doctor, now())));
      for (const button of form?.querySelectorAll('button') ?? []) setAttribute(button, 'aria-pressed', String(button.value === said));
    },
  };
}
