"""Appointments that are booked together, weeks apart: all or none, or those that can be."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from appointments import actions
from appointments.models import Appointment, AppointmentSeries
from queue.models import Visit
from realtime.models import Delivery, Event
from tests.api.client import Api, desk_dump, outcome
from tests.appointments.desk import body, in_zone, only_hours
from tests.factories import World, book


def series_of(world: World, count: int = 4, **overrides: Any) -> dict[str, Any]:
    return body(world, count=count, **overrides)


def post(world: World, **overrides: Any) -> Any:
    return Api(world.receptionist).call("post", "appointments/series/", series_of(world, **overrides))


def starts(rows: list[dict[str, Any]]) -> list[str]:
    return [row["start"] for row in rows]


def test_a_series_is_booked_at_once(world: World) -> None:
    made = post(world, notes="knee").json()
    assert starts(made["appointments"]) == [f"2026-03-{day:02d}T10:00:00Z" for day in (2, 9, 16, 23)]
    assert made["conflicts"] == []
    assert {(row["series_id"], row["notes"], row["status"]) for row in made["appointments"]} == {
        (made["series"], "knee", "booked")
    }
    for row in made["appointments"]:
        visit = Visit.objects.get(pk=row["visit_id"])
        assert (visit.status, visit.payment.status) == ("planned", "pending")
    api = Api(world.receptionist)
    assert starts(api.all("appointments/", series=made["series"])) == starts(made["appointments"])
    assert api.ok("get", f"appointments/{made['appointments'][0]['id']}/") == made["appointments"][0]


@pytest.mark.parametrize(("weeks", "last"), [(1, "2026-03-16"), (2, "2026-03-30"), (12, "2026-08-17")])
def test_weeks_between_two(world: World, weeks: int, last: str) -> None:
    assert post(world, count=3, interval_weeks=weeks).json()["appointments"][-1]["date"] == last


def test_the_time_is_the_clinics_clocks(world: World) -> None:
    in_zone(world, "Europe/Berlin")
    made = post(world, start="2026-03-16T10:00:00+01:00", count=3).json()
    assert starts(made["appointments"]) == ["2026-03-16T09:00:00Z", "2026-03-23T09:00:00Z", "2026-03-30T08:00:00Z"]


def test_one_conflict_and_nothing_is_booked(world: World) -> None:
    book(world, start=dt.datetime(2026, 3, 9, 10, 10, tzinfo=dt.UTC))
    book(world, start=dt.datetime(2026, 3, 16, 9, 50, tzinfo=dt.UTC), patient=world.patient, doctor=world.colleague)
    actions.add_closing_days(
        by=None, clinic=world.here, first_day=dt.date(2026, 3, 23), last_day=dt.date(2026, 3, 23), reason="holiday"
    )
    away = dt.datetime(2026, 3, 30, tzinfo=dt.UTC)
    actions.add_time_off(by=None, doctor=world.doctor, start=away, end=away + dt.timedelta(days=1))
    before = desk_dump()
    response = post(world, count=6)
    assert outcome(response) == (409, "series_conflict")
    refusal = response.json()
    assert refusal["current"] is None
    assert "4 of 6" in refusal["detail"]
    assert [(each["date"], each["start"], each["code"]) for each in refusal["conflicts"]] == [
        ("2026-03-09", "2026-03-09T10:00:00Z", "slot_taken"),
        ("2026-03-16", "2026-03-16T10:00:00Z", "patient_busy"),
        ("2026-03-23", "2026-03-23T10:00:00Z", "clinic_closed"),
        ("2026-03-30", "2026-03-30T10:00:00Z", "doctor_away"),
    ]
    assert all(each["detail"].endswith(".") for each in refusal["conflicts"])
    assert (desk_dump(), AppointmentSeries.objects.count()) == (before, 0)

    booked = post(world, count=6, skip_conflicts=True)
    assert booked.status_code == 201
    assert starts(booked.json()["appointments"]) == ["2026-03-02T10:00:00Z", "2026-04-06T10:00:00Z"]
    assert booked.json()["conflicts"] == refusal["conflicts"]


@pytest.mark.parametrize("skip", [True, False])
def test_none_that_can_be_booked(world: World, skip: bool) -> None:
    only_hours(world, "08:00", "09:00")
    before = desk_dump()
    response = post(world, skip_conflicts=skip)
    assert outcome(response) == (409, "series_conflict")
    assert [each["code"] for each in response.json()["conflicts"]] == ["outside_hours"] * 4
    assert (desk_dump(), AppointmentSeries.objects.count()) == (before, 0)


def test_dates_beyond_the_horizon_are_conflicts(world: World) -> None:
    world.here.booking_horizon_days = 14
    world.here.save(update_fields=["booking_horizon_days"])
    made = post(world, skip_conflicts=True).json()
    assert starts(made["appointments"]) == [f"2026-03-{day:02d}T10:00:00Z" for day in (2, 9, 16)]
    assert [(each["date"], each["code"]) for each in made["conflicts"]] == [("2026-03-23", "beyond_horizon")]


def test_a_time_that_the_clock_skips_is_a_conflict(world: World) -> None:
    in_zone(world, "Europe/Berlin")
    made = post(world, start="2026-03-22T02:30:00+01:00", count=3, skip_conflicts=True).json()
    assert starts(made["appointments"]) == ["2026-03-22T01:30:00Z", "2026-04-05T00:30:00Z"]
    assert [(each["date"], each["start"], each["code"]) for each in made["conflicts"]] == [("2026-03-29", None, "no_such_time")]


@pytest.mark.parametrize("closed", ["clinic", "doctor", "service"])
def test_what_no_date_could_be_booked_with_is_told_once(world: World, closed: str) -> None:
    row = {"clinic": world.here, "doctor": world.doctor, "service": world.service}[closed]
    row.is_active = False
    row.save(update_fields=["is_active"])
    assert outcome(post(world)) == (400, closed)


def test_the_same_key_books_once(world: World) -> None:
    api = Api(world.receptionist)
    answers = [api.call("post", "appointments/series/", series_of(world), key="series-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Appointment.objects.count() == 4


# --- Cancelling the rest ----------------------------------------------------------------------------------------------


def test_this_one_and_those_after_it_are_cancelled(world: World) -> None:
    made = post(world, count=5).json()
    ids = [row["id"] for row in made["appointments"]]
    api = Api(world.receptionist)
    api.ok("post", f"appointments/{ids[3]}/cancel/", {"reason": "holiday"})
    other = book(world, start=dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC), patient=world.patient)

    answer = api.ok("post", f"appointments/{ids[1]}/cancel-following/", {"reason": "moved away"})

    assert answer == {"cancelled": [ids[1], ids[2], ids[4]]}
    rows = {row["id"]: (row["status"], row["cancel_reason"]) for row in api.all("appointments/")}
    assert [rows[each] for each in ids] == [
        ("booked", ""),
        ("cancelled", "moved away"),
        ("cancelled", "moved away"),
        ("cancelled", "holiday"),
        ("cancelled", "moved away"),
    ]
    assert rows[other.pk] == ("booked", "")
    assert set(Visit.objects.filter(appointment__in=[ids[1], ids[2]]).values_list("status", "payment__status")) == {
        ("cancelled", "void")
    }


def test_what_follows_is_told_by_the_time_it_has_now(world: World) -> None:
    ids = [row["id"] for row in post(world, count=3).json()["appointments"]]
    api = Api(world.receptionist)
    api.ok("patch", f"appointments/{ids[2]}/", {"start": "2026-03-03T10:00:00Z"})
    assert api.ok("post", f"appointments/{ids[1]}/cancel-following/", {"reason": ""}) == {"cancelled": [ids[1]]}


def test_what_can_not_be_cancelled_together(world: World) -> None:
    alone = book(world)
    ids = [row["id"] for row in post(world, start="2026-03-03T10:00:00Z", count=2).json()["appointments"]]
    api = Api(world.receptionist)
    refused = api.call("post", f"appointments/{alone.pk}/cancel-following/", {})
    assert (outcome(refused), refused.json()["current"]["id"]) == ((409, "not_in_series"), alone.pk)
    stale = api.call("post", f"appointments/{ids[0]}/cancel-following/", {"version": 9})
    assert outcome(stale) == (409, "stale_version")
    api.ok("post", f"appointments/{ids[0]}/cancel/", {"reason": ""})
    before = desk_dump()
    assert outcome(api.call("post", f"appointments/{ids[0]}/cancel-following/", {})) == (409, "invalid_transition")
    assert desk_dump() == before


# --- What screens hear ------------------------------------------------------------------------------------------------


def test_each_appointment_is_told_as_if_it_were_alone(world: World) -> None:
    known = set(Event.objects.values_list("pk", flat=True))
    made = post(world, count=2).json()
    booked = Event.objects.exclude(pk__in=known).order_by("pk")
    assert [event.name for event in booked] == ["appointment_created", "queue_updated"] * 2
    known |= {event.pk for event in booked}
    path = f"appointments/{made['appointments'][0]['id']}/cancel-following/"
    Api(world.receptionist).ok("post", path, {"reason": "moved away"})
    cancelled = list(Event.objects.exclude(pk__in=known).order_by("pk"))
    assert [event.name for event in cancelled] == ["appointment_cancelled", "queue_updated"] * 2
    rooms = {f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}"}
    assert set(Delivery.objects.filter(event__in=cancelled).values_list("room", flat=True)) == rooms
