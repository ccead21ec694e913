"""A clinic's day is its own: when its clocks change, across its midnight, and far from UTC. All through the API."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from tests.api.client import Api, outcome
from tests.appointments.desk import body, hours, in_zone, only_hours, slots_path
from tests.factories import PatientFactory, World, no_hours


def as_shown(moment: str, zone: str) -> str:
    return f"{dt.datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)):%H:%M}"


SUNDAY = 6


@pytest.mark.parametrize(
    ("zone", "day", "shown"),
    [
        # Hours from 01:00 to 05:00, services of an hour.
        ("Europe/Berlin", "2026-03-22", ["01:00", "02:00", "03:00", "04:00"]),
        ("Europe/Berlin", "2026-03-29", ["01:00", "03:00", "04:00"]),
        ("Europe/Berlin", "2026-10-25", ["01:00", "02:00", "02:00", "03:00", "04:00"]),
        ("America/New_York", "2026-03-08", ["01:00", "03:00", "04:00"]),
        # It is 01:00 twice there: the first is meant.
        ("America/New_York", "2026-11-01", ["01:00", "01:00", "02:00", "03:00", "04:00"]),
        ("Pacific/Auckland", "2026-04-05", ["01:00", "02:00", "02:00", "03:00", "04:00"]),
        ("Pacific/Auckland", "2026-09-27", ["01:00", "03:00", "04:00"]),
        ("Asia/Kolkata", "2026-03-29", ["01:00", "02:00", "03:00", "04:00"]),
        ("Pacific/Kiritimati", "2026-03-29", ["01:00", "02:00", "03:00", "04:00"]),
        ("Pacific/Pago_Pago", "2026-03-29", ["01:00", "02:00", "03:00", "04:00"]),
    ],
)
def test_the_slots_of_a_day_and_what_is_booked_there(world: World, zone: str, day: str, shown: list[str]) -> None:
    in_zone(world, zone)
    only_hours(world, "01:00", "05:00", weekday=SUNDAY)
    world.service.duration_minutes = 60
    world.service.save(update_fields=["duration_minutes"])
    api = Api(world.receptionist)
    slots = api.ok("get", slots_path(world, day))
    assert [as_shown(slot["start"], zone) for slot in slots] == shown
    assert len({slot["start"] for slot in slots}) == len(slots)
    for slot in slots:
        made = api.ok("post", "appointments/", body(world, start=slot["start"], patient=PatientFactory().pk), 201)
        assert (made["date"], made["end"]) == (day, slot["end"])
    assert not any(slot["available"] for slot in api.ok("get", slots_path(world, day)))
    assert len(api.all("appointments/", date=day)) == len(slots)


def test_a_shift_that_begins_in_the_skipped_hour_begins_when_the_clock_goes_on(world: World) -> None:
    in_zone(world, "Europe/Berlin")
    only_hours(world, "02:30", "03:40", weekday=SUNDAY)
    api = Api(world.receptionist)
    slots = api.ok("get", slots_path(world, "2026-03-29"))
    assert [as_shown(slot["start"], "Europe/Berlin") for slot in slots] == ["03:00", "03:20"]
    # A day without a change: three and a half slots.
    assert len(api.ok("get", slots_path(world, "2026-04-05"))) == 3
    # 02:30 with the winter's offset is the moment after the skip that the clock shows as 03:30.
    late = api.call("post", "appointments/", body(world, start="2026-03-29T02:30:00+01:00"))
    assert outcome(late) == (400, "start")
    assert api.ok("post", "appointments/", body(world, start="2026-03-29T02:20:00+01:00"), 201)["date"] == "2026-03-29"


def test_a_break_in_the_skipped_hour_is_none(world: World) -> None:
    in_zone(world, "Europe/Berlin")
    only_hours(world, "01:00", "04:00", ("02:00", "03:00"), weekday=SUNDAY)
    api = Api(world.receptionist)
    assert api.call("post", "appointments/", body(world, start="2026-03-29T01:50:00+01:00")).status_code == 201
    assert outcome(api.call("post", "appointments/", body(world, start="2026-04-05T01:50:00+02:00"))) == (400, "start")


def test_both_readings_of_a_doubled_time_are_times_of_their_own(world: World) -> None:
    in_zone(world, "Europe/Berlin")
    only_hours(world, "02:00", "03:00", weekday=SUNDAY)
    api = Api(world.receptionist)
    for offset in ("+02:00", "+01:00"):
        start = f"2026-10-25T02:30:00{offset}"
        made = api.ok("post", "appointments/", body(world, start=start, patient=PatientFactory().pk), 201)
        assert made["date"] == "2026-10-25"
    again = body(world, start="2026-10-25T00:30:00Z", patient=PatientFactory().pk)
    assert outcome(api.call("post", "appointments/", again)) == (409, "slot_taken")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_across_midnight_where_two_shifts_touch(world: World, zone: str) -> None:
    in_zone(world, zone)
    no_hours(world.doctor)
    hours(world, 2, "22:00", "00:00")
    hours(world, 3, "00:00", "02:00")
    api = Api(world.receptionist)
    # Wednesday 4 March, 23:50 of the clinic's clock, is booked until Thursday.
    start = dt.datetime(2026, 3, 4, 23, 50, tzinfo=ZoneInfo(zone))
    made = api.ok("post", "appointments/", body(world, start=start.isoformat()), 201)
    assert made["date"] == "2026-03-04"
    assert as_shown(made["end"], zone) == "00:10"
    wednesday, thursday = (api.ok("get", slots_path(world, f"2026-03-{day:02d}")) for day in (4, 5))
    free = [[as_shown(slot["start"], zone) for slot in slots if slot["available"]] for slots in (wednesday, thursday)]
    assert free == [["22:00", "22:20", "22:40", "23:00", "23:20"], ["00:20", "00:40", "01:00", "01:20", "01:40"]]
    # The end of the night is the end.
    late = dt.datetime(2026, 3, 5, 1, 50, tzinfo=ZoneInfo(zone))
    assert outcome(api.call("post", "appointments/", body(world, start=late.isoformat()))) == (400, "start")


def test_midnight_without_hours_after_it_is_the_end(world: World) -> None:
    only_hours(world, "22:00", "00:00")
    api = Api(world.receptionist)
    assert api.ok("get", slots_path(world, "2026-03-02"))[-1]["end"] == "2026-03-03T00:00:00Z"
    assert outcome(api.call("post", "appointments/", body(world, start="2026-03-02T23:41:00Z"))) == (400, "start")
    assert api.call("post", "appointments/", body(world, start="2026-03-02T23:40:00Z")).status_code == 201


def test_a_booking_into_a_closing_day_is_refused(world: World) -> None:
    no_hours(world.doctor)
    hours(world, 0, "22:00", "00:00")
    hours(world, 1, "00:00", "02:00")
    closing = {"clinic": world.here.pk, "first_day": "2026-03-10"}
    Api(world.admin).ok("post", "closing-days/", closing, 201)
    world.service.duration_minutes = 50
    world.service.save(update_fields=["duration_minutes"])
    api = Api(world.receptionist)
    monday = [(slot["start"][11:16], slot["available"]) for slot in api.ok("get", slots_path(world, "2026-03-09"))]
    assert monday == [("22:00", True), ("22:50", True), ("23:40", False)]
    assert outcome(api.call("post", "appointments/", body(world, start="2026-03-09T23:40:00Z"))) == (400, "start")
    assert api.ok("get", slots_path(world, "2026-03-10")) == []


@pytest.mark.parametrize(
    ("zone", "start", "date"),
    [
        ("Pacific/Kiritimati", "2026-03-03T09:59:00Z", "2026-03-03"),
        ("Pacific/Kiritimati", "2026-03-03T10:00:00Z", "2026-03-04"),
        ("Pacific/Pago_Pago", "2026-03-03T10:39:00Z", "2026-03-02"),
        ("Pacific/Pago_Pago", "2026-03-03T11:00:00Z", "2026-03-03"),
        ("Asia/Kolkata", "2026-03-03T18:00:00Z", "2026-03-03"),
        ("Asia/Kolkata", "2026-03-03T18:30:00Z", "2026-03-04"),
        ("America/New_York", "2026-03-09T03:30:00Z", "2026-03-08"),
        ("America/New_York", "2026-03-09T04:00:00Z", "2026-03-09"),
        ("Pacific/Auckland", "2026-04-05T11:59:00Z", "2026-04-05"),
        ("Pacific/Auckland", "2026-04-05T12:00:00Z", "2026-04-06"),
    ],
)
def test_the_date_is_the_clinics_own(world: World, zone: str, start: str, date: str) -> None:
    in_zone(world, zone)
    no_hours(world.doctor)
    for weekday in range(7):
        hours(world, weekday, "00:00", "00:00")
    api = Api(world.receptionist)
    made = api.ok("post", "appointments/", body(world, start=start), 201)
    assert made["date"] == date
    assert [row["id"] for row in api.all("appointments/", date=date)] == [made["id"]]
