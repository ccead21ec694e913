"""The doctor's page as plain forms, and what it shows to whom."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from clinics.models import Role, User
from queue import actions as queue_actions
from queue.models import Presence, Visit, VisitNote
from queue.serializers import NOTE_LENGTH
from tests.api.client import Api
from tests.factories import UserFactory, World, walk_in

pytestmark = pytest.mark.django_db


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, path: str, **data: Any) -> tuple[Any, str]:
    response = client.post(path, data)
    return response, " ".join(str(message) for message in get_messages(response.wsgi_request))


def inside(world: World) -> Visit:
    return queue_actions.start(walk_in(world), by=world.doctor_user)


# --- Complete, with what was written ------------------------------------------------------------------------------


def test_complete_with_a_note_and_a_follow_up(world: World) -> None:
    visit = inside(world)

    response, message = post(
        as_user(world.doctor_user),
        f"/doctor/visits/{visit.pk}/complete/",
        note="  better\r\nsame dose ",
        again="2",
        service="",
        version=visit.version,
    )

    seen = Visit.objects.get(pk=visit.pk)
    assert (response.status_code, seen.status) == (302, "completed")
    assert visit.patient.full_name in message
    assert seen.follow_up_on == world.here.today() + dt.timedelta(weeks=2)
    assert VisitNote.objects.get().text == "better\r\nsame dose"


def test_complete_with_nothing(world: World) -> None:
    visit = inside(world)

    post(as_user(world.doctor_user), f"/doctor/visits/{visit.pk}/complete/", note="", again="", on="", service="")

    seen = Visit.objects.get(pk=visit.pk)
    assert (seen.status, seen.follow_up_on, seen.notes.count()) == ("completed", None, 0)


@pytest.mark.parametrize(
    "given",
    [
        {"again": "on", "on": ""},
        {"again": "on", "on": "2020-01-01"},
        {"again": "many"},
        {"again": "1", "service": "999999"},
        {"version": "1"},
        {"note": "x" * (NOTE_LENGTH + 1)},
    ],
    ids=["no day", "a past day", "no number", "no service", "stale", "too long"],
)
def test_a_refused_note_comes_back_with_the_page(world: World, given: dict[str, str]) -> None:
    visit = inside(world)
    client = as_user(world.doctor_user)

    response, message = post(client, f"/doctor/visits/{visit.pk}/complete/", **{"note": "typed with care", **given})

    assert response.status_code == 409
    assert message
    assert given.get("note", "typed with care") in response.content.decode()
    assert Visit.objects.get(pk=visit.pk).status == "in_progress"
    assert not VisitNote.objects.exists()


def test_a_note_is_kept_though_the_visit_has_ended_meanwhile(world: World) -> None:
    visit = inside(world)
    queue_actions.complete(visit, by=world.admin)
    client = as_user(world.doctor_user)

    response, _message = post(client, f"/doctor/visits/{visit.pk}/complete/", note="typed with care")
    assert response.status_code == 409
    (path,) = re.findall(r'action="([^"]+/note/)"', response.content.decode())
    response, _message = post(client, path, note="typed with care")

    assert (response.status_code, VisitNote.objects.get().text) == (302, "typed with care")


@pytest.mark.parametrize(
    ("who", "verb", "status"),
    [
        ("receptionist", "complete", 403),
        ("receptionist", "note", 403),
        ("admin", "note", 403),
        ("colleague", "complete", 404),
        ("colleague", "note", 404),
    ],
)
def test_who_may_not_write(world: World, who: str, verb: str, status: int) -> None:
    visit = inside(world)
    someone = getattr(world, who)

    response, _message = post(as_user(getattr(someone, "user", someone)), f"/doctor/visits/{visit.pk}/{verb}/", note="x")

    assert response.status_code == status
    assert not VisitNote.objects.exists()


def test_an_admin_completes_without_a_note_and_is_offered_none(world: World) -> None:
    visit = inside(world)
    client = as_user(world.admin)

    page = client.get(f"/doctor/?doctor={world.doctor.pk}").content.decode()
    post(client, f"/doctor/visits/{visit.pk}/complete/", again="")

    assert "<textarea" not in page
    assert "<textarea" in as_user(world.doctor_user).get("/doctor/").content.decode()
    assert Visit.objects.get(pk=visit.pk).status == "completed"


# --- Call next ----------------------------------------------------------------------------------------------------


def test_a_second_call_next_is_refused_until_the_second_button_is_pressed(world: World) -> None:
    first, second = walk_in(world), walk_in(world)
    client, path = as_user(world.doctor_user), f"/doctor/{world.doctor.pk}/call-next/"
    post(client, path)

    _response, message = post(client, path)
    assert "isn't inside yet" in message
    assert Visit.objects.get(pk=second.pk).status == "waiting"
    (beside,) = re.findall(r'name="beside" value="([^"]+)"', client.get("/doctor/").content.decode())
    post(client, path, beside=beside)

    assert beside == str(first.pk)
    assert Visit.objects.get(pk=second.pk).status == "called"


@pytest.mark.parametrize("beside", ["x", ",", "-1", "1e3", "9" * 30])
def test_what_is_no_list_of_visits_calls_nobody_beside(world: World, beside: str) -> None:
    queue_actions.call(walk_in(world), by=world.doctor_user)
    second = walk_in(world)

    response, _message = post(as_user(world.doctor_user), f"/doctor/{world.doctor.pk}/call-next/", beside=beside)

    assert response.status_code == 302
    assert Visit.objects.get(pk=second.pk).status == "waiting"


# --- Whether the doctor is there ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "state", "has_end", "shown"),
    [
        ({"state": "break", "minutes": "15"}, "break", True, "Break until"),
        ({"state": "break", "minutes": ""}, "break", False, "On a break"),
        ({"state": "gone", "minutes": "15"}, "gone", False, "Gone"),
        ({"state": "available", "minutes": "15"}, "available", False, "Available"),
    ],
)
def test_doctor_says_it_and_the_page_shows_it(
    world: World, given: dict[str, str], state: str, has_end: bool, shown: str
) -> None:
    queue_actions.set_state(world.doctor, by=world.receptionist, state="gone" if state != "gone" else "available")
    client = as_user(world.doctor_user)

    (path,) = re.findall(r'action="([^"]+)" class="presence__choices"', client.get("/doctor/").content.decode())
    _response, message = post(client, path, **given)

    now = Presence.objects.get(doctor=world.doctor)
    assert (now.state, now.until is not None) == (state, has_end)
    if has_end and now.until:
        assert abs((now.until - timezone.now()).total_seconds() - 15 * 60) < 120
    assert f"{world.doctor.name}: {shown}" in message
    assert re.search(rf'data-slot="now">{shown}', client.get("/doctor/").content.decode())


def test_a_patient_inside_is_what_is_shown(world: World) -> None:
    inside(world)
    page = as_user(world.doctor_user).get("/doctor/").content.decode()
    assert 'data-state="with_patient"' in page
    assert "With a patient" in page


@pytest.mark.parametrize("given", [{}, {"state": "asleep"}, {"state": "break", "minutes": "999"}])
def test_what_is_no_state_is_refused_with_a_sentence(world: World, given: dict[str, str]) -> None:
    if given.get("minutes") and world.here.day_of(timezone.now() + dt.timedelta(minutes=999)) == world.here.today():
        pytest.skip("A break of so many minutes ends today.")
    response, message = post(as_user(world.doctor_user), f"/doctor/{world.doctor.pk}/state/", **given)
    assert (response.status_code, bool(message)) == (302, True)
    assert not Presence.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("receptionist", 403), ("colleague", 404), ("admin", 302), ("admin_there", 404)])
def test_who_says_it_here(world: World, who: str, status: int) -> None:
    someone = getattr(world, who)
    client = as_user(getattr(someone, "user", someone))
    response, _message = post(client, f"/doctor/{world.doctor.pk}/state/", state="gone")
    assert response.status_code == status
    assert client.get(f"/doctor/{world.doctor.pk}/state/").status_code == 302


# --- What the page shows ------------------------------------------------------------------------------------------


def test_who_is_next_stands_out(world: World) -> None:
    first, _second = walk_in(world), walk_in(world)
    page = as_user(world.doctor_user).get("/doctor/").content.decode()
    assert f"Next: {first.ticket} {first.patient.full_name}" in page


def test_no_note_is_in_the_page_or_what_its_javascript_starts_with(world: World) -> None:
    visit = inside(world)
    queue_actions.complete(visit, by=world.doctor_user, note="penicillin rash")
    for user, path in ((world.receptionist, "/reception/"), (world.doctor_user, "/doctor/"), (world.admin, "/reception/")):
        assert "penicillin" not in as_user(user).get(path).content.decode()


def test_by_the_field_stands_who_gets_the_note_to_see(world: World) -> None:
    """Doctors, and whoever exports the patient's data (docs/patients.md): an admin."""
    visit = inside(world)
    queue_actions.write_note(visit, note="rash", by=world.doctor_user)

    assert (
        "for doctors; the export of the patient's data has it too"
        in as_user(world.doctor_user).get("/doctor/").content.decode()
    )
    exported = Api(world.admin).get(f"/api/patients/{visit.patient_id}/export/").content.decode()
    assert "rash" in exported


def test_colleagues_to_hand_over_to_are_those_of_the_clinic(world: World) -> None:
    page = as_user(world.doctor_user).get("/doctor/").content.decode()
    assert world.colleague.name in page
    assert world.stranger.name not in page


def test_a_doctor_without_a_record_writes_nothing(world: World) -> None:
    visit = inside(world)
    client = as_user(UserFactory(role=Role.DOCTOR, clinics=[world.here]))
    assert client.post(f"/doctor/visits/{visit.pk}/complete/", {"note": "x"}).status_code == 404


# --- Over midnight ------------------------------------------------------------------------------------------------


def test_who_is_inside_over_midnight_is_shown_and_can_be_completed(world: World, clock: time_machine.Traveller) -> None:
    visit = inside(world)
    clock.shift(dt.timedelta(days=1))
    doctor = as_user(world.doctor_user)
    next_one = walk_in(world)

    page = doctor.get("/doctor/").content.decode()
    assert "Still inside since 2 March 2026" in page
    assert visit.patient.full_name in page
    _response, refused = post(doctor, f"/doctor/visits/{next_one.pk}/start/")
    assert f"{visit.ticket} {visit.patient.full_name} is still inside since yesterday" in refused
    response, _ = post(doctor, f"/doctor/visits/{visit.pk}/complete/", note="stable", version=str(visit.version))

    assert response.status_code == 302
    visit.refresh_from_db()
    assert (visit.status, visit.date.isoformat()) == ("completed", "2026-03-02")
    assert VisitNote.objects.get(visit=visit).text == "stable"
    assert "Still inside" not in doctor.get("/doctor/").content.decode()
    post(doctor, f"/doctor/visits/{next_one.pk}/start/")
    next_one.refresh_from_db()
    assert next_one.status == "in_progress"


def test_an_admin_without_that_clinic_is_not_told_who_is_inside_over_midnight(
    world: World, clock: time_machine.Traveller
) -> None:
    visit = inside(world)
    world.doctor.clinics.add(world.there)
    stranger = UserFactory(role=Role.ADMIN, clinics=[world.there])
    clock.shift(dt.timedelta(days=1))

    page = as_user(stranger).get(f"/doctor/?doctor={world.doctor.pk}")

    assert page.status_code == 200
    assert visit.patient.full_name not in page.content.decode()
