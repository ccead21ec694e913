"""The day's figures: the same as the browser's, and as those that are kept when the day is closed."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic_project.dashboards.manager.figures import ending, figures, visits_of
from clinic_project.dashboards.manager.today import day_extras
from payments import actions as payment_actions
from queue.figures import figures_of
from realtime.snapshots import state_of
from tests.factories import World, book, walk_in
from tests.factories.states import visit_in

# The same cases as tests/js/manager.test.js.
CASES = json.loads((Path(__file__).parent / "figures.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_figures_of_a_snapshot(case: dict[str, Any]) -> None:
    visits = visits_of(case)
    waits = {int(pk): seconds for pk, seconds in case["waits"].items()}
    now = dt.datetime.fromisoformat(case["now"])

    assert figures(visits, waits, now) == case["figures"]
    assert ending(visits, now) == case["ending"]
    for pk, expected in case["doctors"].items():
        assert figures([visit for visit in visits if visit["doctor"]["id"] == int(pk)], waits, now) == expected


def test_the_live_figures_are_those_that_a_closed_day_keeps(world: World, clock: Any) -> None:
    for minutes, status in enumerate(["completed", "left", "cancelled", "no_show", "skipped", "planned"], 1):
        visit_in(world, status, minutes=30 * minutes)
        clock.shift(dt.timedelta(minutes=3))
    walk_in(world)
    state = state_of(f"clinic_{world.here.pk}")
    visits = visits_of(state)

    live = figures(visits, day_extras(world.here, world.here.today())["waits"], clock_now())
    kept = figures_of(world.here, world.here.today())

    assert len(visits) == kept["booked"] + kept["walk_ins"]
    assert {name: live[name] for name in ("seen", "left", "no_show", "cancelled")} == {
        name: kept[name] for name in ("seen", "left", "no_show", "cancelled")
    }
    assert (live["median_wait"], live["longest_wait"]) == (kept["median_wait_seconds"], kept["longest_wait_seconds"])
    assert (live["waiting"], live["to_come"]) == (1, 1)


def clock_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def test_what_was_taken_is_told_for_the_clinic_and_each_doctor(world: World) -> None:
    for doctor, amount in ((world.doctor, 20), (world.doctor, 5), (world.colleague, 1)):
        payment_actions.process(
            walk_in(world, doctor=doctor).payment, by=world.receptionist, amount=Decimal(amount), method="cash"
        )

    extras = day_extras(world.here, world.here.today())

    assert extras["taken"] == ["$26.00"]
    assert extras["takenByDoctor"] == {world.doctor.pk: ["$25.00"], world.colleague.pk: ["$1.00"]}


def test_more_visits_take_no_more_queries(world: World) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            day_extras(world.here, world.here.today())
        return len(found)

    walk_in(world)
    one = queries()
    for number in range(3):
        walk_in(world)
        book(world, doctor=world.colleague, minutes=60 + 30 * number)
    assert queries() == one
