"""The calendar's page: who gets it, what it starts with."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from appointments import actions
from clinic_project.dashboards.calendar import first_weekday
from clinics.models import User
from tests.factories import PatientFactory, ServiceFactory, World, book
from tests.pages.test_access import as_user, embedded

pytestmark = pytest.mark.django_db


def page_of(user: User, query: str = "") -> str:
    response = as_user(user).get(f"/calendar/{query}")
    assert response.status_code == 200
    return response.content.decode()


def start_of(user: User, query: str = "") -> Any:
    return embedded(page_of(user, query), "start")["calendar"]


def tomorrow(world: World) -> dt.date:
    return world.here.today() + dt.timedelta(days=1)


def at_ten(world: World) -> dt.datetime:
    return dt.datetime.combine(tomorrow(world), dt.time(10), world.here.zone)


@pytest.mark.parametrize(("who", "status"), [("receptionist", 200), ("admin", 200), ("doctor_user", 403)])
def test_it_is_for_the_desk(world: World, who: str, status: int) -> None:
    assert as_user(getattr(world, who)).get("/calendar/").status_code == status


def test_who_is_not_logged_in_is_asked_to_and_comes_back() -> None:
    assert Client().get("/calendar/?view=week")["Location"] == "/login/?next=/calendar/%3Fview%3Dweek"


def test_another_clinic_is_not_there(world: World) -> None:
    assert as_user(world.receptionist).get(f"/calendar/?clinic={world.there.pk}").status_code == 404


def test_who_works_at_several_clinics_gets_the_address_that_says_which(world: World) -> None:
    world.receptionist.clinics.add(world.there)

    assert re.fullmatch(r"/calendar/\?clinic=\d+", as_user(world.receptionist).get("/calendar/")["Location"])


def test_a_day_starts_with_all_that_it_shows(world: World) -> None:
    appointment = book(world, start=at_ten(world))
    other = book(world, start=at_ten(world), doctor=world.colleague)
    book(world, start=at_ten(world) + dt.timedelta(days=1))

    start = start_of(world.receptionist, f"?date={tomorrow(world)}")

    assert {each["id"] for each in start["appointments"]} == {appointment.pk, other.pk}
    assert [day["date"] for day in start["hours"]["days"]] == [str(tomorrow(world))]
    assert {each["id"] for each in start["doctors"]} == {world.doctor.pk, world.colleague.pk}
    assert start["services"] == [{"id": world.service.pk, "name": world.service.name, "minutes": 20}]


def test_a_week_is_one_doctors(world: World) -> None:
    own = book(world, start=at_ten(world))
    book(world, start=at_ten(world), doctor=world.colleague)

    start = start_of(world.receptionist, f"?view=week&date={tomorrow(world)}&doctor={world.doctor.pk}")

    assert [each["id"] for each in start["appointments"]] == [own.pk]
    assert len(start["hours"]["days"]) == 7
    assert {each["doctor"]["id"] for day in start["hours"]["days"] for each in day["doctors"]} == {world.doctor.pk}


def test_a_week_without_a_doctor_is_the_firsts(world: World) -> None:
    first = min((world.doctor, world.colleague), key=lambda doctor: (doctor.name, doctor.pk))

    assert start_of(world.receptionist, "?view=week")["doctor"] == first.pk


def test_a_clinic_without_doctors_has_a_page_too(world: World) -> None:
    world.doctor.clinics.clear()
    world.colleague.clinics.clear()

    for view in ("day", "week"):
        assert start_of(world.receptionist, f"?view={view}")["doctors"] == []


@pytest.mark.parametrize("date", ["x", "2026-02-30", "", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_is_today(world: World, date: str) -> None:
    assert start_of(world.receptionist, f"?date={date}")["date"] == str(world.here.today())


@pytest.mark.parametrize("doctor", ["stranger", "0"])
def test_a_doctor_of_another_clinic_is_left_out_of_account(world: World, doctor: str) -> None:
    asked = world.stranger.pk if doctor == "stranger" else doctor

    assert start_of(world.receptionist, f"?doctor={asked}")["doctor"] is None


def test_nothing_of_another_clinic_is_in_it(world: World) -> None:
    foreign = book(world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there)

    html = page_of(world.receptionist, f"?date={foreign.date}")

    assert foreign.patient.full_name not in html
    assert world.stranger.name not in html
    assert world.service_there.name not in html


def test_a_service_that_is_offered_no_more_is_not_offered(world: World) -> None:
    ServiceFactory(clinic=world.here, name="Old", is_active=False)

    assert [each["name"] for each in start_of(world.receptionist)["services"]] == [world.service.name]


@pytest.mark.parametrize(("who", "may"), [("receptionist", False), ("admin", True)])
def test_overbooking_is_for_admins(world: World, who: str, may: bool) -> None:
    assert ("book-overbook" in page_of(getattr(world, who))) is may


def test_without_javascript_the_appointments_are_a_list(world: World) -> None:
    book(world, start=at_ten(world), patient=PatientFactory(full_name="Read Me"))

    html = page_of(world.receptionist, f"?date={tomorrow(world)}")

    assert re.search(r"<time [^>]*>10:00</time> <strong>Read Me</strong>", html)


def test_it_is_never_cached_and_has_nothing_inline(world: World) -> None:
    book(world, start=at_ten(world))
    response = as_user(world.receptionist).get(f"/calendar/?date={tomorrow(world)}")
    html = response.content.decode()

    assert "no-store" in response["Cache-Control"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*(src=|application/json))", html)


def test_number_of_queries_does_not_grow_with_the_day(
    world: World, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    client = as_user(world.receptionist)
    path = f"/calendar/?date={tomorrow(world)}"
    book(world, start=at_ten(world))
    client.get(path)
    with django_assert_max_num_queries(24) as few:
        client.get(path)
    for number in range(1, 15):
        book(world, start=at_ten(world) + dt.timedelta(minutes=20 * number))
    actions.add_time_off(by=None, doctor=world.colleague, start=at_ten(world), end=at_ten(world) + dt.timedelta(hours=1))

    with django_assert_num_queries(len(few)):
        client.get(path)


@pytest.mark.parametrize(("language", "day"), [("en", 1), ("ar", 0), ("de", 1)])
def test_a_week_begins_where_the_language_says(language: str, day: int) -> None:
    with translation.override(language):
        assert first_weekday() == day
