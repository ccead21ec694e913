/** The reception page. */

import { alerts } from './alerts.js';
import { checkinNews, toast } from './announce.js';
import { complain, hush } from './commands.js';
import { byId } from './dom.js';
import { ROW_KEYS, pressInRow, shortcuts } from './keys.js';
import { goLive } from './live.js';
import { marks } from './marks.js';
import { onDemand } from './on-demand.js';
import { appointmentArea } from './reception/appointments.js';
import { attentionArea } from './reception/attention-area.js';
import { timeOff } from './reception/off.js';
import { queueArea } from './reception/queue.js';
import { steps } from './reception/steps.js';
import { workArea } from './reception/work.js';
import { steady } from './steady.js';
import { t } from './words.js';

goLive({
  kind: 'clinic',
  begin(live) {
    const { store, start } = live;
    /** Visits that were put into the queue here: whoever did it has been told. @type {Set<number>} */
    const ours = new Set();
    /** The two of one file, made once. @type {any} */
    let dialogs;
    const ofVisit = async () => {
      const { visitDialogs } = await import('./visit-dialogs.js');
      return (dialogs ??= visitDialogs(live));
    };
    /** @type {any} */
    const tools = {
      ...live,
      ours,
      clinic: start.clinics[start.clinic],
      isMarked: marks(store, live.redraw),
      offUntil: timeOff(live),
      openPayment: onDemand(async () => (await import('./reception/payment.js')).paymentDialog(live)),
      bookFollowUp: onDemand(async () => (await import('./reception/follow-up.js')).followUpDialog(live)),
      openHistory: onDemand(async () => (await import('./reception/history.js')).historyDialog(live)),
      askPresence: onDemand(async () => (await import('./reception/presence.js')).presenceDialog(live)),
      askPriority: onDemand(async () => (await ofVisit()).askPriority),
      askTransfer: onDemand(async () => (await ofVisit()).askTransfer),
      askAway: onDemand(async () => (await import('./reception/away.js')).awayDialog(tools)),
      askCancel: onDemand(async () => (await import('./reception/cancel.js')).cancelDialog(live)),
      /** What has no button of its own: a refusal stands in the row all the same. @param {number} id @param {() => Promise<unknown>} work */
      atRow(id, work) {
        const row = byId(`visit-${id}`);
        if (row) hush(row);
        return work().catch((error) => complain(row, error));
      },
    };
    Object.assign(tools, steps(tools));
    const attention = attentionArea(tools);
    const areas = [attention.draw, queueArea(tools), appointmentArea(tools), workArea(tools)];

    const alert = alerts();
    live.socket.onNewCheckin(
      checkinNews((all) => {
        const visits = all.filter((visit) => !ours.has(visit.id) && !store.isOurs('visit', visit.id));
        const urgent = visits.filter((visit) => visit.priority === 'emergency');
        if (visits.length) alert(urgent.length ? urgent : visits, { urgent: urgent.length > 0 });
        if (visits.length > 3) toast(t('arrived_many', { count: visits.length }));
        else for (const visit of visits) toast(t('arrived', { ticket: visit.ticket, name: visit.patient.name }));
      }),
    );

    /** For the doctor whose queue has the focus or the mouse. */
    const callNext = async () => {
      const sections = [...byId('queue-sections').children];
      const section = document.activeElement?.closest('.doctor-queue') ?? document.querySelector('.doctor-queue:hover') ?? (sections.length === 1 ? sections[0] : null);
      if (!section) return toast(t('no_section'));
      return tools.callNext(Number(section.dataset.key)).catch((/** @type {unknown} */ error) => complain(null, error));
    };
    const press = (/** @type {string} */ verb) => () => pressInRow(verb);
    shortcuts([
      { keys: '/', word: 'keys.search', run: () => byId('search-input').focus() },
      { keys: 'a', word: 'keys.attention', run: attention.next },
      ...ROW_KEYS,
      { keys: 'i', word: 'keys.check_in', run: press('check_in') },
      { keys: 'n', word: 'keys.next_of_section', run: callNext },
      { keys: 'c', word: 'keys.call', run: press('call') },
      { keys: 's', word: 'keys.skip', run: press('skip') },
      { keys: 'r', word: 'keys.return', run: press('return') },
      { keys: 'Shift+ArrowUp', word: 'keys.up', run: press('up') },
      { keys: 'Shift+ArrowDown', word: 'keys.down', run: press('down') },
      { keys: '[Shift]+!', word: 'keys.priority', run: press('priority') },
      { keys: 't', word: 'keys.transfer', run: press('transfer') },
      { keys: 'l', word: 'keys.leave', run: press('leave') },
      { keys: 'p', word: 'keys.pay', run: press('pay') },
      { keys: 'h', word: 'keys.history', run: press('history') },
      { keys: 'z', word: 'keys.undo', run: press('undo') },
    ]);
    byId('clinic-choice')?.addEventListener('change', (/** @type {any} */ event) => event.target.form.requestSubmit());

    const kept = steady(
      (row) => store.isOurs(row.classList.contains('slot') ? 'appointment' : 'visit', Number(row.dataset.id ?? row.dataset.key)),
      () => toast(t('row_moved'), { about: 'row-moved' }),
    );
    return () => kept(() => areas.forEach((draw) => draw()));
  },
});
