"""Shifts with breaks, time off, closing days: what they leave to be booked, and whom a change of them leaves without a place."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from appointments import actions
from appointments.models import ClosingDay, Shift, ShiftBreak, TimeOff
from tests.api.client import Api, desk_dump, outcome
from tests.appointments.desk import body, hours, only_hours, slots_path
from tests.factories import DoctorFactory, PatientFactory, World, book, no_hours

SHIFT = {"weekday": 0, "start_time": "08:00", "end_time": "16:00"}


def shift_of(world: World, **overrides: Any) -> dict[str, Any]:
    return {"clinic": world.here.pk, "doctor": world.doctor.pk, **SHIFT, **overrides}


def times(slots: list[dict[str, Any]], *, free: bool = True) -> list[str]:
    return [slot["start"][11:16] for slot in slots if slot["available"] is free]


# --- Shifts and breaks ------------------------------------------------------------------------------------------------


def test_a_shift_has_breaks(world: World) -> None:
    no_hours(world.doctor)
    api = Api(world.admin)
    lunch, tea = {"start_time": "12:00", "end_time": "12:30"}, {"start_time": "15:00:00", "end_time": "15:15:00"}
    made = api.ok("post", "shifts/", shift_of(world, breaks=[tea, lunch]), 201)
    assert made["breaks"] == [{"start_time": "12:00:00", "end_time": "12:30:00"}, tea]
    assert (made["version"], made["affected_appointments"]) == (1, [])
    assert api.ok("get", f"shifts/{made['id']}/")["breaks"] == made["breaks"]
    assert api.all("shifts/", doctor=world.doctor.pk)[0]["breaks"] == made["breaks"]

    changed = api.ok("patch", f"shifts/{made['id']}/", {"breaks": [tea]})
    assert (changed["breaks"], changed["version"]) == ([tea], 2)
    assert api.ok("patch", f"shifts/{made['id']}/", {"end_time": "17:00"})["breaks"] == [tea]
    assert api.ok("patch", f"shifts/{made['id']}/", {"breaks": []})["breaks"] == []
    # What was replaced stays, and says so.
    assert ShiftBreak.objects.filter(shift=made["id"], is_active=False).count() == 2


def test_an_empty_change_of_hours_changes_nothing(world: World) -> None:
    shift = only_hours(world, "08:00", "12:00", ("10:00", "10:30"))
    same = {"start_time": "08:00", "breaks": [{"start_time": "10:00", "end_time": "10:30"}]}
    for change in ({}, same):
        assert Api(world.admin).ok("patch", f"shifts/{shift.pk}/", change)["version"] == 1
    assert Shift.history.filter(id=shift.pk).count() == 1


@pytest.mark.parametrize(
    ("start", "outcome_"),
    [
        ("09:40", (201, "")),
        ("09:41", (400, "start")),
        ("10:00", (400, "start")),
        ("10:29", (400, "start")),
        ("10:30", (201, "")),
        # In no shift at all.
        ("12:00", (400, "start")),
    ],
)
def test_nobody_is_booked_in_a_break(world: World, start: str, outcome_: tuple[int, str]) -> None:
    only_hours(world, "08:00", "12:00", ("10:00", "10:30"))
    response = Api(world.receptionist).call("post", "appointments/", body(world, start=f"2026-03-02T{start}:00Z"))
    assert outcome(response) == outcome_
    if response.status_code == 400:
        assert ("has a break then" in response.json()["start"][0]) == (start < "12:00")


def test_slots_begin_anew_after_a_break(world: World) -> None:
    only_hours(world, "09:00", "11:00", ("09:45", "10:05"))
    slots = Api(world.receptionist).ok("get", slots_path(world, "2026-03-02"))
    assert times(slots) == ["09:00", "09:20", "10:05", "10:25"]


@pytest.mark.parametrize("minutes", [5, 15, 25, 45, 60])
def test_slots_have_the_length_of_the_service(world: World, minutes: int) -> None:
    only_hours(world, "09:30", "11:00")
    world.service.duration_minutes = minutes
    world.service.save(update_fields=["duration_minutes"])
    api = Api(world.receptionist)
    # Booked off the grid: nothing that meets it is offered.
    api.ok("post", "appointments/", body(world, start="2026-03-02T09:52:00Z"), 201)
    slots = api.ok("get", slots_path(world, "2026-03-02"))
    assert len(slots) == 90 // minutes
    for slot in slots:
        start, end = (dt.datetime.fromisoformat(slot[name]) for name in ("start", "end"))
        assert end - start == dt.timedelta(minutes=minutes)
        taken = dt.datetime(2026, 3, 2, 9, 52, tzinfo=dt.UTC)
        assert slot["available"] == (end <= taken or start >= taken + dt.timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({}, "start_time"),
        ({"start_time": "15:59", "end_time": "20:00"}, "start_time"),
        ({"start_time": "07:00", "end_time": "00:00"}, "start_time"),
        ({"valid_from": "2026-04-30"}, "start_time"),
        ({"valid_until": "2026-04-01"}, "start_time"),
        ({"start_time": "16:00", "end_time": "00:00"}, None),
        ({"start_time": "00:00", "end_time": "08:00"}, None),
        ({"weekday": 1}, None),
        ({"valid_from": "2026-05-01"}, None),
        ({"valid_until": "2026-03-31"}, None),
    ],
)
def test_two_shifts_of_a_doctor_do_not_overlap(world: World, overrides: dict[str, Any], field: str | None) -> None:
    first = only_hours(world, "08:00", "16:00", valid_from=dt.date(2026, 4, 1), valid_until=dt.date(2026, 4, 30))
    response = Api(world.admin).call("post", "shifts/", shift_of(world, **overrides))
    assert outcome(response) == ((201, "") if field is None else (400, field))
    if field is not None:
        assert f"(id {first.pk})" in response.json()[field][0]


def test_a_shift_that_is_changed_meets_the_same_rule(world: World) -> None:
    first = only_hours(world, "08:00", "12:00")
    second = hours(world, 0, "13:00", "16:00")
    api = Api(world.admin)
    assert outcome(api.call("patch", f"shifts/{second.pk}/", {"start_time": "11:00"})) == (400, "start_time")
    assert outcome(api.call("patch", f"shifts/{first.pk}/", {"end_time": "00:00"})) == (400, "start_time")
    assert api.call("patch", f"shifts/{second.pk}/", {"start_time": "12:00"}).status_code == 200
    # What was ended is in nobody's way.
    api.ok("delete", f"shifts/{first.pk}/", status=204)
    assert api.call("patch", f"shifts/{second.pk}/", {"start_time": "08:00"}).status_code == 200


@pytest.mark.parametrize("whose", ["colleague", "elsewhere"])
def test_others_may_work_at_the_same_time(world: World, whose: str) -> None:
    only_hours(world, "08:00", "16:00")
    doctor = DoctorFactory(user=None)
    doctor.clinics.add(world.here)
    if whose == "elsewhere":
        world.doctor.clinics.add(world.there)
    where = {"doctor": doctor.pk} if whose == "colleague" else {"clinic": world.there.pk}
    assert Api(world.superuser).call("post", "shifts/", shift_of(world, **where)).status_code == 201


def test_validity_dates_count_in_the_clinics_days(world: World) -> None:
    only_hours(world, "08:00", "16:00", valid_from=dt.date(2026, 3, 9), valid_until=dt.date(2026, 3, 16))
    api = Api(world.receptionist)
    free = [len(times(api.ok("get", slots_path(world, f"2026-03-{day:02d}")))) > 0 for day in (2, 9, 16, 23)]
    assert free == [False, True, True, False]


@pytest.mark.parametrize("row", ["shift", "time off", "closing days"])
def test_what_was_ended_is_gone_and_kept(world: World, row: str) -> None:
    ended: Any = {
        "shift": lambda: only_hours(world, "08:00", "16:00"),
        "time off": lambda: TimeOff.objects.create(
            doctor=world.doctor, start="2026-03-02T00:00:00Z", end="2026-03-03T00:00:00Z"
        ),
        "closing days": lambda: ClosingDay.objects.create(
            clinic=world.here, first_day=dt.date(2026, 3, 2), last_day=dt.date(2026, 3, 2)
        ),
    }[row]()
    path = {"shift": "shifts", "time off": "time-off", "closing days": "closing-days"}[row]
    api = Api(world.admin)
    before = bool(times(api.ok("get", slots_path(world, "2026-03-02"))))
    api.ok("delete", f"{path}/{ended.pk}/", status=204)
    assert [row["id"] for row in api.all(f"{path}/") if row["id"] == ended.pk] == []
    for method in ("get", "patch", "delete"):
        assert api.call(method, f"{path}/{ended.pk}/", {} if method == "patch" else None).status_code == 404
    assert bool(times(api.ok("get", slots_path(world, "2026-03-02")))) is not before
    past = type(ended).history.filter(id=ended.pk).latest()
    assert (past.is_active, past.history_user) == (False, world.admin)


@pytest.mark.parametrize("path", ["shifts", "time-off", "closing-days"])
def test_an_old_version_is_refused(world: World, path: str) -> None:
    rows: dict[str, Any] = {
        "shifts": only_hours(world, "08:00", "16:00"),
        "time-off": TimeOff.objects.create(doctor=world.doctor, start="2026-03-02T00:00:00Z", end="2026-03-03T00:00:00Z"),
        "closing-days": ClosingDay.objects.create(clinic=world.here, first_day="2026-03-02", last_day="2026-03-02"),
    }
    change = {"valid_until": "2027-01-01"} if path == "shifts" else {"reason": "holidays"}
    api, address = Api(world.admin), f"{path}/{rows[path].pk}/"
    assert api.ok("patch", address, {**change, "version": 1})["version"] == 2
    refused = api.call("patch", address, {**change, "version": 1})
    assert (outcome(refused), refused.json()["current"]["version"]) == ((409, "stale_version"), 2)


# --- Whom a change leaves without a place -----------------------------------------------------------------------------


def affected(answer: dict[str, Any]) -> list[int]:
    return [row["id"] for row in answer["affected_appointments"]]


def test_a_changed_or_ended_shift_names_who_is_booked_then(world: World) -> None:
    shift = only_hours(world, "08:00", "16:00")
    early, late = (
        book(world, start=dt.datetime(2026, 3, 9, hour, tzinfo=dt.UTC), patient=PatientFactory()) for hour in (9, 15)
    )
    cancelled = book(world, start=dt.datetime(2026, 3, 9, 14, tzinfo=dt.UTC))
    actions.cancel(cancelled, by=None, reason="ill")
    before = desk_dump()
    api = Api(world.admin)
    shorter = api.ok("patch", f"shifts/{shift.pk}/", {"end_time": "15:10"})
    assert affected(shorter) == [late.pk]
    assert shorter["affected_appointments"][0] == {
        "id": late.pk,
        "version": 1,
        "start": "2026-03-09T15:00:00Z",
        "end": "2026-03-09T15:20:00Z",
        "clinic_id": world.here.pk,
        "doctor": {"id": world.doctor.pk, "name": world.doctor.name},
        "patient": {"id": late.patient_id, "name": late.patient.full_name},
    }
    breaking = api.ok("patch", f"shifts/{shift.pk}/", {"breaks": [{"start_time": "09:10", "end_time": "09:30"}]})
    assert affected(breaking) == [early.pk]
    # Who was out of the hours before isn't named again.
    assert affected(api.ok("patch", f"shifts/{shift.pk}/", {"breaks": []})) == []
    assert affected(api.ok("post", f"shifts/{shift.pk}/end/", {})) == [early.pk]
    # Nothing is moved by itself.
    assert desk_dump() == before


def test_time_off_names_who_is_booked_then(world: World) -> None:
    inside, outside = (book(world, start=dt.datetime(2026, 3, 9, hour, tzinfo=dt.UTC)) for hour in (9, 15))
    book(world, start=dt.datetime(2026, 3, 9, 9, tzinfo=dt.UTC), doctor=world.colleague)
    sent = {"doctor": world.doctor.pk, "start": "2026-03-09T09:10:00Z", "end": "2026-03-09T15:00:00Z"}
    api = Api(world.admin)
    made = api.ok("post", "time-off/", sent, 201)
    assert affected(made) == [inside.pk]
    assert affected(api.ok("patch", f"time-off/{made['id']}/", {"end": "2026-03-09T15:01:00Z"})) == [inside.pk, outside.pk]


def test_appointments_of_another_clinic_are_not_told(world: World) -> None:
    world.doctor.clinics.add(world.there)
    actions.add_shift(
        by=None,
        doctor=world.doctor,
        clinic=world.there,
        weekday=0,
        start_time=dt.time(0),
        end_time=dt.time(0),
    )
    there = book(world, clinic=world.there, service=world.service_there, start=dt.datetime(2026, 3, 9, 9, tzinfo=dt.UTC))
    sent = {"doctor": world.doctor.pk, "start": "2026-03-09T00:00:00Z", "end": "2026-03-10T00:00:00Z"}
    assert affected(Api(world.admin).ok("post", "time-off/", sent, 201)) == []
    assert affected(Api(world.superuser).ok("post", "time-off/", sent, 201)) == [there.pk]


# --- Closing days -----------------------------------------------------------------------------------------------------


def test_nobody_is_booked_on_a_closing_day_and_who_comes_may_walk_in(world: World) -> None:
    booked = book(world, start=dt.datetime(2026, 3, 2, 11, tzinfo=dt.UTC))
    api = Api(world.receptionist)
    closing = {"clinic": world.here.pk, "first_day": "2026-03-02", "reason": "burst pipe"}
    made = Api(world.admin).ok("post", "closing-days/", closing, 201)
    assert (made["last_day"], affected(made)) == ("2026-03-02", [booked.pk])

    assert api.ok("get", slots_path(world, "2026-03-02")) == []
    assert times(api.ok("get", slots_path(world, "2026-03-03")))
    response = api.call("post", "appointments/", body(world))
    assert outcome(response) == (400, "start")
    assert "burst pipe" in response.json()["start"][0]
    assert api.call("post", "appointments/", body(world, start="2026-03-03T10:00:00Z")).status_code == 201
    walk = {name: value for name, value in body(world).items() if name != "start"}
    assert api.call("post", "visits/", walk).status_code == 201
    assert api.call("post", f"appointments/{booked.pk}/check-in/", {}).status_code == 200


def test_closing_days_are_the_clinics_own(world: World) -> None:
    api = Api(world.admin)
    made = api.ok("post", "closing-days/", {"clinic": world.here.pk, "first_day": "2026-03-10", "last_day": "2026-03-12"}, 201)
    assert [row["id"] for row in api.all("closing-days/", date="2026-03-11")] == [made["id"]]
    assert api.all("closing-days/", date="2026-03-13") == []
    moved = api.ok("patch", f"closing-days/{made['id']}/", {"first_day": "2026-03-11"})
    assert (moved["first_day"], moved["last_day"], moved["version"]) == ("2026-03-11", "2026-03-12", 2)
    there = {"clinic": world.there.pk, "first_day": "2026-03-10"}
    assert outcome(api.call("post", "closing-days/", there)) == (400, "clinic")
    both = Api(world.superuser).call("patch", f"closing-days/{made['id']}/", {"clinic": world.there.pk})
    assert outcome(both) == (400, "clinic")


# --- How far ahead ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "ok"), [("2026-03-12", True), ("2026-03-13", False), ("2027-03-12", False)])
def test_nothing_is_booked_beyond_the_horizon(world: World, day: str, ok: bool) -> None:
    world.here.booking_horizon_days = 10
    world.here.save(update_fields=["booking_horizon_days"])
    api = Api(world.receptionist)
    assert bool(times(api.ok("get", slots_path(world, day)))) is ok
    response = api.call("post", "appointments/", body(world, start=f"{day}T10:00:00Z"))
    assert outcome(response) == ((201, "") if ok else (400, "start"))
    if not ok:
        assert "no later than 2026-03-12" in response.json()["start"][0]


def test_the_horizon_is_of_the_clinics_own_today(world: World, clock: time_machine.Traveller) -> None:
    world.here.booking_horizon_days = 1
    world.here.timezone = "Pacific/Kiritimati"
    world.here.save(update_fields=["booking_horizon_days", "timezone"])
    clock.move_to(dt.datetime(2026, 3, 2, 11, tzinfo=dt.UTC))  # Tuesday 01:00 there
    api = Api(world.receptionist)
    assert api.call("post", "appointments/", body(world, start="2026-03-04T09:00:00Z")).status_code == 201
    assert outcome(api.call("post", "appointments/", body(world, start="2026-03-04T10:00:00Z"))) == (400, "start")
