"""Shifts with breaks, time off, closing days: what they leave to be booked, and whom a change of them leaves without a place."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine

from appointments import actions
from appointments.models import ClosingDay, Shift, ShiftBreak, TimeOff
from clinics.exceptions import StaleVersion
from tests.api.client import Api, desk_dump, outcome
from tests.appointments.desk import body, hours, only_hours, slots_path
from tests.factories import DoctorFactory, PatientFactory, World, as_if, book, no_hours, walk_in

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


def test_time_off_that_holds_now_can_be_asked_for(world: World) -> None:
    def off(start: str, end: str) -> int:
        return TimeOff.objects.create(doctor=world.doctor, start=f"2026-03-02T{start}:00Z", end=f"2026-03-02T{end}:00Z").pk

    over, holds, longer, to_come = off("06:00", "09:00"), off("09:00", "09:01"), off("08:00", "12:00"), off("09:01", "10:00")
    with time_machine.travel("2026-03-02T09:00:00Z", tick=False):
        api = Api(world.receptionist)
        assert [row["id"] for row in api.all("time-off/", current="true")] == [longer, holds]
        assert [row["id"] for row in api.all("time-off/", current="false")] == [over, to_come]


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


# --- The end of what can be booked ------------------------------------------------------------------------------------


def test_a_slot_that_ends_behind_the_horizon_is_not_free(world: World) -> None:
    """A night across the last midnight that can be booked: what is offered is taken, and nothing else."""
    no_hours(world.doctor)
    as_if(world.here, booking_horizon_days=7)
    hours(world, 0, "22:00", "00:00"), hours(world, 1, "00:00", "00:30")
    api = Api(world.receptionist)
    as_service(world, 25)
    slots = api.ok("get", slots_path(world, "2026-03-09"))
    assert [slot["start"][11:16] for slot in slots][-2:] == ["23:15", "23:40"]
    for slot in slots:
        taken = api.call("post", "appointments/", body(world, start=slot["start"], patient=PatientFactory().pk))
        assert (taken.status_code == 201) is slot["available"], slot
    assert times(slots, free=False) == ["23:40"]


def as_service(world: World, minutes: int) -> None:
    world.service.duration_minutes = minutes
    world.service.save(update_fields=["duration_minutes"])


# --- Closing days -----------------------------------------------------------------------------------------------------


def closing(world: World, first: str, last: str, **more: Any) -> dict[str, Any]:
    return {"clinic": world.here.pk, "first_day": first, "last_day": last, **more}


def test_the_same_days_are_not_closed_twice(world: World) -> None:
    api = Api(world.admin)
    made = api.ok("post", "closing-days/", closing(world, "2026-12-24", "2026-12-26", reason="Christmas"), 201)
    again = api.call("post", "closing-days/", closing(world, "2026-12-24", "2026-12-26"))
    assert outcome(again) == (400, "first_day")
    assert f"(Christmas) (id {made['id']})" in again.json()["first_day"][0]
    other = api.ok("post", "closing-days/", closing(world, "2026-12-27", "2026-12-27"), 201)
    path = f"closing-days/{other['id']}/"
    assert outcome(api.call("patch", path, {"first_day": "2026-12-24", "last_day": "2026-12-26"})) == (400, "first_day")
    # Days that overlap may have two reasons; and what was cancelled is no closing.
    api.ok("post", "closing-days/", closing(world, "2026-12-26", "2026-12-27"), 201)
    api.ok("delete", f"closing-days/{made['id']}/", None, 204)
    api.ok("post", "closing-days/", closing(world, "2026-12-24", "2026-12-26"), 201)
    api.ok("patch", path, {"reason": "repair"})


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2027-01-01", "2027-12-31", (201, "")),
        ("2028-01-01", "2028-12-31", (201, "")),
        ("2027-01-01", "2028-01-02", (400, "last_day")),
        ("1899-12-31", "1900-01-01", (400, "first_day")),
        ("2900-12-31", "2901-01-01", (400, "last_day")),
    ],
)
def test_how_long_a_clinic_is_closed(world: World, first: str, last: str, expected: tuple[int, str]) -> None:
    assert outcome(Api(world.admin).call("post", "closing-days/", closing(world, first, last))) == expected


# --- A doctor of two clinics ------------------------------------------------------------------------------------------


@pytest.fixture
def shared(world: World) -> World:
    world.doctor.clinics.add(world.there)
    return world


def test_time_off_that_another_clinic_entered(shared: World) -> None:
    """Away is away everywhere; why, and changing it, is for those who entered it."""
    here, there = Api(shared.admin), Api(shared.admin_there)
    away = {"doctor": shared.doctor.pk, "start": "2026-03-03T08:00:00Z", "end": "2026-03-03T18:00:00Z", "reason": "operation"}
    where = {"clinic": shared.there, "service": shared.service_there, "by": shared.receptionist_there}
    hours_there = {"clinic": shared.there.pk, "doctor": shared.doctor.pk, "weekday": 1, "start_time": "08:00"}
    there.ok("post", "shifts/", {**hours_there, "end_time": "10:00"}, 201)
    moment = dt.datetime(2026, 3, 3, 9, tzinfo=dt.UTC)
    book(shared, doctor=shared.doctor, start=moment, **where)
    mine = book(shared, start=moment + dt.timedelta(hours=2))
    made = here.ok("post", "time-off/", away, 201)
    assert ([row["id"] for row in made["affected_appointments"]], made["affected_elsewhere"]) == ([mine.pk], 1)
    path = f"time-off/{made['id']}/"
    assert (made["reason"], here.ok("get", path)["reason"], there.ok("get", path)["reason"]) == ("operation", "operation", "")
    assert Api(shared.receptionist).ok("get", path)["reason"] == ""
    assert [row["reason"] for row in there.all("time-off/")] == [""]
    for refused in (there.call("patch", path, {"end": "2026-03-03T09:00:00Z"}), there.call("delete", path)):
        assert outcome(refused) == (403, "forbidden")
    assert there.all("changes/", kind="timeoff") == []
    assert len(here.all("changes/", kind="timeoff")) == 1
    own = there.ok("post", "time-off/", {**away, "reason": "own"}, 201)
    there.ok("delete", f"time-off/{own['id']}/", None, 204)
    here.ok("patch", path, {"reason": "better by now"})
    Api(shared.superuser).ok("delete", path, None, 204)


def test_who_entered_it_may_have_come_to_work_here_too(shared: World) -> None:
    away = {"doctor": shared.doctor.pk, "start": "2026-03-03T08:00:00Z", "end": "2026-03-03T18:00:00Z", "reason": "leave"}
    made = Api(shared.admin_there).ok("post", "time-off/", away, 201)
    shared.admin_there.clinics.add(shared.here)
    assert Api(shared.admin).ok("get", f"time-off/{made['id']}/")["reason"] == "leave"


# --- A doctor who leaves ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["is_active", "clinics"])
def test_a_doctor_who_leaves_with_bookings(world: World, change: str) -> None:
    other = DoctorFactory(clinics=[world.here, world.there])
    here = book(world, doctor=other)
    there = book(world, doctor=other, minutes=90, clinic=world.there, service=world.service_there, by=world.receptionist_there)
    api = Api(world.superuser)
    assert api.ok("patch", f"doctors/{other.pk}/", {"speciality": "x"})["affected_appointments"] == []
    body_ = {"is_active": False} if change == "is_active" else {"clinics": [world.there.pk]}
    answer = api.ok("patch", f"doctors/{other.pk}/", body_)
    affected = [row["id"] for row in answer["affected_appointments"]]
    assert affected == ([here.pk, there.pk] if change == "is_active" else [here.pk])
    here.refresh_from_db()
    assert here.status == "booked"


def test_who_waits_for_a_doctor_who_is_no_longer_active_is_called(world: World) -> None:
    visit = walk_in(world)
    Api(world.superuser).ok("patch", f"doctors/{world.doctor.pk}/", {"is_active": False})
    assert Api(world.receptionist).ok("post", f"queue/doctors/{world.doctor.pk}/call-next/")["id"] == visit.pk


# --- Two at a time ----------------------------------------------------------------------------------------------------


def test_hours_that_were_given_to_another_doctor_meanwhile(world: World) -> None:
    """The form was opened before: neither the one doctor's bookings nor the other's may go by unnoticed."""
    seen = only_hours(world, "08:00", "12:00")
    no_hours(world.colleague)
    actions.change_shift(Shift.objects.get(pk=seen.pk), by=None, doctor=world.colleague)
    with pytest.raises(StaleVersion):
        actions.change_shift(seen, by=None, end_time=dt.time(11))
    with pytest.raises(StaleVersion):
        actions.end_shift(seen, by=None)
    start = dt.datetime(2026, 4, 1, 8, tzinfo=dt.UTC)
    away, _ = actions.add_time_off(by=None, doctor=world.doctor, start=start, end=start + dt.timedelta(hours=1))
    actions.change_time_off(TimeOff.objects.get(pk=away.pk), by=None, doctor=world.colleague)
    with pytest.raises(StaleVersion):
        actions.cancel_time_off(away, by=None)
