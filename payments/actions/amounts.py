"""What an amount must be, said to whoever wrote it."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from clinics.exceptions import InvalidInput
from payments.money import ZERO, has_decimals


def require_amount(name: str, amount: Decimal, currency: str, decimals: int, *, above_zero: bool = False) -> None:
    """Raise ``InvalidInput`` for field ``name`` unless it is zero or more (or above) with no more decimals than its currency."""
    if not amount.is_finite() or amount < ZERO:
        raise InvalidInput(**{name: _("Write an amount of zero or more.")})
    if above_zero and amount == ZERO:
        raise InvalidInput(**{name: _("Write an amount above zero.")})
    if not has_decimals(amount, decimals):
        raise InvalidInput(
            **{name: _("%(currency)s has %(decimals)s decimals; write no more.") % {"currency": currency, "decimals": decimals}}
        )
