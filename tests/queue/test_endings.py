"""A visit that ends unseen, and its appointment: cancelled with it, expected again, or free to be cancelled; and back by undo."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinics.models import Doctor
from patients import actions as patient_actions
from queue import actions
from queue.models import Visit
from tests.api.client import Api, desk_dump, outcome
from tests.factories import PatientFactory, ServiceFactory, World, book, no_hours, walk_in
from tests.factories.states import visit_in
from tests.factories.world import soon
from tests.realtime.flows import last_delivery, told


@pytest.fixture
def api(world: World) -> Api:
    return Api(world.admin)


def state(visit: Visit) -> tuple[str, str]:
    """The visit's and its appointment's."""
    return Visit.objects.get(pk=visit.pk).status, Appointment.objects.get(pk=visit.appointment_id).status


def early(world: World, **overrides: Any) -> Visit:
    """Somebody who is here today and booked for tomorrow at half past eight."""
    appointment = book(world, start=soon(30) + dt.timedelta(days=1), **overrides)
    appointment_actions.check_in(appointment, by=world.receptionist)
    return Visit.objects.get(appointment=appointment)


def refused(api: Api, method: str, path: str, **body: Any) -> tuple[int, str, str]:
    before = desk_dump()
    response = api.call(method, path, body)
    assert desk_dump() == before
    return (*outcome(response), str(response.json().get("detail", "")))


# --- Cancelled --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["planned", "waiting", "called", "skipped"])
def test_a_cancelled_visit_takes_its_appointment_with_it(world: World, api: Api, status: str) -> None:
    visit = visit_in(world, status)
    start = last_delivery()
    api.ok("post", f"visits/{visit.pk}/cancel/", {"reason": "went home"})
    assert told(world, start) == ["queue_updated C D", "visit_status_changed C D", "appointment_updated C D"]
    assert state(visit) == ("cancelled", "cancelled")
    assert visit.appointment is not None
    assert Appointment.objects.get(pk=visit.appointment_id).cancel_reason == "went home"
    # The time is free again, for the doctor and for the patient.
    book(world, start=visit.appointment.start, patient=visit.patient)


def test_undo_brings_both_back(world: World, api: Api) -> None:
    visit = visit_in(world, "called")
    api.ok("post", f"visits/{visit.pk}/cancel/", {"reason": "mistake"})
    api.ok("post", f"visits/{visit.pk}/undo/")
    assert state(visit) == ("called", "checked_in")
    assert Appointment.objects.get(pk=visit.appointment_id).cancel_reason == ""


def test_undo_is_refused_once_the_time_is_somebody_elses(world: World, api: Api) -> None:
    visit = visit_in(world, "waiting")
    api.ok("post", f"visits/{visit.pk}/cancel/")
    assert visit.appointment is not None
    book(world, start=visit.appointment.start)
    assert refused(api, "post", f"visits/{visit.pk}/undo/")[:2] == (409, "slot_taken")


# --- Left -------------------------------------------------------------------------------------------------------------


def test_who_came_a_day_early_and_leaves_is_expected_again(world: World, api: Api, clock: time_machine.Traveller) -> None:
    visit = early(world)
    api.ok("post", f"visits/{visit.pk}/call/")
    start = last_delivery()
    left = api.ok("post", f"visits/{visit.pk}/leave/")
    assert told(world, start) == ["queue_updated C D", "visit_status_changed C D", "appointment_updated C D"]
    assert (left["status"], left["ticket"], left["date"], left["call_count"]) == ("planned", None, "2026-03-03", 0)
    assert state(visit) == ("planned", "booked")
    last = api.ok("get", f"visits/{visit.pk}/history/")[-1]
    assert (last["action"], last["to_status"], last["details"]) == ("leave", "planned", {"expected_again": "2026-03-03"})
    clock.shift(dt.timedelta(days=1))
    again = Api(world.receptionist).ok("post", f"appointments/{visit.appointment_id}/check-in/")
    assert again["status"] == "checked_in"
    assert Visit.objects.get(pk=visit.pk).rank_basis == "booked"


def test_that_too_is_taken_back_with_the_same_ticket(world: World, api: Api) -> None:
    visit = early(world)
    walk_in(world)
    api.ok("post", f"visits/{visit.pk}/leave/")
    back = api.ok("post", f"visits/{visit.pk}/undo/")
    assert (back["status"], back["ticket"], back["date"]) == ("waiting", visit.ticket, "2026-03-02")
    assert state(visit) == ("waiting", "checked_in")


def test_the_end_of_a_day_keeps_tomorrows_appointments(world: World, clock: time_machine.Traveller) -> None:
    """By itself at three in the morning: it is the appointment's own day by then."""
    visit = early(world)
    clock.move_to("2026-03-03T03:05:00Z")
    closed = list(actions.close_over_days())
    assert [each.date for each in closed] == [dt.date(2026, 3, 2)]
    assert state(visit) == ("planned", "booked")
    clock.move_to("2026-03-03T08:00:00Z")
    Api(world.receptionist).ok("post", f"appointments/{visit.appointment_id}/check-in/")


def test_a_day_closed_by_hand_too(world: World, api: Api) -> None:
    visit, other = early(world), walk_in(world)
    figures = api.ok("post", f"clinics/{world.here.pk}/close-day/", {})["figures"]
    assert (figures["left"], figures["booked"]) == (1, 0)
    assert state(visit) == ("planned", "booked")
    assert Visit.objects.get(pk=other.pk).status == "left"


def test_a_day_that_is_closed_late_leaves_nobody_planned_in_the_past(world: World, clock: time_machine.Traveller) -> None:
    visit = early(world)
    clock.shift(dt.timedelta(days=5))
    list(actions.close_over_days())
    assert state(visit) == ("left", "checked_in")


def test_the_appointment_of_who_left_can_be_cancelled(world: World, api: Api) -> None:
    visit = visit_in(world, "left")
    assert visit.appointment is not None
    assert state(visit) == ("left", "checked_in")
    start = last_delivery()
    api.ok("post", f"appointments/{visit.appointment_id}/cancel/", {"reason": "won't come back"})
    assert told(world, start) == ["appointment_cancelled C D", "queue_updated C D"]
    assert state(visit) == ("left", "cancelled")
    book(world, start=visit.appointment.start, patient=visit.patient)
    last = api.ok("get", f"visits/{visit.pk}/history/")[-1]
    assert (last["action"], last["reason"]) == ("change", "won't come back")


@pytest.mark.parametrize("status", ["waiting", "called", "skipped", "in_progress"])
def test_that_of_who_is_here_cannot(world: World, api: Api, status: str) -> None:
    visit = visit_in(world, status)
    answer = refused(api, "post", f"appointments/{visit.appointment_id}/cancel/", reason="x")
    assert answer[:2] == (409, "invalid_transition")
    assert "cancel the visit" in answer[2]


# --- What a change of the appointment reaches -------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["in_progress", "left"])
@pytest.mark.parametrize("field", ["doctor", "start", "service"])
def test_what_became_of_a_visit_stays(world: World, api: Api, status: str, field: str) -> None:
    visit = visit_in(world, status)
    body: dict[str, Any] = {
        "doctor": {"doctor": world.colleague.pk},
        "start": {"start": "2026-03-02T15:00:00Z"},
        "service": {"service": ServiceFactory(clinic=world.here).pk},
    }[field]
    assert refused(api, "patch", f"appointments/{visit.appointment_id}/", **body)[:2] == (409, "invalid_transition")
    api.ok("patch", f"appointments/{visit.appointment_id}/", {"notes": "asked for a letter"})


# --- What undo may give back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["completed", "left", "cancelled"])
def test_nothing_is_opened_again_for_an_erased_person(world: World, api: Api, status: str) -> None:
    visit = visit_in(world, status, minutes=30)
    if status == "left":
        appointment_actions.cancel(visit.appointment, by=world.admin, reason="x")
    if status == "completed":
        visit = walk_in(world)
        actions.start(visit, by=world.admin), actions.complete(visit, by=world.admin)
    patient_actions.erase(visit.patient, by=world.admin, reason="asked")
    assert refused(api, "post", f"visits/{visit.pk}/undo/")[:2] == (409, "erased")


def test_a_booking_that_could_not_be_made_now_does_not_come_back(world: World, api: Api) -> None:
    visit = visit_in(world, "planned", minutes=120)
    api.ok("post", f"visits/{visit.pk}/cancel/", {"reason": "x"})
    no_hours(world.doctor)
    answer = refused(api, "post", f"visits/{visit.pk}/undo/")
    assert answer[:2] == (409, "no_longer_bookable")
    assert "no working hours" in answer[2]


def test_nor_with_a_doctor_who_has_left(world: World, api: Api) -> None:
    visit = visit_in(world, "planned", minutes=120)
    api.ok("post", f"visits/{visit.pk}/cancel/", {"reason": "x"})
    Api(world.superuser).ok("patch", f"doctors/{world.doctor.pk}/", {"is_active": False})
    assert refused(api, "post", f"visits/{visit.pk}/undo/")[:2] == (409, "no_longer_bookable")


def test_what_is_past_comes_back_whatever_the_hours(world: World, api: Api, clock: time_machine.Traveller) -> None:
    visit = visit_in(world, "planned", minutes=10)
    clock.shift(dt.timedelta(minutes=30))
    api = Api(world.admin)
    api.ok("post", f"appointments/{visit.appointment_id}/no-show/")
    no_hours(world.doctor)
    api.ok("post", f"visits/{visit.pk}/undo/")
    assert state(visit) == ("planned", "booked")


@pytest.mark.parametrize("change", ["is_active", "clinics"])
def test_a_transfer_is_not_taken_back_to_a_doctor_who_has_left(world: World, api: Api, change: str) -> None:
    visit = walk_in(world)
    api.ok("post", f"visits/{visit.pk}/transfer/", {"doctor": world.colleague.pk})
    doctor = Doctor.objects.get(pk=world.doctor.pk)
    if change == "is_active":
        doctor.is_active = False
        doctor.save(update_fields=["is_active"])
    else:
        doctor.clinics.set([world.there])
    answer = refused(api, "post", f"visits/{visit.pk}/undo/")
    assert answer[:2] == (409, "doctor_gone")
    assert world.doctor.name in answer[2]


def test_one_patient_is_merged_although_who_left_was_booked_twice(world: World, api: Api) -> None:
    """Two files of one person, at the same time with two doctors: what has ended is in nobody's way once it is cancelled."""
    visit = visit_in(world, "left")
    assert visit.appointment is not None
    other = PatientFactory()
    book(world, doctor=world.colleague, patient=other, start=visit.appointment.start)
    path = f"patients/{visit.patient_id}/merge/"
    assert refused(api, "post", path, duplicate=other.pk)[:2] == (409, "patient_busy")
    api.ok("post", f"appointments/{visit.appointment_id}/cancel/", {"reason": "the same person"})
    api.ok("post", path, {"duplicate": other.pk})
