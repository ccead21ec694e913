"""Forgetting events that nobody may ask for any more: a little at a time, and by one process at a time (ADR 13)."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Iterator
from typing import Never

from django.conf import settings
from django.db import Error as DatabaseError
from django.db.models import Q
from django.utils import timezone

from realtime.models import Delivery, Event, Log, Room
from realtime.threads import in_db

logger = logging.getLogger(__name__)

AT_ONCE = 1_000
"""Rows per transaction: writers wait for none of them longer than for another command."""


def prune(keep: dt.timedelta) -> int:
    """Forget events older than ``keep``; returns how many deliveries went."""
    return sum(steps(keep))


def steps(keep: dt.timedelta) -> Iterator[int]:
    """``prune`` a little at a time, each time in transactions of its own; gives the deliveries that went each time."""
    horizon = timezone.now() - keep
    for room in list(Room.objects.order_by("name").values_list("name", flat=True)):
        while gone := _forget_deliveries(room, horizon):
            yield gone
    while _forget_events(horizon):
        yield 0


def _forget_deliveries(room: str, horizon: dt.datetime) -> int:
    numbered = Delivery.objects.filter(room=room, seq__isnull=False).order_by("seq")
    old = [seq for seq, at in numbered.values_list("seq", "event__at")[:AT_ONCE] if at < horizon]
    if not old:
        return 0
    # The floor rises first, so nobody is ever replayed a part; and by itself, so the room's row is locked for no longer.
    Room.objects.filter(name=room, floor__lt=old[-1]).update(floor=old[-1])
    return Delivery.objects.filter(room=room, seq__lte=old[-1]).delete()[0]


def _forget_events(horizon: dt.datetime) -> int:
    told_to_nobody = Event.objects.filter(at__lt=horizon, deliveries=None).order_by("pk")
    return Event.objects.filter(pk__in=list(told_to_nobody.values_list("pk", flat=True)[:AT_ONCE])).delete()[0]


def take_turn(every: dt.timedelta) -> bool:
    """Is it time again, and this process the one to do it? One UPDATE decides, so of several only one hears yes."""
    now = timezone.now()
    due = Log.objects.filter(Q(pruned_at=None) | Q(pruned_at__lte=now - every), pk=1)
    return bool(due.update(pruned_at=now))


async def prune_regularly() -> Never:
    """Prune when it is time again, until cancelled: a task of the hub's, beside its timer and never in its way."""
    while True:
        # More often than it is time, or two processes that ask by turns could both find it a little too early.
        await asyncio.sleep(settings.REALTIME["PRUNE_EVERY"].total_seconds() / 6)
        try:
            if await in_db(take_turn, settings.REALTIME["PRUNE_EVERY"]):
                work = steps(settings.REALTIME["RETENTION"])
                # Between two steps the thread is free for whoever waits for one.
                while await in_db(next, work, None) is not None:
                    pass
        except DatabaseError as error:
            logger.warning("Old events couldn't be deleted (%s); trying again later.", error)
        except Exception:
            logger.exception("Forgetting old events failed; it goes on")
