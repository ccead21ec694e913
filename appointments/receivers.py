"""A merged file's appointments go with it, and back; an erased person's say nothing of them; an export has them."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from appointments import actions, sections
from appointments.models import Appointment
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
