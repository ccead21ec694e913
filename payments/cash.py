"""What should be in a till: the cash a shift began with, and all that came in and went out since."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Sum

from payments.models import CashMovement, CashShift, LedgerEntry
from payments.money import ZERO, exact


@dataclass
class MethodSums:
    """Of one method of payment; ``rows`` counts the rows of the ledger."""

    taken: Decimal = ZERO
    refunded: Decimal = ZERO
    rows: int = 0


@dataclass
class Tally:
    """What a shift's rows add up to, in its currency; ``opening`` is the cash it began with."""

    opening: Decimal
    by_method: dict[str, MethodSums] = field(
        default_factory=lambda: {method: MethodSums() for method in LedgerEntry.Method.values}
    )
    put_in: Decimal = ZERO
    taken_out: Decimal = ZERO

    @property
    def expected(self) -> Decimal:
        """The cash that should be there; below zero if more was given back than there was."""
        cash = self.by_method[LedgerEntry.Method.CASH]
        return self.opening + cash.taken - cash.refunded + self.put_in - self.taken_out


def tallies(shifts: Collection[CashShift]) -> dict[int, Tally]:
    """The sums of each shift, by its id; two queries for any number of them."""
    found = {shift.pk: Tally(shift.opening_cash) for shift in shifts}
    if not found:
        return found
    entries = LedgerEntry.objects.filter(cash_shift__in=found).order_by()
    for shift, method, kind, amount, rows in entries.values_list("cash_shift", "method", "kind").annotate(
        Sum("amount"), Count("pk")
    ):
        sums = found[shift].by_method[method]
        sums.rows += rows
        if kind == LedgerEntry.Kind.PAYMENT:
            sums.taken = exact(amount)
        else:
            sums.refunded = exact(amount)
    movements = CashMovement.objects.filter(cash_shift__in=found).order_by()
    for shift, kind, amount in movements.values_list("cash_shift", "kind").annotate(Sum("amount")):
        if kind == CashMovement.Kind.IN:
            found[shift].put_in = exact(amount)
        else:
            found[shift].taken_out = exact(amount)
    return found
