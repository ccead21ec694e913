"""Appointments that are booked together, weeks apart, and cancelled together."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils.translation import gettext as _

from appointments.actions import booking, rules
from appointments.models import Appointment, AppointmentSeries
from appointments.slots import same_time_weeks_later
from appointments.transitions import target
from clinics.commands import command
from clinics.exceptions import DomainError
from clinics.models import Clinic, Doctor, Service, User
from patients.models import Patient


class Conflict(NamedTuple):
    """A date of a series that can't be booked: the clinic's own day, the time, and why."""

    date: dt.date
    start: dt.datetime | None
    code: str
    detail: str


class SeriesConflict(DomainError):
    """Some (or with ``skip_conflicts`` all) dates of a series can't be booked; nothing was."""

    code = "series_conflict"

    def __init__(self, detail: str, conflicts: list[Conflict]) -> None:
        super().__init__(detail)
        self.conflicts = conflicts


class NotInSeries(DomainError):
    """The appointment was booked alone."""

    code = "not_in_series"


def book_series(
    *,
    by: User | None,
    clinic: Clinic,
    doctor: Doctor,
    patient: Patient,
    service: Service,
    start: dt.datetime,
    count: int,
    interval_weeks: int = 1,
    booking_source: str = Appointment.Source.DESK,
    notes: str = "",
    skip_conflicts: bool = False,
) -> tuple[AppointmentSeries, list[Appointment], list[Conflict]]:
    """Book ``count`` appointments, every ``interval_weeks`` at the same time of the clinic's clock; all or, with
    ``skip_conflicts``, those that can be.

    Raises ``InvalidInput`` for what no date could be booked with, and ``SeriesConflict``, which names each date and its reason.
    """
    with command():
        patient = rules.lock_people({doctor.pk}, patient.pk)
        rules.require_offered(clinic=clinic, doctor=doctor, service=service)
        series = AppointmentSeries(clinic=clinic, count=count, interval_weeks=interval_weeks, created_by=by)
        wanted: list[Appointment] = []
        conflicts: list[Conflict] = []
        for number in range(count):
            weeks = number * interval_weeks
            moment = same_time_weeks_later(start, weeks, clinic.zone)
            day = clinic.day_of(start) + dt.timedelta(weeks=weeks)
            if moment is None:
                skipped = _("The clock is set forward that night and skips this time. Book this one by hand.")
                conflicts.append(Conflict(day, None, "no_such_time", skipped))
                continue
            draft = booking.drafted(
                by=by,
                clinic=clinic,
                doctor=doctor,
                patient=patient,
                service=service,
                start=moment,
                booking_source=booking_source,
                notes=notes,
                series=series,
            )
            conflict = _conflict_of(draft, day)
            if conflict is None:
                wanted.append(draft)
            else:
                conflicts.append(conflict)
        if conflicts and not (skip_conflicts and wanted):
            raise SeriesConflict(_sentence(len(conflicts), count, bool(wanted)), conflicts)
        series.save(force_insert=True)
        for appointment in wanted:
            appointment.series = series
            rules.save(appointment)
    return series, wanted, conflicts


def _sentence(conflicts: int, count: int, some_are_free: bool) -> str:
    if not some_are_free:
        return _("None of these dates can be booked. Choose another time.")
    return _(
        "Dates that can't be booked: %(conflicts)s of %(count)s. Choose another time, or send skip_conflicts to book the others."
    ) % {"conflicts": conflicts, "count": count}


def _conflict_of(draft: Appointment, day: dt.date) -> Conflict | None:
    try:
        rules.require_hours(clinic=draft.clinic, doctor=draft.doctor, start=draft.start, end=draft.end)
        rules.require_free(draft)
    except rules.TimeRefused as refusal:
        return Conflict(day, draft.start, refusal.code, refusal.sentence)
    except (rules.SlotTaken, rules.PatientBusy) as refusal:
        return Conflict(day, draft.start, refusal.code, refusal.detail)
    return None


def cancel_following(
    appointment: Appointment, *, by: User | None, reason: str, version: int | None = None
) -> list[Appointment]:
    """Cancel this appointment of a series and those after it that are still booked.

    Raises ``NotInSeries``, and ``InvalidTransition`` if this one isn't booked any more.
    """
    with command():
        if appointment.series_id is None:
            raise NotInSeries(_("This appointment isn't one of a series. Cancel it alone."), current=appointment)
        # All of them at first and by number, as whoever else locks several appointments does.
        rows = Appointment.objects.select_for_update().filter(series=appointment.series_id).order_by("pk")
        ids = list(rows.values_list("pk", flat=True))
        this = rules.lock(appointment, version)
        target(this, "cancel")
        following = Appointment.objects.filter(pk__in=ids, status=Appointment.Status.BOOKED, start__gt=this.start)
        return [booking.cancel(row, by=by, reason=reason) for row in [this, *following.order_by("start", "pk")]]
