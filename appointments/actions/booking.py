"""Appointments are booked, changed, cancelled, and follow what becomes of their visits."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from appointments import signals
from appointments.actions import rules
from appointments.actions.rules import NotOnItsDay, lock, lock_people
from appointments.models import Appointment, AppointmentSeries, Reschedule
from appointments.transitions import CHANGEABLE, target
from clinics.commands import command
from clinics.exceptions import InvalidInput, InvalidTransition, StaleVersion
from clinics.models import Clinic, Doctor, Service, User
from patients.actions import refuse_erased
from patients.models import Patient


def drafted(
    *,
    by: User | None,
    clinic: Clinic,
    doctor: Doctor,
    patient: Patient,
    service: Service,
    start: dt.datetime,
    booking_source: str,
    notes: str,
    series: AppointmentSeries | None = None,
) -> Appointment:
    """A new appointment, not saved; its end and day come from the service and the clinic. Seconds are cut off."""
    rules.require_near(start=start)
    start = rules.to_the_minute(start)
    return Appointment(
        clinic=clinic,
        doctor=doctor,
        patient=patient,
        service=service,
        start=start,
        end=start + service.duration,
        date=clinic.day_of(start),
        booking_source=booking_source,
        notes=notes,
        created_by=by,
        series=series,
    )


def book(
    *,
    by: User | None,
    clinic: Clinic,
    doctor: Doctor,
    patient: Patient,
    service: Service,
    start: dt.datetime,
    booking_source: str = Appointment.Source.DESK,
    notes: str = "",
    overbook: bool = False,
    overbook_reason: str = "",
) -> Appointment:
    """Book the time, with its planned visit and pending payment.

    Raises ``InvalidInput`` outside working hours or in the past, ``SlotTaken``, ``PatientBusy``. With ``overbook`` (an admin, who
    says why; else ``NotAllowed``) the doctor may be taken already; a free time is booked as any other.
    """
    if overbook:
        rules.require_may_overbook(by, overbook_reason)
    with command():
        patient = lock_people({doctor.pk}, patient.pk)
        rules.require_offered(clinic=clinic, doctor=doctor, service=service)
        appointment = drafted(
            by=by,
            clinic=clinic,
            doctor=doctor,
            patient=patient,
            service=service,
            start=start,
            booking_source=booking_source,
            notes=notes,
        )
        rules.require_hours(clinic=clinic, doctor=doctor, start=start, end=appointment.end)
        rules.require_free(appointment, overbook_reason=overbook_reason if overbook else "")
        rules.save(appointment)
    return appointment


def change(
    appointment: Appointment,
    *,
    by: User | None,
    version: int | None = None,
    reason: str = "",
    overbook: bool = False,
    overbook_reason: str = "",
    **fields: Any,
) -> Appointment:
    """Change ``doctor``, ``service``, ``start``, ``booking_source`` or ``notes``; the planned visit follows.

    Another time or doctor leaves a row of what it was, with ``reason``. Raises like ``book``, and ``InvalidTransition`` if the
    appointment is over. What was overbooked is an ordinary appointment again once it is moved to a free time.
    """
    if overbook:
        rules.require_may_overbook(by, overbook_reason)
        if not {"doctor", "service", "start"} & set(fields):
            raise InvalidInput(
                overbook=_("Nothing is moved. Send another start, doctor or service with it, or leave this out.")
            )
    if "start" in fields:
        rules.require_near(start=fields["start"])
        fields["start"] = rules.to_the_minute(fields["start"])
    with command():
        doctors = {appointment.doctor_id, *([fields["doctor"].pk] if "doctor" in fields else [])}
        lock_people(doctors, appointment.patient_id)
        fresh = lock(appointment, version)
        if fresh.status not in CHANGEABLE:
            raise InvalidTransition(
                _("This appointment is %(status)s; it can't be changed.") % {"status": fresh.get_status_display()},
                current=fresh,
            )
        old = Reschedule(
            appointment=fresh,
            from_start=fresh.start,
            from_end=fresh.end,
            from_doctor_id=fresh.doctor_id,
            reason=reason,
            by=by,
            at=timezone.now(),
        )
        for name, value in fields.items():
            setattr(fresh, name, value)
        if {"start", "service_id", "doctor_id"} & set(fresh.changes()):
            if fresh.doctor_id not in doctors:
                raise StaleVersion(_("This appointment was just given to another doctor. Look at it again."), current=fresh)
            _require_place(fresh, overbook_reason if overbook else "")
        changed = list(fresh.changes())
        if changed:
            rules.save(fresh, changed)
            if {"start", "doctor_id"} & set(changed):
                old.to_start, old.to_doctor_id = fresh.start, fresh.doctor_id
                old.save(force_insert=True)
            signals.changed.send(sender=Appointment, appointment=fresh, by=by, fields=changed)
    return fresh


def _require_place(appointment: Appointment, overbook_reason: str) -> None:
    """End and day follow the new time, which must be one that could be booked anew."""
    appointment.end = appointment.start + appointment.service.duration
    appointment.date = appointment.clinic.day_of(appointment.start)
    if appointment.status == Appointment.Status.CHECKED_IN and "date" in appointment.changes():
        raise InvalidInput(start=_("The patient is here already. Choose a time of the same day."))
    clinic, doctor = appointment.clinic, appointment.doctor
    rules.require_offered(clinic=clinic, doctor=doctor, service=appointment.service)
    rules.require_hours(clinic=clinic, doctor=doctor, start=appointment.start, end=appointment.end)
    rules.require_free(appointment, overbook_reason=overbook_reason)


def cancel(appointment: Appointment, *, by: User | None, reason: str, version: int | None = None) -> Appointment:
    """Cancel a booked appointment and its visit, or that of somebody who left unseen; raises ``InvalidTransition``."""
    with command():
        fresh = lock(appointment, version)
        fresh.status = target(fresh, "cancel")
        fresh.cancel_reason = reason
        fresh.save(update_fields=["status", "cancel_reason"])
        signals.cancelled.send(sender=Appointment, appointment=fresh, by=by)
    return fresh


def check_in(appointment: Appointment, *, by: User | None, version: int | None = None) -> Appointment:
    """The patient is here: the visit gets its ticket and joins the queue.

    Raises ``InvalidTransition``; ``NotOnItsDay`` if a missed appointment's day is over.
    """
    with command():
        fresh = lock(appointment, version)
        refuse_erased(fresh.patient)
        to = target(fresh, "check_in")
        if fresh.status == Appointment.Status.NO_SHOW and fresh.date != fresh.clinic.today():
            raise NotOnItsDay(_("A missed appointment can be checked in on its own day only. Book a new one."), current=fresh)
        if fresh.status == Appointment.Status.NO_SHOW:
            # Its time was free meanwhile.
            rules.require_still_free(fresh)
        fresh.status = to
        rules.save(fresh, ["status"])
        signals.checked_in.send(sender=Appointment, appointment=fresh, by=by)
    return fresh


def mark_no_show(
    appointment: Appointment, *, by: User | None, version: int | None = None, step: str = "no_show"
) -> Appointment:
    """The patient didn't come; ``step`` is what the visit's history calls it. Raises ``InvalidTransition``."""
    with command():
        fresh = lock(appointment, version)
        fresh.status = target(fresh, "no_show")
        fresh.save(update_fields=["status"])
        signals.missed.send(sender=Appointment, appointment=fresh, by=by, step=step)
    return fresh


def follow(appointment: Appointment, status: str, *, reason: str = "") -> None:
    """Give a locked appointment the state that its visit stands for.

    One that is to be active again is booked anew, under the locks of its doctor and patient: raises ``SlotTaken`` or
    ``PatientBusy`` if its time has been given away meanwhile, and ``NoLongerBookable`` if it is to come and nobody can be booked
    then any more.
    """
    if appointment.status == status:
        return
    if not appointment.is_active and status in Appointment.ACTIVE:
        rules.require_still_bookable(appointment)
        rules.require_still_free(appointment)
    appointment.status = status
    appointment.cancel_reason = reason if status == Appointment.Status.CANCELLED else ""
    rules.save(appointment, list(appointment.changes()))
