"""What a calendar shows of a clinic's days beside the appointments: the doctors' hours, breaks and absences, closing days."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from appointments.actions.rules import last_bookable_day
from appointments.models import Appointment, ClosingDay, Shift, TimeOff
from appointments.slots import ONE_DAY, Span, overlaps, working_spans
from clinics.models import Clinic, Doctor


@dataclass(frozen=True, slots=True)
class DoctorHours:
    """A doctor's day. ``working`` is without the breaks; beside it when the doctor is away, or has somebody at another clinic or
    since the day before."""

    doctor: Doctor
    working: list[Span]
    breaks: list[Span]
    away: list[Span]
    elsewhere: list[Span]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the clinic's own; ``closed`` is why it is closed ("" if nobody wrote why), none if it isn't."""

    date: dt.date
    closed: str | None
    doctors: list[DoctorHours]


@dataclass(frozen=True, slots=True)
class Days:
    """``last_day``: the last one that can be booked."""

    today: dt.date
    last_day: dt.date
    days: list[Day]


def hours_of(*, clinic: Clinic, doctors: Sequence[Doctor], first: dt.date, last: dt.date) -> Days:
    """The hours of ``doctors`` at the clinic on each day from ``first`` to ``last``."""
    start, end = clinic.day_bounds(first)[0], clinic.day_bounds(last)[1]
    shifts: dict[int, list[Shift]] = defaultdict(list)
    for shift in Shift.objects.in_force().filter(doctor__in=doctors, clinic=clinic).prefetch_related("all_breaks"):
        shifts[shift.doctor_id].append(shift)
    away: dict[int, list[Span]] = defaultdict(list)
    for absence in TimeOff.objects.in_force().filter(doctor__in=doctors, start__lt=end, end__gt=start).order_by("start"):
        away[absence.doctor_id].append((absence.start, absence.end))
    taken: dict[int, list[tuple[int, dt.date, Span]]] = defaultdict(list)
    active = Appointment.objects.filter(doctor__in=doctors, status__in=Appointment.ACTIVE, start__lt=end, end__gt=start)
    for row in active.order_by("start").values_list("doctor", "clinic", "date", "start", "end"):
        taken[row[0]].append((row[1], row[2], (row[3], row[4])))
    closings = list(ClosingDay.objects.in_force().filter(clinic=clinic, first_day__lte=last, last_day__gte=first))
    days = [
        Day(
            date=day,
            closed=next((each.reason for each in closings if each.first_day <= day <= each.last_day), None),
            doctors=[
                _doctors_day(clinic, day, doctor, shifts[doctor.pk], away[doctor.pk], taken[doctor.pk]) for doctor in doctors
            ],
        )
        for day in (first + ONE_DAY * number for number in range((last - first).days + 1))
    ]
    return Days(today=clinic.today(), last_day=last_bookable_day(clinic), days=days)


def _doctors_day(
    clinic: Clinic,
    day: dt.date,
    doctor: Doctor,
    shifts: list[Shift],
    away: list[Span],
    taken: list[tuple[int, dt.date, Span]],
) -> DoctorHours:
    working = working_spans(shifts, day, day, clinic.zone)
    whole = working_spans(shifts, day, day, clinic.zone, with_breaks=False)
    bounds = clinic.day_bounds(day)
    return DoctorHours(
        doctor=doctor,
        working=working,
        breaks=list(_between(whole, working)),
        away=_within(bounds, away),
        elsewhere=_within(bounds, (span for at, date, span in taken if (at, date) != (clinic.pk, day))),
    )


def _within(bounds: Span, spans: Iterable[Span]) -> list[Span]:
    """The parts of the spans that lie in the bounds."""
    return [(max(span[0], bounds[0]), min(span[1], bounds[1])) for span in spans if overlaps(span, bounds)]


def _between(whole: list[Span], parts: list[Span]) -> Iterator[Span]:
    """What of ``whole`` none of its ``parts`` covers; both in order."""
    for span in whole:
        inside = [part for part in parts if overlaps(span, part)]
        edges = [span[0], *(edge for part in inside for edge in part), span[1]]
        yield from ((start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end)
