"""Arithmetic of money. Pure; Decimals end to end."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

ZERO = Decimal(0)


def has_decimals(amount: Decimal, decimals: int) -> bool:
    """Can the (finite) amount be written with this many decimals?"""
    exponent = amount.normalize().as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -decimals


def as_text(amount: Decimal, decimals: int) -> str:
    """The amount as the API sends it: ``"12.50"`` with two decimals, ``"12.500"`` with three."""
    return str(amount.quantize(Decimal(1).scaleb(-decimals)))


def status_after(*, due: Decimal, discount: Decimal, paid: Decimal, refunded: Decimal) -> str:
    """The state that the sums stand for: all given back → refunded, nothing owed → paid, part → partially_paid."""
    if paid > ZERO and refunded == paid:
        return "refunded"
    if paid + discount >= due:
        return "paid"
    return "partially_paid" if paid + discount > ZERO else "pending"


def share_of(held: Decimal, percent: Decimal, decimals: int) -> Decimal:
    """The doctor's part of what is held of a payment, rounded once, to the currency's decimals, halves to the even digit."""
    return (held * percent / 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)


def split(before: Decimal, after: Decimal, percent: Decimal, decimals: int) -> tuple[Decimal, Decimal]:
    """The doctor's and the clinic's part of a row of the ledger that brings what is held from ``before`` to ``after``.

    Both are zero or more and add up to the row's amount. The doctor's is the difference of the rounded shares before and after,
    so that over all rows it is the share of what is held, rounded once, and nothing when everything was given back (ADR 27).
    """
    doctor = abs(share_of(after, percent, decimals) - share_of(before, percent, decimals))
    return doctor, abs(after - before) - doctor


def exact(total: Decimal | None) -> Decimal:
    """A sum that the database has made: SQLite adds binary fractions, wrong by far less than the last of our decimals."""
    return ZERO if total is None else total.quantize(Decimal("0.001"))
