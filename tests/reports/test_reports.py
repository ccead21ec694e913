"""Each report against small days that were counted by hand."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments import actions as appointment_actions
from appointments.models import ClosingDay, Shift, TimeOff
from clinics.actions import save_record
from clinics.models import Doctor
from clinics.serializers import DoctorSerializer
from payments import actions as payment_actions
from queue import actions as queue_actions
from tests.api.client import Api, outcome
from tests.factories import DoctorFactory, PatientFactory, World, book, no_hours, walk_in
from tests.reports.rows import DAY, asked, at, visit

TUESDAY = DAY + dt.timedelta(days=1)
NAMES = ["waits", "visits", "no-shows", "utilisation", "revenue"]


def report(world: World, name: str, who: str = "admin", **more: Any) -> Any:
    response = Api(getattr(world, who)).get(f"/api/reports/{name}/", asked(world, **more))
    assert response.status_code == 200, response.content
    return response.json()


# --- Waits ------------------------------------------------------------------------------------------------------------


def test_waits_by_weekday_and_hour(world: World) -> None:
    for waited in (60, 120, 600):
        visit(world, arrived=at(DAY, 9, 10), waited=waited)
    visit(world, day=TUESDAY, arrived=at(TUESDAY, 9), waited=300)
    visit(world, day=TUESDAY, arrived=at(TUESDAY, 17), waited=0)
    visit(world, arrived=at(DAY, 9), status="left")  # never called: no wait is over

    found = report(world, "waits")

    assert [
        (row["weekday"], row["hour"], row["count"], row["median_seconds"], row["longest_seconds"]) for row in found["rows"]
    ] == [
        (0, 9, 3, 120, 600),
        (1, 9, 1, 300, 300),
        (1, 17, 1, 0, 0),
    ]
    assert [(row["hour"], row["median_seconds"]) for row in found["hours"]] == [(9, 210), (17, 0)]
    assert [(row["weekday"], row["count"]) for row in found["weekdays"]] == [(0, 3), (1, 2)]
    assert found["total"] == {"count": 5, "median_seconds": 120, "longest_seconds": 600}


def test_the_hour_is_the_clinics_own(world: World) -> None:
    world.here.timezone = "Asia/Baghdad"  # three hours ahead
    world.here.save()
    visit(world, arrived=at(DAY, 22, 30), waited=60, day=TUESDAY)

    assert [(row["weekday"], row["hour"]) for row in report(world, "waits")["rows"]] == [(1, 1)]


def test_a_call_that_was_taken_back_ends_no_wait(world: World) -> None:
    waiting = walk_in(world)
    queue_actions.call(waiting, by=world.receptionist)
    queue_actions.undo(waiting, by=world.receptionist)
    today = {"from": "2026-03-02", "to": "2026-03-02"}
    assert report(world, "waits", **today)["total"]["count"] == 0

    queue_actions.call(waiting, by=world.receptionist)
    assert report(world, "waits", **today)["total"]["count"] == 1


# --- Visits and no-shows ----------------------------------------------------------------------------------------------


def test_visits_of_each_day(world: World) -> None:
    visit(world, arrived=at(DAY, 9), waited=60, inside=10, booked=at(DAY, 9))
    visit(world, arrived=at(DAY, 10), waited=60, inside=10)
    visit(world, status="no_show", booked=at(DAY, 11))
    visit(world, status="cancelled", booked=at(DAY, 12))
    visit(world, day=TUESDAY, status="left", arrived=at(TUESDAY, 9))
    visit(world, day=TUESDAY, status="planned", booked=at(TUESDAY, 9))

    found = report(world, "visits")

    names = ("booked", "walk_ins", "seen", "left", "no_show", "cancelled", "open")
    assert len(found["rows"]) == 7
    assert [[row[name] for name in names] for row in found["rows"][:3]] == [
        [3, 1, 2, 0, 1, 1, 0],
        [1, 1, 0, 1, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0],
    ]
    assert found["total"] == dict(zip(names, [4, 2, 2, 1, 1, 1, 1], strict=True))


def test_no_shows_are_a_part_of_those_who_were_due(world: World) -> None:
    for hour, status in enumerate(["completed", "completed", "no_show", "cancelled", "planned"], 8):
        visit(world, status=status, booked=at(DAY, hour))
    visit(world, arrived=at(DAY, 9))  # a walk-in is never a no-show
    visit(world, status="cancelled", booked=at(DAY, 9), doctor=world.colleague)

    found = report(world, "no-shows")

    assert [
        (row["doctor"]["id"], row["booked"], row["cancelled"], row["due"], row["no_show"], row["no_show_percent"])
        for row in found["rows"]
    ] == [(world.doctor.pk, 5, 1, 3, 1, "33.3"), (world.colleague.pk, 1, 1, 0, 0, None)]
    assert found["total"]["no_show_percent"] == "33.3"


# --- Utilisation ------------------------------------------------------------------------------------------------------


@pytest.fixture
def nine_to_five(world: World) -> Shift:
    """The doctor works on Mondays from nine to five with half an hour's break, and nobody else works."""
    for doctor in (world.doctor, world.colleague):
        # As if they had never been: what has no past versions is taken as it is.
        Shift._base_manager.filter(doctor=doctor).update(is_active=False)
    return appointment_actions.add_shift(
        by=world.admin,
        doctor=world.doctor,
        clinic=world.here,
        weekday=0,
        start_time=dt.time(9),
        end_time=dt.time(17),
        breaks=[(dt.time(12), dt.time(12, 30))],
    )


def use(world: World, **more: Any) -> tuple[Any, ...]:
    rows = report(world, "utilisation", **more)["rows"]
    names = ("shift_minutes", "booked_minutes", "seen_minutes", "booked_percent", "seen_percent")
    return tuple(rows[0][name] for name in names) if rows else ()


def test_use_of_a_doctors_hours(world: World, nine_to_five: Shift) -> None:
    visit(world, arrived=at(DAY, 9), waited=60, inside=15, booked=at(DAY, 9))
    visit(world, arrived=at(DAY, 10), waited=60, inside=30)
    visit(world, status="no_show", booked=at(DAY, 11))
    visit(world, status="cancelled", booked=at(DAY, 12))

    assert use(world) == (450, 40, 45, "8.9", "10.0")


def test_time_off_and_closing_days_are_no_hours(world: World, nine_to_five: Shift) -> None:
    TimeOff(doctor=world.doctor, start=at(DAY, 11, 45), end=at(DAY, 13)).save()
    assert use(world)[0] == 450 - 45
    ClosingDay(clinic=world.here, first_day=DAY, last_day=DAY).save()
    assert use(world) == ()


def test_hours_count_as_they_were_planned_on_each_day(world: World, nine_to_five: Shift, clock: Any) -> None:
    """Changed or ended today, a shift still counts for the days before."""
    month = {"to": "2026-03-15"}  # four Mondays
    assert use(world, **month)[0] == 4 * 450
    clock.move_to(at(dt.date(2026, 3, 9), 8))
    appointment_actions.change_shift(nine_to_five, by=world.admin, end_time=dt.time(13), breaks=[])
    assert use(world, **month)[0] == 3 * 450 + 240
    appointment_actions.end_shift(Shift.objects.get(pk=nine_to_five.pk), by=world.admin)
    assert use(world, **month)[0] == 3 * 450


def test_what_is_put_right_on_the_day_it_was_entered_never_was(world: World, nine_to_five: Shift) -> None:
    appointment_actions.change_shift(nine_to_five, by=world.admin, end_time=dt.time(13), breaks=[])
    assert use(world)[0] == 240


def shift_of(world: World, start: int, end: int, **more: Any) -> Shift:
    times = {"start_time": dt.time(start), "end_time": dt.time(end)}
    return appointment_actions.add_shift(
        by=world.admin, doctor=world.doctor, clinic=world.here, **{"weekday": 0, **times, **more}
    )


APRIL = {"from": "2026-04-01", "to": "2026-04-30"}


def test_a_shift_that_was_forgotten_counts_from_the_day_it_names(world: World, nine_to_five: Shift, clock: Any) -> None:
    clock.move_to(at(dt.date(2026, 4, 22), 8))
    mondays = 4 * 450
    shift_of(world, 9, 13, weekday=5)
    assert use(world, **APRIL)[0] == mondays + 240  # the one Saturday to come
    shift_of(world, 14, 16, weekday=5, valid_from=dt.date(2026, 4, 10))
    assert use(world, **APRIL)[0] == mondays + 240 + 3 * 120
    assert use(world, to="2026-03-31", **{"from": "2026-03-09"})[0] == mondays


def test_nothing_counts_twice_beside_a_shift_whose_place_it_takes(world: World, nine_to_five: Shift, clock: Any) -> None:
    clock.move_to(at(dt.date(2026, 4, 22), 8))
    appointment_actions.end_shift(nine_to_five, by=world.admin)
    # From the day on which it is entered: the three Mondays before are the other one's.
    new = shift_of(world, 8, 12, valid_from=dt.date(2026, 4, 22))
    assert use(world, **APRIL)[0] == 3 * 450 + 240
    appointment_actions.end_shift(new, by=world.admin)
    # Said to have been so from an earlier day: an hour before, and the hours of both once.
    shift_of(world, 8, 12, valid_from=dt.date(2026, 4, 10))
    assert use(world, **APRIL)[0] == 450 + 2 * (450 + 60) + 240


def test_first_hours_may_be_set_up_over_some_days(world: World, nine_to_five: Shift, clock: Any) -> None:
    week_before = {"from": "2026-02-23", "to": "2026-03-01"}
    assert use(world, **week_before)[0] == 450
    clock.move_to(at(dt.date(2026, 3, 4), 8))
    wednesdays = shift_of(world, 9, 13, weekday=2)
    assert use(world, **week_before)[0] == 450 + 240
    # One that takes its place meanwhile takes it there too.
    clock.move_to(at(dt.date(2026, 3, 8), 8))
    appointment_actions.end_shift(wednesdays, by=world.admin)
    shift_of(world, 9, 12, weekday=3)
    assert use(world, **week_before)[0] == 450 + 180
    assert use(world, to="2026-03-08", **{"from": "2026-03-02"})[0] == 450 + 240
    # A week is enough.
    clock.move_to(at(dt.date(2026, 3, 9), 8))
    shift_of(world, 9, 12, weekday=4)
    assert use(world, **week_before)[0] == 450 + 180


def test_a_shift_counts_on_its_days_only(world: World, nine_to_five: Shift) -> None:
    appointment_actions.change_shift(nine_to_five, by=world.admin, valid_from=TUESDAY)
    assert use(world, to="2026-02-23", **{"from": "2026-02-16"})[0] == 450

    no_hours(world.doctor)
    assert use(world, to="2026-03-15", **{"from": "2026-03-02"}) == ()


# --- Revenue ----------------------------------------------------------------------------------------------------------


def test_revenue_by_doctor_and_service(world: World) -> None:
    world.service.doctor_share_percent = Decimal(40)
    world.service.save()
    for doctor, amount in ((world.doctor, "50"), (world.doctor, "20.50"), (world.colleague, "10")):
        payment = walk_in(world, doctor=doctor).payment
        payment_actions.process(payment, by=world.receptionist, amount=Decimal(amount), method="cash")
    payment_actions.refund(payment, by=world.admin, amount=Decimal("2.50"), reason="mistake")

    found = report(world, "revenue", to="2026-03-02", **{"from": "2026-03-02"})

    assert [
        (row["doctor"]["id"], row["service"]["id"], row["visits"], row["taken"], row["refunded"], row["doctor_share"])
        for row in found["rows"]
    ] == [
        (world.doctor.pk, world.service.pk, 2, "70.50", "0.00", "28.20"),
        (world.colleague.pk, world.service.pk, 1, "10.00", "2.50", "3.00"),
    ]
    assert [(row["doctor"]["id"], row["taken"]) for row in found["doctors"]] == [
        (world.doctor.pk, "70.50"),
        (world.colleague.pk, "10.00"),
    ]
    assert found["totals"] == [
        {
            "currency": "USD",
            "taken": "80.50",
            "refunded": "2.50",
            "transferred": "0.00",
            "doctor_share": "31.20",
            "clinic_share": "46.80",
        }
    ]


# --- Rights -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_who_sees_which_report(world: World, name: str) -> None:
    got = {
        who: Api(getattr(world, who)).get(f"/api/reports/{name}/", asked(world)).status_code
        for who in ("admin", "superuser", "receptionist", "doctor_user", "admin_there", "receptionist_there")
    }
    money = name == "revenue"
    assert got == {
        "admin": 200,
        "superuser": 200,
        "receptionist": 403 if money else 200,
        "doctor_user": 200,
        "admin_there": 404,
        "receptionist_there": 403 if money else 404,
    }
    assert Api().get(f"/api/reports/{name}/", asked(world)).status_code == 401


def test_a_doctor_sees_their_own_figures_alone(world: World) -> None:
    visit(world, arrived=at(DAY, 9), waited=60)
    visit(world, arrived=at(DAY, 9), waited=60, doctor=world.colleague)

    assert report(world, "waits", "doctor_user")["total"]["count"] == 1
    assert report(world, "visits", "doctor_user")["total"]["seen"] == 1
    assert report(world, "visits", doctor=world.colleague.pk)["total"]["seen"] == 1
    assert report(world, "visits")["total"]["seen"] == 2
    refused = Api(world.doctor_user).get("/api/reports/visits/", asked(world, doctor=world.colleague.pk))
    assert outcome(refused) == (403, "forbidden")


@pytest.mark.parametrize(
    ("asked_for", "field"),
    [
        ({"from": "2026-02-20", "to": "2026-02-19"}, "to"),
        ({"from": "2025-02-20", "to": "2026-02-21"}, "to"),
        ({"from": "1999-12-31", "to": "2000-01-01"}, "from"),
        ({"from": "2199-12-31", "to": "2200-01-01"}, "to"),
        ({"from": "soon"}, "from"),
        ({"to": ""}, "to"),
        ({"clinic": "x"}, "clinic"),
        ({"clinic": "9" * 30}, "clinic"),
    ],
)
def test_a_range_that_is_none_is_refused_on_its_field(world: World, asked_for: dict[str, str], field: str) -> None:
    response = Api(world.admin).get("/api/reports/waits/", asked(world, **asked_for))
    assert outcome(response) == (400, field)


def test_a_whole_leap_year_is_one_report(world: World) -> None:
    year = {"from": "2028-01-01", "to": "2028-12-31"}
    assert len(report(world, "visits", **year)["rows"]) == 366


# --- Files ------------------------------------------------------------------------------------------------------------


def rows_of(world: World, name: str, **more: Any) -> list[list[str]]:
    response = Api(world.admin).get(f"/api/reports/{name}/", asked(world, format="csv", **more))
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{name}_{world.here.code}_' in response["Content-Disposition"]
    text = response.content.decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:]), strict=True))


def test_a_file_has_the_figures_of_the_report(world: World) -> None:
    for waited in (90, 120, 610):
        visit(world, arrived=at(DAY, 9, 10), waited=waited)

    assert rows_of(world, "waits")[1:] == [["Monday", "09:00", "3", "2.0", "10.2"]]
    assert rows_of(world, "visits")[1] == ["2026-02-16", "0", "3", "3", "0", "0", "0", "0"]


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\t=1", " =1"])
def test_a_name_is_never_a_formula(world: World, name: str) -> None:
    Doctor._base_manager.filter(pk=world.doctor.pk)._update([(Doctor._meta.get_field("name"), None, name)])
    visit(world, status="no_show", booked=at(DAY, 9))

    row = rows_of(world, "no-shows")[1]

    assert row[0] == f"'{name}"
    assert row[1:] == ["1", "0", "1", "1", "100.0"]


def test_money_in_a_file_is_exact_and_a_number(world: World) -> None:
    payment = walk_in(world).payment
    payment_actions.process(payment, by=world.receptionist, amount=Decimal("0.10"), method="cash")
    world.doctor.name = 'Dr "Quote", MD'
    save_record(_renamed(world))

    row = rows_of(world, "revenue", to="2026-03-02")[1]

    assert row[0] == 'Dr "Quote", MD'
    assert row[4:] == ["0.10", "0.00", "0.00", "0.00", "0.10"]


def _renamed(world: World) -> Any:
    request = type("Request", (), {"user": world.admin})()
    record = DoctorSerializer(
        Doctor.objects.get(pk=world.doctor.pk), data={"name": world.doctor.name}, partial=True, context={"request": request}
    )
    record.is_valid(raise_exception=True)
    return record


def test_a_refused_file_says_why(world: World) -> None:
    response = Api(world.admin).get("/api/reports/waits/", asked(world, format="csv", to="2026-01-01"))

    assert response.status_code == 400
    assert "The last day comes before the first" in response.content.decode()


# --- Queries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_more_rows_take_no_more_queries(world: World, name: str) -> None:
    def queries() -> int:
        api = Api(world.admin)
        with CaptureQueriesContext(connection) as found:
            assert api.get(f"/api/reports/{name}/", asked(world, to="2026-03-02")).status_code == 200
        return len(found)

    def fill(doctor: Any) -> None:
        visit(world, arrived=at(DAY, 9), waited=60, inside=5, booked=at(DAY, 9), doctor=doctor, patient=PatientFactory())
        payment = walk_in(world, doctor=doctor).payment
        payment_actions.process(payment, by=world.receptionist, amount=Decimal(1), method="cash")

    fill(world.doctor)
    one = queries()
    for _number in range(3):
        doctor = DoctorFactory(clinics=[world.here])
        fill(doctor)
        book(world, doctor=doctor)
    assert queries() == one


@pytest.mark.parametrize("breaks", [[(dt.time(13), dt.time(14))], [(dt.time(12), dt.time(13)), (dt.time(15), dt.time(16))]])
def test_a_break_of_today_changes_no_past_week(world: World, clock: Any, breaks: list[tuple[dt.time, dt.time]]) -> None:
    no_hours(world.doctor)
    no_hours(world.colleague)
    today = dt.date(2026, 6, 1)
    past = {"from": "2026-05-18", "to": "2026-05-24"}
    clock.move_to(at(today - dt.timedelta(days=60), 8))
    shift = appointment_actions.add_shift(
        by=world.admin,
        doctor=world.doctor,
        clinic=world.here,
        weekday=0,
        start_time=dt.time(9),
        end_time=dt.time(17),
        breaks=[(dt.time(12), dt.time(13))],
    )
    clock.move_to(at(today, 8))
    assert use(world, **past)[0] == 420

    appointment_actions.change_shift(shift, by=world.admin, breaks=breaks)

    assert use(world, **past)[0] == 420
    assert use(world, **{"from": "2026-06-01", "to": "2026-06-07"})[0] == 480 - 60 * len(breaks)


@pytest.mark.parametrize(("weekday", "start", "hours"), [(1, 9, 8), (0, 7, 10)])
def test_a_shift_that_takes_anothers_place_today_changes_no_past_week(
    world: World, clock: Any, weekday: int, start: int, hours: int
) -> None:
    no_hours(world.doctor)
    no_hours(world.colleague)
    today = dt.date(2026, 6, 1)
    past, coming = {"from": "2026-05-18", "to": "2026-05-24"}, {"from": "2026-06-08", "to": "2026-06-14"}
    clock.move_to(at(today - dt.timedelta(days=60), 8))
    at_nine = {"start_time": dt.time(9), "end_time": dt.time(17)}
    old = appointment_actions.add_shift(by=world.admin, doctor=world.doctor, clinic=world.here, weekday=0, **at_nine)
    clock.move_to(at(today, 8))
    assert use(world, **past)[0] == 480

    appointment_actions.end_shift(old, by=world.admin)
    times = {"start_time": dt.time(start), "end_time": dt.time(start + hours)}
    appointment_actions.add_shift(by=world.admin, doctor=world.doctor, clinic=world.here, weekday=weekday, **times)

    assert use(world, **past)[0] == 480
    assert use(world, **coming)[0] == 60 * hours
