"""From the queue to the doctor and out: call, start, complete, skip, return, leave, cancel; and one step back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinics.commands import command
from clinics.exceptions import DomainError, StaleVersion
from clinics.models import Doctor, User
from queue import order, signals
from queue.actions.arriving import expect_again, give_ticket, move_to_day
from queue.actions.attending import be_back
from queue.actions.following import FollowUp, keep_note, wish
from queue.actions.rearranging import queue_of
from queue.actions.record import lock, record
from queue.models import Visit
from queue.placing import put_in_place
from queue.transitions import BESIDE, target


class QueueEmpty(DomainError):
    """Nobody is waiting."""

    code = "queue_empty"
    status = 404


class AlreadyCalled(DomainError):
    """Somebody was called and hasn't come in, and whoever calls the next one didn't know."""

    code = "already_called"


class NothingToUndo(DomainError):
    """There is no step that may still be taken back."""

    code = "nothing_to_undo"


class NoLongerThere(DomainError):
    """The doctor whom the visit was taken from doesn't see patients there any more."""

    code = "doctor_gone"


_PARSERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(["date", "follow_up_on"], parse_date),
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


def call(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """Call the patient, or call again; a doctor who was away is back. Raises ``InvalidTransition``."""
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
    record(visit, "call", by)
    be_back(visit.doctor_id, by=by)


def call_next(doctor: Doctor, *, by: User, beside: Collection[int] | None = None) -> Visit:
    """Pick the first who waits for the doctor today, and call them; raises ``QueueEmpty``.

    Only clinics that ``by`` works for count. Two of these at once call two different visits; unless they say whom they see
    called and not come in (``beside``): then ``AlreadyCalled`` is raised if there is anybody else.
    """
    with command():
        Doctor.objects.select_for_update(no_key=True).get(pk=doctor.pk)
        days = {clinic.pk: clinic.today() for clinic in by.visible_clinics()}
        todays = Visit.objects.filter(doctor=doctor, clinic_id__in=days, date__in=set(days.values()))
        if beside is not None:
            _require_known(todays.filter(status=Visit.Status.CALLED), beside, days)
        queue = todays.waiting().in_order().values_list("pk", "clinic_id", "date")
        while True:
            first = next((pk for pk, clinic_id, day in queue.all() if days[clinic_id] == day), None)
            if first is None:
                raise QueueEmpty(_("Nobody is waiting for %(doctor)s.") % {"doctor": doctor.name})
            fresh = lock(Visit(pk=first))
            # Somebody may have called this one by hand while we waited for its lock: then look again.
            if fresh.status == Visit.Status.WAITING:
                _call(fresh, by)
                return fresh


def _require_known(called: Any, known: Collection[int], days: Mapping[int, dt.date]) -> None:
    for other in called.shown().in_order():
        # Compared here: a number that no id can be is a question that no database takes.
        if other.pk not in known and days[other.clinic_id] == other.date:
            raise AlreadyCalled(
                _(
                    "%(ticket)s %(name)s has been called and isn't inside yet. Start or skip that visit, or call another one "
                    "as well."
                )
                % {"ticket": other.ticket, "name": other.patient.full_name},
                current=other,
            )


def start(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """The patient goes in; a doctor who was away is back. Raises ``InvalidTransition``, ``DoctorBusy``."""
    with command():
        fresh = lock(visit, version)
        fresh.status = target(fresh, "start")
        fresh.started_at = timezone.now()
        fresh.moved_rank = None
        put_in_place(fresh)
        record(fresh, "start", by)
        be_back(fresh.doctor_id, by=by)
    return fresh


def complete(
    visit: Visit, *, by: User | None, version: int | None = None, note: str = "", follow_up: FollowUp | None = None
) -> Visit:
    """The doctor is done, with a note and a wish to see the patient again, if any; the appointment is fulfilled.

    Raises ``InvalidTransition``, ``InvalidInput``; ``NotAllowed`` for a note by anybody but the visit's doctor.
    """
    with command():
        fresh = lock(visit, version, with_appointment=True)
        fresh.status = target(fresh, "complete")
        fresh.completed_at = timezone.now()
        if follow_up is not None:
            wish(fresh, follow_up)
        keep_note(fresh, note, by=by)
        record(fresh, "complete", by)
        if fresh.appointment is not None:
            appointment_actions.follow(fresh.appointment, Appointment.Status.FULFILLED)
    return fresh


def skip(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """Called and not come: aside until they return. Raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version)
        fresh.status = target(fresh, "skip")
        record(fresh, "skip", by)
    return fresh


def put_back(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """Back to waiting: to the old place, or behind the next two after a skip. Raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version)
        was_skipped = fresh.status == Visit.Status.SKIPPED
        fresh.status = target(fresh, "return")
        if was_skipped:
            fresh.moved_rank = None
            ranks = list(queue_of(fresh).values_list("rank", flat=True))
            fresh.behind_at = order.behind_the_next(ranks, fresh.priority, fresh.clinic.day_bounds(fresh.date)[0])
        fresh.started_at = None
        put_in_place(fresh)
        record(fresh, "return", by)
    return fresh


def leave(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """The patient went away unseen; raises ``InvalidTransition``.

    Who came on a day before their appointment's is expected again on that day: the check-in is taken back.
    """
    with command():
        fresh = lock(visit, version, with_appointment=True)
        to = target(fresh, "leave")
        go_unseen(fresh, "leave", to, by)
    return fresh


def go_unseen(visit: Visit, step: str, to: str, by: User | None) -> None:
    """A locked visit ends unseen; its appointment, locked too, is booked again if it is of a later day."""
    if not expect_again(visit):
        visit.status = to
        record(visit, step, by)
        return
    record(visit, step, by, expected_again=visit.date.isoformat())
    assert visit.appointment is not None
    appointment_actions.follow(visit.appointment, Appointment.Status.BOOKED)


def cancel(visit: Visit, *, by: User | None, reason: str = "", version: int | None = None) -> Visit:
    """Cancel the visit and its appointment; raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version, with_appointment=True)
        fresh.status = target(fresh, "cancel")
        record(fresh, "cancel", by, reason)
        if fresh.appointment is not None:
            appointment_actions.follow(fresh.appointment, Appointment.Status.CANCELLED, reason=reason)
        signals.cancelled.send(sender=Visit, visit=fresh, by=by)
    return fresh


def undo(visit: Visit, *, by: User | None, version: int | None = None) -> Visit:
    """Take back the last step, if it was made today; both stay in the history.

    Raises ``NothingToUndo``, ``DoctorBusy``, ``Erased``, ``NoLongerThere`` if it would give the visit back to a doctor who has left,
    ``SlotTaken`` or ``PatientBusy`` if the time was given away meanwhile, and ``NoLongerBookable``.
    """
    with command():
        fresh = _lock_all(visit, version)
        last = fresh.steps.exclude(action__in=BESIDE).order_by("-pk").first()
        if last is None or last.undoes_id is not None or last.action in ("plan", "walk_in"):
            raise NothingToUndo(_("There is no step to take back."), current=fresh)
        if fresh.clinic.day_of(last.at) != fresh.clinic.today():
            raise NothingToUndo(_("The last step was made on another day; it stays."), current=fresh)
        was_cancelled = fresh.status == Visit.Status.CANCELLED
        for name, value in last.before.items():
            setattr(fresh, name, _PARSERS[name](value) if value is not None and name in _PARSERS else value)
        if "doctor_id" in last.before:
            _require_still_there(fresh)
        if "date" in last.before:
            move_to_day(fresh, fresh.date)
        if fresh.is_in_queue:
            give_ticket(fresh, fresh.date)
            put_in_place(fresh)  # the appointment may have been changed since
        record(fresh, "undo", by, undoes=last)
        if fresh.appointment is not None and fresh.status in _APPOINTMENT_STATUS:
            appointment_actions.follow(fresh.appointment, _APPOINTMENT_STATUS[Visit.Status(fresh.status)])
        if was_cancelled:
            signals.reopened.send(sender=Visit, visit=fresh, by=by)
    return fresh


def _lock_all(visit: Visit, version: int | None) -> Visit:
    """The visit, and before it all that undo may give back to it: doctors, patient, appointment.

    Raises ``Erased``: nothing is opened again for a person whose data is gone.
    """
    seen = Visit.objects.select_related("appointment").get(pk=visit.pk)
    doctors = {seen.doctor_id, *([seen.appointment.doctor_id] if seen.appointment is not None else [])}
    patient = appointment_actions.lock_people(doctors, seen.patient_id)
    fresh = lock(visit, version, with_appointment=True)
    if fresh.patient_id != patient.pk or (fresh.appointment is not None and fresh.appointment.doctor_id not in doctors):
        raise StaleVersion(_("This visit has changed since you last saw it. Look at it again."), current=fresh)
    return fresh


def _require_still_there(visit: Visit) -> None:
    doctor = Doctor.objects.get(pk=visit.doctor_id)
    if not doctor.is_active or not doctor.clinics.filter(pk=visit.clinic_id).exists():
        raise NoLongerThere(
            _("%(doctor)s doesn't work at this clinic any more. Transfer the visit to somebody who does.")
            % {"doctor": doctor.name},
            current=visit,
        )
