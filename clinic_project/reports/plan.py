"""A doctor's hours as they were planned on each day: a shift that was changed or ended later still counts for the days before.

Pure but for what it is given: rows of shifts and breaks with their past versions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from appointments.slots import Span

FIRST_DAYS = dt.timedelta(days=6)
"""For so long after the day of the first ones a doctor's first hours are still being set up."""


@dataclass(slots=True)
class Version:
    """What a shift or a break was from ``since`` on."""

    since: dt.date
    is_active: bool
    start_time: dt.time
    end_time: dt.time
    weekday: int = 0
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None


@dataclass(slots=True)
class Piece:
    """Hours that were the same from ``valid_from`` to ``valid_until`` (appointments.slots.Hours)."""

    weekday: int
    start_time: dt.time
    end_time: dt.time
    valid_from: dt.date | None
    valid_until: dt.date | None
    breaks: Sequence[Version] = ()


def pieces(
    shift: Sequence[Version], breaks: Iterable[Sequence[Version]], first: dt.date, last: dt.date, *, begun: dt.date
) -> list[Piece]:
    """The shift on the days ``first`` to ``last``, cut where it or one of its breaks was changed. Versions come in order.

    A shift counts from the day on which it was entered: one that takes another's place must not count beside it in the weeks
    before. One that was entered late, as valid from an earlier day, counts from that one. The doctor's first hours are those of
    the week that starts with ``begun``: as they were at its end they count before it too. A break counts as its shift if it was
    entered with it, else from its own day.
    """
    entered, settled = shift[0].since, begun + FIRST_DAYS
    breaks = list(breaks)
    cuts = {each.since for versions in (shift, *breaks) for each in versions if first < each.since <= last}
    if first < begun <= last:
        cuts.add(begun)
    starts = sorted({first} | cuts)
    ends = [*(start - dt.timedelta(days=1) for start in starts[1:]), last]
    found = []
    for start, end in zip(starts, ends, strict=True):
        is_first = start < begun and entered <= settled
        known = settled if is_first else max(start, entered)
        held = in_force(shift, known)
        counts = start >= entered or is_first or (held.valid_from or entered) < entered
        if not held.is_active or not counts:
            continue
        gaps = [in_force(versions, known) for versions in breaks if versions[0].since <= known]
        gaps = [each for each in gaps if each.is_active]
        since, until = max(start, held.valid_from or start), min(end, held.valid_until or end)
        if since <= until:
            found.append(Piece(held.weekday, held.start_time, held.end_time, since, until, gaps))
    return found


def in_force(versions: Sequence[Version], day: dt.date) -> Version:
    """The latest version of the day; before it was entered, what it was at the end of the day on which it was."""
    known = max(day, versions[0].since)
    return next(each for each in reversed(versions) if each.since <= known)


def without(spans: Iterable[Span], gaps: Iterable[Span]) -> list[Span]:
    """What is left of the spans beside the gaps, which may overlap; both in any order."""
    left = list(spans)
    for start, end in gaps:
        left = [
            part
            for span in left
            for part in ((span[0], min(span[1], start)), (max(span[0], end), span[1]))
            if part[0] < part[1]
        ]
    return left


def minutes(spans: Iterable[Span]) -> int:
    """Whole minutes in all."""
    return int(sum(((end - start) for start, end in spans), dt.timedelta()).total_seconds() // 60)
