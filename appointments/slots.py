"""Time arithmetic of booking: which times of a day a doctor can be booked. Pure: no database, no clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

Span = tuple[dt.datetime, dt.datetime]
"""Half open: [start, end), both aware."""


class Hours(Protocol):
    """What this module needs of a shift."""

    weekday: int
    start_time: dt.time
    end_time: dt.time
    valid_from: dt.date | None
    valid_until: dt.date | None


@dataclass(frozen=True, slots=True)
class Slot:
    start: dt.datetime
    end: dt.datetime
    available: bool


def overlaps(a: Span, b: Span) -> bool:
    """Do two half-open spans share a moment?"""
    return a[0] < b[1] and b[0] < a[1]


def working_spans(shifts: Iterable[Hours], day: dt.date, zone: ZoneInfo) -> list[Span]:
    """The doctor's hours on ``day`` as moments, in order; shifts that touch or overlap become one.

    Hours are wall-clock hours of the clinic: on the day the clocks change a shift may be an hour longer or shorter.
    """
    spans = sorted(
        (
            dt.datetime.combine(day, shift.start_time, zone).astimezone(dt.UTC),
            dt.datetime.combine(day, shift.end_time, zone).astimezone(dt.UTC),
        )
        for shift in shifts
        if shift.weekday == day.weekday()
        and (shift.valid_from is None or shift.valid_from <= day)
        and (shift.valid_until is None or day <= shift.valid_until)
    )
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def fits(span: Span, working: Iterable[Span]) -> bool:
    """Does the span lie wholly inside the working hours?"""
    return any(start <= span[0] and span[1] <= end for start, end in working)


def _starts(working: Span, length: dt.timedelta) -> Iterator[dt.datetime]:
    start = working[0]
    while start + length <= working[1]:
        yield start
        start += length


def slots_of(working: Sequence[Span], busy: Sequence[Span], length: dt.timedelta, now: dt.datetime) -> list[Slot]:
    """The day cut into slots of ``length``; one is available if it is not past and meets nothing in ``busy``."""
    return [
        Slot(start, start + length, start >= now and not any(overlaps((start, start + length), span) for span in busy))
        for hours in working
        for start in _starts(hours, length)
    ]
