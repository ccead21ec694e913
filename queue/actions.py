"""All writes to visits: plan, arrive, call, start, … each locks, checks the table, writes, and keeps a step of history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput, StaleVersion
from clinics.models import Clinic, Doctor, Service, User, next_number
from patients.actions import lock_current
from patients.models import Patient
from queue import order, signals
from queue.models import Visit, VisitStep
from queue.placing import put_in_place
from queue.transitions import target


class QueueEmpty(DomainError):
    """Nobody is waiting."""

    code = "queue_empty"
    status = 404


class DoctorBusy(DomainError):
    """The doctor already has a patient inside."""

    code = "doctor_busy"


class NothingToUndo(DomainError):
    """There is no step that may still be taken back."""

    code = "nothing_to_undo"


# What a step may change and undo puts back. A ticket is never among it: it stays the patient's.
STATE_FIELDS = (
    "status",
    "date",
    "doctor_id",
    "priority",
    "priority_reason",
    "rank",
    "rank_basis",
    "behind_at",
    "moved_rank",
    "call_count",
    "checked_in_at",
    "called_at",
    "started_at",
    "completed_at",
)
_PARSERS: dict[str, Callable[[str], Any]] = {
    "date": parse_date,
    **dict.fromkeys(["behind_at", "checked_in_at", "called_at", "started_at", "completed_at"], parse_datetime),
}

# The appointment's state that goes with a visit's.
_APPOINTMENT_STATUS = {
    Visit.Status.PLANNED: Appointment.Status.BOOKED,
    Visit.Status.WAITING: Appointment.Status.CHECKED_IN,
    Visit.Status.CALLED: Appointment.Status.CHECKED_IN,
    Visit.Status.SKIPPED: Appointment.Status.CHECKED_IN,
    Visit.Status.IN_PROGRESS: Appointment.Status.CHECKED_IN,
    Visit.Status.COMPLETED: Appointment.Status.FULFILLED,
    Visit.Status.NO_SHOW: Appointment.Status.NO_SHOW,
}


def lock(visit: Visit, version: int | None = None, *, with_appointment: bool = False) -> Visit:
    """The visit as it is now, locked until the command ends (its appointment before it, if wanted: the order of locks).

    Raises ``StaleVersion`` if ``version`` isn't current.
    """
    locked = None
    if with_appointment and visit.appointment_id is not None:
        locked = appointment_actions.lock(Appointment(pk=visit.appointment_id))
    # Locked first, joined after: PostgreSQL drops a row from a locking join if another command has just given it another doctor.
    Visit.objects.select_for_update().values_list("pk").get(pk=visit.pk)
    fresh: Visit = Visit.objects.select_related("clinic", "doctor", "patient", "service", "appointment").get(pk=visit.pk)
    if locked is not None:
        fresh.appointment = locked
    if version is not None and version != fresh.version:
        raise StaleVersion("This visit has changed since you last saw it. Look at it again.", current=fresh)
    return fresh


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def _record(
    visit: Visit, action: str, by: User | None, reason: str = "", undoes: VisitStep | None = None, **details: Any
) -> None:
    """Save what was changed, and the step with what was there before."""
    changes = visit.changes()
    before = {name: _as_json(old) for name, (old, _new) in changes.items() if name in STATE_FIELDS}
    from_status = changes["status"][0] if "status" in changes else visit.status
    try:
        with command():
            visit.save(update_fields=list(changes))
    except IntegrityError as error:
        if "one_visit_in_progress_per_doctor" in str(error) or "queue_visit.doctor_id" in str(error):
            current = Visit.objects.select_related("clinic", "doctor", "patient", "service", "appointment").get(pk=visit.pk)
            raise DoctorBusy("The doctor has another patient inside. Complete that visit first.", current=current) from error
        raise
    VisitStep.objects.create(
        visit=visit,
        action=action,
        from_status=from_status,
        to_status=visit.status,
        reason=reason,
        details=details,
        before=before,
        undoes=undoes,
        by=by,
        at=timezone.now(),
    )


def _create(visit: Visit, action: str, by: User | None) -> Visit:
    visit.save()
    VisitStep.objects.create(visit=visit, action=action, to_status=visit.status, by=by, at=timezone.now())
    return visit


def _give_ticket(visit: Visit) -> None:
    """Take the next number of the clinic's day; whoever has one of today keeps it."""
    today = visit.clinic.today()
    if visit.queue_number is not None and visit.date == today:
        return
    visit.date = today
    visit.queue_number = _number_of_today(visit, today) or next_number(visit.clinic_id, "ticket", today.isoformat())
    visit.ticket_text = f"{visit.clinic.code}-{visit.queue_number:03d}"


def _number_of_today(visit: Visit, today: dt.date) -> int | None:
    """A check-in of today was taken back: the patient still holds its slip."""
    if visit._state.adding:
        return None
    day = visit.clinic.day_bounds(today)
    step = visit.steps.filter(action="check_in", at__gte=day[0], at__lt=day[1]).order_by("-pk").first()
    return None if step is None else step.details.get("queue_number")


def _move_to_day(visit: Visit, day: dt.date) -> None:
    # A number belongs to the day it was given on.
    visit.date, visit.queue_number, visit.ticket_text = day, None, ""


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
    if not clinic.is_active:
        raise InvalidInput(clinic="This clinic is closed.")
    if service.clinic_id != clinic.pk or not service.is_active:
        raise InvalidInput(service="This clinic doesn't offer this service.")
    if not doctor.is_active or not doctor.clinics.filter(pk=clinic.pk).exists():
        raise InvalidInput(doctor="This doctor doesn't work at this clinic.")
    with command():
        visit = Visit(
            clinic=clinic,
            doctor=doctor,
            patient=lock_current(patient.pk),
            service=service,
            visit_type=Visit.Type.WALK_IN,
            status=Visit.Status.WAITING,
            priority=priority,
            checked_in_at=timezone.now(),
            created_by=by,
        )
        _give_ticket(visit)
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
        _give_ticket(visit)
        put_in_place(visit)
        _record(visit, "check_in", by, queue_number=visit.queue_number)
    return visit


def follow_change(appointment: Appointment, *, by: User | None, fields: Iterable[str]) -> None:
    """An appointment was changed: its visit goes to the same doctor, service and day, and is placed anew if it waits."""
    with command():
        visit = lock(appointment.visit)
        visit.appointment = appointment
        # Only what was changed: a visit that was transferred stays with its doctor when a note is written.
        if "doctor_id" in fields:
            visit.doctor = appointment.doctor
        if "service_id" in fields:
            visit.service = appointment.service
        if visit.status == Visit.Status.PLANNED:
            if visit.date != appointment.date:
                _move_to_day(visit, appointment.date)
        elif visit.is_in_queue:
            put_in_place(visit)
        if visit.changes() or visit.is_in_queue:
            _record(visit, "change", by, changed=sorted(fields))


def call(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """Call the patient, or call again; raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version)
        _call(fresh, by)
    return fresh


def _call(visit: Visit, by: User | None) -> None:
    visit.status = target(visit, "call")
    visit.call_count += 1
    visit.called_at = timezone.now()
    visit.moved_rank = None  # a move by hand holds until the call
    put_in_place(visit)
    _record(visit, "call", by)


def call_next(doctor: Doctor, *, by: User) -> Visit:
    """Pick the first who waits for the doctor today, and call them; raises ``QueueEmpty``.

    Only clinics that ``by`` works for count. Two of these at once call two different visits.
    """
    with command():
        Doctor.objects.select_for_update(no_key=True).get(pk=doctor.pk)
        days = {clinic.pk: clinic.today() for clinic in by.visible_clinics()}
        queue = (
            Visit.objects.waiting()
            .filter(doctor=doctor, clinic_id__in=days, date__in=set(days.values()))
            .in_order()
            .values_list("pk", "clinic_id", "date")
        )
        while True:
            first = next((pk for pk, clinic_id, day in queue.all() if days[clinic_id] == day), None)
            if first is None:
                raise QueueEmpty(f"Nobody is waiting for {doctor.name}.")
            fresh = lock(Visit(pk=first))
            # Somebody may have called this one by hand while we waited for its lock: then look again.
            if fresh.status == Visit.Status.WAITING:
                _call(fresh, by)
                return fresh


def start(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """The patient goes in; raises ``InvalidTransition``, ``DoctorBusy``."""
    with command():
        fresh = lock(visit, version)
        fresh.status = target(fresh, "start")
        fresh.started_at = timezone.now()
        fresh.moved_rank = None
        put_in_place(fresh)
        _record(fresh, "start", by)
    return fresh


def complete(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """The doctor is done; the appointment is fulfilled. Raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version, with_appointment=True)
        fresh.status = target(fresh, "complete")
        fresh.completed_at = timezone.now()
        _record(fresh, "complete", by)
        if fresh.appointment is not None:
            appointment_actions.follow(fresh.appointment, Appointment.Status.FULFILLED)
    return fresh


def skip(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """Called and not come: aside until they return. Raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version)
        fresh.status = target(fresh, "skip")
        _record(fresh, "skip", by)
    return fresh


def _queue_of(visit: Visit) -> Any:
    """Who waits for the visit's doctor, at its clinic on its day."""
    return Visit.objects.waiting().filter(clinic_id=visit.clinic_id, doctor_id=visit.doctor_id, date=visit.date)


def put_back(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """Back to waiting: to the old place, or behind the next two after a skip. Raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version)
        was_skipped = fresh.status == Visit.Status.SKIPPED
        fresh.status = target(fresh, "return")
        if was_skipped:
            fresh.moved_rank = None
            ranks = list(_queue_of(fresh).values_list("rank", flat=True))
            fresh.behind_at = order.behind_the_next(ranks, fresh.priority, fresh.clinic.day_bounds(fresh.date)[0])
        fresh.started_at = None
        put_in_place(fresh)
        _record(fresh, "return", by)
    return fresh


def leave(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """The patient went away unseen; raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version)
        fresh.status = target(fresh, "leave")
        _record(fresh, "leave", by)
    return fresh


def cancel(visit: Visit, *, by: User | None, reason: str = "", version: int | None = None) -> Visit:
    """Cancel the visit, and with a planned one its appointment; raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version, with_appointment=True)
        was_planned = fresh.status == Visit.Status.PLANNED
        fresh.status = target(fresh, "cancel")
        _record(fresh, "cancel", by, reason)
        if was_planned and fresh.appointment is not None:
            appointment_actions.follow(fresh.appointment, Appointment.Status.CANCELLED)
        signals.cancelled.send(sender=Visit, visit=fresh, by=by)
    return fresh


def follow_end(appointment: Appointment, *, by: User | None) -> None:
    """An appointment was cancelled or missed: so is its planned visit."""
    with command():
        visit = lock(appointment.visit)
        visit.appointment = appointment
        missed = appointment.status == Appointment.Status.NO_SHOW
        visit.status = target(visit, "no_show" if missed else "cancel")
        _record(visit, "no_show" if missed else "cancel", by, appointment.cancel_reason)
        if not missed:
            signals.cancelled.send(sender=Visit, visit=visit, by=by)


def move(visit: Visit, *, by: User | None, after: Visit | None, version: int | None = None) -> Visit:
    """Put a waiting visit behind ``after`` (none: first of its doctor's queue); holds until the call.

    Raises ``InvalidTransition``, ``InvalidInput`` if ``after`` doesn't wait for the same doctor.
    """
    with command():
        Doctor.objects.select_for_update(no_key=True).get(pk=visit.doctor_id)
        # All of them at first and by number, as whoever else locks several visits does.
        list(_queue_of(visit).select_for_update().order_by("pk").values_list("pk"))
        fresh = lock(visit, version)
        target(fresh, "move")
        if fresh.doctor_id != visit.doctor_id:
            raise StaleVersion("This visit was just given to another doctor. Look at it again.", current=fresh)
        others = list(_queue_of(fresh).exclude(pk=fresh.pk).in_order())
        if after is not None and after.pk not in {other.pk for other in others}:
            raise InvalidInput(
                after="This visit doesn't wait for the same doctor. Name one of the queue, or none for the front."
            )
        index = 0 if after is None else [other.pk for other in others].index(after.pk) + 1
        rank = _rank_at(others, index)
        if rank is None:
            _make_room(others[index:], others[index - 1].rank, by)
            rank = _rank_at(others, index)
        fresh.moved_rank = rank if others else fresh.rank
        put_in_place(fresh)
        _record(fresh, "move", by, after=after.pk if after else None)
    return fresh


def _rank_at(queue: list[Visit], index: int) -> int | None:
    before = queue[index - 1].rank if index > 0 else None
    behind = queue[index].rank if index < len(queue) else None
    return order.rank_between(before, behind)


def _make_room(behind: list[Visit], rank: int, by: User | None) -> None:
    """No number is left behind ``rank``: those who stand there go back a millisecond each, as few as need be."""
    for other in behind:
        rank += 1000
        if other.rank >= rank:
            return
        fresh = lock(other)
        fresh.moved_rank = rank
        put_in_place(fresh)
        _record(fresh, "make_room", by)
        other.rank = fresh.rank


def set_priority(visit: Visit, *, by: User | None, priority: str, reason: str = "", version: int | None = None) -> Visit:
    """Give another priority, with the reason; a place set by hand is given up. Raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version)
        target(fresh, "priority")
        fresh.priority, fresh.priority_reason = priority, reason
        fresh.moved_rank = None
        put_in_place(fresh)
        _record(fresh, "priority", by, reason, priority=priority)
    return fresh


def transfer(visit: Visit, *, by: User | None, doctor: Doctor, version: int | None = None) -> Visit:
    """Hand the patient to another doctor of the clinic; raises ``InvalidTransition``, ``InvalidInput``."""
    with command():
        fresh = lock(visit, version)
        target(fresh, "transfer")
        if not doctor.is_active or not doctor.clinics.filter(pk=fresh.clinic_id).exists():
            raise InvalidInput(doctor="This doctor doesn't work at this clinic.")
        if doctor.pk == fresh.doctor_id:
            raise InvalidInput(doctor="The visit already is this doctor's.")
        from_doctor = fresh.doctor_id
        fresh.doctor = doctor
        fresh.moved_rank = None
        put_in_place(fresh)
        _record(fresh, "transfer", by, from_doctor=from_doctor, doctor=doctor.pk)
    return fresh


def undo(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """Take back the last step, if it was made today; both stay in the history.

    Raises ``NothingToUndo``, ``DoctorBusy``, and ``SlotTaken`` or ``PatientBusy`` if the time was given away meanwhile.
    """
    with command():
        fresh = lock(visit, version, with_appointment=True)
        # A change of the appointment isn't a step of the visit: it is taken back by changing the appointment again. Nor is
        # it one that somebody else was moved before it.
        last = fresh.steps.exclude(action__in=["change", "make_room"]).order_by("-pk").first()
        if last is None or last.undoes_id is not None or last.action in ("plan", "walk_in"):
            raise NothingToUndo("There is no step to take back.", current=fresh)
        if fresh.clinic.day_of(last.at) != fresh.clinic.today():
            raise NothingToUndo("The last step was made on another day; it stays.", current=fresh)
        was_cancelled = fresh.status == Visit.Status.CANCELLED
        for name, value in last.before.items():
            setattr(fresh, name, _PARSERS[name](value) if value is not None and name in _PARSERS else value)
        if "date" in last.before:
            _move_to_day(fresh, fresh.date)
        if fresh.is_in_queue:
            put_in_place(fresh)  # the appointment may have been changed since
        _record(fresh, "undo", by, undoes=last)
        if fresh.appointment is not None and fresh.status in _APPOINTMENT_STATUS:
            appointment_actions.follow(fresh.appointment, _APPOINTMENT_STATUS[Visit.Status(fresh.status)])
        if was_cancelled:
            signals.reopened.send(sender=Visit, visit=fresh, by=by)
    return fresh


def give_to(patient: Patient, *, of: Patient) -> None:
    """All visits of the merged file ``of`` become ``patient``'s; payments go with their visits."""
    with command():
        for visit in Visit.objects.select_for_update(of=("self",)).filter(patient=of).order_by("pk"):
            visit.patient = patient
            visit.save(update_fields=["patient"])
