/** Taking a payment: what is due, what came in, and one button whose second click does nothing. */

import { toast } from '../announce.js';
import { Refusal, get, post } from '../api.js';
import { byId, clone, setText, show, slot } from '../dom.js';
import { decimal, showErrors } from '../forms.js';
import { clock, dayOf, written } from '../time.js';
import { t } from '../words.js';
import { formDialog } from './dialogs.js';

/**
 * @param {any} live
 * @returns {(visitId: number, about: string) => Promise<void>} opens the dialog
 */
export function paymentDialog({ store, zone }) {
  const { dialog, form, open } = formDialog('payment-dialog');
  const amount = form.elements.amount;
  /** The payment that the dialog shows. @type {any} */
  let shown = null;
  /** What was put into the amount by us: as long as it stands there it may be corrected. */
  let suggested = '';

  const money = (/** @type {string} */ sum) => `${sum} ${shown.currency}`;

  const label = () => {
    const sum = decimal(amount.value.trim());
    setText(slot(form, 'submit'), Number(sum) > 0 ? t('take', { amount: money(sum) }) : t('take_nothing'));
  };

  /** @param {any} payment */
  const fill = (payment) => {
    shown = payment;
    store.answer('payment', payment);
    setText(slot(form, 'due'), money(payment.amount_due));
    setText(slot(form, 'discount'), money(payment.discount));
    setText(slot(form, 'paid-sum'), money(payment.amount_paid));
    setText(slot(form, 'refunded'), money(payment.amount_refunded));
    show(slot(form, 'refunded-row'), Number(payment.amount_refunded) > 0);
    setText(slot(form, 'outstanding'), money(payment.outstanding));
    const owed = Number(payment.outstanding) > 0;
    show(slot(form, 'taking'), owed);
    show(slot(form, 'submit'), owed);
    if (amount.value === suggested) amount.value = suggested = payment.outstanding;
    slot(form, 'entries').replaceChildren(
      ...payment.entries.map((/** @type {any} */ entry) => {
        const row = clone('entry-template');
        slot(row, 'number').textContent = entry.receipt_number;
        const reduced = Number(entry.discount) > 0 ? ` (−${money(entry.discount)})` : '';
        slot(row, 'what').textContent = `${written(dayOf(entry.at, zone))} ${clock(entry.at, zone)} · ${t(`method.${entry.method}`)} · ${entry.by ?? ''}`;
        slot(row, 'amount').textContent = `${entry.kind === 'refund' ? '−' : ''}${money(entry.amount)}${reduced}`;
        return row;
      }),
    );
    show(slot(form, 'history'), payment.entries.length > 0);
    slot(form, 'receipt').href = `/reception/payments/${payment.id}/receipt/`;
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

  amount.addEventListener('input', label);
  dialog.addEventListener('close', () => {
    shown = null;
  });

  /** @param {Record<string, string>} values */
  const take = async (values) => {
    if (!shown) return true;
    const body = { method: values.method, amount: decimal(values.amount ?? '0'), version: shown.version, ...(values.discount && { discount: decimal(values.discount) }) };
    try {
      const payment = await post(`/api/payments/${shown.id}/process/`, body);
      form.elements.discount.value = '';
      suggested = amount.value;
      fill(payment);
      toast(t('done.payment'));
    } catch (error) {
      const current = error instanceof Refusal ? error.current : null;
      if (current) fill(current);
      throw error;
    }
    // Stays open: the receipt's number is what the patient asks for next.
    slot(form, 'receipt').focus();
    return true;
  };

  return async (visitId, about) => {
    form.reset();
    shown = null;
    suggested = amount.value = '';
    show(slot(form, 'loading'), true);
    show(slot(form, 'body'), false);
    show(slot(form, 'submit'), false);
    open(about, take);
    try {
      const { results } = await get(`/api/payments/?visit=${visitId}`);
      if (!dialog.open) return;
      if (results.length === 0) throw new Refusal(404, t('fail.load'));
      fill(results[0]);
      if (Number(results[0].outstanding) > 0) amount.select();
    } catch (error) {
      show(slot(form, 'loading'), false);
      showErrors(form, error);
    }
  };
}
