"""Every state × every action × every role, through the API: what the contract's table allows happens, all else changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from appointments.models import Appointment
from clinics.models import Role, User
from queue.models import Visit, VisitStep
from realtime.models import Event
from tests.api.client import Api, as_it_was, desk_dump, outcome
from tests.conftest import Some
from tests.factories import DoctorFactory, UserFactory, World
from tests.factories.states import appointment_in, visit_in

STATES = ["planned", "waiting", "called", "in_progress", "skipped", "completed", "cancelled", "left", "no_show"]

# Contract, section 5, plus where undo leads from the way in which visit_in() came to the state.
LEADS_TO = {
    "call": {"waiting": "called", "called": "called"},
    "start": {"waiting": "in_progress", "called": "in_progress"},
    "complete": {"in_progress": "completed"},
    "skip": {"waiting": "skipped", "called": "skipped"},
    "return": {"called": "waiting", "skipped": "waiting", "in_progress": "waiting"},
    "cancel": {"planned": "cancelled", "waiting": "cancelled", "called": "cancelled", "skipped": "cancelled"},
    "leave": {"waiting": "left", "called": "left", "skipped": "left"},
    "move": {"waiting": "waiting"},
    "priority": {"waiting": "waiting", "called": "called", "skipped": "skipped"},
    "transfer": {"waiting": "waiting", "called": "called", "skipped": "skipped"},
    "undo": {
        "waiting": "planned",
        "called": "waiting",
        "in_progress": "waiting",
        "skipped": "waiting",
        "completed": "in_progress",
        "cancelled": "waiting",
        "left": "waiting",
        "no_show": "planned",
    },
}
# Contract, section 1: who may do it at all; a doctor only with visits of their own.
MAY = {
    **{key: {"receptionist", "admin"} for key in ["cancel", "leave", "move"]},
    **{key: {"receptionist", "doctor", "admin"} for key in ["call", "skip", "return", "undo", "priority", "transfer"]},
    **{key: {"doctor", "admin"} for key in ["start", "complete"]},
}
# who → (their role, do they see the visit)
PEOPLE = {
    "receptionist": ("receptionist", True),
    "doctor": ("doctor", True),
    "colleague": ("doctor", False),
    "admin": ("admin", True),
    "superuser": ("admin", True),
    "receptionist_there": ("receptionist", False),
    "stranger": ("doctor", False),
    "admin_there": ("admin", False),
}


def person(world: World, name: str) -> User:
    who = getattr(world, name)
    return who if isinstance(who, User) else who.user  # type: ignore[no-any-return]


def body_of(world: World, action: str) -> dict[str, Any]:
    return {
        "move": {"after": None},
        "priority": {"priority": "urgent", "reason": "pain"},
        "transfer": {"doctor": world.colleague.pk},
        "cancel": {"reason": "goes home"},
    }.get(action, {})


def refusal_of(action: str) -> str:
    return "nothing_to_undo" if action == "undo" else "invalid_transition"


@pytest.mark.once("sqlite")
@pytest.mark.parametrize("action", LEADS_TO)
@pytest.mark.parametrize("state", STATES)
def test_visit(world: World, state: str, action: str, some: Some) -> None:
    visit = visit_in(world, state)
    to = LEADS_TO[action].get(state)
    before, steps, events = desk_dump(), VisitStep.objects.count(), Event.objects.count()
    got, expected = {}, {}
    # Where the state refuses all, some will do: one of those whom nothing else refuses, one of each whom something does.
    for name in PEOPLE if to else some(list(PEOPLE), kind=lambda name: (PEOPLE[name][0] in MAY[action], PEOPLE[name][1])):
        role, sees = PEOPLE[name]
        with as_it_was():
            api = Api(person(world, name))
            response = api.call("post", f"visits/{visit.pk}/{action}/", body_of(world, action))
            after = Visit.objects.get(pk=visit.pk)
            if response.status_code == 200:
                data = response.json()
                got[name] = (200, data["status"], data["version"] == after.version > visit.version)
                assert data["status"] == after.status
                assert VisitStep.objects.count() == steps + 1
                assert Event.objects.count() > events
            else:
                got[name] = (*outcome(response), desk_dump() == before)
                if response.status_code == 409:
                    current = response.json()["current"]
                    assert (current["id"], current["status"], current["version"]) == (visit.pk, state, visit.version)
        if role not in MAY[action]:
            expected[name] = (403, "forbidden", True)
        elif not sees:
            expected[name] = (404, "not_found", True)
        else:
            expected[name] = (200, to, True) if to else (409, refusal_of(action), True)
    assert got == expected


# --- Appointments -----------------------------------------------------------------------------------------------------

APPOINTMENT_LEADS_TO = {
    "check-in": {"booked": "checked_in", "no_show": "checked_in"},
    "cancel": {"booked": "cancelled"},
    "no-show": {"booked": "no_show"},
    "change": {"booked": "booked", "checked_in": "checked_in"},
}
APPOINTMENT_STATES = ["booked", "checked_in", "fulfilled", "cancelled", "no_show"]


@pytest.mark.once("sqlite")
@pytest.mark.parametrize("action", APPOINTMENT_LEADS_TO)
@pytest.mark.parametrize("state", APPOINTMENT_STATES)
def test_appointment(world: World, state: str, action: str) -> None:
    appointment = appointment_in(world, state)
    to = APPOINTMENT_LEADS_TO[action].get(state)
    before, events = desk_dump(), Event.objects.count()
    got, expected = {}, {}
    for name, (role, sees) in PEOPLE.items():
        with as_it_was():
            api = Api(person(world, name))
            if action == "change":
                response = api.call("patch", f"appointments/{appointment.pk}/", {"notes": "brings a friend"})
            else:
                response = api.call("post", f"appointments/{appointment.pk}/{action}/", {"reason": "ill"})
            after = Appointment.objects.get(pk=appointment.pk)
            if response.status_code == 200:
                data = response.json()
                got[name] = (200, data["status"], data["version"] == after.version > appointment.version)
                assert data["status"] == after.status
                assert Event.objects.count() > events
            else:
                got[name] = (*outcome(response), desk_dump() == before)
                if response.status_code == 409:
                    current = response.json()["current"]
                    assert (current["id"], current["status"]) == (appointment.pk, state)
                    assert current["version"] == appointment.version
        if role not in {"receptionist", "admin"}:
            expected[name] = (403, "forbidden", True)
        elif not sees:
            expected[name] = (404, "not_found", True)
        else:
            expected[name] = (200, to, True) if to else (409, "invalid_transition", True)
    assert got == expected


@pytest.mark.parametrize(
    ("action", "visit_state", "appointment_state"),
    [
        ("check-in", "waiting", "checked_in"),
        ("cancel", "cancelled", "cancelled"),
        ("no-show", "no_show", "no_show"),
    ],
)
def test_a_visit_goes_with_its_appointment(world: World, action: str, visit_state: str, appointment_state: str) -> None:
    visit = visit_in(world, "planned")
    Api(world.receptionist).ok("post", f"appointments/{visit.appointment_id}/{action}/", {})
    visit.refresh_from_db()
    assert visit.appointment is not None
    assert (visit.status, visit.appointment.status) == (visit_state, appointment_state)


@pytest.mark.parametrize(
    ("state", "action", "appointment_state"),
    [("planned", "cancel", "cancelled"), ("in_progress", "complete", "fulfilled"), ("completed", "undo", "checked_in")],
)
def test_an_appointment_goes_with_its_visit(world: World, state: str, action: str, appointment_state: str) -> None:
    visit = visit_in(world, state)
    Api(world.admin).ok("post", f"visits/{visit.pk}/{action}/", {})
    assert Appointment.objects.get(pk=visit.appointment_id).status == appointment_state


def test_a_doctor_has_one_visit_inside(world: World) -> None:
    visit_in(world, "in_progress")
    second = visit_in(world, "waiting", minutes=60)
    before = desk_dump()
    response = Api(world.doctor_user).call("post", f"visits/{second.pk}/start/", {})
    assert outcome(response) == (409, "doctor_busy")
    assert (response.json()["current"]["id"], response.json()["current"]["status"]) == (second.pk, "waiting")
    assert desk_dump() == before


def test_calling_again_counts(world: World) -> None:
    visit = visit_in(world, "waiting")
    api = Api(world.receptionist)
    assert [api.ok("post", f"visits/{visit.pk}/call/")["call_count"] for _ in range(3)] == [1, 2, 3]


# --- Call next --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("receptionist", 200),
        ("doctor", 200),
        ("colleague", 404),
        ("admin", 200),
        ("superuser", 200),
        ("receptionist_there", 404),
        ("stranger", 404),
        ("admin_there", 404),
    ],
)
def test_call_next(world: World, name: str, status: int) -> None:
    visit = visit_in(world, "waiting")
    before = desk_dump()
    response = Api(person(world, name)).call("post", f"queue/doctors/{world.doctor.pk}/call-next/")
    assert response.status_code == status
    if status == 200:
        assert (response.json()["id"], response.json()["status"]) == (visit.pk, "called")
    else:
        assert (outcome(response), desk_dump()) == ((404, "not_found"), before)


def test_a_doctors_login_without_a_doctor_calls_nobody(world: World) -> None:
    visit_in(world, "waiting")
    lost = UserFactory(role=Role.DOCTOR, clinics=[world.here])
    before = desk_dump()
    response = Api(lost).call("post", f"queue/doctors/{world.doctor.pk}/call-next/")
    assert (outcome(response), desk_dump()) == ((404, "not_found"), before)


def test_call_next_takes_the_queue_in_order_until_it_is_empty(world: World) -> None:
    visits = [visit_in(world, "waiting", minutes=minutes) for minutes in (90, 30, 60)]
    visit_in(world, "planned", minutes=10 + 110)
    api = Api(world.doctor_user)
    called = [api.ok("post", f"queue/doctors/{world.doctor.pk}/call-next/")["id"] for _ in visits]
    assert called == [visits[1].pk, visits[2].pk, visits[0].pk]
    response = api.call("post", f"queue/doctors/{world.doctor.pk}/call-next/")
    assert outcome(response) == (404, "queue_empty")


def test_call_next_leaves_another_clinics_patients(world: World) -> None:
    """A doctor of both clinics: the desk here can't call who waits there."""
    both = DoctorFactory(clinics=[world.here, world.there])
    there = {"clinic": world.there.pk, "service": world.service_there.pk, "doctor": both.pk, "patient": world.patient.pk}
    visit = Api(world.receptionist_there).ok("post", "visits/", there, 201)
    path = f"queue/doctors/{both.pk}/call-next/"
    assert outcome(Api(world.receptionist).call("post", path)) == (404, "queue_empty")
    assert Api(world.receptionist_there).ok("post", path)["id"] == visit["id"]
