"""Running the real actions as of another moment, for the seed command alone.

Every moment the product stores (by an action, by ``auto_now_add``, in a history row, in the event log) is read by calling
``django.utils.timezone.now``, so while the story is told that one name gives the story's time. The product itself has no
clock that could be set: nothing at a real desk should be able to write yesterday's date.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from django.utils import timezone
from simple_history.models import HistoricalRecords

from clinics.models import User

Thread = Iterator[dt.datetime]
"""What one person does: yields the moment of their next step, and takes it when resumed."""


class Story:
    """Many threads, told in the order of time."""

    def __init__(self) -> None:
        self._waiting: list[tuple[dt.datetime, int, Thread]] = []
        self._count = 0

    def add(self, thread: Thread) -> None:
        moment = next(thread, None)
        if moment is not None:
            self._count += 1  # of two at the same moment the one that was added first
            heapq.heappush(self._waiting, (moment, self._count, thread))

    def tell(self) -> None:
        """Resume each thread at its moment until all have ended."""
        with _own_time() as time:
            while self._waiting:
                time.moment, _, thread = heapq.heappop(self._waiting)
                self.add(thread)


class _Time:
    moment: dt.datetime

    def now(self) -> dt.datetime:
        return self.moment


@contextmanager
def _own_time() -> Iterator[_Time]:
    real, time = timezone.now, _Time()
    timezone.now = time.now
    try:
        yield time
    finally:
        timezone.now = real


@contextmanager
def acting(user: User) -> Iterator[None]:
    """History rows take their author from the request; there is none here, so this says who it was."""
    HistoricalRecords.context.request = SimpleNamespace(user=user)
    try:
        yield
    finally:
        del HistoricalRecords.context.request
