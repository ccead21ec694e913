"""Who gets which page, and what is in it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from clinics.models import Clinic, Role, User
from tests.factories import UserFactory, World, book, walk_in

pytestmark = pytest.mark.django_db


def as_user(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def embedded(html: str, name: str) -> Any:
    """What json_script wrote into the page."""
    match = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert match
    return json.loads(match[1])


@pytest.mark.parametrize(
    "path", ["/", "/reception/", "/doctor/", "/reception/visits/1/payment/", "/reception/payments/1/receipt/"]
)
def test_who_is_not_logged_in_is_asked_to_and_comes_back(path: str) -> None:
    response = as_user(None).get(path)

    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize(
    ("who", "place"),
    [("receptionist", "/reception/"), ("admin", "/reception/"), ("superuser", "/reception/"), ("doctor_user", "/doctor/")],
)
def test_landing_takes_each_role_to_its_place(world: World, who: str, place: str) -> None:
    response = as_user(getattr(world, who)).get("/")

    assert (response.status_code, response["Location"]) == (302, place)


def test_landing_tells_who_has_no_clinic_what_is_missing() -> None:
    response = as_user(UserFactory()).get("/")

    assert response.status_code == 200
    assert "Ask an administrator" in response.content.decode()


def test_doctor_without_a_record_is_told_what_is_missing(world: World) -> None:
    response = as_user(UserFactory(role=Role.DOCTOR, clinics=[world.here])).get("/doctor/")

    assert "linked to a doctor" in response.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("receptionist", "/reception/", 200),
        ("admin", "/reception/", 200),
        ("doctor_user", "/reception/", 403),
        ("doctor_user", "/doctor/", 200),
        ("receptionist", "/doctor/", 403),
        ("admin", "/doctor/", 200),
    ],
)
def test_each_page_is_for_its_roles_and_a_refusal_says_where_to_go(world: World, who: str, path: str, status: int) -> None:
    response = as_user(getattr(world, who)).get(path)

    assert response.status_code == status
    if status == 403:
        assert 'href="/"' in response.content.decode()


def test_a_colleagues_queue_is_refused_to_a_doctor(world: World) -> None:
    assert as_user(world.doctor_user).get(f"/doctor/?doctor={world.colleague.pk}").status_code == 403


@pytest.mark.parametrize(("who", "status"), [("admin", 200), ("superuser", 200), ("admin_there", 404)])
def test_an_admin_sees_the_queues_of_the_own_clinics_doctors(world: World, who: str, status: int) -> None:
    assert as_user(getattr(world, who)).get(f"/doctor/?doctor={world.doctor.pk}").status_code == status


@pytest.mark.parametrize("clinic", ["there", "0", "x", "9" * 30])
def test_another_clinic_is_not_there(world: World, clinic: str) -> None:
    asked = world.there.pk if clinic == "there" else clinic

    assert as_user(world.receptionist).get(f"/reception/?clinic={asked}").status_code == 404


def test_who_works_at_several_clinics_picks_one_and_the_address_says_which(world: World) -> None:
    world.receptionist.clinics.add(world.there)
    client = as_user(world.receptionist)

    first = client.get("/reception/")
    other = client.get(f"/reception/?clinic={world.there.pk}")

    assert first["Location"] == f"/reception/?clinic={min(world.here, world.there, key=lambda c: c.name).pk}"
    assert embedded(other.content.decode(), "snapshot")["room"] == f"clinic_{world.there.pk}"


def test_a_closed_clinic_is_not_offered(world: World) -> None:
    world.receptionist.clinics.add(world.there)
    world.there.is_active = False
    world.there.save(update_fields=["is_active"])

    assert as_user(world.receptionist).get("/reception/").status_code == 200


def test_reception_holds_nothing_of_another_clinic(world: World) -> None:
    own = walk_in(world)
    foreign = walk_in(
        world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there
    )

    html = as_user(world.receptionist).get("/reception/").content.decode()

    assert own.patient.full_name in html
    assert foreign.patient.full_name not in html
    assert world.stranger.name not in html
    assert world.service_there.name not in html


def test_doctors_page_holds_nothing_of_a_colleague(world: World) -> None:
    own, other = walk_in(world), walk_in(world, doctor=world.colleague)

    html = as_user(world.doctor_user).get("/doctor/").content.decode()

    assert own.patient.full_name in html
    assert other.patient.full_name not in html


@pytest.mark.django_db(transaction=True)
def test_page_carries_the_snapshot_it_was_rendered_from(world: World) -> None:
    visit, appointment = walk_in(world), book(world)

    snapshot = embedded(as_user(world.receptionist).get("/reception/").content.decode(), "snapshot")

    assert snapshot["seq"] > 0
    assert snapshot["epoch"]
    assert [each["id"] for each in snapshot["visits"]] == [visit.pk]
    today = world.here.day_of(appointment.start) == world.here.today()
    assert [each["id"] for each in snapshot["appointments"]] == ([appointment.pk] if today else [])


@pytest.mark.parametrize("path", ["/reception/", "/doctor/"])
def test_pages_are_never_cached_and_have_nothing_inline(world: World, path: str) -> None:
    walk_in(world)
    response = as_user(world.receptionist if path == "/reception/" else world.doctor_user).get(path)
    html = response.content.decode()

    assert "no-store" in response["Cache-Control"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*(src=|application/json))", html)


@pytest.mark.parametrize(("path", "who"), [("/reception/", "receptionist"), ("/doctor/", "doctor_user")])
def test_number_of_queries_does_not_grow_with_the_day(
    world: World, path: str, who: str, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    client = as_user(getattr(world, who))
    walk_in(world)
    client.get(path)
    with django_assert_max_num_queries(20) as few:
        client.get(path)
    for number in range(29):
        if number % 2:
            walk_in(world)
        else:
            book(world, minutes=20 + 10 * number)

    with django_assert_num_queries(len(few)):
        client.get(path)


def test_admin_link_is_for_those_who_may_administer(world: World) -> None:
    assert "/admin/" in as_user(world.superuser).get(f"/reception/?clinic={world.here.pk}").content.decode()
    assert "/admin/" not in as_user(world.receptionist).get("/reception/").content.decode()


def test_log_out_is_a_post(world: World) -> None:
    client = as_user(world.receptionist)

    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/reception/").status_code == 302


def test_log_in_leads_to_where_one_wanted_to_go(world: World) -> None:
    from tests.factories.directory import PASSWORD

    client = Client()
    wrong = client.post("/login/", {"username": world.receptionist.username, "password": "no"})
    right = client.post(
        "/login/?next=/reception/", {"username": world.receptionist.username, "password": PASSWORD, "next": "/reception/"}
    )

    assert "Wrong name or password" in wrong.content.decode()
    assert right["Location"] == "/reception/"


def test_superuser_without_any_clinic_is_led_to_the_administration() -> None:
    assert not Clinic.objects.exists()

    html = as_user(UserFactory(role=Role.ADMIN, is_superuser=True, is_staff=True)).get("/").content.decode()

    assert 'href="/admin/"' in html
