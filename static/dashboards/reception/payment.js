/** Taking a payment: what is due, what came in, and one button whose second click does nothing. */

import { decimal, less, typed } from '../amounts.js';
import { toast } from '../announce.js';
import { Refusal, get, post } from '../api.js';
import { formDialog } from '../dialogs.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { showErrors } from '../forms.js';
import { clock, dayOf, written } from '../time.js';
import { facts, t } from '../words.js';
import { money as writtenMoney } from '../written.js';
import { refundDialog } from './refund.js';

/**
 * @param {any} live
 * @returns {(visitId: number, about: string) => Promise<void>} opens the dialog
 */
export function paymentDialog(live) {
  const { store, start, zone } = live;
  const { dialog, form, open } = formDialog('payment-dialog');
  const { amount, discount } = form.elements;
  const { decimals } = start.clinics[start.clinic];
  const askRefund = refundDialog(live);
  /** The payment that the dialog shows. @type {any} */
  let shown = null;
  let about = '';
  /** What was put into the amount by us: as long as it stands there it may be corrected. */
  let suggested = '';

  const money = (/** @type {string} */ sum) => writtenMoney(sum, shown.currency);

  /** The amount follows the discount as long as nobody has written another. */
  const suggest = () => {
    if (amount.value !== suggested) return;
    amount.value = suggested = typed(less(shown.outstanding, decimal(discount.value.trim()), decimals));
  };

  const label = () => {
    if (!shown) return;
    const sum = decimal(amount.value.trim());
    setText(slot(form, 'submit'), Number(sum) > 0 ? t('take', { amount: money(sum) }) : t('take_nothing'));
    show(slot(form, 'why'), discount.value.trim() !== '');
  };

  /** @param {any} payment */
  const fillEntries = (payment) => {
    slot(form, 'entries').replaceChildren(
      ...payment.entries.map((/** @type {any} */ entry) => {
        const row = clone('entry-template');
        slot(row, 'number').textContent = entry.receipt_number;
        const reduced = Number(entry.discount) > 0 ? t('history.discount', { amount: money(entry.discount) }) : '';
        const about = [`${written(dayOf(entry.at, zone))} ${clock(entry.at, zone)}`, t(`method.${entry.method}`), entry.by_name, reduced, entry.reason];
        slot(row, 'what').textContent = facts(about);
        slot(row, 'amount').textContent = `${entry.kind === 'refund' ? '−' : ''}${money(entry.amount)}`;
        return row;
      }),
    );
    show(slot(form, 'history'), payment.entries.length > 0);
    slot(form, 'receipt').href = `/reception/payments/${payment.id}/receipt/?print=1`;
    // A visit that is only planned has no ticket yet.
    const ticket = store.getState().visits[payment.visit_id]?.ticket;
    show(slot(form, 'ticket'), Boolean(ticket));
    slot(form, 'ticket').href = `/reception/visits/${payment.visit_id}/ticket/?print=1`;
  };

  /** @param {any} payment */
  const fill = (payment) => {
    shown = payment;
    store.answer('payment', payment);
    setText(slot(form, 'due'), money(payment.amount_due));
    setText(slot(form, 'discount'), money(payment.discount));
    show(slot(form, 'discount-row'), Number(payment.discount) > 0);
    setText(slot(form, 'paid-sum'), money(payment.amount_paid));
    setText(slot(form, 'refunded'), money(payment.amount_refunded));
    show(slot(form, 'refunded-row'), Number(payment.amount_refunded) > 0);
    setText(slot(form, 'outstanding'), money(payment.outstanding));
    const owed = Number(payment.outstanding) > 0;
    show(slot(form, 'taking'), owed);
    show(slot(form, 'submit'), owed);
    show(slot(form, 'give-back'), start.role === 'admin' && Number(payment.balance) > 0);
    suggest();
    fillEntries(payment);
    show(slot(form, 'loading'), false);
    show(slot(form, 'body'), true);
    label();
  };

  /** The one object, since it is known to be newer than what is shown. @param {number} id */
  const renew = async (id) => {
    try {
      const payment = await get(`/api/payments/${id}/`);
      if (dialog.open && shown?.id === id && payment.version >= shown.version) fill(payment);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  };
  store.subscribe((/** @type {any} */ state) => {
    if (dialog.open && shown && state.payments[shown.id]?.version > shown.version) renew(shown.id);
  });

  discount.addEventListener('input', suggest);
  form.addEventListener('input', label);
  dialog.addEventListener('close', () => {
    shown = null;
  });
  /** An answer about a payment: into the store, and into the dialog if that shows the same one. @param {any} payment */
  const answered = (payment) => {
    if (shown?.id === payment.id) fill(payment);
    else store.answer('payment', payment);
  };
  slot(form, 'give-back').addEventListener('click', () => askRefund(shown, about, answered));

  /** @param {Record<string, string>} values */
  const take = async (values) => {
    const asked = shown;
    if (!asked) return true;
    const body = {
      method: values.method,
      amount: decimal(values.amount ?? '0'),
      version: asked.version,
      ...(values.discount && { discount: decimal(values.discount), reason: values.reason ?? '' }),
    };
    const end = store.intend('visit', asked.visit_id, null);
    try {
      const payment = await post(`/api/payments/${asked.id}/process/`, body);
      if (shown?.id === payment.id) {
        discount.value = form.elements.reason.value = '';
        suggested = amount.value;
      }
      answered(payment);
      toast(t('done.payment'), { about: `payment-${payment.id}` });
    } catch (error) {
      const current = error instanceof Refusal ? error.current : null;
      if (current) answered(current);
      throw error;
    } finally {
      end();
    }
    // Stays open: the receipt's number is what the patient asks for next.
    if (shown?.id === asked.id) slot(form, 'receipt').focus();
    return true;
  };

  /** Money that belongs to no till is found by nobody who counts one. */
  const lookForTill = async () => {
    show(slot(form, 'till'), false);
    try {
      const { count } = await get(`/api/cash-shifts/?status=open&clinic=${start.clinic}&cashier=${start.user}&page_size=1`);
      show(slot(form, 'till'), count === 0);
    } catch (error) {
      // Nothing hangs on it.
      if (!(error instanceof Refusal)) throw error;
    }
  };

  return async (visitId, who) => {
    form.reset();
    shown = null;
    about = who;
    suggested = amount.value = '';
    show(slot(form, 'loading'), true);
    for (const name of ['body', 'submit', 'why']) show(slot(form, name), false);
    const isOpen = open(who, take);
    lookForTill();
    try {
      const { results } = await get(`/api/payments/?visit=${visitId}`);
      if (!isOpen()) return;
      if (results.length === 0) throw new Refusal(404, t('fail.load'));
      fill(results[0]);
      if (Number(results[0].outstanding) > 0) amount.select();
      else byId('payment-close').focus();
    } catch (error) {
      if (!isOpen()) return;
      show(slot(form, 'loading'), false);
      showErrors(form, error);
    }
  };
}
