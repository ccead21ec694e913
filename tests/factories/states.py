"""Visits and appointments in any state, led there by the real actions."""

from __future__ import annotations

from typing import Any

from appointments import actions as appointment_actions
from appointments.models import Appointment
from queue import actions as queue_actions
from queue.models import Visit
from tests.factories.world import World, book


def appointment_in(world: World, status: str, **overrides: Any) -> Appointment:
    """An appointment at ``here`` in ``status``."""
    appointment = book(world, **overrides)
    by = world.receptionist
    if status == "cancelled":
        appointment_actions.cancel(appointment, by=by, reason="ill")
    elif status == "no_show":
        appointment_actions.mark_no_show(appointment, by=by)
    elif status in ("checked_in", "fulfilled"):
        appointment_actions.check_in(appointment, by=by)
        if status == "fulfilled":
            queue_actions.start(appointment.visit, by=by)
            queue_actions.complete(appointment.visit, by=by)
    return Appointment.objects.get(pk=appointment.pk)


def visit_in(world: World, status: str, **overrides: Any) -> Visit:
    """The visit of an appointment at ``here`` in ``status``; beyond ``planned`` and ``no_show`` it was checked in."""
    if status in ("planned", "no_show"):
        return Visit.objects.get(appointment=appointment_in(world, "booked" if status == "planned" else status, **overrides))
    by = world.receptionist
    visit = Visit.objects.get(appointment=appointment_in(world, "checked_in", **overrides))
    if status == "completed":
        queue_actions.start(visit, by=by)
    verb = {
        "called": queue_actions.call,
        "in_progress": queue_actions.start,
        "skipped": queue_actions.skip,
        "completed": queue_actions.complete,
        "cancelled": queue_actions.cancel,
        "left": queue_actions.leave,
    }.get(status)
    if verb is not None:
        verb(visit, by=by)
    return Visit.objects.get(pk=visit.pk)
