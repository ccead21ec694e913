"""Time arithmetic of booking, as pure functions."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.slots import Span, exists, fits, moment_of, overlaps, same_time_weeks_later, slots_of, working_spans

UTC = dt.UTC
BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")


@dataclass
class Break:
    start_time: dt.time
    end_time: dt.time


@dataclass
class Hours:
    weekday: int
    start_time: dt.time
    end_time: dt.time
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    breaks: list[Break] = field(default_factory=list)


def hours(day: dt.date, start: str, end: str, **kwargs: dt.date) -> Hours:
    return Hours(day.weekday(), dt.time.fromisoformat(start), dt.time.fromisoformat(end), **kwargs)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


moments = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 3), timezones=st.just(UTC))


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(moments)
    return start, start + dt.timedelta(minutes=draw(st.integers(1, 600)))


@given(st.lists(spans(), max_size=4), st.lists(spans(), max_size=6), st.integers(5, 480), moments)
def test_slots_lie_in_the_hours_and_an_available_one_meets_nothing(
    working: list[Span], busy: list[Span], minutes: int, now: dt.datetime
) -> None:
    length = dt.timedelta(minutes=minutes)
    slots = slots_of(working, busy, length, now)
    for slot in slots:
        span = (slot.start, slot.end)
        assert slot.end - slot.start == length
        assert fits(span, working)
        assert slot.available == (slot.start >= now and not any(overlaps(span, other) for other in busy))
    assert len(slots) == sum((end - start) // length for start, end in working)


@given(spans(), spans())
def test_overlap_is_symmetric_and_means_a_shared_moment(a: Span, b: Span) -> None:
    assert overlaps(a, b) == overlaps(b, a) == (max(a[0], b[0]) < min(a[1], b[1]))


def test_slots_that_touch_do_not_overlap() -> None:
    ten, eleven, twelve = at("2026-03-02T10:00"), at("2026-03-02T11:00"), at("2026-03-02T12:00")
    assert not overlaps((ten, eleven), (eleven, twelve))
    slots = slots_of([(ten, twelve)], [(ten, eleven)], dt.timedelta(hours=1), ten)
    assert [slot.available for slot in slots] == [False, True]


times = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(
    st.lists(st.tuples(times, times, st.integers(0, 6)), max_size=6),
    st.dates(dt.date(2025, 1, 1), dt.date(2027, 12, 31)),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_working_spans_are_in_order_apart_and_on_the_day(
    shifts: list[tuple[dt.time, dt.time, int]], day: dt.date, zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)
    found = working_spans([Hours(w, min(a, b), max(a, b)) for a, b, w in shifts if a != b], day, day, zone)
    for start, end in found:
        assert start < end
        assert start.astimezone(zone).date() == day
        assert (end - dt.timedelta(microseconds=1)).astimezone(zone).date() == day
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))


@pytest.mark.parametrize(
    ("day", "zone", "start", "end", "expected"),
    [
        # An ordinary day, and one whose offset isn't whole hours.
        ("2026-03-02", BERLIN, "09:00", "17:00", ("2026-03-02T08:00", "2026-03-02T16:00")),
        ("2026-03-02", KATHMANDU, "09:00", "17:00", ("2026-03-02T03:15", "2026-03-02T11:15")),
        # Clocks forward at 02:00 on 29 March 2026 and back at 03:00 on 25 October.
        ("2026-03-29", BERLIN, "00:00", "06:00", ("2026-03-28T23:00", "2026-03-29T04:00")),
        ("2026-10-25", BERLIN, "00:00", "06:00", ("2026-10-24T22:00", "2026-10-25T05:00")),
        ("2026-03-29", BERLIN, "09:00", "17:00", ("2026-03-29T07:00", "2026-03-29T15:00")),
        ("2026-10-25", BERLIN, "09:00", "17:00", ("2026-10-25T08:00", "2026-10-25T16:00")),
    ],
)
def test_hours_are_the_clinics_clock(day: str, zone: ZoneInfo, start: str, end: str, expected: tuple[str, str]) -> None:
    date = dt.date.fromisoformat(day)
    assert working_spans([hours(date, start, end)], date, date, zone) == [(at(expected[0]), at(expected[1]))]


@pytest.mark.parametrize(("day", "count"), [("2026-03-28", 12), ("2026-03-29", 10), ("2026-10-25", 14)])
def test_slots_of_the_days_on_which_the_clocks_change(day: str, count: int) -> None:
    date = dt.date.fromisoformat(day)
    working = working_spans([hours(date, "00:00", "06:00")], date, date, BERLIN)
    slots = slots_of(working, [], dt.timedelta(minutes=30), at("2026-01-01T00:00"))
    assert len(slots) == len({slot.start for slot in slots}) == count


# On 29 March 2026 Berlin's clock goes from 02:00 (01:00 UTC) to 03:00; on 25 October it shows 02:00 to 03:00 twice (00:00 and
# 01:00 UTC). Lord Howe's clock changes by half an hour, Havana's and Cairo's at midnight.
CHANGES = [
    ("2026-03-29", "Europe/Berlin", "02:30", "03:15", ("2026-03-29T01:00", "2026-03-29T01:15")),
    ("2026-03-29", "Europe/Berlin", "01:00", "02:30", ("2026-03-29T00:00", "2026-03-29T01:00")),
    ("2026-03-29", "Europe/Berlin", "02:10", "02:50", None),
    ("2026-03-29", "Europe/Berlin", "01:59", "03:01", ("2026-03-29T00:59", "2026-03-29T01:01")),
    ("2026-10-25", "Europe/Berlin", "02:30", "03:30", ("2026-10-25T00:30", "2026-10-25T02:30")),
    ("2026-10-25", "Europe/Berlin", "01:00", "02:30", ("2026-10-24T23:00", "2026-10-25T00:30")),
    ("2026-10-25", "Europe/Berlin", "00:00", "00:00", ("2026-10-24T22:00", "2026-10-25T23:00")),
    ("2026-03-08", "America/New_York", "02:30", "04:00", ("2026-03-08T07:00", "2026-03-08T08:00")),
    ("2026-11-01", "America/New_York", "00:00", "03:00", ("2026-11-01T04:00", "2026-11-01T08:00")),
    ("2026-10-04", "Australia/Lord_Howe", "02:15", "03:00", ("2026-10-03T15:30", "2026-10-03T16:00")),
    ("2026-04-24", "Africa/Cairo", "00:30", "02:00", ("2026-04-23T22:00", "2026-04-23T23:00")),
    ("2026-09-27", "Pacific/Auckland", "02:00", "04:00", ("2026-09-26T14:00", "2026-09-26T15:00")),
    ("2026-04-05", "Pacific/Auckland", "02:00", "04:00", ("2026-04-04T13:00", "2026-04-04T16:00")),
    ("2026-03-02", "Pacific/Kiritimati", "00:00", "00:00", ("2026-03-01T10:00", "2026-03-02T10:00")),
    ("2026-03-02", "Pacific/Pago_Pago", "09:00", "17:00", ("2026-03-02T20:00", "2026-03-03T04:00")),
    ("2026-03-02", "Asia/Kolkata", "09:30", "10:00", ("2026-03-02T04:00", "2026-03-02T04:30")),
]


@pytest.mark.parametrize(("day", "zone", "start", "end", "expected"), CHANGES)
def test_hours_when_the_clock_skips_or_repeats_a_time(
    day: str, zone: str, start: str, end: str, expected: tuple[str, str] | None
) -> None:
    """Who begins in a skipped time begins when the clock goes on; of a time that comes twice the first counts."""
    date = dt.date.fromisoformat(day)
    found = working_spans([hours(date, start, end)], date, date, ZoneInfo(zone))
    assert found == ([] if expected is None else [(at(expected[0]), at(expected[1]))])


def test_breaks_divide_the_hours() -> None:
    day = dt.date(2026, 3, 2)
    shift = hours(day, "09:00", "12:00")
    shift.breaks = [Break(dt.time(9), dt.time(9, 30)), Break(dt.time(10, 15), dt.time(10, 30)), Break(dt.time(11), dt.time(12))]
    assert working_spans([shift], day, day, ZoneInfo("UTC")) == [
        (at("2026-03-02T09:30"), at("2026-03-02T10:15")),
        (at("2026-03-02T10:30"), at("2026-03-02T11:00")),
    ]
    whole = working_spans([shift], day, day, ZoneInfo("UTC"), with_breaks=False)
    assert whole == [(at("2026-03-02T09:00"), at("2026-03-02T12:00"))]


def test_a_night_is_two_shifts_that_touch() -> None:
    monday, tuesday = dt.date(2026, 3, 2), dt.date(2026, 3, 3)
    evening, morning = hours(monday, "20:00", "00:00"), hours(tuesday, "00:00", "06:00")
    assert working_spans([morning, evening], monday, tuesday, BERLIN) == [(at("2026-03-02T19:00"), at("2026-03-03T05:00"))]
    assert working_spans([morning, evening], monday, monday, BERLIN) == [(at("2026-03-02T19:00"), at("2026-03-02T23:00"))]
    slots = slots_of(
        working_spans([morning, evening], monday, tuesday, BERLIN),
        [],
        dt.timedelta(minutes=50),
        at("2026-01-01T00:00"),
        before=at("2026-03-02T23:00"),
    )
    # The last begins at 23:20 of the clinic's clock and ends on Tuesday.
    assert (len(slots), slots[-1].start, slots[-1].end) == (5, at("2026-03-02T22:20"), at("2026-03-02T23:10"))


ZONES = st.sampled_from(
    [
        *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Kiritimati"),
        *("Pacific/Pago_Pago", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana"),
    ]
)


@given(st.dates(dt.date(2025, 1, 1), dt.date(2027, 12, 31)), times, times, ZONES)
def test_a_later_time_is_never_an_earlier_moment(day: dt.date, one: dt.time, other: dt.time, zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    moments = [moment_of(day, time, zone) for time in sorted((one, other))]
    assert moments == sorted(moments)
    for time, moment in zip(sorted((one, other)), moments, strict=True):
        shown = moment.astimezone(zone)
        # The clock has come to it just then: it shows it, or has skipped it in this second.
        assert shown.replace(tzinfo=None) >= dt.datetime.combine(day, time)
        before = (moment - dt.timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
        assert before < dt.datetime.combine(day, time)
        assert (shown.time() == time) == exists(day, time, zone)


@given(
    st.lists(st.tuples(times, times, st.integers(0, 6), st.lists(st.tuples(times, times), max_size=2)), max_size=5),
    st.sampled_from(["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05"]),
    ZONES,
    st.integers(5, 480),
)
def test_slots_of_any_day_are_apart_and_in_the_hours(
    shifts: list[tuple[dt.time, dt.time, int, list[tuple[dt.time, dt.time]]]], day_text: str, zone_name: str, minutes: int
) -> None:
    day, zone, length = dt.date.fromisoformat(day_text), ZoneInfo(zone_name), dt.timedelta(minutes=minutes)
    rows = [
        Hours(weekday, min(a, b), max(a, b), breaks=[Break(min(c, d), max(c, d)) for c, d in breaks if c != d])
        for a, b, weekday, breaks in shifts
        if a != b
    ]
    for row in rows:
        row.breaks = [each for each in row.breaks if row.start_time <= each.start_time and each.end_time <= row.end_time][:1]
    next_day = day + dt.timedelta(days=1)
    midnight = moment_of(next_day, dt.time(0), zone)
    working = working_spans(rows, day, next_day, zone)
    slots = slots_of(working, [], length, at("2026-01-01T00:00"), before=midnight)
    assert all(one.end <= other.start for one, other in itertools.pairwise(slots))
    for slot in slots:
        assert slot.start.astimezone(zone).date() == day
        assert fits((slot.start, slot.end), working)
        for moment in (slot.start, slot.end - dt.timedelta(seconds=1)):
            wall = moment.astimezone(zone)
            assert any(_is_within(wall, row) for row in rows)


def _is_within(wall: dt.datetime, row: Hours) -> bool:
    """By the clock on the wall alone, and not by its breaks; in the hour that comes twice it may show less than the start."""
    repeated = dt.timedelta(hours=1)
    if wall.weekday() != row.weekday:
        return False
    latest = wall if wall.fold == 0 else min(wall + repeated, wall.replace(hour=23, minute=59))
    inside = row.start_time <= latest.time() and wall.time() < row.end_time
    return inside and (wall.fold == 1 or not any(each.start_time <= wall.time() < each.end_time for each in row.breaks))


@pytest.mark.parametrize(
    ("start", "weeks", "zone", "expected"),
    [
        ("2026-03-23T09:00", 0, "Europe/Berlin", "2026-03-23T09:00"),
        # Ten o'clock stays ten o'clock: an hour earlier in UTC from 29 March on.
        ("2026-03-23T09:00", 1, "Europe/Berlin", "2026-03-30T08:00"),
        ("2026-10-19T08:00", 1, "Europe/Berlin", "2026-10-26T09:00"),
        ("2026-03-02T15:00", 1, "America/New_York", "2026-03-09T14:00"),
        ("2026-03-02T04:00", 52, "Asia/Kolkata", "2027-03-01T04:00"),
        # Sunday 02:30 a week later isn't there in March, and comes twice in October.
        ("2026-03-22T01:30", 1, "Europe/Berlin", None),
        ("2026-10-18T00:30", 1, "Europe/Berlin", "2026-10-25T00:30"),
    ],
)
def test_the_same_time_weeks_later(start: str, weeks: int, zone: str, expected: str | None) -> None:
    found = same_time_weeks_later(at(start), weeks, ZoneInfo(zone))
    assert found == (at(expected) if expected else None)


def test_shifts_that_touch_are_one_and_validity_counts() -> None:
    day = dt.date(2026, 3, 2)
    before, after = day - dt.timedelta(days=1), day + dt.timedelta(days=1)
    shifts = [
        hours(day, "09:00", "12:00"),
        hours(day, "12:00", "14:00"),
        hours(day, "13:00", "13:30"),
        hours(day, "15:00", "16:00", valid_from=day, valid_until=day),
        hours(day, "17:00", "18:00", valid_from=after),
        hours(day, "19:00", "20:00", valid_until=before),
        hours(after, "21:00", "22:00"),
    ]
    assert working_spans(shifts, day, day, ZoneInfo("UTC")) == [
        (at("2026-03-02T09:00"), at("2026-03-02T14:00")),
        (at("2026-03-02T15:00"), at("2026-03-02T16:00")),
    ]
