"""The checker finds what it is there to find: histories that are wrong, one way each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.checker import check
from tests.faults.history import Ended, Evidence, Got, History, Joined, Logged, Mark, Opened, Try, Write

ROOM, OTHER = "clinic_1", "clinic_2"
DAY = "2026-03-02"


def visit(version: int, entity: int = 7) -> dict[str, Any]:
    return {
        "id": entity, "version": version, "ticket": "A-001", "date": DAY, "clinic_id": 1, "doctor": {"id": 3, "name": "Dr"},
    }  # fmt: skip


def logged(seq: int, version: int, *, room: str = ROOM, event: str = "visit_status_changed", entity: int = 7) -> Logged:
    data = {"visit": visit(version, entity), "from": "waiting", "to": "called"}
    return Logged(seq, json.dumps({"event": event, "room": room, "seq": seq, "data": data}))


def snapshot(version: int) -> dict[str, Any]:
    return {"date": DAY, "snapshot": True, "visits": [visit(version)], "appointments": []}


def got(event: Logged, at: float, room: str = ROOM) -> Got:
    return Got(at, room, event.seq, event.text, is_snapshot=False)


def written(version: int) -> Write:
    return Write("call", [Try(1.9, 2.1, 200)], (Mark(ROOM, "visit_status_changed", 7, version),))


def good() -> Evidence:
    """A client that took a snapshot at 1, heard 2 and 3, was cut off, and resumed for 4; and the writer of it all."""
    events = [logged(1, 1), logged(2, 2), logged(3, 3), logged(4, 4)]
    start = {"event": "queue_updated", "room": ROOM, "seq": 1, "data": snapshot(1)}
    seen = History(
        "reader",
        frozenset({ROOM}),
        [
            Opened(1.0, "e"),
            Joined(1.1, ROOM, None, 1, recovered=False),
            Got(1.2, ROOM, 1, json.dumps(start), is_snapshot=True),
            got(events[1], 2.0),
            got(events[2], 3.0),
            Ended(3.5, 1006),
            Opened(4.0, "e"),
            Joined(4.1, ROOM, 3, 4, recovered=True),
            got(events[3], 4.2),
        ],
    )
    return Evidence({ROOM: events}, [written(version) for version in (1, 2, 3, 4)], [seen], {ROOM: snapshot(4)})


def test_what_is_right_is_not_blamed() -> None:
    assert check(good()) == []


def test_tries_before_the_last_one_may_fail() -> None:
    evidence = good()
    evidence.writes[0].tries[:0] = [Try(1.0, 1.1, status) for status in (503, 409, None)]

    assert check(evidence) == []


def test_what_the_experiment_did_itself_is_nobody_elses() -> None:
    evidence = good()
    evidence.writes.pop()
    assert {violation.rule for violation in check(evidence)} == {"nobody wrote it"}

    evidence.made_otherwise.add(7)

    assert check(evidence) == []


def test_an_experiment_without_writers_knows_of_no_writes() -> None:
    evidence = good()
    evidence.writes.clear()

    assert check(evidence) == []


def entries(change: Callable[[list[Any]], None]) -> Callable[[Evidence], None]:
    def spoil(evidence: Evidence) -> None:
        change(evidence.histories[0].entries)

    spoil.__name__ = change.__name__
    return spoil


def forget_an_event(evidence: Evidence) -> None:
    """Lost on the way, and nobody noticed."""
    del evidence.histories[0].entries[3]


def lose_the_last(evidence: Evidence) -> None:
    del evidence.histories[0].entries[-1]


def get_one_twice(items: list[Any]) -> None:
    items.insert(4, items[3])


def swap_two(items: list[Any]) -> None:
    items[3], items[4] = items[4], items[3]


def cut_the_log(evidence: Evidence) -> None:
    del evidence.log[ROOM][1]


def write_twice(evidence: Evidence) -> None:
    evidence.log[ROOM].append(logged(5, 2))


def lose_a_write(evidence: Evidence) -> None:
    evidence.writes.append(Write("call", [Try(5.0, 5.1, 200)], (Mark(ROOM, "visit_status_changed", 7, 9),)))


def forget_the_mark(evidence: Evidence) -> None:
    evidence.writes.append(Write("call", [Try(5.0, 5.1, 200)]))


def end_with(status: int | None) -> Callable[[Evidence], None]:
    def spoil(evidence: Evidence) -> None:
        evidence.writes.append(Write("call", [Try(5.0, 5.1, status)]))

    spoil.__name__ = f"end_with_{status}"
    return spoil


def do_it_twice(evidence: Evidence) -> None:
    """The caller knows of one visit, and there are two."""
    evidence.log[ROOM].append(logged(5, 1, entity=8))


def get_a_snapshot_for_what_could_be_replayed(items: list[Any]) -> None:
    items[7] = items[7]._replace(recovered=False)
    start = {"event": "queue_updated", "room": ROOM, "seq": 4, "data": snapshot(4)}
    items[8] = Got(4.2, ROOM, 4, json.dumps(start), is_snapshot=True)


def go_back(evidence: Evidence) -> None:
    evidence.log[ROOM][2] = logged(3, 1)


def tell_otherwise(items: list[Any]) -> None:
    items[3] = items[3]._replace(text=items[3].text.replace("called", "waiting"))


def hear_another_clinic(evidence: Evidence) -> None:
    evidence.log[OTHER] = [logged(1, 1, room=OTHER, entity=8)]
    evidence.histories[0].entries.append(got(evidence.log[OTHER][0], 9.0, OTHER))


def join_another_clinic(evidence: Evidence) -> None:
    evidence.histories[0].entries.append(Joined(9.0, OTHER, 1, 1, recovered=True))


def hear_after_the_end_of_the_right(evidence: Evidence) -> None:
    evidence.histories[0].until[ROOM] = 4.15


def resume_elsewhere(items: list[Any]) -> None:
    items[7] = items[7]._replace(since=2)


def get_a_snapshot_nobody_asked_for(items: list[Any]) -> None:
    items.append(items[2]._replace(seq=4))


def get_an_event_first(items: list[Any]) -> None:
    del items[1:3]


def have_another_state(evidence: Evidence) -> None:
    evidence.snapshots[ROOM]["visits"][0]["version"] = 5


def have_a_row_less(evidence: Evidence) -> None:
    evidence.snapshots[ROOM]["visits"].append(visit(1, 9))


@pytest.mark.parametrize(
    ("spoil", "rules"),
    [
        (forget_an_event, {"missed"}),
        (lose_the_last, {"missed", "store differs"}),
        (entries(get_one_twice), {"doubled"}),
        (entries(swap_two), {"missed", "doubled"}),
        (cut_the_log, {"hole in the log", "write not there once", "told otherwise"}),
        (write_twice, {"write not there once", "version went back", "missed"}),
        (lose_a_write, {"write not there once"}),
        (forget_the_mark, {"write without a mark"}),
        (end_with(400), {"write not done"}),
        (end_with(503), {"write not done"}),
        (end_with(None), {"write not done"}),
        (do_it_twice, {"nobody wrote it", "missed"}),
        (entries(get_a_snapshot_for_what_could_be_replayed), {"needless snapshot"}),
        (go_back, {"version went back", "told otherwise", "write not there once"}),
        (entries(tell_otherwise), {"told otherwise"}),
        (hear_another_clinic, {"outside his rights", "event before its room", "nobody wrote it"}),
        (join_another_clinic, {"outside his rights"}),
        (hear_after_the_end_of_the_right, {"outside his rights"}),
        (entries(resume_elsewhere), {"resumed elsewhere"}),
        (entries(get_a_snapshot_nobody_asked_for), {"snapshot out of turn", "store differs"}),
        (entries(get_an_event_first), {"event before its room", "store differs"}),
        (have_another_state, {"store differs"}),
        (have_a_row_less, {"store differs"}),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_wrong_is_found(spoil: Callable[[Evidence], None], rules: set[str]) -> None:
    evidence = good()

    spoil(evidence)

    assert {violation.rule for violation in check(evidence)} == rules


def test_nothing_is_heard_of_a_room_that_was_left() -> None:
    """Who was taken out in the middle need not have heard the rest, and has no store to compare."""
    evidence = good()
    del evidence.histories[0].entries[5:]
    evidence.histories[0].left.add(ROOM)

    assert check(evidence) == []
