"""What can be booked: the doctor's hours, and nobody twice at a time. Read and kept under the locks that are taken here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NoReturn

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Appointment, ClosingDay, Shift, TimeOff
from appointments.slots import ONE_DAY, Slot, Span, fits, slots_of, working_spans
from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput, NotAllowed, StaleVersion
from clinics.models import Clinic, Doctor, Service, User
from clinics.permissions import ADMIN
from clinics.text import written
from patients.actions import lock_current
from patients.models import Patient


class SlotTaken(DomainError):
    """The doctor has another active appointment at that time."""

    code = "slot_taken"


class PatientBusy(DomainError):
    """The patient has another active appointment at that time."""

    code = "patient_busy"


class NotOnItsDay(DomainError):
    """What is only allowed on the appointment's own day was tried on another."""

    code = "not_on_its_day"


class NoLongerBookable(DomainError):
    """What is to be booked again lies where nobody can be booked any more."""

    code = "no_longer_bookable"


class TimeRefused(InvalidInput):
    """Nothing can be booked at ``start``; ``code`` is the reason as a word, for the conflicts of a series."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(start=sentence)
        self.code = code
        self.sentence = sentence


# --- Locks ------------------------------------------------------------------------------------------------------------


def lock(appointment: Appointment, version: int | None = None) -> Appointment:
    """The appointment as it is now, locked until the command ends; raises ``StaleVersion`` if ``version`` isn't current."""
    # Locked first, joined after: PostgreSQL drops a row from a locking join if another command has just given it another doctor.
    Appointment.objects.select_for_update().values_list("pk").get(pk=appointment.pk)
    fresh = Appointment.objects.select_related("clinic", "doctor", "patient", "service").get(pk=appointment.pk)
    if version is not None and version != fresh.version:
        raise StaleVersion(_("This appointment has changed since you last saw it. Look at it again."), current=fresh)
    return fresh


def lock_doctors(ids: Iterable[int]) -> None:
    """One booking, or one change of hours, at a time for a doctor; by number, so that two of them can't block each other."""
    list(Doctor.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk"))


def lock_people(doctor_ids: Iterable[int], patient_id: int) -> Patient:
    """The doctors, then the patient: the one that stands for them now if the file was merged."""
    lock_doctors(doctor_ids)
    return lock_current(patient_id)


# --- Moments ----------------------------------------------------------------------------------------------------------


def require_near(**days: dt.date | None) -> None:
    """Raise ``InvalidInput`` for a day or moment beyond which sums with days and time zones leave the calendar."""
    for name, day in days.items():
        if day is not None and not 1900 <= day.year <= 2900:
            raise InvalidInput(**{name: _("Write a year between 1900 and 2900.")})


def to_the_minute(moment: dt.datetime) -> dt.datetime:
    """Nobody is booked for seven seconds past: such a start would leave no whole slot behind it."""
    return moment.replace(second=0, microsecond=0)


# --- Hours ------------------------------------------------------------------------------------------------------------


def shifts_of(doctor: Doctor, clinic: Clinic) -> list[Shift]:
    """The doctor's shifts at the clinic that are in force, with their breaks."""
    return list(Shift.objects.in_force().filter(doctor=doctor, clinic=clinic).prefetch_related("all_breaks"))


def last_bookable_day(clinic: Clinic) -> dt.date:
    """The clinic's own day after which nothing can be booked."""
    return clinic.today() + ONE_DAY * clinic.booking_horizon_days


def _closing_days(clinic: Clinic, first: dt.date, last: dt.date) -> QuerySet[ClosingDay]:
    return ClosingDay.objects.in_force().filter(clinic=clinic, first_day__lte=last, last_day__gte=first)


def _away(doctor: Doctor, start: dt.datetime, end: dt.datetime) -> QuerySet[TimeOff]:
    return TimeOff.objects.in_force().filter(doctor=doctor, start__lt=end, end__gt=start)


def free_slots(*, doctor: Doctor, clinic: Clinic, service: Service, day: dt.date) -> list[Slot]:
    """The slots of a day for this service's length, free and taken; none if nothing can be booked there.

    The last one may end on the day after, if the doctor works on.
    """
    at_work = doctor.is_active and doctor.clinics.filter(pk=clinic.pk).exists()
    if not (clinic.is_active and service.is_active and service.clinic_id == clinic.pk and at_work):
        return []
    closed = list(_closing_days(clinic, day, day + ONE_DAY))
    if any(each.first_day <= day <= each.last_day for each in closed):
        return []
    working = working_spans(shifts_of(doctor, clinic), day, day + ONE_DAY, clinic.zone)
    start, next_day = clinic.day_bounds(day)
    end = next_day + service.duration
    busy: list[Span] = [
        *Appointment.objects.filter(doctor=doctor, status__in=Appointment.ACTIVE, start__lt=end, end__gt=start).values_list(
            "start", "end"
        ),
        *_away(doctor, start, end).values_list("start", "end"),
        *((clinic.day_bounds(each.first_day)[0], clinic.day_bounds(each.last_day)[1]) for each in closed),
    ]
    horizon = clinic.day_bounds(last_bookable_day(clinic))[1]
    if end > horizon:
        busy.append((max(start, horizon), end))
    return slots_of(working, busy, service.duration, timezone.now(), before=next_day)


def require_offered(*, clinic: Clinic, doctor: Doctor, service: Service) -> None:
    """Raise ``InvalidInput`` unless the clinic is open for booking, offers the service, and the doctor works there."""
    if not clinic.is_active:
        raise InvalidInput(clinic=_("This clinic is closed for booking."))
    if service.clinic_id != clinic.pk or not service.is_active:
        raise InvalidInput(service=_("This clinic doesn't offer this service."))
    if not doctor.is_active or not doctor.clinics.filter(pk=clinic.pk).exists():
        raise InvalidInput(doctor=_("This doctor doesn't work at this clinic."))


def require_hours(*, clinic: Clinic, doctor: Doctor, start: dt.datetime, end: dt.datetime) -> None:
    """Raise ``TimeRefused`` unless the whole time is to come, within the horizon, on open days and in the doctor's hours."""
    if start < timezone.now():
        raise TimeRefused("past", _("This time is past. Choose a coming one."))
    first, last = clinic.day_of(start), clinic.day_of(end - dt.timedelta(microseconds=1))
    if last > (latest := last_bookable_day(clinic)):
        raise TimeRefused(
            "beyond_horizon", _("This clinic books no later than %(latest)s. Choose an earlier day.") % {"latest": latest}
        )
    closed = _closing_days(clinic, first, last).first()
    if closed is not None:
        why = f" ({closed.reason})" if closed.reason else ""
        raise TimeRefused("clinic_closed", _("The clinic is closed then%(why)s. Choose another day.") % {"why": why})
    shifts = shifts_of(doctor, clinic)
    if not fits((start, end), working_spans(shifts, first, last, clinic.zone)):
        if fits((start, end), working_spans(shifts, first, last, clinic.zone, with_breaks=False)):
            raise TimeRefused("break", _("The doctor has a break then. Choose one of the free slots."))
        raise TimeRefused(
            "outside_hours", _("The doctor has no working hours at this clinic then. Choose one of the free slots.")
        )
    if _away(doctor, start, end).exists():
        raise TimeRefused("doctor_away", _("The doctor is away then. Choose one of the free slots."))


def require_still_bookable(appointment: Appointment) -> None:
    """Raise ``NoLongerBookable`` if the appointment is to come and couldn't be booked now, whoever has its time."""
    if appointment.start < timezone.now():
        return
    clinic, doctor = appointment.clinic, appointment.doctor
    try:
        require_offered(clinic=clinic, doctor=doctor, service=appointment.service)
        require_hours(clinic=clinic, doctor=doctor, start=appointment.start, end=appointment.end)
    except InvalidInput as refusal:
        raise NoLongerBookable(" ".join(refusal.sentences), current=appointment) from refusal


# --- Nobody twice at a time -------------------------------------------------------------------------------------------


def _taken(appointment: Appointment) -> NoReturn:
    raise SlotTaken(_("This time was just taken. Choose another slot."), current=appointment if appointment.pk else None)


def _busy(appointment: Appointment) -> NoReturn:
    raise PatientBusy(_("The patient has another appointment at this time."), current=appointment if appointment.pk else None)


def _in_the_way(appointment: Appointment) -> QuerySet[Appointment]:
    return Appointment.objects.filter(
        status__in=Appointment.ACTIVE, start__lt=appointment.end, end__gt=appointment.start
    ).exclude(pk=appointment.pk)


def require_free(appointment: Appointment, *, overbook_reason: str = "") -> None:
    """Raise if the doctor or the patient is taken; call it under the locks of both.

    With a reason the doctor may be taken: then, and only then, the appointment is marked as overbooked.
    """
    others = _in_the_way(appointment)
    taken = others.filter(doctor_id=appointment.doctor_id).exists()
    if taken and not overbook_reason:
        _taken(appointment)
    if others.filter(patient_id=appointment.patient_id).exists():
        _busy(appointment)
    appointment.overbooked, appointment.overbook_reason = taken, overbook_reason if taken else ""


def require_still_free(appointment: Appointment) -> None:
    """Raise if what is to be active again meets others; what was overbooked on purpose stands in nobody's way."""
    others = _in_the_way(appointment)
    if not appointment.overbooked and others.filter(doctor_id=appointment.doctor_id, overbooked=False).exists():
        _taken(appointment)
    if others.filter(patient_id=appointment.patient_id).exists():
        _busy(appointment)


def require_may_overbook(by: User | None, reason: str) -> None:
    """Raise unless this person may book a doctor twice, and says why."""
    if by is not None and by.effective_role != ADMIN:
        raise NotAllowed(_("Only an admin may overbook a doctor. Ask one, or choose a free slot."))
    if not written(reason):
        raise InvalidInput(overbook_reason=_("Write why the doctor is overbooked."))


def save(appointment: Appointment, update_fields: list[str] | None = None) -> None:
    """Save; the database's own guard against overlaps speaks the same words as ours."""
    try:
        with command():
            appointment.save(update_fields=update_fields)
    except IntegrityError as error:
        if "doctor_has_one_appointment_at_a_time" in str(error):
            _taken(appointment)
        if "patient_has_one_appointment_at_a_time" in str(error):
            _busy(appointment)
        raise
