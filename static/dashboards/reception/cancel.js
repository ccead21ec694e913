/** Asks why a visit or an appointment is cancelled. */

import { actOnAppointment, actOnVisit, tellAppointment, tellStep, whoOf } from '../commands.js';
import { formDialog } from '../dialogs.js';
import { clock } from '../time.js';
import { t } from '../words.js';

/**
 * @param {any} live
 * @returns {(kind: 'visit'|'appointment', what: any) => Promise<void>} opens the dialog
 */
export function cancelDialog({ store, start, zone }) {
  const { form, open } = formDialog('cancel-dialog');
  return async (kind, what) => {
    form.reset();
    const about = kind === 'visit' ? whoOf(what) : `${clock(what.start, zone)} ${what.patient.name}`;
    open(about, async (values) => {
      if (kind === 'visit') tellStep(store, await actOnVisit(store, what.id, 'cancel', values), { rules: start.rules.visit });
      else tellAppointment(store, await actOnAppointment(store, what.id, 'cancel', values), t('done.cancel', { name: about }));
    });
  };
}
