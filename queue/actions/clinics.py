"""A clinic is about to be changed: what its queue relies on stays, and what screens show of the change they are told."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from clinics.changing import ClinicInUse
from clinics.exceptions import InvalidInput
from clinics.models import Clinic
from queue.models import Visit


def follow_clinic(clinic: Clinic, was: dict[str, Any]) -> None:
    """``was``: what changes, as it still is; empty for a new clinic. Raises ``ClinicInUse``, ``InvalidInput``."""
    if clinic._state.adding or "code" in was:
        _require_unused_code(clinic)
    if "code" in was and _tickets(was["code"]).filter(clinic=clinic).exists():
        raise ClinicInUse(
            _("Tickets of this clinic begin with %(code)s, so that stays.") % {"code": was["code"]},
            current=clinic,
        )
    if "timezone" in was and Visit.objects.filter(clinic=clinic, status__in=Visit.OPEN).exists():
        raise ClinicInUse(
            _("Visits of this clinic are open, and the days they belong to would change. Close the day first."), current=clinic
        )
    if "call_limit" in was:
        _tell_called(clinic)


def _tickets(code: str) -> Any:
    return Visit.objects.filter(ticket_text__startswith=f"{code}-")


def _require_unused_code(clinic: Clinic) -> None:
    if _tickets(clinic.code).exclude(clinic=clinic.pk).exists():
        raise InvalidInput(code=_("Tickets of another clinic begin with this code. Choose another one."))


def _tell_called(clinic: Clinic) -> None:
    """Whether a skip is offered may change for whoever is called today: the versions of these visits rise."""
    called = Visit.objects.filter(clinic=clinic, date=clinic.today(), status=Visit.Status.CALLED)
    locked = list(called.select_for_update().order_by("pk").values_list("pk", flat=True))
    for visit in Visit.objects.filter(pk__in=locked).order_by("pk"):
        visit.save(update_fields=[])
