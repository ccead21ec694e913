"""What becomes of an appointment becomes of its visit, in the same transaction; and what of a clinic its queue relies on."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from appointments import signals
from appointments.models import Appointment
from clinics.models import Clinic, User
from clinics.signals import clinic_changing
from patients import signals as patient_signals
from patients.models import Patient
from queue import actions, sections
from queue.models import Visit


@receiver(signals.booked, dispatch_uid="queue.booked")
def _booked(appointment: Appointment, by: User | None, **_: Any) -> None:
    actions.plan(appointment, by=by)
    actions.answer_wishes(appointment, by=by)


@receiver(signals.changed, dispatch_uid="queue.changed")
def _changed(appointment: Appointment, by: User | None, fields: list[str], **_: Any) -> None:
    actions.follow_change(appointment, by=by, fields=fields)


@receiver(signals.checked_in, dispatch_uid="queue.checked_in")
def _checked_in(appointment: Appointment, by: User | None, **_: Any) -> None:
    actions.arrive(appointment, by=by)


@receiver([signals.cancelled, signals.missed], dispatch_uid="queue.ended")
def _ended(appointment: Appointment, by: User | None, step: str | None = None, **_: Any) -> None:
    actions.follow_end(appointment, by=by, step=step)
    if appointment.status == Appointment.Status.CANCELLED:
        actions.reopen_wishes(appointment, by=by)


@receiver(patient_signals.merged, dispatch_uid="queue.merged")
def _merged(survivor: Patient, duplicate: Patient, **_: Any) -> dict[str, list[int]]:
    return {Visit._meta.label_lower: actions.give_to(survivor, of=duplicate)}


@receiver(patient_signals.unmerged, dispatch_uid="queue.unmerged")
def _unmerged(survivor: Patient, duplicate: Patient, moved: dict[str, list[int]], **_: Any) -> None:
    actions.give_to(duplicate, of=survivor, only=moved.get(Visit._meta.label_lower, []))


@receiver(patient_signals.erased, dispatch_uid="queue.erased")
def _erased(patient: Patient, exchanged: dict[str, set[int]], **_: Any) -> None:
    actions.erase(patient, exchanged=exchanged.get(Visit._meta.label_lower, set()))


@receiver(patient_signals.exporting, dispatch_uid="queue.exporting")
def _exporting(files: list[int], clinics: list[int] | None, **_: Any) -> dict[str, Any]:
    return {"visits": sections.visits_of(files, clinics)}


@receiver(clinic_changing, dispatch_uid="queue.clinic")
def _clinic_changing(clinic: Clinic, was: dict[str, Any], **_: Any) -> None:
    actions.follow_clinic(clinic, was)
