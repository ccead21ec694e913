"""What a calendar asks for: the hours of several days, and the appointments of a range."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from appointments import actions
from tests.api.client import Api, code_of
from tests.appointments.desk import in_zone, only_hours
from tests.factories import World, book, no_hours, work_all_day
from tests.factories.world import soon

MONDAY = "date_after=2026-03-02&date_before=2026-03-02"


def path(world: World, query: str = MONDAY) -> str:
    return f"clinics/{world.here.pk}/hours/?{query}"


def of_doctor(answer: Any, world: World, day: int = 0) -> Any:
    return next(each for each in answer["days"][day]["doctors"] if each["doctor"]["id"] == world.doctor.pk)


def clocks(spans: list[dict[str, str]]) -> list[str]:
    return [f"{span['start'][11:16]}-{span['end'][11:16]}" for span in spans]


def test_a_day_says_hours_breaks_and_when_the_doctor_is_away(world: World) -> None:
    only_hours(world, "08:00", "16:00", ("10:00", "10:15"), ("12:00", "13:00"))
    actions.add_time_off(
        by=None,
        doctor=world.doctor,
        start=dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC),
        end=dt.datetime(2026, 3, 9, tzinfo=dt.UTC),
    )

    answer = Api(world.receptionist).ok("get", path(world))

    day = of_doctor(answer, world)
    assert answer["days"][0]["date"] == "2026-03-02"
    assert answer["days"][0]["closed"] is None
    assert clocks(day["working"]) == ["08:00-10:00", "10:15-12:00", "13:00-16:00"]
    assert clocks(day["breaks"]) == ["10:00-10:15", "12:00-13:00"]
    # An absence of a week is told day by day, no longer than the day.
    assert clocks(day["away"]) == ["14:00-00:00"]


def test_who_is_booked_at_another_clinic_is_not_free_here(world: World) -> None:
    world.doctor.clinics.add(world.there)
    work_all_day(world.doctor, world.there)
    start = dt.datetime.combine(world.here.today() + dt.timedelta(days=1), dt.time(10), world.here.zone)
    book(world, start=start)
    book(world, clinic=world.there, service=world.service_there, start=start + dt.timedelta(hours=1))
    day = world.here.day_of(start)

    answer = Api(world.receptionist).ok("get", path(world, f"date_after={day}&date_before={day}"))

    # Only when; what this clinic has itself is in its list of appointments.
    assert clocks(of_doctor(answer, world)["elsewhere"]) == ["11:00-11:20"]


def test_a_closed_day_says_why(world: World) -> None:
    actions.add_closing_days(
        by=None, clinic=world.here, first_day=dt.date(2026, 3, 3), last_day=dt.date(2026, 3, 3), reason="Repairs"
    )

    days = Api(world.receptionist).ok("get", path(world, "date_after=2026-03-02&date_before=2026-03-04"))["days"]

    assert [day["closed"] for day in days] == [None, "Repairs", None]


def test_hours_are_of_the_clinics_clock(world: World) -> None:
    only_hours(world, "08:00", "12:00")
    in_zone(world, "Europe/Berlin")

    day = of_doctor(Api(world.receptionist).ok("get", path(world)), world)

    assert [dt.datetime.fromisoformat(each["start"]) for each in day["working"]] == [dt.datetime(2026, 3, 2, 7, tzinfo=dt.UTC)]


def test_one_doctor_alone_can_be_asked_for(world: World) -> None:
    answer = Api(world.receptionist).ok("get", path(world, f"{MONDAY}&doctor={world.colleague.pk}"))

    assert [each["doctor"]["id"] for each in answer["days"][0]["doctors"]] == [world.colleague.pk]


def test_it_says_the_last_day_that_can_be_booked(world: World) -> None:
    answer = Api(world.receptionist).ok("get", path(world))

    first, last = dt.date.fromisoformat(answer["today"]), dt.date.fromisoformat(answer["last_day"])
    assert (first, last - first) == (world.here.today(), dt.timedelta(days=world.here.booking_horizon_days))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("date_after=2026-03-02", "date_before"),
        ("date_after=2026-03-02&date_before=2026-03-01", "date_before"),
        ("date_after=2026-03-02&date_before=2026-04-13", "date_before"),
        ("date_after=x&date_before=2026-03-02", "date_after"),
        ("date_after=2026-03-02&date_before=9999-12-31", "date_before"),
        (f"{MONDAY}&doctor=0", "doctor"),
    ],
)
def test_what_cannot_be_asked_is_refused_on_its_field(world: World, query: str, field: str) -> None:
    response = Api(world.receptionist).call("get", path(world, query))

    assert (response.status_code, code_of(response)) == (400, field)


@pytest.mark.parametrize("days", [1, 42])
def test_as_many_queries_for_six_weeks_as_for_a_day(world: World, django_assert_num_queries: Any, days: int) -> None:
    api = Api(world.receptionist)
    last = dt.date(2026, 3, 2) + dt.timedelta(days=days - 1)
    # The login, the clinic, its doctors, shifts, breaks, absences, appointments, closing days.
    with django_assert_num_queries(8):
        answer = api.get(f"/api/{path(world, f'date_after=2026-03-02&date_before={last}')}").json()
    assert len(answer["days"]) == days


def test_who_has_no_hours_is_listed_without_any(world: World) -> None:
    no_hours(world.doctor)

    assert of_doctor(Api(world.receptionist).ok("get", path(world)), world)["working"] == []


def test_appointments_of_a_range_of_days(world: World) -> None:
    rows = [book(world, minutes=60 * 24 * number) for number in (1, 2, 3)]
    days = [world.here.day_of(soon(60 * 24 * number)) for number in (1, 2, 3)]
    api = Api(world.receptionist)

    some = api.all("appointments/", clinic=world.here.pk, date_after=days[1], date_before=days[2])
    first = api.all("appointments/", date_before=days[0])

    assert [each["id"] for each in some] == [rows[1].pk, rows[2].pk]
    assert [each["id"] for each in first] == [rows[0].pk]
