"""What becomes of an appointment becomes of its visit, in the same transaction."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from appointments import signals
from appointments.models import Appointment
from clinics.models import User
from patients.models import Patient
from patients.signals import merged
from queue import actions


@receiver(signals.booked, dispatch_uid="queue.booked")
def _booked(appointment: Appointment, by: User | None, **_: Any) -> None:
    actions.plan(appointment, by=by)


@receiver(signals.changed, dispatch_uid="queue.changed")
def _changed(appointment: Appointment, by: User | None, fields: list[str], **_: Any) -> None:
    actions.follow_change(appointment, by=by, fields=fields)


@receiver(signals.checked_in, dispatch_uid="queue.checked_in")
def _checked_in(appointment: Appointment, by: User | None, **_: Any) -> None:
    actions.arrive(appointment, by=by)


@receiver([signals.cancelled, signals.missed], dispatch_uid="queue.ended")
def _ended(appointment: Appointment, by: User | None, step: str | None = None, **_: Any) -> None:
    actions.follow_end(appointment, by=by, step=step)


@receiver(merged, dispatch_uid="queue.merged")
def _merged(survivor: Patient, duplicate: Patient, **_: Any) -> None:
    actions.give_to(survivor, of=duplicate)
