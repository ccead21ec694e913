"""What of a clinic can't change any more once others rely on it: the part that the directory itself knows."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from clinics.exceptions import DomainError
from clinics.models import Clinic, Service
from clinics.signals import clinic_changing


class ClinicInUse(DomainError):
    """What the clinic has already done or promised would mean something else."""

    code = "clinic_in_use"


@receiver(clinic_changing, dispatch_uid="clinics.prices")
def _prices(clinic: Clinic, was: dict[str, Any], **_more: Any) -> None:
    """The same number in another currency is another price."""
    if "currency" in was and Service.objects.filter(clinic=clinic, is_active=True, price__gt=0).exists():
        raise ClinicInUse(
            _("Services of this clinic have prices in %(currency)s. Deactivate them or set the prices to 0, then change it.")
            % {"currency": was["currency"]},
            current=clinic,
        )
