"""The actions of the lists of appointments, visits and logins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinics.models import Login
from queue import actions as queue_actions
from queue.models import Visit
from tests.admin.site import sent_by
from tests.admin.test_pages import address
from tests.factories import World, book
from tests.factories.states import visit_in


def choose(client: Client, model: Any, action: str, *rows: Any, **more: str) -> list[str]:
    """Tick the rows, run the action; what the page then says."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], "index": "0", **more}
    response = client.post(address(model, "changelist"), data)
    assert response.status_code == 302
    return [str(message) for message in get_messages(response.wsgi_request)]


APPOINTMENTS: dict[str, tuple[Callable[..., object], dict[str, str], str]] = {
    "check_in": (appointment_actions.check_in, {}, "checked_in"),
    "cancel": (appointment_actions.cancel, {"reason": "ill"}, "cancelled"),
    "mark_no_show": (appointment_actions.mark_no_show, {}, "no_show"),
}


@pytest.mark.parametrize("name", APPOINTMENTS)
def test_actions_on_appointments_are_the_actions(manager: Client, world: World, name: str) -> None:
    verb, more, status = APPOINTMENTS[name]
    theirs, ours = book(world, minutes=30), book(world, minutes=60)

    expected = sent_by(lambda: verb(theirs, by=world.admin, **more))
    events = sent_by(lambda: choose(manager, Appointment, name, ours, **more))

    assert events == expected
    assert Appointment.objects.get(pk=ours.pk).status == status
    assert ours.visit.steps.latest("pk").by == world.admin


VISITS: dict[str, tuple[Callable[..., object], dict[str, str], str, str]] = {
    "call": (queue_actions.call, {}, "waiting", "called"),
    "start": (queue_actions.start, {}, "called", "in_progress"),
    "complete": (queue_actions.complete, {}, "in_progress", "completed"),
    "skip": (queue_actions.skip, {}, "called", "skipped"),
    "put_back": (queue_actions.put_back, {}, "skipped", "waiting"),
    "leave": (queue_actions.leave, {}, "waiting", "left"),
    "undo": (queue_actions.undo, {}, "called", "waiting"),
    "cancel": (queue_actions.cancel, {"reason": "went home"}, "waiting", "cancelled"),
}


@pytest.mark.parametrize("name", VISITS)
def test_actions_on_visits_are_the_actions(manager: Client, world: World, name: str) -> None:
    verb, more, before, after = VISITS[name]
    theirs, ours = visit_in(world, before), visit_in(world, before, doctor=world.colleague)

    expected = sent_by(lambda: verb(theirs, by=world.admin, **more))
    events = sent_by(lambda: choose(manager, Visit, name, ours, **more))

    assert [event for event, _ in events] == [event for event, _ in expected]
    assert Visit.objects.get(pk=ours.pk).status == after
    assert ours.steps.latest("pk").by == world.admin


def test_refusals_are_told_and_the_others_still_done(manager: Client, world: World) -> None:
    waiting, done = visit_in(world, "waiting"), visit_in(world, "completed", minutes=60)

    said = choose(manager, Visit, "call", waiting, done)

    assert "1 visit called." in said
    assert any("This visit is completed; it can't be called." in message for message in said)
    assert Visit.objects.get(pk=waiting.pk).status == "called"


def test_doctor_who_has_somebody_inside_is_a_refusal(manager: Client, world: World) -> None:
    visit_in(world, "in_progress")
    second = visit_in(world, "waiting", minutes=60)

    assert any("another patient inside" in message for message in choose(manager, Visit, "start", second))
    assert Visit.objects.get(pk=second.pk).status == "waiting"


@pytest.mark.parametrize("model", [Appointment, Visit])
def test_cancelling_wants_a_reason(manager: Client, world: World, model: Any) -> None:
    appointment = book(world)
    row = appointment if model is Appointment else appointment.visit

    assert choose(manager, model, "cancel", row, reason=" ") == ["Write the reason beside the action, then cancel again."]
    assert Appointment.objects.get(pk=appointment.pk).status == "booked"


def test_rows_of_the_other_clinic_cannot_be_ticked(manager: Client, world: World) -> None:
    there = book(world, clinic=world.there, doctor=world.stranger, service=world.service_there)

    choose(manager, Appointment, "check_in", there)

    assert Appointment.objects.get(pk=there.pk).status == "booked"


def test_logins_can_be_ended(manager: Client, world: World) -> None:
    login, elsewhere = (Login.objects.create(user=user) for user in (world.receptionist, world.receptionist_there))

    events = sent_by(lambda: choose(manager, Login, "end_logins", login, elsewhere))

    assert events == [("rights_changed", ["control"])]
    assert Login.objects.get(pk=login.pk).ended_at is not None
    assert Login.objects.get(pk=elsewhere.pk).ended_at is None


@pytest.mark.parametrize(("day", "found"), [("today", True), ("coming", False), ("past", False)])
def test_filter_by_day_uses_the_clinics_own_calendar(manager: Client, world: World, day: str, found: bool) -> None:
    visit = queue_actions.walk_in(by=None, clinic=world.here, doctor=world.doctor, patient=world.patient, service=world.service)

    shown = manager.get(address(Visit, "changelist"), {"day": day}).context["cl"].result_list

    assert (visit in shown) is found
