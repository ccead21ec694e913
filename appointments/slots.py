"""Time arithmetic of booking: which times of a day a doctor can be booked. Pure: no database, no clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

Span = tuple[dt.datetime, dt.datetime]
"""Half open: [start, end), both aware."""

MIDNIGHT = dt.time(0)
ONE_DAY = dt.timedelta(days=1)


class Times(Protocol):
    """What this module needs of a break."""

    start_time: dt.time
    end_time: dt.time


class Hours(Protocol):
    """What this module needs of a shift. Midnight as an end is the end of the day."""

    weekday: int
    start_time: dt.time
    end_time: dt.time
    valid_from: dt.date | None
    valid_until: dt.date | None

    @property
    def breaks(self) -> Sequence[Times]: ...


@dataclass(frozen=True, slots=True)
class Slot:
    start: dt.datetime
    end: dt.datetime
    available: bool


def ends_after(end: dt.time, other: dt.time) -> bool:
    """Is the end of a time later than ``other`` of the same day? Midnight is later than all."""
    return end == MIDNIGHT or end > other


def overlaps(a: Span, b: Span) -> bool:
    """Do two half-open spans share a moment?"""
    return a[0] < b[1] and b[0] < a[1]


def moment_of(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """The first moment at which the zone's clock has come to ``time`` on ``day``, in UTC.

    A time that the clock skips is the moment of the skip; of a time that it shows twice, the first. So a later time never is
    an earlier moment, and hours that touch on the wall touch.
    """
    wall = dt.datetime.combine(day, time)
    late, early = (wall.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    if early >= late:
        return late
    # Skipped: the clock was set forward between the two readings.
    while late - early > dt.timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).replace(tzinfo=None) > wall:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def exists(day: dt.date, time: dt.time, zone: ZoneInfo) -> bool:
    """Does the zone's clock show ``time`` on ``day``? On the day it is set forward it skips an hour."""
    moment = dt.datetime.combine(day, time, zone).astimezone(dt.UTC).astimezone(zone)
    return moment.replace(tzinfo=None) == dt.datetime.combine(day, time)


def _span(day: dt.date, times: Times, zone: ZoneInfo) -> Span:
    to_next = times.end_time == MIDNIGHT
    return moment_of(day, times.start_time, zone), moment_of(day + ONE_DAY if to_next else day, times.end_time, zone)


def _without(span: Span, gaps: Iterable[Span]) -> Iterator[Span]:
    """What is left of the span beside the gaps, which are in order and apart."""
    start, end = span
    for gap in gaps:
        yield start, gap[0]
        start = gap[1]
    yield start, end


def working_spans(
    shifts: Iterable[Hours], first: dt.date, last: dt.date, zone: ZoneInfo, *, with_breaks: bool = True
) -> list[Span]:
    """The doctor's hours of the days ``first`` to ``last`` as moments, in order; those that touch or overlap become one.

    Hours are wall-clock hours of the clinic: on the day the clocks change a shift may be an hour longer or shorter.
    """
    spans = []
    for shift in shifts:
        day = first + ONE_DAY * ((shift.weekday - first.weekday()) % 7)
        while day <= last:
            if (shift.valid_from or day) <= day <= (shift.valid_until or day):
                gaps = sorted(_span(day, each, zone) for each in shift.breaks) if with_breaks else []
                spans += [span for span in _without(_span(day, shift, zone), gaps) if span[0] < span[1]]
            day += 7 * ONE_DAY
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def fits(span: Span, working: Iterable[Span]) -> bool:
    """Does the span lie wholly inside the working hours?"""
    return any(start <= span[0] and span[1] <= end for start, end in working)


def _starts(working: Span, length: dt.timedelta, before: dt.datetime | None) -> Iterator[dt.datetime]:
    start = working[0]
    while start + length <= working[1] and (before is None or start < before):
        yield start
        start += length


def slots_of(
    working: Sequence[Span],
    busy: Sequence[Span],
    length: dt.timedelta,
    now: dt.datetime,
    *,
    before: dt.datetime | None = None,
) -> list[Slot]:
    """The hours cut into slots of ``length`` that start before ``before``; one is available if it is not past and meets nothing
    in ``busy``."""
    return [
        Slot(start, start + length, start >= now and not any(overlaps((start, start + length), span) for span in busy))
        for hours in working
        for start in _starts(hours, length, before)
    ]


def same_time_weeks_later(start: dt.datetime, weeks: int, zone: ZoneInfo) -> dt.datetime | None:
    """``start`` so many weeks later by the zone's clock, in UTC; none if the clock skips that time on that day."""
    if weeks == 0:
        return start
    wall = start.astimezone(zone)
    day = wall.date() + weeks * 7 * ONE_DAY
    return moment_of(day, wall.time(), zone) if exists(day, wall.time(), zone) else None
