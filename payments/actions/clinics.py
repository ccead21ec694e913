"""A clinic is about to be changed: its receipts keep its code, and what is owed or counted its currency."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from clinics.changing import ClinicInUse
from clinics.exceptions import InvalidInput
from clinics.models import Clinic
from payments.models import CashShift, LedgerEntry, Payment
from queue.models import Visit


def require_changeable(clinic: Clinic, was: dict[str, Any]) -> None:
    """``was``: what changes, as it still is; empty for a new clinic. Raises ``ClinicInUse``, ``InvalidInput``."""
    if (clinic._state.adding or "code" in was) and _receipts(clinic.code).exclude(clinic=clinic.pk).exists():
        raise InvalidInput(code=_("Receipts of another clinic begin with this code. Choose another one."))
    if "code" in was and _receipts(was["code"]).filter(clinic=clinic).exists():
        raise ClinicInUse(
            _("Receipts of this clinic begin with %(code)s, so that stays.") % {"code": was["code"]}, current=clinic
        )
    if "currency" in was:
        _require_settled(clinic, was["currency"])


def _receipts(code: str) -> Any:
    return LedgerEntry.objects.filter(receipt_number__startswith=f"{code}-")


def _require_settled(clinic: Clinic, currency: str) -> None:
    # Nobody will ever pay for a visit that ended unseen.
    owed = Payment.objects.filter(
        clinic=clinic,
        status__in=[Payment.Status.PENDING, Payment.Status.PARTIALLY_PAID],
        visit__status__in=[*Visit.OPEN, Visit.Status.COMPLETED],
    )
    if owed.exists():
        raise ClinicInUse(
            _("Payments in %(currency)s are still open. Take or cancel them first, then change the currency.")
            % {"currency": currency},
            current=clinic,
        )
    if CashShift.objects.filter(clinic=clinic, closed_at=None).exists():
        raise ClinicInUse(
            _("A cashier's shift in %(currency)s is open. Close it first, then change the currency.") % {"currency": currency},
            current=clinic,
        )
