"""How long people waited, by the hour and the weekday of their check-in. A wait is that of queue/figures.py."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from clinic_project.reports.scope import Scope
from queue.figures import first_calls, median


def waits(scope: Scope) -> dict[str, Any]:
    """One query: all waits of the range, counted together by weekday and hour, by hour, by weekday and in all."""
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for _visit, arrived, called in first_calls(scope.rows("visit__"), "visit__checked_in_at"):
        if arrived is not None:
            cells[_place(arrived.astimezone(scope.clinic.zone))].append(int((called - arrived).total_seconds()))
    by_hour: dict[int, list[int]] = defaultdict(list)
    by_weekday: dict[int, list[int]] = defaultdict(list)
    for (weekday, hour), seconds in cells.items():
        by_hour[hour] += seconds
        by_weekday[weekday] += seconds
    return {
        "rows": [{"weekday": weekday, "hour": hour, **_summed(cells[weekday, hour])} for weekday, hour in sorted(cells)],
        "hours": [{"hour": hour, **_summed(by_hour[hour])} for hour in sorted(by_hour)],
        "weekdays": [{"weekday": weekday, **_summed(by_weekday[weekday])} for weekday in sorted(by_weekday)],
        "total": _summed(each for seconds in cells.values() for each in seconds),
    }


def _place(moment: dt.datetime) -> tuple[int, int]:
    return moment.weekday(), moment.hour


def _summed(seconds: Iterable[int]) -> dict[str, Any]:
    known = list(seconds)
    return {"count": len(known), "median_seconds": median(known), "longest_seconds": max(known, default=None)}
