"""Who is still booked where nobody can be booked any more: told, listed for as long as it is so, and led to where it can be moved."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from appointments import actions
from appointments.models import ClosingDay, Shift, TimeOff
from clinics.models import Doctor
from tests.factories import PatientFactory, World, book
from tests.pages.test_access import as_user

TOMORROW = dt.date(2026, 3, 3)
A_DAY = 24 * 60  # minutes
A_WEEK = dt.timedelta(days=7)
CALENDAR = "/calendar/?clinic={clinic}&amp;date=2026-03-03"


@pytest.fixture
def manager(world: World) -> Client:
    return as_user(world.admin)


def close_tomorrow(world: World) -> ClosingDay:
    return actions.add_closing_days(by=world.admin, clinic=world.here, first_day=TOMORROW, last_day=TOMORROW)[0]


def away_tomorrow(world: World) -> TimeOff:
    start = dt.datetime.combine(TOMORROW, dt.time(0), dt.UTC)
    return actions.add_time_off(by=world.admin, doctor=world.doctor, start=start, end=start + dt.timedelta(days=1))[0]


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_news_leads_to_the_calendar_and_to_the_rest(world: World, manager: Client) -> None:
    for number in range(12):
        book(world, minutes=A_DAY + 20 * number, patient=PatientFactory(full_name=f"Patient <{number:02}>"))
    response = manager.post(
        "/manager/closing-days/new/",
        {"clinic": world.here.pk, "first_day": "2026-03-03", "reason": "repairs", "token": "a", "do": "save"},
    )
    saved, news = (str(message) for message in get_messages(response.wsgi_request))

    assert "3 Mar 2026" in saved
    assert "2026-03-03" not in saved
    assert "Still booked: 12" in news
    assert news.count(f'<a href="{CALENDAR.format(clinic=world.here.pk)}"><bdi>Patient &lt;') == 10
    assert "<bdi>3 Mar 2026, 08:00</bdi>" in news
    closing = ClosingDay.objects.get()
    assert f'<a href="/manager/closing-days/{closing.pk}/booked/">And 2 more' in news
    # As the page after it has them, from the cookie or the session.
    assert '/booked/">And 2 more' in page(manager, "/manager/closing-days/")


@pytest.mark.parametrize(("slug", "make"), [("closing-days", close_tomorrow), ("time-off", away_tomorrow)])
def test_a_list_says_how_many_are_still_booked_until_they_are_moved(
    world: World, manager: Client, slug: str, make: Any
) -> None:
    rows = [book(world, minutes=A_DAY + 20 * number) for number in range(2)]
    book(world, minutes=20)
    pk = make(world).pk
    listed = f"/manager/{slug}/{pk}/booked/"
    assert f'<a href="{listed}">2</a>' in page(manager, f"/manager/{slug}/")

    html = page(manager, listed)
    assert html.count(CALENDAR.format(clinic=world.here.pk)) == 2
    for row in rows:
        assert f'<a href="/patients/{row.patient_id}/"><bdi>{row.patient.full_name}</bdi></a>' in html

    for row in rows:
        actions.cancel(row, by=world.receptionist, reason="moved")
    assert listed not in page(manager, f"/manager/{slug}/")
    assert "Nobody is booked there any more." in page(manager, listed)


def test_who_is_booked_outside_of_the_hours_is_named_on_the_page_of_shifts(world: World, manager: Client) -> None:
    booked, stays = book(world, minutes=A_DAY), book(world, minutes=A_DAY + 60, doctor=world.colleague)
    assert "outside of the hours" not in page(manager, "/manager/shifts/")

    for shift in Shift.objects.filter(doctor=world.doctor):
        actions.end_shift(shift, by=world.admin)

    assert "1 appointment is booked outside of the hours." in page(manager, "/manager/shifts/")
    html = page(manager, "/manager/shifts/booked/")
    assert booked.patient.full_name in html
    assert stays.patient.full_name not in html


def test_hours_that_touch_at_midnight_are_one(world: World, manager: Client) -> None:
    for shift in Shift.objects.filter(doctor=world.doctor):
        actions.change_shift(shift, by=world.admin, end_time=dt.time(0))
    book(world, start=dt.datetime(2026, 3, 3, 23, 50, tzinfo=dt.UTC))
    assert not actions.booked_outside_of_hours([world.here.pk])


def test_a_doctor_who_leaves_is_told_of_who_is_booked(world: World, manager: Client) -> None:
    booked = book(world, minutes=A_DAY)
    sent = {"name": world.doctor.name, "clinics": [world.here.pk], "token": "a", "do": "save"}
    response = manager.post(f"/manager/doctors/{world.doctor.pk}/", sent)

    assert not Doctor.objects.get(pk=world.doctor.pk).is_active
    assert booked.patient.full_name in " ".join(map(str, get_messages(response.wsgi_request)))
    assert booked.patient.full_name in page(manager, "/manager/shifts/booked/")
    assert "1 appointment is booked outside" in page(manager, "/manager/doctors/")


def test_only_the_managers_own_clinics(world: World) -> None:
    book(world, minutes=A_DAY)
    closing, away = close_tomorrow(world), away_tomorrow(world)
    stranger = as_user(world.admin_there)
    for path in (f"/manager/closing-days/{closing.pk}/booked/", f"/manager/time-off/{away.pk}/booked/"):
        assert stranger.get(path).status_code == 404
        assert as_user(world.receptionist).get(path).status_code == 403
    for shift in Shift.objects.filter(doctor=world.doctor):
        actions.end_shift(shift, by=world.admin)
    assert "Nobody is booked there any more." in page(stranger, "/manager/shifts/booked/")


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        page(client, path)
    return len(found)


@pytest.mark.parametrize("slug", ["closing-days", "time-off", "shifts"])
def test_more_rows_and_more_booked_take_no_more_queries(world: World, manager: Client, slug: str) -> None:
    many = [book(world, minutes=A_DAY + 20 * number) for number in range(3)]
    many += [book(world, minutes=A_DAY + 20 * number, doctor=world.colleague) for number in range(3)]
    stays, *others = [away_tomorrow(world) for _row in range(3)]
    closing = close_tomorrow(world)
    closings = [
        actions.add_closing_days(by=world.admin, clinic=world.here, first_day=TOMORROW, last_day=TOMORROW + A_WEEK * number)[0]
        for number in (1, 2)
    ]
    for shift in Shift.objects.filter(weekday=TOMORROW.weekday()):
        actions.end_shift(shift, by=world.admin)
    listed = {"closing-days": f"{closing.pk}/booked/", "time-off": f"{stays.pk}/booked/", "shifts": "booked/"}[slug]
    paths = [f"/manager/{slug}/", f"/manager/{slug}/{listed}"]
    with_many = [queries(manager, path) for path in paths]

    for row in many[1:]:
        actions.cancel(row, by=world.receptionist, reason="")
    for away in others:
        actions.cancel_time_off(away, by=world.admin)
    for each in closings:
        actions.cancel_closing_days(each, by=world.admin)
    assert [queries(manager, path) for path in paths] == with_many
