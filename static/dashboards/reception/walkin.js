/** Putting a patient into a queue: a doctor and a service are suggested with the reason, and one key changes either. */

import { toast } from '../announce.js';
import { get, post } from '../api.js';
import { setText, slot } from '../dom.js';
import { keepDraft } from '../drafts.js';
import { clearErrors, valuesOf } from '../forms.js';
import { clock, written } from '../time.js';
import { facts, t } from '../words.js';
import { suggestDoctor, suggestService } from './suggest.js';

/** Longer than this nobody is kept from going on by what happened last time. */
const PATIENCE = 1_500;

/**
 * @param {any} tools
 * @param {{form: any, sending: (form: any, button: any, work: () => Promise<void>) => void, onDone: (patient: any) => void}} on
 */
export function walkIn(tools, { form, sending, onDone }) {
  const { store, start, zone } = tools;
  const button = slot(form, 'submit');
  const rows = /** @type {any[]} */ ([...form.querySelectorAll('[data-doctor]')]);
  const ids = rows.map((row) => Number(row.dataset.doctor));
  const services = /** @type {any[]} */ ([...form.elements.service.options]).map((option) => Number(option.value));
  const draft = keepDraft(form, 'walk-in');
  /** @type {any} */
  let patient = null;
  /** @type {any} the visit before */
  let last = null;
  /** @type {ReturnType<typeof suggestDoctor>} */
  let doctor = null;
  /** @type {ReturnType<typeof suggestService>} */
  let service = null;
  /** @type {AbortController|null} */
  let running = null;

  const today = () => {
    const { visits, appointments } = store.getState();
    const here = (/** @type {any} */ each) => each.clinic_id === start.clinic && each.date === tools.date();
    return { visits: Object.values(visits).filter(here), appointments: Object.values(appointments).filter(here) };
  };
  /** What was said of a doctor, as long as it holds. @param {number} id */
  const saidOf = (id) => {
    const said = store.getState().doctors[id];
    return said && said.state !== 'available' && !(said.valid_until && Date.parse(said.valid_until) <= tools.now()) ? said : null;
  };

  const choices = () => {
    const { visits } = today();
    return ids.map((id) => ({
      id,
      waiting: visits.filter((visit) => visit.doctor.id === id && visit.status === 'waiting').length,
      isGone: saidOf(id)?.state === 'gone' || tools.offUntil(id) !== '',
    }));
  };

  /** @param {{id: number, waiting: number}} choice */
  const factsOf = ({ id, waiting }) => {
    const said = saidOf(id);
    const state = said && (said.state === 'break' && said.until ? t('walk_in.break_until', { time: clock(said.until, zone) }) : t(`walk_in.${said.state}`));
    const why = id === doctor?.id && doctor.why === 'last' ? t('walk_in.last', { date: written(last.date) }) : id === doctor?.id && doctor.why === 'shortest' ? t('walk_in.shortest') : '';
    const off = tools.offUntil(id);
    return facts([t('walk_in.waiting', { count: waiting }), state, off && t('walk_in.off', { when: off }), why]);
  };

  const draw = () => {
    if (!patient) return;
    choices().forEach((choice, index) => setText(slot(rows[index], 'facts'), factsOf(choice)));
    const chosen = rows.find((row) => row.querySelector('input').checked);
    const same = service?.id === Number(form.elements.service.value);
    setText(slot(form, 'service-why'), same && service?.why !== 'first' ? t(`walk_in.service_${service?.why}`) : '');
    setText(button, running ? t('loading') : chosen ? t('walk_in.add', { doctor: slot(chosen, 'name').textContent }) : t('walk_in.choose'));
    if (button.getAttribute('aria-busy') !== 'true') button.setAttribute('aria-disabled', String(running !== null || !chosen));
  };

  const suggest = () => {
    const day = today();
    doctor = suggestDoctor(choices(), last?.doctor.id ?? null);
    service = suggestService(services, last?.service.id ?? null, [...day.visits, ...day.appointments], doctor?.id);
    for (const row of rows) row.querySelector('input').checked = Number(row.dataset.doctor) === doctor?.id;
    if (service) form.elements.service.value = String(service.id);
    draw();
  };

  form.addEventListener('change', draw);
  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!patient) return;
    const asked = patient;
    sending(form, button, async () => {
      const values = valuesOf(form);
      const visit = await post('/api/visits/', { ...values, doctor: Number(values.doctor), service: Number(values.service), patient: asked.id, clinic: start.clinic });
      store.answer('visit', visit);
      tools.ours.add(visit.id);
      toast(t('done.walk_in', { ticket: visit.ticket, name: visit.patient.name }));
      onDone(asked);
    });
  });

  return {
    draw,
    /**
     * Begin with a patient, or with none.
     * @param {any} found
     * @param {{isRestored?: boolean}} [how] what was chosen before the page was loaded anew is chosen again
     */
    async begin(found, { isRestored = false } = {}) {
      running?.abort();
      running = null;
      patient = found;
      last = doctor = service = null;
      clearErrors(form);
      if (!isRestored) {
        form.reset();
        draft.clear();
      }
      if (!patient) return;
      const mine = (running = new AbortController());
      const timer = setTimeout(() => mine.abort(), PATIENCE);
      for (const row of rows) row.querySelector('input').checked = false;
      draw();
      try {
        const seen = await get(`/api/visits/?patient=${patient.id}&clinic=${start.clinic}&status=completed&status=in_progress&page_size=1`, mine.signal);
        if (running === mine) last = seen.results[0] ?? null;
      } catch {
        // Without it the shortest queue is suggested, and says so.
      }
      clearTimeout(timer);
      if (running !== mine) return;
      running = null;
      suggest();
      if (isRestored && draft.restore()) draw();
    },
    /** The doctor who is chosen, so that one key changes or sends it. */
    focus: () => (rows.find((row) => row.querySelector('input').checked) ?? rows[0])?.querySelector('input').focus(),
  };
}
