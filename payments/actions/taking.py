"""Money taken and given back: the sums of a payment and the rows of its ledger change together or not at all."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput, InvalidTransition, StaleVersion
from clinics.models import User, next_number
from clinics.text import written
from payments.actions.amounts import require_amount
from payments.actions.cash import shift_for
from payments.models import LedgerEntry, Payment, ShareMove
from payments.money import ZERO, split, status_after
from queue.actions import lock as lock_visit
from queue.models import Visit


class Overpaid(DomainError):
    """Paid and discount together would exceed what is due."""

    code = "overpaid"


class RefundExceedsPaid(DomainError):
    """More would be given back than was taken."""

    code = "refund_exceeds_paid"


def open_payment(visit: Visit) -> Payment:
    """The pending payment of a new visit, at the service's price and the doctor's share of now."""
    clinic = visit.clinic
    # Rounded to what can be paid: the price may have been set before the clinic changed its currency.
    price = round(visit.service.price, clinic.money_decimals)
    payment = Payment(
        visit=visit,
        clinic=clinic,
        currency=clinic.currency,
        amount_due=price,
        share_percent=visit.service.doctor_share_percent,
    )
    if payment.amount_due == ZERO:
        payment.status = Payment.Status.PAID  # a free service owes nothing
    payment.save()
    if visit.payment_status != payment.status:
        _show_on_visit(payment)
    return payment


def _lock(payment: Payment, version: int | None) -> Payment:
    # The visit first, since whoever holds a visit may go on to its payment.
    visit = lock_visit(Visit(pk=payment.visit_id))
    fresh = Payment.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=payment.pk)
    fresh.visit = visit
    if version is not None and version != fresh.version:
        raise StaleVersion(_("This payment has changed since you last saw it. Look at it again."), current=fresh)
    return fresh


def _write(
    payment: Payment, *, kind: str, amount: Decimal, discount: Decimal, method: str, reason: str, by: User | None
) -> None:
    """The sums, the visit's copy of the state, and last the ledger row with its receipt number."""
    held = payment.balance
    before = held - amount if kind == LedgerEntry.Kind.PAYMENT else held + amount
    doctor_share, clinic_share = split(before, held, payment.share_percent, payment.money_decimals)
    payment.status = status_after(
        due=payment.amount_due, discount=payment.discount, paid=payment.amount_paid, refunded=payment.amount_refunded
    )
    payment.save(update_fields=["status", "discount", "amount_paid", "amount_refunded"])
    _show_on_visit(payment)
    cash_shift = shift_for(by, payment.clinic, payment.currency)
    now = timezone.now()
    year = payment.clinic.day_of(now).year
    number = next_number(payment.clinic_id, "receipt", str(year))
    LedgerEntry.objects.create(
        payment=payment,
        clinic=payment.clinic,
        doctor=payment.visit.doctor,
        cash_shift=cash_shift,
        kind=kind,
        amount=amount,
        doctor_share=doctor_share,
        clinic_share=clinic_share,
        discount=discount,
        method=method,
        reason=reason,
        year=year,
        number=number,
        receipt_number=f"{payment.clinic.code}-{year}-{number:06d}",
        by=by,
        at=now,
    )


def _show_on_visit(payment: Payment) -> None:
    payment.visit.payment_status = payment.status
    payment.visit.save(update_fields=["payment_status"])


def process(
    payment: Payment,
    *,
    by: User | None,
    amount: Decimal,
    method: str,
    discount: Decimal = ZERO,
    reason: str = "",
    version: int | None = None,
) -> Payment:
    """Take money, and grant a discount if any; amounts in the payment's currency.

    Raises ``InvalidInput``, ``Overpaid``, ``InvalidTransition`` if the visit was cancelled or all of its price was given back.
    """
    with command():
        fresh = _lock(payment, version)
        require_amount("amount", amount, fresh.currency, fresh.money_decimals)
        require_amount("discount", discount, fresh.currency, fresh.money_decimals)
        if amount + discount == ZERO:
            raise InvalidInput(amount=_("Write an amount above zero, or a discount."))
        _require_something_to_take(fresh)
        if amount + discount > fresh.outstanding:
            raise Overpaid(_("This is more than is still owed. Take no more than the outstanding amount."), current=fresh)
        fresh.amount_paid += amount
        fresh.discount += discount
        _write(fresh, kind="payment", amount=amount, discount=discount, method=method, reason=written(reason), by=by)
    return fresh


def _require_something_to_take(payment: Payment) -> None:
    """Raises ``InvalidTransition``. What was given back of a part makes nothing due anew, but the rest still is."""
    if payment.status == Payment.Status.VOID or payment.visit.status == Visit.Status.CANCELLED:
        raise InvalidTransition(
            _("This visit was cancelled; nothing is taken for it. Undo the cancelling first, or register a new walk-in."),
            current=payment,
        )
    if payment.status == Payment.Status.REFUNDED and payment.outstanding == ZERO:
        raise InvalidTransition(
            _("All of this was paid and given back. To charge the patient after all, register a new walk-in."), current=payment
        )


def refund(
    payment: Payment, *, by: User | None, amount: Decimal, reason: str, method: str | None = None, version: int | None = None
) -> Payment:
    """Give money back, the way it came unless ``method`` says otherwise; raises ``InvalidInput``, ``RefundExceedsPaid``."""
    with command():
        fresh = _lock(payment, version)
        require_amount("amount", amount, fresh.currency, fresh.money_decimals, above_zero=True)
        if not written(reason):
            raise InvalidInput(reason=_("Write the reason."))
        if amount > fresh.balance:
            raise RefundExceedsPaid(_("This is more than was taken. Give back no more than the balance."), current=fresh)
        taken = fresh.entries.filter(kind=LedgerEntry.Kind.PAYMENT, amount__gt=ZERO).order_by("pk").last()
        assert taken is not None
        fresh.amount_refunded += amount
        _write(fresh, kind="refund", amount=amount, discount=ZERO, method=method or taken.method, reason=reason, by=by)
    return fresh


def void(visit: Visit) -> None:
    """A cancelled visit with nothing paid costs nothing, whatever discount was granted."""
    _switch(visit, void=True)


def unvoid(visit: Visit) -> None:
    """The cancelling was taken back."""
    _switch(visit, void=False)


def _switch(visit: Visit, *, void: bool) -> None:
    with command():
        payment = Payment.objects.select_for_update(of=("self",)).filter(visit=visit, amount_paid=ZERO).first()
        if payment is not None and (payment.status == Payment.Status.VOID) != void:
            owed = status_after(due=payment.amount_due, discount=payment.discount, paid=ZERO, refunded=ZERO)
            payment.status = Payment.Status.VOID if void else owed
            payment.save(update_fields=["status"])
            payment.visit = visit
            _show_on_visit(payment)


def follow_doctor(visit: Visit, *, from_doctor_id: int) -> None:
    """The (locked) visit was given to another doctor: so is what was taken for it so far, with the doctor's share of it."""
    if visit.payment_status in (Payment.Status.PENDING, Payment.Status.VOID, Payment.Status.REFUNDED):
        return  # nothing is held
    with command():
        payment = Payment.objects.select_for_update(of=("self",)).get(visit=visit)
        held = payment.balance
        if held > ZERO:
            doctor_share, clinic_share = split(ZERO, held, payment.share_percent, payment.money_decimals)
            ShareMove.objects.create(
                payment=payment,
                clinic_id=payment.clinic_id,
                from_doctor_id=from_doctor_id,
                to_doctor_id=visit.doctor_id,
                amount=held,
                doctor_share=doctor_share,
                clinic_share=clinic_share,
                at=timezone.now(),
            )
