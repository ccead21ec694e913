"""What is left of a visit: the doctor's note, and the wish that the patient comes again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Appointment
from clinics.commands import command
from clinics.exceptions import InvalidInput, NotAllowed
from clinics.models import Service, User
from queue.actions.record import lock, record
from queue.models import Visit, VisitNote
from queue.transitions import target

AT_MOST_AHEAD = dt.timedelta(weeks=104)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """When the patient should come again: in so many weeks, or on a day; and for what, if not for the same."""

    weeks: int | None = None
    on: dt.date | None = None
    service: Service | None = None


def write_note(visit: Visit, *, by: User, note: str) -> Visit:
    """Write about a visit that has begun, or write anew what was written; the older texts are kept.

    Raises ``InvalidTransition``, and ``NotAllowed`` for anybody but the visit's doctor.
    """
    with command():
        fresh = lock(visit)
        target(fresh, "note")
        keep_note(fresh, note, by=by)
    return fresh


def keep_note(visit: Visit, note: str, *, by: User | None) -> None:
    """Store the text, unless it is there already; the visit is locked. No event, no step: nobody but doctors may know of it."""
    text = note.strip()
    if not text:
        return
    if by is None or by.doctor_id is None or by.doctor_id != visit.doctor_id:
        raise NotAllowed(_("Only the visit's doctor writes a note."))
    latest = visit.notes.first()
    if latest is None or latest.text != text:
        VisitNote.objects.create(visit=visit, text=text, by=by, at=timezone.now())


def wish(visit: Visit, follow_up: FollowUp | None) -> None:
    """Set when the patient should come again, or that they needn't; doesn't save. Raises ``InvalidInput``."""
    on = None if follow_up is None else follow_up.on
    if follow_up is not None and follow_up.weeks is not None:
        on = visit.clinic.today() + dt.timedelta(weeks=follow_up.weeks)
    if on is not None:
        today = visit.clinic.today()
        if not today < on <= today + AT_MOST_AHEAD:
            raise InvalidInput(follow_up=_("Choose a day from tomorrow on, within two years."))
    service = None
    if follow_up is not None:
        service = follow_up.service or visit.service
        if service.clinic_id != visit.clinic_id or not service.is_active:
            raise InvalidInput(follow_up=_("This clinic doesn't offer this service."))
    visit.follow_up_on, visit.follow_up_service, visit.follow_up_appointment = on, service, None


def set_follow_up(visit: Visit, *, by: User | None, follow_up: FollowUp | None, version: int | None = None) -> Visit:
    """Say after a visit that the patient should come again, or that they needn't. Raises ``InvalidTransition``, ``InvalidInput``."""
    with command():
        fresh = lock(visit, version)
        target(fresh, "follow_up")
        wish(fresh, follow_up)
        if fresh.changes():
            record(fresh, "follow_up", by, on=fresh.follow_up_on.isoformat() if fresh.follow_up_on else None)
    return fresh


def answer_wishes(appointment: Appointment, *, by: User | None) -> None:
    """A booking of the patient with the doctor who wished for it, wherever it was made, is the follow-up."""
    wishes = Visit.objects.follow_up_open().filter(patient=appointment.patient_id, doctor=appointment.doctor_id)
    for pk in list(wishes.order_by("pk").values_list("pk", flat=True)):
        fresh = lock(Visit(pk=pk))
        if fresh.follow_up_on is not None and fresh.follow_up_appointment_id is None:
            fresh.follow_up_appointment = appointment
            record(fresh, "booked", by, appointment=appointment.pk)


def reopen_wishes(appointment: Appointment, *, by: User | None) -> None:
    """The follow-up was cancelled: it is to be booked again."""
    for pk in list(appointment.follows_up.order_by("pk").values_list("pk", flat=True)):
        fresh = lock(Visit(pk=pk))
        if fresh.follow_up_appointment_id == appointment.pk:
            fresh.follow_up_appointment = None
            record(fresh, "unbooked", by, appointment=appointment.pk)
