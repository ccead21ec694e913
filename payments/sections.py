"""What an export of one patient's data has of payments."""

from __future__ import annotations

from typing import Any

from payments.models import Payment
from payments.serializers import PaymentSerializer


def payments_of(files: list[int], clinics: list[int] | None) -> list[dict[str, Any]]:
    """The payments with their rows of the ledger, the earliest first; ``clinics``: of these alone."""
    rows = Payment.objects.filter(visit__patient__in=files).select_related("clinic", "visit").prefetch_related("entries__by")
    shown = rows if clinics is None else rows.filter(clinic__in=clinics)
    return [
        {**PaymentSerializer(payment).data, "clinic": payment.clinic.name} for payment in shown.order_by("created_at", "pk")
    ]
