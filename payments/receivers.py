"""Every visit has its payment from the start; a cancelled one with nothing paid is void."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.dispatch import receiver

from clinics.models import Clinic, User
from clinics.permissions import DESK
from payments import actions
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


@receiver(signals.day_figured, dispatch_uid="payments.day_figured")
def _day_figured(clinic: Clinic, day: dt.date, figures: dict[str, Any], **_: Any) -> None:
    figures[MONEY] = money_of(clinic, day)


@receiver(signals.history_gathered, dispatch_uid="payments.history_gathered")
def _history_gathered(visit: Visit, user: User, **_: Any) -> list[dict[str, Any]]:
    return steps_of(visit) if user.effective_role in DESK else []
