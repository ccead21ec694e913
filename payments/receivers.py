"""Every visit has its payment from the start; a cancelled one with nothing paid is void; what was paid follows the doctor."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from clinics.models import Clinic, User
from clinics.permissions import DESK
from clinics.signals import clinic_changing
from patients.signals import exporting
from payments import actions, sections
from payments.figures import money_of, steps_of
from queue import signals
from queue.figures import MONEY
from queue.models import Visit


@receiver(signals.opened, dispatch_uid="payments.opened")
def _opened(visit: Visit, **_: Any) -> None:
    actions.open_payment(visit)


@receiver(signals.cancelled, dispatch_uid="payments.cancelled")
def _cancelled(visit: Visit, **_: Any) -> None:
    actions.void(visit)


@receiver(signals.reopened, dispatch_uid="payments.reopened")
def _reopened(visit: Visit, **_: Any) -> None:
    actions.unvoid(visit)


@receiver(post_save, sender=Visit, dispatch_uid="payments.visit")
def _saved(instance: Visit, created: bool, raw: bool, update_fields: Iterable[str] | None, **_: Any) -> None:
    # Whatever gives a visit to another doctor: a transfer, a change of its appointment, one step back.
    if created or raw:
        return
    changes = instance.changes(None if update_fields is None else frozenset(update_fields))
    if "doctor_id" in changes:
        actions.follow_doctor(instance, from_doctor_id=changes["doctor_id"][0])


@receiver(clinic_changing, dispatch_uid="payments.clinic")
def _clinic_changing(clinic: Clinic, was: dict[str, Any], **_: Any) -> None:
    actions.require_changeable(clinic, was)


@receiver(exporting, dispatch_uid="payments.exporting")
def _exporting(files: list[int], clinics: list[int] | None, **_: Any) -> dict[str, Any]:
    return {"payments": sections.payments_of(files, clinics)}


@receiver(signals.day_figured, dispatch_uid="payments.day_figured")
def _day_figured(clinic: Clinic, day: dt.date, figures: dict[str, Any], **_: Any) -> None:
    figures[MONEY] = money_of(clinic, day)


@receiver(signals.history_gathered, dispatch_uid="payments.history_gathered")
def _history_gathered(visit: Visit, user: User, **_: Any) -> list[dict[str, Any]]:
    return steps_of(visit) if user.effective_role in DESK else []
