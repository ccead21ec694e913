/** The reception page. */

import { alerts } from './alerts.js';
import { checkinNews, toast } from './announce.js';
import { byId } from './dom.js';
import { ROW_KEYS, pressInRow, shortcuts } from './keys.js';
import { goLive } from './live.js';
import { appointmentArea } from './reception/appointments.js';
import { dialogs } from './reception/dialogs.js';
import { followUpDialog } from './reception/follow-up.js';
import { paymentDialog } from './reception/payment.js';
import { queueArea } from './reception/queue.js';
import { workArea } from './reception/work.js';
import { t } from './words.js';

goLive({
  kind: 'clinic',
  begin(live) {
    /** Visits that were put into the queue here: whoever did it has been told. @type {Set<number>} */
    const ours = new Set();
    const tools = { ...live, ours, clinic: live.start.clinics[live.start.clinic], openPayment: paymentDialog(live), bookFollowUp: followUpDialog(live), ...dialogs(live) };
    const areas = [queueArea(tools), appointmentArea(tools), workArea(tools)];

    const alert = alerts();
    live.socket.onNewCheckin(
      checkinNews((all) => {
        const visits = all.filter((visit) => !ours.has(visit.id));
        const urgent = visits.filter((visit) => visit.priority === 'emergency');
        if (visits.length) alert(urgent.length ? urgent : visits, { urgent: urgent.length > 0 });
        if (visits.length > 3) toast(t('arrived_many', { count: visits.length }));
        else for (const visit of visits) toast(t('arrived', { ticket: visit.ticket, name: visit.patient.name }));
      }),
    );
    shortcuts([
      { keys: '/', word: 'keys.search', run: () => byId('search-input').focus() },
      ...ROW_KEYS,
      { keys: 'i', word: 'keys.check_in', run: () => pressInRow('check_in') },
      { keys: 'c', word: 'keys.call', run: () => pressInRow('call') },
      { keys: 's', word: 'keys.skip', run: () => pressInRow('skip') },
      { keys: 'r', word: 'keys.return', run: () => pressInRow('return') },
      { keys: 'p', word: 'keys.pay', run: () => pressInRow('pay') },
      { keys: 'z', word: 'keys.undo', run: () => pressInRow('undo') },
    ]);
    byId('clinic-choice')?.addEventListener('change', (/** @type {any} */ event) => event.target.form.requestSubmit());

    return () => {
      for (const draw of areas) draw();
    };
  },
});
