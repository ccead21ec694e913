"""A merged file's appointments go with it."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from appointments import actions
from patients import signals
from patients.models import Patient


@receiver(signals.merged, dispatch_uid="appointments.merged")
def _merged(survivor: Patient, duplicate: Patient, **_: Any) -> None:
    actions.give_to(survivor, of=duplicate)
