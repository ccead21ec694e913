/** Today's appointments, by time. */

import { appointmentsOf } from '../../realtime/index.js';
import { listen } from '../commands.js';
import { byId, clone, show } from '../dom.js';
import { reconcile } from '../list.js';
import { fillAppointment, nameRow } from '../rows.js';
import { scrollerOf } from '../steady.js';

/**
 * @param {any} tools
 * @returns {() => void} draws
 */
export function appointmentArea(tools) {
  const { store, start, zone, clinic } = tools;
  const list = byId('appointment-list');

  listen(list, tools.stepOfAppointment);

  /**
   * Of a long day the present hour is what is looked for: who comes next, below those who should be here by now. Where the list
   * has no scroll of its own the page stays as it is.
   */
  const showNow = () => {
    const panel = list.closest('.panel');
    if (scrollerOf(list) !== panel) return;
    const { appointments } = store.getState();
    const rows = /** @type {any[]} */ ([...list.children]).filter((row) => row.checkVisibility());
    const row = rows.find((each) => Date.parse(appointments[each.dataset.key].start) > tools.now()) ?? rows.at(-1);
    if (row) panel.scrollTop += row.getBoundingClientRect().top - panel.getBoundingClientRect().top - panel.clientHeight / 3;
  };
  // Once what is drawn first is in its place.
  requestAnimationFrame(() => requestAnimationFrame(showNow));

  return () => {
    const { visits } = store.getState();
    const appointments = appointmentsOf(store.getState(), { clinicId: start.clinic, date: tools.date() });
    show(byId('appointments-empty'), appointments.length === 0);
    reconcile(list, appointments, {
      key: (each) => each.id,
      create: (each) => {
        const row = clone('appointment-template');
        nameRow(row, 'appointment', each);
        row.classList.toggle('is-new', !store.isOurs('appointment', each.id));
        return row;
      },
      update: (row, each) => {
        const visit = each.visit_id === null ? undefined : visits[each.visit_id];
        fillAppointment(row, each, { zone, rules: start.rules.appointment, now: tools.now(), lateAfter: clinic.lateAfter, visit });
        row.classList.toggle('is-changed', tools.isMarked('appointment', each.id));
      },
    });
  };
}
