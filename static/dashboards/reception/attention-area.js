/** The strip above the queue: who needs attention, each with the next step and a way to their row. */

import { appointmentsOf, queueOf } from '../../realtime/index.js';
import { listen } from '../commands.js';
import { byId, clone, setAttribute, setText, show, slot } from '../dom.js';
import { ROW, reconcile } from '../list.js';
import { clock, written } from '../time.js';
import { t } from '../words.js';
import { digits } from '../written.js';
import { KINDS, STEPS, attentionOf, glance } from './attention.js';
import { goTo } from './jump.js';

/** On a phone, where they stand below each other. */
const AT_LEAST = 3;

/**
 * @param {any} tools
 * @returns {{draw: () => void, next: () => void}} `next`: to the next entry
 */
export function attentionArea(tools) {
  const { store, start, zone, clinic } = tools;
  const list = byId('attention-list');
  const more = byId('attention-more');
  const kinds = byId('attention-kinds');
  /** The one kind that is shown, if one was chosen. */
  let only = '';
  let isOpen = false;

  kinds.addEventListener('click', (/** @type {any} */ event) => {
    const chosen = event.target.closest('[data-kind]')?.dataset.kind;
    if (!chosen) return;
    only = only === chosen ? '' : chosen;
    tools.redraw();
  });
  more.addEventListener('click', () => {
    isOpen = !isOpen;
    tools.redraw();
  });

  listen(list, (verb, id, _button, row) => {
    const { kind } = row.dataset;
    const isAppointment = kind === 'late';
    if (verb === 'jump') return Promise.resolve(goTo(byId(`${isAppointment ? 'appointment' : 'visit'}-${id}`)));
    return isAppointment ? tools.stepOfAppointment(verb, id) : tools.stepOfVisit(verb, id);
  });

  /** How many stand beside each other. */
  const columns = () => getComputedStyle(list).gridTemplateColumns.split(' ').length;

  /** @param {any} row @param {import('./attention.js').Entry} entry */
  const fill = (row, { kind, entity, since }) => {
    const anchor = kind === 'late' ? 'appointment' : 'visit';
    row.dataset.id = String(entity.id);
    row.dataset.kind = kind;
    row.classList.toggle('is-pending', entity.isPending === true);
    setAttribute(slot(row, 'icon'), 'href', `#icon-${kind}`);
    setAttribute(slot(row, 'anchor'), 'href', `#${anchor}-${entity.id}`);
    setText(slot(row, 'lead'), kind === 'late' ? clock(entity.start, zone) : entity.ticket);
    setText(slot(row, 'name'), entity.patient.name);
    setText(
      slot(row, 'text'),
      t(`attention.${kind}`, {
        time: clock(since, zone),
        count: Math.max(0, Math.floor((tools.now() - since) / 60_000)),
        calls: entity.call_count ?? 0,
        paid: t(`paid.${entity.payment_status ?? ''}`),
        date: entity.follow_up ? written(entity.follow_up.on) : '',
      }),
    );
    if (kind === 'leaving') setAttribute(slot(row, 'pay'), 'href', `/reception/visits/${entity.id}/payment/`);
    const allowed = new Set([...(start.rules[anchor][entity.status] ?? []), 'pay', 'jump']);
    for (const button of row.querySelectorAll('[data-do]')) {
      const verb = button.dataset.do;
      show(button, allowed.has(verb) && (verb === 'jump' || STEPS[kind].includes(verb)));
    }
  };

  const draw = () => {
    const which = { clinicId: start.clinic, date: tools.date() };
    const state = store.getState();
    const all = attentionOf(queueOf(state, which), appointmentsOf(state, which), { now: tools.now(), lateAfter: clinic.lateAfter, waitAlarm: clinic.waitAlarm });
    for (const kind of KINDS) {
      const button = kinds.querySelector(`[data-kind="${kind}"]`);
      const count = all.filter((entry) => entry.kind === kind).length;
      if (count === 0 && only === kind) only = '';
      setText(slot(button, 'count'), digits(count));
      show(button, count > 0);
    }
    for (const button of kinds.children) setAttribute(button, 'aria-pressed', String(button.dataset.kind === only));
    const chosen = all.filter((entry) => !only || entry.kind === only);
    const room = Math.max(AT_LEAST, columns());
    const isTooMany = chosen.length > room;
    show(more, isTooMany);
    setAttribute(more, 'aria-expanded', String(isTooMany && isOpen));
    setText(more, isOpen ? t('attention.fewer') : t('attention.all', { count: chosen.length }));
    show(byId('attention-empty'), all.length === 0);
    reconcile(list, isOpen ? chosen : glance(chosen, room), {
      key: (entry) => entry.key,
      create: (entry) => {
        const row = clone('attention-template');
        const name = slot(row, 'name');
        name.id = `alert-name-${entry.key}`;
        row.querySelector('[role=group]').setAttribute('aria-labelledby', name.id);
        return row;
      },
      update: fill,
    });
  };

  return {
    draw,
    next() {
      const rows = [...list.children];
      const at = rows.indexOf(document.activeElement?.closest(ROW));
      goTo(rows[at + 1] ?? rows[0]);
    },
  };
}
