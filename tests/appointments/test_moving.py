"""Moving an appointment keeps where it was; a doctor is booked twice by an admin who says why, and by nobody else."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from appointments import actions
from appointments.models import Appointment, Reschedule
from patients import actions as patient_actions
from queue import actions as queue_actions
from tests.api.client import Api, desk_dump, outcome
from tests.appointments.desk import body
from tests.factories import PatientFactory, World, book
from tests.factories.states import appointment_in
from tests.factories.world import soon

WHY = {"overbook": True, "overbook_reason": "twin of the one before"}


def wire(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


# --- Where it was -----------------------------------------------------------------------------------------------------


def test_a_move_keeps_the_old_time(world: World) -> None:
    appointment = book(world, start=soon(60))
    api = Api(world.receptionist)
    path = f"appointments/{appointment.pk}/"
    assert (api.ok("get", path)["rescheduled"], api.ok("get", path)["original_start"]) == ([], wire(soon(60)))
    moved = api.ok("patch", path, {"start": wire(soon(120)), "reason": "train is late"})
    again = api.ok("patch", path, {"start": wire(soon(180)), "doctor": world.colleague.pk})
    assert (moved["original_start"], again["original_start"]) == (wire(soon(60)), wire(soon(60)))
    first, second = again["rescheduled"]
    assert moved["rescheduled"] == [first]
    assert {name: value for name, value in first.items() if name != "at"} == {
        "from_start": wire(soon(60)),
        "from_end": wire(soon(80)),
        "from_doctor": {"id": world.doctor.pk, "name": world.doctor.name},
        "to_start": wire(soon(120)),
        "to_doctor": {"id": world.doctor.pk, "name": world.doctor.name},
        "reason": "train is late",
        "by": world.receptionist.username,
    }
    assert (second["from_start"], second["to_doctor"]["id"], second["reason"]) == (wire(soon(120)), world.colleague.pk, "")
    assert api.ok("get", path) == again
    assert next(row for row in api.all("appointments/") if row["id"] == appointment.pk) == again


@pytest.mark.parametrize("change", [{"notes": "brings papers"}, {"booking_source": "phone"}, {}, {"start": "same"}])
def test_what_is_no_move_leaves_no_old_time(world: World, change: dict[str, Any]) -> None:
    appointment = book(world)
    sent = {**change, "start": wire(appointment.start)} if "start" in change else change
    assert Api(world.receptionist).ok("patch", f"appointments/{appointment.pk}/", sent)["rescheduled"] == []


def test_a_refused_move_leaves_no_old_time(world: World) -> None:
    appointment, other = book(world, minutes=60), book(world, minutes=120)
    response = Api(world.receptionist).call("patch", f"appointments/{appointment.pk}/", {"start": wire(other.start)})
    assert (outcome(response), Reschedule.objects.count()) == ((409, "slot_taken"), 0)


# --- Overbooking ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["admin", "superuser"])
def test_an_admin_overbooks_with_a_reason(world: World, who: str) -> None:
    book(world, start=soon(60))
    api = Api(getattr(world, who))
    taken = body(world, start=wire(soon(60)))
    assert outcome(api.call("post", "appointments/", taken)) == (409, "slot_taken")
    made = api.ok("post", "appointments/", {**taken, **WHY}, 201)
    assert (made["overbooked"], made["overbook_reason"]) == (True, "twin of the one before")


def test_a_receptionist_does_not(world: World) -> None:
    mine = book(world, start=soon(200))
    book(world, start=soon(60))
    api = Api(world.receptionist)
    before = desk_dump()
    answers = [
        api.call("post", "appointments/", body(world, start=wire(soon(60)), **WHY)),
        api.call("patch", f"appointments/{mine.pk}/", {"start": wire(soon(60)), **WHY}),
        # Nor where it would change nothing.
        api.call("post", "appointments/", body(world, start=wire(soon(400)), **WHY)),
    ]
    assert [outcome(answer) for answer in answers] == [(403, "forbidden")] * 3
    assert "Only an admin" in answers[0].json()["detail"]
    assert desk_dump() == before


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"overbook": True}, "overbook_reason"),
        ({"overbook": True, "overbook_reason": "  "}, "overbook_reason"),
        ({"overbook": False, "overbook_reason": "twins"}, "overbook"),
        ({"overbook_reason": "twins"}, "overbook"),
        ({"overbook": True, "overbook_reason": "x" * 201}, "overbook_reason"),
    ],
)
def test_the_word_and_the_reason_go_together(world: World, sent: dict[str, Any], field: str) -> None:
    book(world, start=soon(60))
    assert outcome(Api(world.admin).call("post", "appointments/", body(world, start=wire(soon(60)), **sent))) == (400, field)


def test_a_free_time_is_booked_as_any_other(world: World) -> None:
    made = Api(world.admin).ok("post", "appointments/", body(world, **WHY), 201)
    assert (made["overbooked"], made["overbook_reason"]) == (False, "")


def test_overbooking_lifts_nothing_else(world: World) -> None:
    book(world, start=soon(60), patient=world.patient, doctor=world.colleague)
    book(world, start=soon(60))
    actions.add_time_off(by=None, doctor=world.doctor, start=soon(300), end=soon(400))
    api = Api(world.admin)
    assert outcome(api.call("post", "appointments/", body(world, start=wire(soon(60)), **WHY))) == (409, "patient_busy")
    assert outcome(api.call("post", "appointments/", body(world, start=wire(soon(310)), **WHY))) == (400, "start")
    assert outcome(api.call("post", "appointments/", body(world, start=wire(soon(-60)), **WHY))) == (400, "start")


def overbooked(world: World, minutes: int = 60) -> Appointment:
    """A time that is taken, and the one that was booked into it."""
    book(world, start=soon(minutes))
    return book(world, start=soon(minutes), by=world.admin, overbook=True, overbook_reason="twins")


def test_the_next_one_meets_both(world: World) -> None:
    second = overbooked(world)
    first = Appointment.objects.get(start=second.start, overbooked=False)
    actions.cancel(first, by=None, reason="ill")
    response = Api(world.receptionist).call("post", "appointments/", body(world, start=wire(second.start)))
    assert outcome(response) == (409, "slot_taken")
    slots = Api(world.receptionist).ok(
        "get", f"doctors/{world.doctor.pk}/slots/?clinic={world.here.pk}&service={world.service.pk}&date=2026-03-02"
    )
    assert not next(slot for slot in slots if slot["start"] == wire(second.start))["available"]


def test_it_is_an_ordinary_one_once_it_is_moved_to_a_free_time(world: World) -> None:
    row = overbooked(world)
    moved = Api(world.receptionist).ok("patch", f"appointments/{row.pk}/", {"start": wire(soon(200))})
    assert (moved["overbooked"], moved["overbook_reason"]) == (False, "")


def test_another_taken_time_must_be_asked_for_again(world: World) -> None:
    row, other = overbooked(world), book(world, start=soon(200))
    api, path = Api(world.admin), f"appointments/{row.pk}/"
    assert outcome(api.call("patch", path, {"start": wire(other.start)})) == (409, "slot_taken")
    moved = api.ok("patch", path, {"start": wire(other.start), "overbook": True, "overbook_reason": "emergency"})
    assert (moved["overbooked"], moved["overbook_reason"]) == (True, "emergency")


def test_a_note_leaves_it_as_it_is(world: World) -> None:
    row = overbooked(world)
    changed = Api(world.receptionist).ok("patch", f"appointments/{row.pk}/", {"notes": "brings papers"})
    assert (changed["overbooked"], changed["overbook_reason"]) == (True, "twins")


@pytest.mark.parametrize("which", ["first", "overbooked"])
@pytest.mark.parametrize("comes_back", ["undo of cancel", "check-in after no-show"])
def test_what_comes_back_is_not_stopped_by_the_overbooked(world: World, which: str, comes_back: str) -> None:
    second = overbooked(world)
    row = second if which == "overbooked" else Appointment.objects.get(start=second.start, overbooked=False)
    api = Api(world.receptionist)
    if comes_back == "undo of cancel":
        queue_actions.cancel(row.visit, by=world.receptionist)
        api.ok("post", f"visits/{row.visit.pk}/undo/")
    else:
        actions.mark_no_show(row, by=world.receptionist)
        api.ok("post", f"appointments/{row.pk}/check-in/")
    row.refresh_from_db()
    assert row.is_active


def test_what_comes_back_is_stopped_by_an_ordinary_one(world: World) -> None:
    missed = appointment_in(world, "no_show", start=soon(60))
    book(world, start=soon(60))
    response = Api(world.receptionist).call("post", f"appointments/{missed.pk}/check-in/")
    assert outcome(response) == (409, "slot_taken")


def test_a_merge_is_not_stopped_by_the_overbooked(world: World) -> None:
    second = overbooked(world)
    survivor = PatientFactory()
    patient_actions.merge(survivor, duplicate=second.patient, by=world.admin)
    second.refresh_from_db()
    assert second.patient_id == survivor.pk


# --- What a change may say --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"status": "cancelled"}, "status"),
        ({"visit_id": 7, "notes": "x"}, "visit_id"),
        ({"end": "2026-03-02T12:00:00Z"}, "end"),
        ({"cancel_reason": "x"}, "cancel_reason"),
        ({"reason": "only"}, "reason"),
        ({"overbook": True}, "overbook_reason"),
        (WHY, "overbook"),
    ],
)
def test_what_cannot_be_changed_so_is_said(world: World, sent: dict[str, Any], field: str) -> None:
    appointment = book(world)
    before = desk_dump()
    answer = Api(world.admin).call("patch", f"appointments/{appointment.pk}/", sent)
    assert (outcome(answer), desk_dump()) == ((400, field), before)


@pytest.mark.parametrize(
    "more", [{}, {"unknown": 1, "status": "booked", "end": "2026-03-02T08:20:00Z"}, {"reason": "", "version": 1}]
)
def test_what_says_nothing_new_or_is_unknown_is_let_pass(world: World, more: dict[str, Any]) -> None:
    appointment = book(world, start=soon(30))
    same = Api(world.receptionist).ok("get", f"appointments/{appointment.pk}/")
    sent = {name: same[name] for name in ("id", "status", "end", "date", "visit_id", "clinic_id", "created_at", "fhir_status")}
    moved = {"start": wire(soon(60)), **more} if "end" in more else {"notes": "x", **more}
    assert Api(world.receptionist).ok("patch", f"appointments/{appointment.pk}/", {**sent, **moved})["version"] == 2


@pytest.mark.parametrize("sent", [{"overbook": False, "overbook_reason": ""}, {"overbook_reason": ""}, {"overbook": False}])
def test_an_empty_form_overbooks_nobody(world: World, sent: dict[str, Any]) -> None:
    made = Api(world.receptionist).ok("post", "appointments/", body(world, **sent), 201)
    Api(world.receptionist).ok("patch", f"appointments/{made['id']}/", {"start": "2026-03-02T11:00:00Z", **sent})


def test_seconds_are_cut_off(world: World) -> None:
    api = Api(world.receptionist)
    made = api.ok("post", "appointments/", body(world, start="2026-03-02T13:00:07.5Z"), 201)
    assert (made["start"], made["end"]) == ("2026-03-02T13:00:00Z", "2026-03-02T13:20:00Z")
    moved = api.ok("patch", f"appointments/{made['id']}/", {"start": "2026-03-02T14:30:59Z"})
    assert moved["start"] == "2026-03-02T14:30:00Z"
    assert api.ok("patch", f"appointments/{made['id']}/", {"start": "2026-03-02T14:30:01Z"})["version"] == moved["version"]
    series = {**body(world, start="2026-03-03T09:00:42Z"), "count": 2}
    booked = api.ok("post", "appointments/series/", series, 201)["appointments"]
    assert [row["start"] for row in booked] == ["2026-03-03T09:00:00Z", "2026-03-10T09:00:00Z"]


def test_two_services_of_one_name_say_what_to_do(world: World) -> None:
    body_ = {"clinic": world.here.pk, "name": world.service.name, "duration_minutes": 20, "price": "1.00"}
    answer = Api(world.admin).call("post", "services/", body_)
    assert answer.json() == {"non_field_errors": ["This clinic has a service of this name already. Choose another name."]}
