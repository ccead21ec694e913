"""Who was to come again and isn't booked: in the strip of the day, and on a page of its own for the last two weeks."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from appointments import actions as appointment_actions
from clinics.models import User
from queue import actions
from queue.actions.following import FollowUp
from queue.models import Visit
from tests.factories import PatientFactory, World, walk_in

pytestmark = pytest.mark.django_db

PAGE = "/reception/follow-ups/"


@pytest.fixture
def world() -> World:
    return World()


def as_user(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def wanted_back(world: World, name: str, *, weeks: int = 2, days_ago: int = 0) -> Visit:
    visit = actions.start(walk_in(world, patient=PatientFactory(full_name=name)), by=world.doctor_user)
    done = actions.complete(visit, by=world.doctor_user, follow_up=FollowUp(weeks=weeks))
    done.date -= dt.timedelta(days=days_ago)
    done.save(update_fields=["date"])
    return Visit.objects.get(pk=done.pk)


def page(world: World) -> str:
    return as_user(world.receptionist).get(PAGE).content.decode()


def test_the_strip_has_those_of_today_with_the_step_to_take(world: World) -> None:
    today = wanted_back(world, "Wanted Back")
    earlier = wanted_back(world, "Seen Before", days_ago=3)

    html = as_user(world.receptionist).get("/reception/").content.decode()

    row = html.split(f'data-key="again-{today.pk}"')[1].split("</li>")[0]
    assert "To come again:" in row
    assert 'data-do="follow_up" aria-haspopup="dialog">' in row
    assert f"again-{earlier.pk}" not in html
    assert f'href="{PAGE}?clinic={world.here.pk}"' in html


def test_the_page_has_two_weeks_the_earliest_wish_first(world: World) -> None:
    wanted_back(world, "Later Wish", weeks=4)
    visit = wanted_back(world, "Earlier Wish", weeks=1, days_ago=14)
    wanted_back(world, "Long Ago", days_ago=15)
    visit.follow_up_on = world.here.today() - dt.timedelta(days=1)
    visit.save(update_fields=["follow_up_on"])

    html = page(world)

    assert html.index("Earlier Wish") < html.index("Later Wish")
    assert "Long Ago" not in html
    assert html.count('<span class="badge">past</span>') == 1
    assert f"date={world.here.today() - dt.timedelta(days=1)}&amp;doctor={world.doctor.pk}" in html


def test_what_is_booked_is_off_the_page(world: World) -> None:
    visit = wanted_back(world, "Booked By Now")
    assert "Booked By Now" in page(world)

    at = dt.datetime.combine(world.here.today() + dt.timedelta(days=3), dt.time(10), world.here.zone)
    appointment_actions.book(
        by=world.receptionist,
        clinic=world.here,
        doctor=world.doctor,
        patient=visit.patient,
        service=world.service,
        start=at,
        booking_source="desk",
    )

    assert "Booked By Now" not in page(world)
    assert "Every follow-up is booked." in page(world)


def test_who_need_not_come_is_taken_off_once(world: World) -> None:
    visit = wanted_back(world, "Is Well")
    client = as_user(world.receptionist)
    given = {"visit": visit.pk, "version": visit.version}

    assert "Is Well needn&#x27;t come again" in client.post(PAGE, given, follow=True).content.decode()
    assert Visit.objects.get(pk=visit.pk).follow_up_on is None
    assert "has changed" in client.post(PAGE, given, follow=True).content.decode()


def test_it_is_for_the_desk_of_the_clinic(world: World) -> None:
    visit = wanted_back(world, "Not Yours")

    assert as_user(world.doctor_user).get(PAGE).status_code == 403
    there = as_user(world.receptionist_there)
    assert "Not Yours" not in there.get(PAGE).content.decode()
    assert there.post(PAGE, {"visit": visit.pk}).status_code == 404
    assert there.post(PAGE, {"visit": "x"}).status_code == 404
    assert Visit.objects.get(pk=visit.pk).follow_up_on is not None
