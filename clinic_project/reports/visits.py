"""How many came on each day and what became of them; and how many who were booked didn't come."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from django.db.models import Count

from clinic_project.reports.scope import Scope, percent
from queue.models import Visit

S, APPOINTMENT = Visit.Status, Visit.Type.APPOINTMENT
ENDS = {"seen": S.COMPLETED, "left": S.LEFT, "no_show": S.NO_SHOW, "cancelled": S.CANCELLED}


def visits_per_day(scope: Scope) -> dict[str, Any]:
    """One row for each day, also for those on which nobody came; one query. The ends and ``open`` add up to all visits."""
    days: dict[dt.date, Counter[str]] = {day: Counter() for day in scope.days}
    found = Visit.objects.filter(scope.rows()).order_by().values_list("date", "visit_type", "status").annotate(Count("pk"))
    for day, kind, status, count in found:
        days[day]["booked" if kind == APPOINTMENT else "walk_ins"] += count
        days[day][next((name for name, end in ENDS.items() if end == status), "open")] += count
    total = sum(days.values(), Counter())
    return {"rows": [{"date": day, **_day(counts)} for day, counts in days.items()], "total": _day(total)}


def _day(counts: Counter[str]) -> dict[str, int]:
    return {name: counts[name] for name in ("booked", "walk_ins", *ENDS, "open")}


def no_shows(scope: Scope) -> dict[str, Any]:
    """By doctor: of those who were booked and didn't cancel, how many didn't come; one query.

    Who is still to come, today or later, is not counted as due.
    """
    doctors: dict[tuple[str, int], Counter[str]] = {}
    booked = Visit.objects.filter(scope.rows(), visit_type=APPOINTMENT).order_by()
    for name, pk, status, count in booked.values_list("doctor__name", "doctor", "status").annotate(Count("pk")):
        doctors.setdefault((name, pk), Counter())[status] += count
    total = sum(doctors.values(), Counter())
    rows = [{"doctor": {"id": pk, "name": name}, **_share(doctors[name, pk])} for name, pk in sorted(doctors)]
    return {"rows": rows, "total": _share(total)}


def _share(counts: Counter[str]) -> dict[str, Any]:
    booked = sum(counts.values())
    due = booked - counts[S.CANCELLED] - counts[S.PLANNED]
    missed = counts[S.NO_SHOW]
    return {
        "booked": booked,
        "cancelled": counts[S.CANCELLED],
        "due": due,
        "no_show": missed,
        "no_show_percent": percent(missed, due),
    }
