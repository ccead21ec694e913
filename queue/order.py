"""The order of the queue (contract/api.md, section 5). Pure: no database, no clock.

A visit's ``rank`` is a whole number: its class (emergency, urgent, normal) and within that its *effective time* in
microseconds of the clinic's day. It doesn't change as time passes, so an order on a screen never goes stale, and whoever
comes later has a later effective time, so nobody waits for ever. Ties go by ticket number. All ranks stay below 2**53, the
largest whole number that JavaScript can compare exactly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

CLASS_SIZE = 10**12
"""Microseconds set aside for a class: more than eleven days, so that effective times of a day never leave it."""

CLASSES: Mapping[str, int] = {"emergency": 0, "urgent": 1, "normal": 2}
_DAY_START = CLASS_SIZE // 10
"""Where a day's midnight lies in its class; a slot of the day before would still sort in the right class."""

RETURN_BEHIND = 2
"""Who comes back after a skip queues behind this many of those who wait in the class."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides a visit's place; all of it is stored, none of it is "now"."""

    priority: str
    day_start: dt.datetime
    arrived_at: dt.datetime
    slot_start: dt.datetime | None = None
    day_end: dt.datetime | None = None
    late_after: dt.timedelta = dt.timedelta(minutes=10)
    walk_in_offset: dt.timedelta = dt.timedelta(0)
    behind: dt.datetime | None = None
    moved_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    rank: int
    basis: str


def effective_time(facts: Facts) -> tuple[dt.datetime, str]:
    """The time that counts, and why: booked and on time → the slot's start, also if that is on a day to come; more than
    ``late_after`` late → arrival; walk-in → arrival plus the offset; back after a skip → not before ``behind``."""
    if facts.slot_start is None:
        moment, basis = facts.arrived_at + facts.walk_in_offset, "walk_in"
    elif facts.arrived_at > facts.slot_start + facts.late_after:
        moment, basis = facts.arrived_at, "late"
    elif facts.day_end is not None and facts.slot_start >= facts.day_end:
        moment, basis = facts.slot_start, "early"
    else:
        moment, basis = facts.slot_start, "booked"
    if facts.behind is not None and facts.behind >= moment:
        return facts.behind, "returned"
    return moment, basis


def rank_of(priority: str, moment: dt.datetime, day_start: dt.datetime) -> int:
    """The sort key of an effective time within its class and day."""
    offset = (moment - day_start) // dt.timedelta(microseconds=1)
    return CLASSES[priority] * CLASS_SIZE + min(max(_DAY_START + offset, 0), CLASS_SIZE - 1)


def moment_of(rank: int, day_start: dt.datetime) -> dt.datetime:
    """The effective time that a rank stands for."""
    return day_start + dt.timedelta(microseconds=rank % CLASS_SIZE - _DAY_START)


def place(facts: Facts) -> Place:
    """Where the visit stands and on what ground. A place set by hand holds over all else."""
    if facts.moved_rank is not None:
        return Place(facts.moved_rank, "moved")
    moment, basis = effective_time(facts)
    return Place(rank_of(facts.priority, moment, facts.day_start), basis)


def behind_the_next(waiting_ranks: Sequence[int], priority: str, day_start: dt.datetime) -> dt.datetime | None:
    """The time behind the next two of the class who wait now (behind all, if they are fewer); none if nobody waits."""
    of_class = sorted(rank for rank in waiting_ranks if rank // CLASS_SIZE == CLASSES[priority])
    if not of_class:
        return None
    last = of_class[min(RETURN_BEHIND, len(of_class)) - 1]
    return moment_of(last, day_start) + dt.timedelta(microseconds=1)


def rank_between(before: int | None, after: int | None) -> int | None:
    """A rank between two neighbours (none: the open end); ``None`` if there is no room left between them."""
    if before is None and after is None:
        return CLASSES["normal"] * CLASS_SIZE + _DAY_START
    if before is None:
        assert after is not None
        return after - 1_000_000 if after > 1_000_000 else (after // 2 or None)
    if after is None:
        return before + 1_000_000
    middle = (before + after) // 2
    return middle if before < middle < after else None


SENTENCES = {
    "booked": _("Booked for {slot}, in time."),
    "early": _("Booked for another day, came early: queues behind those of today."),
    "late": _("Booked for {slot}, came late: queues from arrival at {arrived}."),
    "walk_in": _("Walk-in, queues from arrival at {arrived}."),
    "returned": _("Back after a skip: behind the next two."),
    "moved": _("Moved by hand."),
}
CLASS_SENTENCES = {
    "emergency": _("Emergency: before all others."),
    "urgent": _("Urgent: before all but emergencies."),
    "normal": "",
}


def reason(basis: str, priority: str, *, slot: str, arrived: str) -> str:
    """Why the row stands where it does, a short sentence for staff; the times as the clinic's clock shows them."""
    parts = [] if basis == "moved" else [str(CLASS_SENTENCES[priority])]
    return " ".join(filter(None, [*parts, SENTENCES[basis].format(slot=slot, arrived=arrived)]))
