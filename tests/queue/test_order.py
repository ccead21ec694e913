"""The order of the queue as a pure function (contract, section 5)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue import order
from queue.order import Facts

DAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
PRIORITIES = ["emergency", "urgent", "normal"]

minutes = st.integers(0, 24 * 60 * 60 - 1).map(lambda seconds: DAY + dt.timedelta(seconds=seconds))


@st.composite
def facts(draw: st.DrawFn, priority: str | None = None) -> Facts:
    return Facts(
        priority=priority or draw(st.sampled_from(PRIORITIES)),
        day_start=DAY,
        arrived_at=draw(minutes),
        slot_start=draw(st.none() | minutes),
        walk_in_offset=dt.timedelta(minutes=draw(st.sampled_from([0, 0, 15, 120]))),
    )


def rank(given_facts: Facts) -> int:
    return order.place(given_facts).rank


def test_the_rules_one_by_one() -> None:
    ten = DAY + dt.timedelta(hours=10)
    walk_in = Facts("normal", DAY, ten)
    assert order.effective_time(walk_in) == (ten, "walk_in")
    assert order.effective_time(replace(walk_in, walk_in_offset=dt.timedelta(minutes=15))) == (
        ten + dt.timedelta(minutes=15),
        "walk_in",
    )
    early = Facts("normal", DAY, ten - dt.timedelta(hours=1), slot_start=ten)
    assert order.effective_time(early) == (ten, "booked")
    at_the_limit = Facts("normal", DAY, ten + dt.timedelta(minutes=10), slot_start=ten)
    assert order.effective_time(at_the_limit) == (ten, "booked")
    late = Facts("normal", DAY, ten + dt.timedelta(minutes=10, microseconds=1), slot_start=ten)
    assert order.effective_time(late) == (late.arrived_at, "late")
    assert order.effective_time(replace(late, late_after=dt.timedelta(minutes=11))) == (ten, "booked")
    # Booked for a day to come: at the time of the booking, as the contract has it, and it says so.
    tomorrow = replace(early, slot_start=ten + dt.timedelta(days=1), day_end=DAY + dt.timedelta(days=1))
    assert order.effective_time(tomorrow) == (tomorrow.slot_start, "early")
    assert order.effective_time(replace(tomorrow, slot_start=DAY + dt.timedelta(days=1)))[1] == "early"
    assert order.effective_time(replace(early, day_end=DAY + dt.timedelta(days=1)))[1] == "booked"
    back = replace(early, behind=ten + dt.timedelta(minutes=5))
    assert order.effective_time(back) == (ten + dt.timedelta(minutes=5), "returned")
    # Whose own time is later anyway stays there.
    assert order.effective_time(replace(early, behind=ten - dt.timedelta(minutes=5))) == (ten, "booked")
    assert order.place(replace(back, moved_rank=7)) == order.Place(7, "moved")


@given(facts(), facts())
def test_classes_come_before_times(one: Facts, other: Facts) -> None:
    mine, theirs = PRIORITIES.index(one.priority), PRIORITIES.index(other.priority)
    if mine != theirs:
        assert (rank(one) < rank(other)) == (mine < theirs)


@given(facts("normal"), facts("normal"))
def test_within_a_class_the_effective_time_decides(one: Facts, other: Facts) -> None:
    a, b = order.effective_time(one)[0], order.effective_time(other)[0]
    assert (rank(one) < rank(other)) == (a < b)
    assert (rank(one) == rank(other)) == (a == b)


@given(facts(), st.integers(1, 10**9))
def test_who_comes_later_never_comes_before(earlier: Facts, microseconds: int) -> None:
    later = replace(earlier, arrived_at=earlier.arrived_at + dt.timedelta(microseconds=microseconds))
    assert rank(later) >= rank(earlier)
    if earlier.slot_start is None:
        assert rank(later) > rank(earlier)


extreme = st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))


@given(st.sampled_from(PRIORITIES), extreme, extreme, st.none() | extreme, st.none() | extreme, st.integers(0, 32767))
def test_ranks_stay_in_their_class_and_exact_in_javascript(
    priority: str, day: dt.datetime, arrived: dt.datetime, slot: dt.datetime | None, behind: dt.datetime | None, offset: int
) -> None:
    found = rank(Facts(priority, day, arrived, slot, walk_in_offset=dt.timedelta(minutes=offset), behind=behind))
    assert found // order.CLASS_SIZE == PRIORITIES.index(priority)
    assert 0 <= found < 2**53


@given(minutes, st.sampled_from(PRIORITIES))
def test_a_rank_stands_for_its_moment(moment: dt.datetime, priority: str) -> None:
    assert order.moment_of(order.rank_of(priority, moment, DAY), DAY) == moment


@given(st.lists(facts(), max_size=8), facts())
def test_back_after_a_skip_behind_exactly_the_next_two(waiting: list[Facts], returned: Facts) -> None:
    ranks = sorted({rank(each) for each in waiting})
    of_class = [each for each in ranks if each // order.CLASS_SIZE == PRIORITIES.index(returned.priority)]
    back = replace(returned, behind=order.behind_the_next(ranks, returned.priority, DAY))
    own = sum(each < rank(returned) for each in of_class)
    ahead = sum(each < rank(back) for each in of_class)
    assert ahead == max(min(2, len(of_class)), own)


def test_nobody_waits_so_the_old_place_is_kept() -> None:
    assert order.behind_the_next([], "normal", DAY) is None
    assert order.behind_the_next([rank(Facts("urgent", DAY, DAY))], "normal", DAY) is None


@given(st.integers(0, 3 * 10**12), st.integers(0, 3 * 10**12))
def test_between_is_between_or_says_that_it_is_full(one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    found = order.rank_between(low, high)
    if high - low < 2:
        assert found is None
    else:
        assert found is not None
        assert low < found < high


@given(st.integers(1, 3 * 10**12))
def test_the_ends_are_open(edge: int) -> None:
    before, after = order.rank_between(None, edge), order.rank_between(edge, None)
    assert before is None or 0 < before < edge or edge == 1
    assert after is not None
    assert after > edge


@pytest.mark.parametrize(
    ("basis", "priority", "sentence"),
    [
        ("booked", "normal", "Booked for 09:30, in time."),
        ("late", "normal", "Booked for 09:30, came late: queues from arrival at 10:00."),
        ("walk_in", "normal", "Walk-in, queues from arrival at 10:00."),
        ("returned", "normal", "Back after a skip: behind the next two."),
        ("moved", "normal", "Moved by hand."),
        ("moved", "urgent", "Moved by hand."),
        ("walk_in", "urgent", "Urgent: before all but emergencies. Walk-in, queues from arrival at 10:00."),
        ("booked", "emergency", "Emergency: before all others. Booked for 09:30, in time."),
    ],
)
def test_every_row_says_why(basis: str, priority: str, sentence: str) -> None:
    assert order.reason(basis, priority, slot="09:30", arrived="10:00") == sentence
