"""All writes to appointments. Locks are taken in one order everywhere (docs/architecture.md): doctor, patient, appointment,
visit, payment, counter."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from appointments import signals
from appointments.models import Appointment, Shift, TimeOff
from appointments.slots import Slot, Span, fits, overlaps, slots_of, working_spans
from appointments.transitions import CHANGEABLE, target
from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput, InvalidTransition, StaleVersion
from clinics.models import Clinic, Doctor, Service, User
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


def lock(appointment: Appointment, version: int | None = None) -> Appointment:
    """The appointment as it is now, locked until the command ends; raises ``StaleVersion`` if ``version`` isn't current."""
    # Locked first, joined after: PostgreSQL drops a row from a locking join if another command has just given it another doctor.
    Appointment.objects.select_for_update().values_list("pk").get(pk=appointment.pk)
    fresh = Appointment.objects.select_related("clinic", "doctor", "patient", "service").get(pk=appointment.pk)
    if version is not None and version != fresh.version:
        raise StaleVersion("This appointment has changed since you last saw it. Look at it again.", current=fresh)
    return fresh


def free_slots(*, doctor: Doctor, clinic: Clinic, service: Service, day: dt.date) -> list[Slot]:
    """The slots of a day for this service's length, free and taken; none if nothing can be booked there."""
    at_work = doctor.is_active and doctor.clinics.filter(pk=clinic.pk).exists()
    if not (clinic.is_active and service.is_active and service.clinic_id == clinic.pk and at_work):
        return []
    working = working_spans(Shift.objects.filter(doctor=doctor, clinic=clinic), day, clinic.zone)
    start, end = clinic.day_bounds(day)
    busy: list[Span] = [
        *Appointment.objects.filter(doctor=doctor, status__in=Appointment.ACTIVE, start__lt=end, end__gt=start).values_list(
            "start", "end"
        ),
        *TimeOff.objects.filter(doctor=doctor, start__lt=end, end__gt=start).values_list("start", "end"),
    ]
    return slots_of(working, busy, service.duration, timezone.now())


def _require_bookable(*, clinic: Clinic, doctor: Doctor, service: Service, start: dt.datetime, end: dt.datetime) -> None:
    if not clinic.is_active:
        raise InvalidInput(clinic="This clinic is closed for booking.")
    if service.clinic_id != clinic.pk or not service.is_active:
        raise InvalidInput(service="This clinic doesn't offer this service.")
    if not doctor.is_active or not doctor.clinics.filter(pk=clinic.pk).exists():
        raise InvalidInput(doctor="This doctor doesn't work at this clinic.")
    if start < timezone.now():
        raise InvalidInput(start="This time is past. Choose a coming one.")
    day = clinic.day_of(start)
    if not fits((start, end), working_spans(Shift.objects.filter(doctor=doctor, clinic=clinic), day, clinic.zone)):
        raise InvalidInput(start="The doctor has no working hours at this clinic then. Choose one of the free slots.")
    away = TimeOff.objects.filter(doctor=doctor, start__lt=end, end__gt=start).first()
    if away is not None and overlaps((start, end), (away.start, away.end)):
        raise InvalidInput(start="The doctor is away then. Choose one of the free slots.")


def _require_free(appointment: Appointment) -> None:
    """Raise if the doctor or the patient is taken; call it under the locks of both."""
    others = Appointment.objects.filter(
        status__in=Appointment.ACTIVE, start__lt=appointment.end, end__gt=appointment.start
    ).exclude(pk=appointment.pk)
    current = appointment if appointment.pk else None
    if others.filter(doctor_id=appointment.doctor_id).exists():
        raise SlotTaken("This time was just taken. Choose another slot.", current=current)
    if others.filter(patient_id=appointment.patient_id).exists():
        raise PatientBusy("The patient has another appointment at this time.", current=current)


def _save(appointment: Appointment, update_fields: list[str] | None = None) -> None:
    """Save; the database's own guard against overlaps speaks the same words as ours."""
    try:
        with command():
            appointment.save(update_fields=update_fields)
    except IntegrityError as error:
        current = appointment if appointment.pk else None
        if "doctor_has_one_appointment_at_a_time" in str(error):
            raise SlotTaken("This time was just taken. Choose another slot.", current=current) from error
        if "patient_has_one_appointment_at_a_time" in str(error):
            raise PatientBusy("The patient has another appointment at this time.", current=current) from error
        raise


def _lock_people(doctor_ids: set[int], patient_id: int) -> Patient:
    # One booking at a time for a doctor and for a patient; by number, so that two of them can't block each other.
    list(Doctor.objects.select_for_update(no_key=True).filter(pk__in=doctor_ids).order_by("pk"))
    return lock_current(patient_id)


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
) -> Appointment:
    """Book the time, with its planned visit and pending payment.

    Raises ``InvalidInput`` outside working hours or in the past, ``SlotTaken``, ``PatientBusy``.
    """
    end = start + service.duration
    with command():
        patient = _lock_people({doctor.pk}, patient.pk)
        _require_bookable(clinic=clinic, doctor=doctor, service=service, start=start, end=end)
        appointment = Appointment(
            clinic=clinic,
            doctor=doctor,
            patient=patient,
            service=service,
            start=start,
            end=end,
            date=clinic.day_of(start),
            booking_source=booking_source,
            notes=notes,
            created_by=by,
        )
        _require_free(appointment)
        _save(appointment)
    return appointment


def change(appointment: Appointment, *, by: User | None, version: int | None = None, **fields: Any) -> Appointment:
    """Change ``doctor``, ``service``, ``start``, ``booking_source`` or ``notes``; the planned visit follows.

    Raises like ``book``, and ``InvalidTransition`` if the appointment is over.
    """
    with command():
        doctors = {appointment.doctor_id, *([fields["doctor"].pk] if "doctor" in fields else [])}
        _lock_people(doctors, appointment.patient_id)
        fresh = lock(appointment, version)
        if fresh.status not in CHANGEABLE:
            raise InvalidTransition(f"This appointment is {fresh.get_status_display()}; it can't be changed.", current=fresh)
        for name, value in fields.items():
            setattr(fresh, name, value)
        if {"start", "service", "doctor"} & {name.removesuffix("_id") for name in fresh.changes()}:
            fresh.end = fresh.start + fresh.service.duration
            fresh.date = fresh.clinic.day_of(fresh.start)
            if fresh.status == Appointment.Status.CHECKED_IN and "date" in fresh.changes():
                raise InvalidInput(start="The patient is here already. Choose a time of the same day.")
            _require_bookable(clinic=fresh.clinic, doctor=fresh.doctor, service=fresh.service, start=fresh.start, end=fresh.end)
            _require_free(fresh)
        changed = list(fresh.changes())
        if changed:
            _save(fresh, changed)
            signals.changed.send(sender=Appointment, appointment=fresh, by=by, fields=changed)
    return fresh


def cancel(appointment: Appointment, *, by: User | None, reason: str, version: int | None = None) -> Appointment:
    """Cancel a booked appointment and its visit; raises ``InvalidTransition``."""
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
        to = target(fresh, "check_in")
        if fresh.status == Appointment.Status.NO_SHOW and fresh.date != fresh.clinic.today():
            raise NotOnItsDay("A missed appointment can be checked in on its own day only. Book a new one.", current=fresh)
        if fresh.status == Appointment.Status.NO_SHOW:
            # Its time was free meanwhile.
            _require_free(fresh)
        fresh.status = to
        _save(fresh, ["status"])
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


def follow(appointment: Appointment, status: str) -> None:
    """Give a locked appointment the state that its visit stands for; raises ``SlotTaken`` or ``PatientBusy`` if its time has
    been given away meanwhile."""
    if appointment.status == status:
        return
    if not appointment.is_active and status in Appointment.ACTIVE:
        _require_free(appointment)
    appointment.status = status
    if status != Appointment.Status.CANCELLED:
        appointment.cancel_reason = ""
    _save(appointment, list(appointment.changes()))


def give_to(patient: Patient, *, of: Patient) -> None:
    """All appointments of the merged file ``of`` become ``patient``'s; raises ``PatientBusy`` if two of them overlap."""
    with command():
        for appointment in Appointment.objects.select_for_update(of=("self",)).filter(patient=of).order_by("pk"):
            appointment.patient = patient
            if appointment.is_active:
                _require_free(appointment)
            _save(appointment, ["patient"])
