"""What a day took, and a visit's rows of the ledger: read by the queue's figures and history, which may not know of payments."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django.db.models import Sum

from clinics.models import Clinic
from payments.models import LedgerEntry
from payments.money import ZERO, as_text
from queue.models import Visit


def money_of(clinic: Clinic, day: dt.date) -> list[dict[str, Any]]:
    """What was taken and given back at the clinic between the day's two midnights, whichever visit it was for.

    One entry per currency, the clinic's own always and first; amounts are strings with the currency's decimals.
    """
    start, end = clinic.day_bounds(day)
    sums = (
        LedgerEntry.objects.filter(clinic=clinic, at__gte=start, at__lt=end)
        .order_by()
        .values_list("payment__currency", "method", "kind")
        .annotate(sum=Sum("amount"))
    )
    table: dict[str, dict[str, dict[str, Decimal]]] = {clinic.currency: {}}
    for currency, method, kind, amount in sums:
        table.setdefault(currency, {}).setdefault(method, {})[kind] = amount
    return [_in_words(currency, methods) for currency, methods in table.items()]


def _in_words(currency: str, methods: dict[str, dict[str, Decimal]]) -> dict[str, Any]:
    decimals = get_currency_precision(currency)

    def total(kind: str, *only: str) -> str:
        return as_text(sum((methods[name].get(kind, ZERO) for name in only or methods), ZERO), decimals)

    return {
        "currency": currency,
        "taken": total("payment"),
        "refunded": total("refund"),
        "by_method": {name: {"taken": total("payment", name), "refunded": total("refund", name)} for name in sorted(methods)},
    }


def steps_of(visit: Visit) -> list[dict[str, Any]]:
    """What was taken and given back for the visit, shaped like the steps of its history."""
    rows = LedgerEntry.objects.filter(payment__visit=visit).select_related("payment", "by").order_by("pk")
    return [
        {
            "id": None,
            "action": row.kind,
            "from_status": "",
            "to_status": "",
            "reason": row.reason,
            "details": {
                "payment": row.payment_id,
                "receipt_number": row.receipt_number,
                "currency": row.payment.currency,
                "amount": as_text(row.amount, row.money_decimals),
                "discount": as_text(row.discount, row.money_decimals),
                "method": row.method,
            },
            "by": row.by.get_username() if row.by is not None else None,
            "by_name": row.by.name if row.by is not None else None,
            "at": row.at,
            "undoes": None,
        }
        for row in rows
    ]
