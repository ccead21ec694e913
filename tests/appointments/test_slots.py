"""Time arithmetic of booking, as pure functions."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.slots import Span, fits, overlaps, slots_of, working_spans

UTC = dt.UTC
BERLIN, KATHMANDU = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")


@dataclass
class Hours:
    weekday: int
    start_time: dt.time
    end_time: dt.time
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None


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
    found = working_spans([Hours(w, min(a, b), max(a, b)) for a, b, w in shifts if a != b], day, zone)
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
    assert working_spans([hours(date, start, end)], date, zone) == [(at(expected[0]), at(expected[1]))]


@pytest.mark.parametrize(("day", "count"), [("2026-03-28", 12), ("2026-03-29", 10), ("2026-10-25", 14)])
def test_slots_of_the_days_on_which_the_clocks_change(day: str, count: int) -> None:
    date = dt.date.fromisoformat(day)
    working = working_spans([hours(date, "00:00", "06:00")], date, BERLIN)
    slots = slots_of(working, [], dt.timedelta(minutes=30), at("2026-01-01T00:00"))
    assert len(slots) == len({slot.start for slot in slots}) == count


def test_a_shift_in_the_hour_that_does_not_exist_gives_no_time_backwards() -> None:
    date = dt.date(2026, 3, 29)
    assert working_spans([hours(date, "02:30", "03:15")], date, BERLIN) == []


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
    assert working_spans(shifts, day, ZoneInfo("UTC")) == [
        (at("2026-03-02T09:00"), at("2026-03-02T14:00")),
        (at("2026-03-02T15:00"), at("2026-03-02T16:00")),
    ]
