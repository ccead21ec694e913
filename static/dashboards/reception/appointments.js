/** Today's appointments, by time. */

import { appointmentsOf } from '../../realtime/index.js';
import { listen } from '../commands.js';
import { byId, clone, show } from '../dom.js';
import { reconcile } from '../list.js';
import { fillAppointment, nameRow } from '../rows.js';

/**
 * @param {any} tools
 * @returns {() => void} draws
 */
export function appointmentArea(tools) {
  const { store, start, zone, clinic } = tools;
  const list = byId('appointment-list');

  listen(list, tools.stepOfAppointment);

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
