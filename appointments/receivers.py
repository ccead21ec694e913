"""A merged file's appointments go with it, and back; an erased person's say nothing of them; an export has them. What is booked
keeps its clinic's clock."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext

from appointments import actions, sections
from appointments.models import Appointment
from clinics.changing import ClinicInUse
from clinics.models import Clinic
from clinics.signals import clinic_changing
from patients import signals
from patients.models import Patient


@receiver(signals.merged, dispatch_uid="appointments.merged")
def _merged(survivor: Patient, duplicate: Patient, **_: Any) -> dict[str, list[int]]:
    return {Appointment._meta.label_lower: actions.give_to(survivor, of=duplicate)}


@receiver(signals.unmerged, dispatch_uid="appointments.unmerged")
def _unmerged(survivor: Patient, duplicate: Patient, moved: dict[str, list[int]], **_: Any) -> None:
    actions.give_to(duplicate, of=survivor, only=moved.get(Appointment._meta.label_lower, []))


@receiver(signals.erased, dispatch_uid="appointments.erased")
def _erased(patient: Patient, exchanged: dict[str, set[int]], **_: Any) -> None:
    actions.erase(patient, exchanged=exchanged.get(Appointment._meta.label_lower, set()))


@receiver(signals.exporting, dispatch_uid="appointments.exporting")
def _exporting(files: list[int], clinics: list[int] | None, **_: Any) -> dict[str, Any]:
    return {"appointments": sections.appointments_of(files, clinics)}


@receiver(clinic_changing, dispatch_uid="appointments.clinic")
def _clinic_changing(clinic: Clinic, was: dict[str, Any], **_: Any) -> None:
    if "timezone" in was and actions.is_booked_ahead(clinic):
        raise ClinicInUse(
            gettext(
                "Appointments to come are booked by the clock of %(zone)s and would be on other hours and days. Cancel them "
                "first, or open a new clinic."
            )
            % {"zone": was["timezone"]},
            current=clinic,
        )
