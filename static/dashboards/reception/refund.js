/** Giving money back, for admins: how much, and why. */

import { decimal, typed } from '../amounts.js';
import { toast } from '../announce.js';
import { Refusal, post } from '../api.js';
import { formDialog } from '../dialogs.js';
import { setText, slot } from '../dom.js';
import { t } from '../words.js';
import { money } from '../written.js';

/**
 * @param {any} live
 * @returns {(payment: any, about: string, done: (payment: any) => void) => void} opens the dialog over the payment's
 */
export function refundDialog({ store }) {
  const { form, open } = formDialog('refund-dialog');
  const { amount } = form.elements;
  /** @type {any} */
  let shown = null;

  const label = () => {
    const sum = decimal(amount.value.trim());
    setText(slot(form, 'submit'), Number(sum) > 0 ? t('refund', { amount: money(sum, shown.currency) }) : t('refund_nothing'));
  };
  amount.addEventListener('input', label);

  return (payment, about, done) => {
    form.reset();
    shown = payment;
    amount.value = typed(payment.balance);
    label();
    open(about, async (values) => {
      const body = { amount: decimal(values.amount ?? ''), reason: values.reason ?? '', version: shown.version, ...(values.method && { method: values.method }) };
      const end = store.intend('visit', shown.visit_id, null);
      try {
        done(await post(`/api/payments/${shown.id}/refund/`, body));
        toast(t('done.refund'), { about: `payment-${shown.id}` });
      } catch (error) {
        if (error instanceof Refusal && error.current) {
          shown = error.current;
          done(shown);
        }
        throw error;
      } finally {
        end();
      }
    });
    form.elements.reason.focus();
  };
}
