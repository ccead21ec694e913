"""The reports against a second, plain way to count, on random days."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_project.reports.scope import Scope
from clinic_project.reports.utilisation import utilisation
from clinic_project.reports.visits import no_shows, visits_per_day
from clinic_project.reports.waits import waits
from queue.models import Visit
from tests.api.client import as_it_was
from tests.factories import World
from tests.reports.rows import at, visit

FIRST = dt.date(2026, 2, 9)
LAST = FIRST + dt.timedelta(days=9)

drawn = st.fixed_dictionaries(
    {
        # Some lie outside of the range, some at the other clinic.
        "day": st.integers(-2, 11).map(lambda number: FIRST + dt.timedelta(days=number)),
        "hour": st.integers(0, 23),
        "status": st.sampled_from(["completed", "left", "no_show", "cancelled", "planned"]),
        "waited": st.none() | st.integers(0, 9000),
        "inside": st.integers(0, 90),
        "is_booked": st.booleans(),
        "is_mine": st.booleans(),
        "is_here": st.integers(0, 5).map(bool),
    }
)


def put(world: World, one: dict[str, Any]) -> None:
    came = one["status"] in ("completed", "left")
    hour = at(one["day"], one["hour"])
    there = {} if one["is_here"] else {"clinic": world.there, "service": world.service_there}
    doctor = (world.doctor if one["is_mine"] else world.colleague) if one["is_here"] else world.stranger
    visit(
        world,
        day=one["day"],
        status=one["status"],
        arrived=hour if came else None,
        waited=one["waited"] if came else None,
        inside=one["inside"] if one["status"] == "completed" and one["waited"] is not None else None,
        booked=hour if one["is_booked"] or not came else None,
        doctor=doctor,
        **there,
    )


def reference(world: World, doctor: Any) -> dict[str, Any]:
    """One visit after the other, in Python."""
    found = [
        each
        for each in Visit.objects.select_related("appointment").prefetch_related("steps")
        if each.clinic_id == world.here.pk and FIRST <= each.date <= LAST and doctor in (None, each.doctor)
    ]
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for each in found:
        calls = [step.at for step in each.steps.all() if step.action in ("call", "start")]
        if each.checked_in_at and calls:
            wait = int((min(calls) - each.checked_in_at).total_seconds())
            cells[each.checked_in_at.weekday(), each.checked_in_at.hour].append(wait)
    booked = [each for each in found if each.visit_type == "appointment"]
    due = [each for each in booked if each.status not in ("cancelled", "planned")]
    taken = [each.appointment for each in booked if each.appointment.status != "cancelled"]
    return {
        "cells": {place: (len(waited), round(statistics.median(waited)), max(waited)) for place, waited in cells.items()},
        "seen": sum(each.status == "completed" for each in found),
        "visits": len(found),
        "by_day": {day: sum(each.date == day for each in found) for day in {each.date for each in found}},
        "due": len(due),
        "no_show": sum(each.status == "no_show" for each in due),
        "booked_minutes": sum(int((each.end - each.start).total_seconds()) // 60 for each in taken),
        "seen_minutes": sum(
            int((each.completed_at - each.started_at).total_seconds()) // 60
            for each in found
            if each.status == "completed" and each.started_at
        ),
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(drawn, max_size=25), only_mine=st.booleans())
def test_reports_count_what_a_plain_loop_counts(world: World, days: list[dict[str, Any]], only_mine: bool) -> None:
    with as_it_was():
        for one in days:
            put(world, one)
        doctor = world.doctor if only_mine else None
        scope, expected = Scope(world.here, FIRST, LAST, doctor), reference(world, doctor)

        found = {
            (row["weekday"], row["hour"]): (row["count"], row["median_seconds"], row["longest_seconds"])
            for row in waits(scope)["rows"]
        }
        assert found == expected["cells"]
        per_day = visits_per_day(scope)
        assert per_day["total"]["seen"] == expected["seen"]
        assert per_day["total"]["booked"] + per_day["total"]["walk_ins"] == expected["visits"]
        for row in per_day["rows"]:
            count = expected["by_day"].get(row["date"], 0)
            assert row["booked"] + row["walk_ins"] == count
            assert sum(row[name] for name in ("seen", "left", "no_show", "cancelled", "open")) == count
        missed = no_shows(scope)["total"]
        assert (missed["due"], missed["no_show"]) == (expected["due"], expected["no_show"])
        used = utilisation(scope)["total"]
        assert (used["booked_minutes"], used["seen_minutes"]) == (expected["booked_minutes"], expected["seen_minutes"])
