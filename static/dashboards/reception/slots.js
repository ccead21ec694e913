/** The times of a day at which a doctor can be booked. What others book meanwhile is struck out by the events. */

import { Refusal, get } from '../api.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { clock, dayOf } from '../time.js';
import { t } from '../words.js';

const TAKES_TIME = ['booked', 'checked_in', 'fulfilled'];

/** @param {any} tools with `form`, the booking form */
export function slotPicker({ store, start, zone, now, form }) {
  const grid = byId('slots-grid');
  const status = byId('slots-status');
  const submit = byId('booking-submit');
  /** @type {AbortController|null} */
  let running = null;
  /** @type {any[]} */
  let slots = [];
  let doctorId = 0;

  const label = () => {
    const chosen = form.querySelector('[name=start]:checked:not(:disabled)');
    setText(submit, chosen ? t('book_at', { time: clock(chosen.value, zone) }) : t('book'));
    submit.setAttribute('aria-disabled', String(!chosen));
  };

  /** An appointment of the store that overlaps: made since the times were asked for. @param {any} each */
  const takenSince = (each) =>
    Object.values(store.getState().appointments).some(
      (other) =>
        other.doctor.id === doctorId && TAKES_TIME.includes(other.status) && Date.parse(other.start) < Date.parse(each.end) && Date.parse(each.start) < Date.parse(other.end),
    );

  const mark = () => {
    let free = 0;
    slots.forEach((each, index) => {
      const input = grid.children[index].querySelector('input');
      input.disabled = !each.available || takenSince(each);
      if (input.disabled) input.checked = false;
      else free += 1;
      const why = Date.parse(each.start) < now() ? 'slots.past' : 'slots.taken';
      input.setAttribute('aria-label', input.disabled ? `${clock(each.start, zone)} ${t(why)}` : clock(each.start, zone));
    });
    setText(status, slots.length === 0 ? t('slots.none') : free === 0 ? t('slots.full') : t('slots.free', { count: free }));
    label();
  };

  const load = async () => {
    running?.abort();
    const mine = (running = new AbortController());
    const { doctor, service, date } = form.elements;
    slots = [];
    grid.replaceChildren();
    label();
    if (!doctor.value || !service.value || !date.value) {
      setText(status, '');
      return;
    }
    setText(status, t('loading'));
    doctorId = Number(doctor.value);
    const query = new URLSearchParams({ clinic: start.clinic, service: service.value, date: date.value });
    try {
      const found = await get(`/api/doctors/${doctorId}/slots/?${query}`, mine.signal);
      if (running !== mine) return;
      // Of today only what is still to come: the rest can't be chosen and hides what can.
      slots = found.filter((/** @type {any} */ each) => Date.parse(each.start) >= now() || dayOf(each.start, zone) !== dayOf(now(), zone));
      grid.replaceChildren(
        ...slots.map((each) => {
          const element = clone('slot-template');
          element.querySelector('input').value = each.start;
          slot(element, 'time').textContent = clock(each.start, zone);
          return element;
        }),
      );
      mark();
    } catch (error) {
      if (mine.signal.aborted) return;
      setText(status, error instanceof Refusal ? error.message : t('fail.load'));
    }
  };

  for (const name of ['doctor', 'service', 'date']) form.elements[name].addEventListener('change', load);
  grid.addEventListener('change', label);
  store.subscribe((/** @type {any} */ state, /** @type {any} */ before) => {
    if (slots.length && state.appointments !== before.appointments) mark();
  });
  return { load, label };
}
