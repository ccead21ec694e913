"""What a clinic's day comes to: whoever came, what became of them, and how long they waited."""

from __future__ import annotations

import datetime as dt
import json
import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, Min, Q, QuerySet

from clinics.models import Clinic
from queue import signals
from queue.models import DayClose, Visit, VisitStep

MONEY = "money"
"""What the app of the payments adds stands under this key, which is for admins alone."""

S = Visit.Status


def figures_of(clinic: Clinic, day: dt.date) -> dict[str, Any]:
    """The figures of the day as they are now, as JSON has them."""
    visits = list(Visit.objects.filter(clinic=clinic, date=day).select_related("doctor").order_by("queue_number", "pk"))
    figures = summary(visits, first_calls_of(clinic, day))
    signals.day_figured.send(sender=DayClose, clinic=clinic, day=day, figures=figures)
    kept: dict[str, Any] = json.loads(json.dumps(figures))
    return kept


def first_calls(visits: Q, *fields: str) -> QuerySet[VisitStep, tuple[Any, ...]]:
    """For each of ``visits`` (a condition on ``visit__…``): the ``fields`` of the visit, and the moment at which it was called
    or, if never, taken in; what was undone doesn't count."""
    # Hardly any step is taken back: a short list of those is quicker than to look for each whether it was.
    undone = VisitStep.objects.filter(undoes__isnull=False).values("undoes")
    # Who came a day early and left may have been called then.
    since = Q(at__gte=F("visit__checked_in_at"))
    steps = VisitStep.objects.filter(visits, since, action__in=["call", "start"]).exclude(pk__in=undone)
    return steps.order_by().values_list("visit", *fields).annotate(Min("at"))


def first_calls_of(clinic: Clinic, day: dt.date) -> dict[int, dt.datetime]:
    """The first calls of a clinic's day, by visit."""
    return dict(first_calls(Q(visit__clinic=clinic, visit__date=day)))


def summary(visits: Iterable[Visit], first_calls: Mapping[int, dt.datetime]) -> dict[str, Any]:
    """Count the day's visits, in the order of their tickets; waits are whole seconds from check-in to the first call.

    ``booked`` and ``walk_ins`` together are all of them, and once the day is closed so are ``seen``, ``left``, ``no_show`` and
    ``cancelled``.
    """
    visits = list(visits)
    tickets = [visit.ticket_text for visit in visits if visit.queue_number is not None]
    waits = {
        visit.pk: int((first_calls[visit.pk] - visit.checked_in_at).total_seconds())
        for visit in visits
        if visit.checked_in_at is not None and visit.pk in first_calls
    }
    doctors = {visit.doctor_id: visit.doctor.name for visit in visits}
    return {
        "booked": sum(visit.visit_type == Visit.Type.APPOINTMENT for visit in visits),
        "walk_ins": sum(visit.visit_type == Visit.Type.WALK_IN for visit in visits),
        "seen": _count(visits, S.COMPLETED),
        "left": _count(visits, S.LEFT),
        "no_show": _count(visits, S.NO_SHOW),
        "cancelled": _count(visits, S.CANCELLED),
        "first_ticket": tickets[0] if tickets else None,
        "last_ticket": tickets[-1] if tickets else None,
        "median_wait_seconds": median(waits.values()),
        "longest_wait_seconds": max(waits.values(), default=None),
        "doctors": [
            {
                "id": doctor_id,
                "name": name,
                "seen": _count((visit for visit in visits if visit.doctor_id == doctor_id), S.COMPLETED),
                "median_wait_seconds": median(
                    waits[visit.pk] for visit in visits if visit.doctor_id == doctor_id and visit.pk in waits
                ),
            }
            for doctor_id, name in sorted(doctors.items(), key=lambda doctor: (doctor[1], doctor[0]))
        ],
    }


def _count(visits: Iterable[Visit], status: str) -> int:
    return sum(visit.status == status for visit in visits)


def median(seconds: Iterable[int]) -> int | None:
    """The middle one, to the whole second; none of none."""
    known = list(seconds)
    return round(statistics.median(known)) if known else None
