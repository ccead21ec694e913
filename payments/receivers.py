"""Every visit has its payment from the start; a cancelled one with nothing paid is void."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from patients.signals import exporting
from payments import actions, sections
from queue import signals
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


@receiver(exporting, dispatch_uid="payments.exporting")
def _exporting(files: list[int], clinics: list[int] | None, **_: Any) -> dict[str, Any]:
    return {"payments": sections.payments_of(files, clinics)}
