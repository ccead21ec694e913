"""As many queries for ten rows as for one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from appointments import actions as appointment_actions
from appointments.models import ClosingDay, Shift, ShiftBreak, TimeOff
from payments import actions as payment_actions
from queue.models import DayClose
from tests.api.client import Api
from tests.factories import ClinicFactory, DoctorFactory, PatientFactory, ServiceFactory, World, book, walk_in
from tests.factories.world import soon

# Of each: the login, the count, the rows, and the caller's clinics where they matter; of patients the numbers first, and the
# access log.
LISTS = {
    "clinics/": 3,
    "services/": 4,
    "doctors/": 5,
    "shifts/": 5,
    "time-off/": 4,
    "closing-days/": 4,
    "patients/": 5,
    "appointments/": 5,
    "visits/": 4,
    "payments/": 6,
    "cash-shifts/": 6,
}


def fill(world: World, path: str, count: int) -> None:
    for number in range(count):
        match path:
            case "clinics/":
                world.receptionist.clinics.add(ClinicFactory())
            case "services/":
                ServiceFactory(clinic=world.here)
            case "doctors/":
                DoctorFactory(clinics=[world.here], user=None)
            case "shifts/" | "time-off/" | "closing-days/":
                fill_hours(world, path, number)
            case "patients/":
                PatientFactory()
            case "appointments/":
                row = book(world, minutes=20 * (number + 1), doctor=world.colleague)
                appointment_actions.change(row, by=world.receptionist, doctor=world.doctor)
            case "visits/":
                walk_in(world)
            case "payments/" | "cash-shifts/":
                take_money(world, path)


def take_money(world: World, path: str) -> None:
    """A payment in two parts, or a till that was closed."""
    if path == "payments/":
        payment = walk_in(world).payment
        for _ in range(2):
            payment_actions.process(payment, by=world.receptionist, amount=payment.amount_due / 2, method="cash")
        return
    fill_a_till(world, 1)
    shift = world.receptionist.cash_shifts.get(closed_at=None)
    payment_actions.close_shift(shift, by=world.admin, counted_cash=Decimal(5), note="x")


def fill_a_till(world: World, count: int) -> int:
    """The receptionist's open shift with ``count`` rows and movements."""
    shift = payment_actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(5))
    for _ in range(count):
        payment_actions.process(walk_in(world).payment, by=world.receptionist, amount=Decimal(5), method="cash")
        payment_actions.move_cash(shift, by=world.receptionist, kind="in", amount=Decimal(1), reason="change")
    return shift.pk


def fill_hours(world: World, path: str, number: int) -> None:
    match path:
        case "shifts/":
            shift = Shift.objects.create(
                doctor=world.doctor, clinic=world.here, weekday=0, start_time="01:00", end_time="02:00"
            )
            ShiftBreak.objects.create(shift=shift, start_time="01:20", end_time="01:30")
        case "time-off/":
            TimeOff.objects.create(doctor=world.doctor, start=soon(number), end=soon(number + 600))
        case "closing-days/":
            ClosingDay.objects.create(clinic=world.here, first_day="2026-12-24", last_day="2026-12-26")


@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize(("path", "queries"), LISTS.items())
def test_lists(world: World, django_assert_num_queries: Any, path: str, queries: int, rows: int) -> None:
    fill(world, path, rows)
    api = Api(world.receptionist)
    with django_assert_num_queries(queries):
        answer = api.get(f"/api/{path}")
    assert len(answer.json()["results"]) >= rows


@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize(("room", "queries"), [("clinics", 8), ("doctors", 10)])
def test_snapshots(world: World, django_assert_num_queries: Any, room: str, queries: int, rows: int) -> None:
    fill(world, "visits/", rows)
    fill(world, "appointments/", rows)
    number = world.here.pk if room == "clinics" else world.doctor.pk
    api = Api(world.receptionist)
    api.ok("get", f"queue/{room}/{number}/")
    with django_assert_num_queries(queries):
        answer = api.get(f"/api/queue/{room}/{number}/").json()
    assert (len(answer["visits"]), len(answer["appointments"])) == (rows, rows)


@pytest.mark.parametrize("rows", [1, 10])
def test_closed_days(world: World, django_assert_num_queries: Any, rows: int) -> None:
    for number in range(rows):
        DayClose.objects.create(clinic=world.here, date="2026-03-01", number=number, at=soon(), by=world.admin, figures={})
    api = Api(world.receptionist)
    with django_assert_num_queries(4):
        assert len(api.get("/api/day-closes/").json()["results"]) == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_a_doctors_state(world: World, django_assert_num_queries: Any, rows: int) -> None:
    fill(world, "visits/", rows)
    api = Api(world.receptionist)
    api.ok("post", f"doctors/{world.doctor.pk}/state/", {"state": "break"})
    with django_assert_num_queries(5):
        assert api.get(f"/api/doctors/{world.doctor.pk}/state/").json()["state"] == "break"


def test_closing_a_day_asks_a_little_per_open_visit(world: World, django_assert_max_num_queries: Any) -> None:
    fill(world, "visits/", 20)
    api = Api(world.receptionist)
    with django_assert_max_num_queries(40 + 8 * 20):
        answer = api.post(f"/api/clinics/{world.here.pk}/close-day/", {}, format="json").json()
    assert answer["figures"]["left"] == 20


@pytest.mark.parametrize("rows", [1, 10])
def test_slots(world: World, django_assert_num_queries: Any, rows: int) -> None:
    fill(world, "appointments/", rows)
    api = Api(world.receptionist)
    query = {"clinic": world.here.pk, "service": world.service.pk, "date": "2026-03-02"}
    with django_assert_num_queries(12):
        slots = api.get(f"/api/doctors/{world.doctor.pk}/slots/", query).json()
    assert sum(not slot["available"] for slot in slots if slot["start"] >= "2026-03-02T08:20") == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_history(world: World, django_assert_num_queries: Any, rows: int) -> None:
    visit = walk_in(world)
    api = Api(world.receptionist)
    for _ in range(rows):
        api.ok("post", f"visits/{visit.pk}/call/")
    with django_assert_num_queries(5):
        steps = api.get(f"/api/visits/{visit.pk}/history/").json()
    assert len(steps) == rows + 1


@pytest.mark.parametrize("rows", [1, 10])
def test_a_receipt(world: World, django_assert_num_queries: Any, rows: int) -> None:
    payment = walk_in(world).payment
    for _ in range(rows):
        payment_actions.process(payment, by=world.receptionist, amount=payment.amount_due / 50, method="cash")
    api = Api(world.receptionist)
    with django_assert_num_queries(6):
        receipt = api.get(f"/api/payments/{payment.pk}/receipt/").json()
    assert len(receipt["entries"]) == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_the_slip_of_a_till(world: World, django_assert_num_queries: Any, rows: int) -> None:
    pk = fill_a_till(world, rows)
    api = Api(world.receptionist)
    with django_assert_num_queries(8):
        slip = api.get(f"/api/cash-shifts/{pk}/").json()
    assert (len(slip["rows"]), len(slip["movements"])) == (rows, rows)


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize("verb", ["accesses", "merges"])
def test_what_is_known_of_a_patient(world: World, django_assert_num_queries: Any, verb: str, rows: int) -> None:
    patient, api = PatientFactory(), Api(world.admin)
    for _ in range(rows):
        duplicate = PatientFactory().pk
        api.ok("post", f"patients/{patient.pk}/merge/", {"duplicate": duplicate})
    with django_assert_num_queries({"accesses": 5, "merges": 4}[verb]):
        answer = api.get(f"/api/patients/{patient.pk}/{verb}/").json()
    assert len(answer if verb == "merges" else answer["results"]) >= rows


@pytest.mark.parametrize("rows", [1, 15])
def test_possible_duplicates(world: World, django_assert_num_queries: Any, rows: int) -> None:
    for _ in range(rows):
        PatientFactory(full_name="Same Name", phone="0151 1234567", birth_date="1980-05-04")
    api = Api(world.receptionist)
    body = {"full_name": "Name Same", "phone": "0151 1234567", "birth_date": "1980-05-04"}
    with django_assert_num_queries(6):
        answer = api.call("post", "patients/duplicates/", body).json()
    assert len(answer["candidates"]) == rows


def test_pages(world: World) -> None:
    fill(world, "patients/", 5)
    api = Api(world.receptionist)
    first = api.ok("get", "patients/?page_size=4")
    assert (first["count"], len(first["results"]), first["previous"]) == (6, 4, None)
    second = api.get(first["next"]).json()
    assert (len(second["results"]), second["next"]) == (2, None)
    assert {row["id"] for row in first["results"]} & {row["id"] for row in second["results"]} == set()
