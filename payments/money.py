"""Arithmetic of money. Pure; Decimals end to end."""

from __future__ import annotations

from decimal import Decimal

ZERO = Decimal(0)


def has_decimals(amount: Decimal, decimals: int) -> bool:
    """Can the amount be written with this many decimals?"""
    return amount == amount.quantize(Decimal(1).scaleb(-decimals))


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
