"""The figures of a day that is going on, from a room's snapshot. Pure; static/dashboards/manager/figures.js counts the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from queue.figures import median

Row = Mapping[str, Any]

# An appointment whose visit has no ticket yet: what the visit is.
_VISIT_STATUS = {"booked": "planned", "cancelled": "cancelled", "no_show": "no_show"}
COUNTED = {"waiting": "waiting", "seen": "completed", "left": "left", "no_show": "no_show", "cancelled": "cancelled"}


def visits_of(snapshot: Mapping[str, Any]) -> list[Row]:
    """All visits of the day: those with a ticket, and those that only their appointment tells of."""
    ticketed = {visit["id"] for visit in snapshot["visits"]}
    planned = [
        {
            "id": appointment["visit_id"],
            "status": _VISIT_STATUS[appointment["status"]],
            "doctor": appointment["doctor"],
            "checked_in_at": None,
            "start": appointment["start"],
        }
        for appointment in snapshot["appointments"]
        if appointment["visit_id"] not in ticketed and appointment["status"] in _VISIT_STATUS
    ]
    return [*snapshot["visits"], *planned]


def figures(visits: Iterable[Row], waits: Mapping[int, int], now: dt.datetime) -> dict[str, Any]:
    """Counts by state; who waits longest now; and the waits of the day that are over (queue/figures.py), in seconds."""
    visits = list(visits)
    over = [waits[visit["id"]] for visit in visits if visit["id"] in waits and visit["checked_in_at"] is not None]
    since = [dt.datetime.fromisoformat(visit["checked_in_at"]) for visit in visits if visit["status"] == "waiting"]
    return {
        **{name: sum(visit["status"] == status for visit in visits) for name, status in COUNTED.items()},
        "to_come": sum(visit["status"] == "planned" for visit in visits),
        "waiting_longest": max((int((now - each).total_seconds()) for each in since), default=None),
        "median_wait": median(over),
        "longest_wait": max(over, default=None),
    }


def ending(visits: Iterable[Row], now: dt.datetime) -> dict[str, int]:
    """What closing the day would do now (queue/actions/closing.py): who leaves, who is a no-show; and who stands in its way, inside
    with a doctor or booked for later."""
    visits = list(visits)
    starts = [dt.datetime.fromisoformat(visit["start"]) for visit in visits if visit["status"] == "planned"]
    return {
        "leaving": sum(visit["status"] in ("waiting", "called", "skipped") for visit in visits),
        "missing": sum(start <= now for start in starts),
        "inside": sum(visit["status"] == "in_progress" for visit in visits),
        "later": sum(start > now for start in starts),
    }
