"""Visits come to be, get their tickets, and follow what becomes of their appointments and patients."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext as _

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinics.commands import command
from clinics.exceptions import InvalidTransition
from clinics.models import Clinic, Doctor, Service, User, next_number
from patients.models import Patient
from queue import signals
from queue.actions.record import lock, note, record
from queue.models import Visit, VisitStep
from queue.placing import put_in_place
from queue.transitions import FOLLOWING, UNSEEN, target


def _create(visit: Visit, action: str, by: User | None) -> Visit:
    visit.save()
    VisitStep.objects.create(visit=visit, action=action, to_status=visit.status, by=by, at=timezone.now())
    return visit


def give_ticket(visit: Visit, day: dt.date) -> None:
    """Take the next number of the clinic's day; whoever has one of that day keeps it."""
    if visit.queue_number is not None and visit.date == day:
        return
    visit.date = day
    visit.queue_number = _number_of(visit, day) or next_number(visit.clinic_id, "ticket", day.isoformat())
    visit.ticket_text = f"{visit.clinic.code}-{visit.queue_number:03d}"


def _number_of(visit: Visit, day: dt.date) -> int | None:
    """A check-in of that day was taken back: the patient still holds its slip."""
    if visit._state.adding:
        return None
    start, end = visit.clinic.day_bounds(day)
    step = visit.steps.filter(action="check_in", at__gte=start, at__lt=end).order_by("-pk").first()
    return None if step is None else step.details.get("queue_number")


def move_to_day(visit: Visit, day: dt.date) -> None:
    """Put a planned visit on another day, without a ticket: a number belongs to the day it was given on."""
    visit.date, visit.queue_number, visit.ticket_text = day, None, ""


def expect_again(visit: Visit) -> bool:
    """Who came on a day before their appointment's, and goes unseen, is expected on that day as if they had never come.

    Says whether that is so, and then has made the locked visit a planned one, without a ticket; the appointment follows
    when it is saved.
    """
    appointment = visit.appointment
    if appointment is None or appointment.status != Appointment.Status.CHECKED_IN:
        return False
    if appointment.date <= visit.date or appointment.date < visit.clinic.today():
        return False
    visit.status = Visit.Status.PLANNED
    visit.checked_in_at = visit.called_at = visit.started_at = visit.moved_rank = visit.behind_at = None
    visit.call_count = 0
    move_to_day(visit, appointment.date)
    return True


def plan(appointment: Appointment, *, by: User | None) -> Visit:
    """The planned visit of a new appointment; it has no ticket and isn't in the queue."""
    return _create(
        Visit(
            clinic=appointment.clinic,
            doctor=appointment.doctor,
            patient=appointment.patient,
            service=appointment.service,
            appointment=appointment,
            visit_type=Visit.Type.APPOINTMENT,
            date=appointment.date,
            created_by=by,
        ),
        "plan",
        by,
    )


def walk_in(
    *, by: User | None, clinic: Clinic, doctor: Doctor, patient: Patient, service: Service, priority: str = "normal"
) -> Visit:
    """Put somebody without an appointment into the queue; raises ``InvalidInput``."""
    with command():
        patient = appointment_actions.lock_people({doctor.pk}, patient.pk)
        appointment_actions.require_offered(clinic=clinic, doctor=doctor, service=service)
        visit = Visit(
            clinic=clinic,
            doctor=doctor,
            patient=patient,
            service=service,
            visit_type=Visit.Type.WALK_IN,
            status=Visit.Status.WAITING,
            priority=priority,
            checked_in_at=timezone.now(),
            created_by=by,
        )
        give_ticket(visit, clinic.today())
        put_in_place(visit)
        return _create(visit, "walk_in", by)


def arrive(appointment: Appointment, *, by: User | None) -> Visit:
    """The visit of an appointment that was just checked in gets its ticket and waits."""
    with command():
        visit = lock(appointment.visit)
        visit.appointment = appointment
        visit.status = target(visit, "check_in")
        visit.checked_in_at = timezone.now()
        visit.moved_rank = visit.behind_at = None
        give_ticket(visit, visit.clinic.today())
        put_in_place(visit)
        record(visit, "check_in", by, queue_number=visit.queue_number)
    return visit


def follow_change(appointment: Appointment, *, by: User | None, fields: Iterable[str]) -> None:
    """An appointment was changed: its visit goes to the same doctor, service and day, and is placed anew if it waits.

    Raises ``InvalidTransition`` if that is somebody's who is with the doctor, or was, or went: what became of them stays.
    """
    with command():
        visit = lock(appointment.visit)
        visit.appointment = appointment
        if {"doctor_id", "service_id", "start"} & set(fields) and visit.status not in FOLLOWING:
            raise InvalidTransition(
                _("The visit of this appointment is %(status)s; only notes and source can be changed.")
                % {"status": visit.get_status_display()},
                current=appointment,
            )
        # Only what was changed: a visit that was transferred stays with its doctor when a note is written.
        if "doctor_id" in fields:
            visit.doctor = appointment.doctor
        if "service_id" in fields:
            visit.service = appointment.service
        if visit.status == Visit.Status.PLANNED:
            if visit.date != appointment.date:
                move_to_day(visit, appointment.date)
        elif visit.is_in_queue:
            put_in_place(visit)
        # Whoever holds a ticket is on a screen, with a reason that names the slot: also who has left.
        if visit.changes() or visit.ticket:
            record(visit, "change", by, changed=sorted(fields))
        else:
            # It isn't in the queue and goes nowhere else; its history tells all the same.
            note(visit, "change", by, changed=sorted(fields))


def follow_end(appointment: Appointment, *, by: User | None, step: str | None = None) -> None:
    """An appointment was cancelled or missed: so is its planned visit; ``step`` is the history's word, if it has another.

    A visit that is over unseen stays as it is: only the time is freed. Raises ``InvalidTransition`` for one that goes on.
    """
    with command():
        visit = lock(appointment.visit)
        visit.appointment = appointment
        if visit.status in UNSEEN:
            record(visit, "change", by, appointment.cancel_reason, changed=["status"])
            return
        if visit.is_in_queue:
            raise InvalidTransition(
                _("The patient is here: cancel the visit, or mark them as left, and the appointment follows."),
                current=appointment,
            )
        missed = appointment.status == Appointment.Status.NO_SHOW
        verb = "no_show" if missed else "cancel"
        visit.status = target(visit, verb)
        record(visit, step or verb, by, appointment.cancel_reason)
        if not missed:
            signals.cancelled.send(sender=Visit, visit=visit, by=by)


def give_to(patient: Patient, *, of: Patient, only: list[int] | None = None) -> list[int]:
    """All visits of ``of`` (of those in ``only``, if given) become ``patient``'s, payments with them; returns which."""
    with command():
        rows = Visit.objects.select_for_update(of=("self",)).filter(patient=of).order_by("pk")
        moved = list(rows if only is None else rows.filter(pk__in=only))
        for visit in moved:
            visit.patient = patient
            visit.save(update_fields=["patient"])
    return [visit.pk for visit in moved]
