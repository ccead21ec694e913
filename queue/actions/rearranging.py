"""Places in the queue: moved by hand, with another priority, with another doctor."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from clinics.commands import command
from clinics.exceptions import InvalidInput, StaleVersion
from clinics.models import Doctor, User
from clinics.text import written
from queue import order
from queue.actions.record import lock, record
from queue.models import Visit
from queue.placing import put_in_place
from queue.transitions import target


def queue_of(visit: Visit) -> Any:
    """Who waits for the visit's doctor, at its clinic on its day."""
    return Visit.objects.waiting().filter(clinic_id=visit.clinic_id, doctor_id=visit.doctor_id, date=visit.date)


def move(visit: Visit, *, by: User | None, after: Visit | None, version: int | None = None) -> Visit:
    """Put a waiting visit behind ``after`` (none: first of its doctor's queue); holds until the call.

    Raises ``InvalidTransition``, ``InvalidInput`` if ``after`` doesn't wait for the same doctor.
    """
    with command():
        Doctor.objects.select_for_update(no_key=True).get(pk=visit.doctor_id)
        # All of them at first and by number, as whoever else locks several visits does.
        list(queue_of(visit).select_for_update().order_by("pk").values_list("pk"))
        fresh = lock(visit, version)
        target(fresh, "move")
        if fresh.doctor_id != visit.doctor_id:
            raise StaleVersion(_("This visit was just given to another doctor. Look at it again."), current=fresh)
        others = list(queue_of(fresh).exclude(pk=fresh.pk).in_order())
        if after is not None and after.pk not in {other.pk for other in others}:
            raise InvalidInput(
                after=_("This visit doesn't wait for the same doctor. Name one of the queue, or none for the front.")
            )
        index = 0 if after is None else [other.pk for other in others].index(after.pk) + 1
        rank = _rank_at(others, index)
        if rank is None:
            _make_room(others[index:], others[index - 1].rank, by)
            rank = _rank_at(others, index)
        fresh.moved_rank = rank if others else fresh.rank
        put_in_place(fresh)
        record(fresh, "move", by, after=after.pk if after else None)
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
        record(fresh, "make_room", by)
        other.rank = fresh.rank


def set_priority(visit: Visit, *, by: User | None, priority: str, reason: str = "", version: int | None = None) -> Visit:
    """Give another priority, with the reason; a place set by hand is given up. Raises ``InvalidTransition``."""
    with command():
        fresh = lock(visit, version)
        target(fresh, "priority")
        fresh.priority, fresh.priority_reason = priority, written(reason)
        fresh.moved_rank = None
        put_in_place(fresh)
        record(fresh, "priority", by, fresh.priority_reason, priority=priority)
    return fresh


def transfer(visit: Visit, *, by: User | None, doctor: Doctor, version: int | None = None) -> Visit:
    """Hand the patient to another doctor of the clinic; raises ``InvalidTransition``, ``InvalidInput``."""
    with command():
        fresh = lock(visit, version)
        target(fresh, "transfer")
        if not doctor.is_active or not doctor.clinics.filter(pk=fresh.clinic_id).exists():
            raise InvalidInput(doctor=_("This doctor doesn't work at this clinic."))
        if doctor.pk == fresh.doctor_id:
            raise InvalidInput(doctor=_("The visit already is this doctor's."))
        before = fresh.doctor
        fresh.doctor = doctor
        fresh.moved_rank = None
        put_in_place(fresh)
        record(fresh, "transfer", by, from_doctor=before.pk, from_name=before.name, doctor=doctor.pk, name=doctor.name)
    return fresh
