"""How much of the doctors' hours was booked, and how much of it they spent with patients."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Q, Sum

from appointments.models import Appointment, ClosingDay, Shift, ShiftBreak, TimeOff
from appointments.slots import Span, working_spans
from clinic_project.reports import plan
from clinic_project.reports.scope import Scope, percent
from queue.models import Visit

Doctor = tuple[str, int]


def utilisation(scope: Scope) -> dict[str, Any]:
    """By doctor: minutes of their shifts (without breaks, time off and closing days), booked ones and those with patients.

    Booked is what wasn't cancelled, whether they came or not; with patients is from the start to the end of each visit that was
    completed, walk-ins too. Eight queries, whatever the number of rows.
    """
    shift, booked, seen = _shift_minutes(scope), _booked_minutes(scope), _seen_minutes(scope)
    doctors = sorted(shift.keys() | booked.keys() | seen.keys())
    rows = [
        {"doctor": {"id": pk, "name": name}, **_line(*(minutes.get((name, pk), 0) for minutes in (shift, booked, seen)))}
        for name, pk in doctors
    ]
    return {"rows": rows, "total": _line(*(sum(minutes.values()) for minutes in (shift, booked, seen)))}


def _line(shift: int, booked: int, seen: int) -> dict[str, Any]:
    return {
        "shift_minutes": shift,
        "booked_minutes": booked,
        "seen_minutes": seen,
        "booked_percent": percent(booked, shift),
        "seen_percent": percent(seen, shift),
    }


def _minutes_by_doctor(rows: Any, start: str, end: str) -> dict[Doctor, int]:
    length = ExpressionWrapper(F(end) - F(start), DurationField())
    sums = rows.order_by().values_list("doctor__name", "doctor").annotate(total=Sum(length))
    return {(name, pk): int(total.total_seconds() // 60) for name, pk, total in sums}


def _booked_minutes(scope: Scope) -> dict[Doctor, int]:
    taken = [*Appointment.ACTIVE, Appointment.Status.NO_SHOW]
    return _minutes_by_doctor(Appointment.objects.filter(scope.rows(), status__in=taken), "start", "end")


def _seen_minutes(scope: Scope) -> dict[Doctor, int]:
    done = Visit.objects.filter(scope.rows(), status=Visit.Status.COMPLETED, started_at__isnull=False)
    return _minutes_by_doctor(done, "started_at", "completed_at")


def _shift_minutes(scope: Scope) -> dict[Doctor, int]:
    whose = Q(clinic=scope.clinic) if scope.doctor is None else Q(clinic=scope.clinic, doctor=scope.doctor)
    shifts = list(Shift.objects.filter(whose).select_related("doctor").order_by("pk"))
    if not shifts:
        return {}
    past = _versions(Shift, shifts, scope, "weekday", "valid_from", "valid_until")
    breaks = list(ShiftBreak.objects.filter(shift__in=shifts).order_by("pk"))
    past_breaks = _versions(ShiftBreak, breaks, scope)
    breaks_of: dict[int, list[list[plan.Version]]] = defaultdict(list)
    for each in breaks:
        breaks_of[each.shift_id].append(past_breaks[each.pk])
    begun: dict[int, dt.date] = {}
    for shift in shifts:
        since = past[shift.pk][0].since
        # What was ended on the day on which it was entered never was.
        if plan.in_force(past[shift.pk], since).is_active:
            begun[shift.doctor_id] = min(begun.get(shift.doctor_id, since), since)
    pieces: dict[Doctor, list[plan.Piece]] = defaultdict(list)
    for shift in shifts:
        pieces[shift.doctor.name, shift.doctor_id] += plan.pieces(
            past[shift.pk], breaks_of[shift.pk], scope.first, scope.last, begun=begun.get(shift.doctor_id, dt.date.min)
        )
    closed = _closed(scope)
    away = _away(scope, {pk for _name, pk in pieces})
    found = {
        doctor: plan.minutes(
            plan.without(working_spans(hours, scope.first, scope.last, scope.clinic.zone), [*closed, *away[doctor[1]]])
        )
        for doctor, hours in pieces.items()
    }
    return {doctor: total for doctor, total in found.items() if total}


def _versions(model: Any, rows: Iterable[Any], scope: Scope, *more: str) -> dict[int, list[plan.Version]]:
    """All versions of each row, oldest first; a row that was put in past the history is its own only one."""
    names = ("is_active", "start_time", "end_time", *more)
    found: dict[int, list[plan.Version]] = defaultdict(list)
    held = {row.pk: row for row in rows}
    for version in model.history.filter(id__in=held).order_by("history_id"):
        since = scope.clinic.day_of(version.history_date)
        found[version.id].append(plan.Version(since=since, **{name: getattr(version, name) for name in names}))
    for pk, row in held.items():
        found[pk] = found[pk] or [plan.Version(since=dt.date.min, **{name: getattr(row, name) for name in names})]
    return found


def _closed(scope: Scope) -> list[Span]:
    days = ClosingDay.objects.in_force().filter(clinic=scope.clinic, first_day__lte=scope.last, last_day__gte=scope.first)
    return [
        (
            scope.clinic.day_bounds(max(each.first_day, scope.first))[0],
            scope.clinic.day_bounds(min(each.last_day, scope.last))[1],
        )
        for each in days
    ]


def _away(scope: Scope, doctors: Iterable[int]) -> dict[int, list[Span]]:
    start, end = scope.bounds
    found: dict[int, list[Span]] = defaultdict(list)
    rows = TimeOff.objects.in_force().filter(doctor__in=doctors, start__lt=end, end__gt=start)
    for doctor, since, until in rows.values_list("doctor", "start", "end"):
        found[doctor].append((since, until))
    return found
