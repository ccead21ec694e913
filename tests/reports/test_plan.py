"""A shift's hours on each day, whatever was changed when."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_project.reports.plan import Version, in_force, minutes, pieces, without
from clinic_project.reports.scope import percent

FIRST = dt.date(2026, 3, 2)
LAST = FIRST + dt.timedelta(days=20)


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


versions = st.lists(
    st.builds(
        Version,
        since=st.integers(-3, 23).map(day),
        is_active=st.booleans(),
        start_time=st.integers(0, 11).map(dt.time),
        end_time=st.integers(12, 23).map(dt.time),
        weekday=st.integers(0, 6),
        valid_from=st.none() | st.integers(-3, 23).map(day),
        valid_until=st.none() | st.integers(-3, 23).map(day),
    ),
    min_size=1,
    max_size=4,
).map(lambda found: sorted(found, key=lambda version: version.since))


@given(versions, st.lists(versions, max_size=2), st.integers(-3, 23).map(day))
def test_pieces_say_of_each_day_what_a_look_at_that_day_says(
    shift: list[Version], breaks: list[list[Version]], other: dt.date
) -> None:
    begun = min(other, shift[0].since)
    found = pieces(shift, breaks, FIRST, LAST, begun=begun)
    for number in range((LAST - FIRST).days + 1):
        today = day(number)
        first_week_ends, entered = begun + dt.timedelta(days=6), shift[0].since
        is_first = today < begun and entered <= first_week_ends
        known = first_week_ends if is_first else max(today, entered)
        held = in_force(shift, known)
        is_told_late = held.valid_from is not None and held.valid_from < entered
        valid = (held.valid_from or today) <= today <= (held.valid_until or today)
        counts = held.is_active and valid and (entered <= today or is_first or is_told_late)
        there = [piece for piece in found if (piece.valid_from or today) <= today <= (piece.valid_until or today)]
        assert len(there) == counts
        if there:
            gaps = [each for each in (in_force(one, known) for one in breaks if one[0].since <= known) if each.is_active]
            assert (there[0].weekday, there[0].start_time, there[0].end_time) == (held.weekday, held.start_time, held.end_time)
            assert list(there[0].breaks) == gaps


spans = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 50)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=6)


def moment(number: int) -> dt.datetime:
    return dt.datetime(2026, 3, 2, tzinfo=dt.UTC) + dt.timedelta(minutes=number)


@given(spans, spans)
def test_what_is_left_beside_the_gaps(working: list[tuple[int, int]], gaps: list[tuple[int, int]]) -> None:
    apart = [(start, end) for start, end in sorted(working)]
    apart = [span for place, span in enumerate(apart) if all(before[1] <= span[0] for before in apart[:place])]
    left = without([(moment(a), moment(b)) for a, b in apart], [(moment(a), moment(b)) for a, b in gaps])
    minute_by_minute = sum(any(a <= now < b for a, b in apart) and not any(a <= now < b for a, b in gaps) for now in range(300))
    assert minutes(left) == minute_by_minute


@pytest.mark.parametrize(
    ("part", "whole", "said"), [(1, 3, "33.3"), (1, 8, "12.5"), (1, 16, "6.3"), (0, 5, "0.0"), (7, 5, "140.0")]
)
def test_percent_to_one_decimal(part: int, whole: int, said: str) -> None:
    assert str(percent(part, whole)) == said


def test_there_is_no_percent_of_nothing() -> None:
    assert percent(0, 0) is None
