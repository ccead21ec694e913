"""A cashier's shift at the till: opened with the cash that is there, closed with the cash that was counted (ADR 28)."""

from __future__ import annotations

from decimal import Decimal

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput, InvalidTransition, StaleVersion
from clinics.models import Clinic, User
from clinics.text import written
from payments.actions.amounts import require_amount
from payments.cash import tallies
from payments.models import CashMovement, CashShift
from payments.money import ZERO, as_text


class ShiftOpen(DomainError):
    """The cashier already has an open shift at this clinic."""

    code = "shift_open"


class NotEnoughCash(DomainError):
    """More would be taken out of the till than should be in it."""

    code = "not_enough_cash"


def open_shift(*, by: User, clinic: Clinic, opening_cash: Decimal) -> CashShift:
    """Begin a shift with the cash that is in the till; from now on it holds what ``by`` takes and gives back at the clinic.

    Raises ``InvalidInput``, ``ShiftOpen``.
    """
    if not clinic.is_active:
        raise InvalidInput(clinic=_("This clinic is closed."))
    require_amount("opening_cash", opening_cash, clinic.currency, clinic.money_decimals)
    with command():
        shift = CashShift(
            clinic=clinic, cashier=by, currency=clinic.currency, opened_at=timezone.now(), opening_cash=opening_cash
        )
        try:
            with command():
                shift.save()
        except IntegrityError as error:
            current = open_shifts(by, clinic).first()
            if current is None:
                raise
            raise ShiftOpen(_("You already have an open shift here. Close it first."), current=current) from error
    return shift


def open_shifts(cashier: User | None, clinic: Clinic) -> QuerySet[CashShift]:
    """The shift, if any, that is open: never more than one."""
    return CashShift.objects.filter(clinic=clinic, cashier=cashier, closed_at=None)


def shift_for(by: User | None, clinic: Clinic, currency: str) -> CashShift | None:
    """The open shift that a row of the ledger belongs to, locked: it can't be closed before the row is committed.

    None without one, and for money in another currency: it lies in another till.
    """
    if by is None:
        return None
    return open_shifts(by, clinic).select_for_update(no_key=True).filter(currency=currency).first()


def _lock(shift: CashShift, version: int | None) -> CashShift:
    fresh = CashShift.objects.select_for_update(no_key=True).get(pk=shift.pk)
    if version is not None and version != fresh.version:
        raise StaleVersion(_("This shift has changed since you last saw it. Look at it again."), current=fresh)
    if fresh.closed_at is not None:
        raise InvalidTransition(_("This shift is closed; nothing of it changes any more. Open a new one."), current=fresh)
    return fresh


def move_cash(
    shift: CashShift, *, by: User | None, kind: str, amount: Decimal, reason: str, version: int | None = None
) -> CashShift:
    """Note cash that was put into the till or taken out of it without a payment.

    Raises ``InvalidInput``, ``InvalidTransition`` if the shift is closed, ``NotEnoughCash``.
    """
    with command():
        fresh = _lock(shift, version)
        require_amount("amount", amount, fresh.currency, fresh.money_decimals, above_zero=True)
        if not written(reason):
            raise InvalidInput(reason=_("Write the reason."))
        if kind == CashMovement.Kind.OUT:
            there = _expected(fresh)
            if amount > there:
                raise NotEnoughCash(
                    _("There should be only %(sum)s in the till. Take out no more.") % {"sum": _money(fresh, max(there, ZERO))},
                    current=fresh,
                )
        CashMovement.objects.create(cash_shift=fresh, kind=kind, amount=amount, reason=reason, by=by, at=timezone.now())
    return fresh


def close_shift(
    shift: CashShift, *, by: User | None, counted_cash: Decimal, note: str = "", version: int | None = None
) -> CashShift:
    """End a shift: what should be in the till is worked out, and kept with what was counted and the difference.

    Raises ``InvalidInput`` (also if there is a difference and no note), ``InvalidTransition`` if it is closed.
    """
    note = written(note)
    with command():
        fresh = _lock(shift, version)
        require_amount("counted_cash", counted_cash, fresh.currency, fresh.money_decimals)
        expected = _expected(fresh)
        difference = counted_cash - expected
        if difference != ZERO and not note:
            sentence = (
                _("The till holds %(sum)s less than expected. Count again, or write why.")
                if difference < ZERO
                else _("The till holds %(sum)s more than expected. Count again, or write why.")
            )
            raise InvalidInput(note=sentence % {"sum": _money(fresh, abs(difference))})
        # A clock that was put back between must not keep the till open.
        fresh.closed_at, fresh.closed_by = max(timezone.now(), fresh.opened_at), by
        fresh.counted_cash, fresh.expected_cash, fresh.difference = counted_cash, expected, difference
        fresh.note = note
        fresh.save(update_fields=["closed_at", "closed_by", "counted_cash", "expected_cash", "difference", "note"])
    return fresh


def _expected(shift: CashShift) -> Decimal:
    return tallies([shift])[shift.pk].expected


def _money(shift: CashShift, amount: Decimal) -> str:
    return f"{as_text(amount, shift.money_decimals)} {shift.currency}"
