/** "Call next": shown at once, picked by the server; and never a second one by accident. */

import { Refusal, post } from '../api.js';
import { actOnVisit, complain, hush, inTurn, tellStep, whileBusy, whoOf } from '../commands.js';
import { byId, setAttribute, setText } from '../dom.js';
import { expected } from '../intents.js';
import { t } from '../words.js';

/**
 * @param {any} live
 * @param {{doctorId: number, queue: () => {active: any[], waiting: any[]}, askBeside: (visit: any, canStart: boolean, then: (choice: string) => void) => void, onStep: (visit: any) => void}} page
 * @returns {{press: () => void, draw: () => void}}
 */
export function nextArea({ store, start, redraw }, { doctorId, queue, askBeside, onStep }) {
  const form = byId('call-next');
  const button = byId('call-next-button');
  const called = () => queue().active.filter((visit) => visit.status === 'called');

  /** @param {any[]} known whom the person who clicks knows to be called */
  const call = (known) =>
    whileBusy(button, async () => {
      const [first] = queue().waiting;
      const takeBack = first ? store.intend('visit', first.id, expected(first, 'call', {}, store.now())) : () => {};
      try {
        const send = () => post(`/api/queue/doctors/${doctorId}/call-next/`, { beside: known.map(({ id }) => id) }, `${first?.id} ${first?.version}`);
        const visit = await (first ? inTurn(first.id, send) : send());
        store.answer('visit', visit);
        onStep(visit);
        tellStep(store, visit, { rules: start.rules.visit });
      } finally {
        takeBack();
      }
    });

  /** @param {any} visit @param {string} choice */
  const instead = async (visit, choice) => {
    if (choice === 'beside') return call(called());
    const done = await actOnVisit(store, visit.id, choice);
    onStep(done);
    tellStep(store, done, { rules: start.rules.visit });
    return choice === 'skip' ? attempt() : undefined;
  };

  /** Ask if somebody is on the way in, or if the server knows of one whom this screen doesn't show yet. @returns {Promise<unknown>} */
  const attempt = async () => {
    const [visit] = called();
    if (visit) return ask(visit);
    try {
      return await call([]);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'already_called' || !error.current) throw error;
      store.answer('visit', error.current);
      return ask(error.current);
    }
  };
  /** @param {any} visit */
  const ask = (visit) => {
    const isBusy = queue().active.some(({ status }) => status === 'in_progress');
    askBeside(visit, !isBusy, (choice) => run(() => instead(visit, choice)));
  };

  /** @param {() => Promise<unknown>} work */
  const run = (work) => {
    hush(form);
    work()
      .catch((error) => complain(form, error))
      .finally(redraw);
  };
  const press = () => {
    if (button.getAttribute('aria-disabled') !== 'true') run(attempt);
  };
  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    press();
  });

  return {
    press,
    draw() {
      const { active, waiting } = queue();
      button.classList.toggle('button--primary', !active.some((visit) => ['called', 'in_progress'].includes(visit.status)));
      if (button.getAttribute('aria-busy') !== 'true') setAttribute(button, 'aria-disabled', String(waiting.length === 0));
      setText(byId('next-who'), waiting.length ? t('call_next.who', { who: whoOf(waiting[0]) }) : '');
      setText(byId('waiting-count'), t('waiting_count', { count: waiting.length }));
    },
  };
}
