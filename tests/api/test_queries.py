"""As many queries for thirty rows as for one."""

from __future__ import annotations

from typing import Any

import pytest

from appointments.models import Shift, TimeOff
from payments import actions as payment_actions
from tests.api.client import Api
from tests.factories import ClinicFactory, DoctorFactory, PatientFactory, ServiceFactory, World, book, walk_in
from tests.factories.world import soon

pytestmark = pytest.mark.once("postgresql")

# Of each: the login, the count, the rows, and the caller's clinics where they matter; of patients the numbers first, and the
# access log.
LISTS = {
    "clinics/": 3,
    "services/": 4,
    "doctors/": 5,
    "shifts/": 4,
    "time-off/": 4,
    "patients/": 5,
    "appointments/": 4,
    "visits/": 4,
    "payments/": 6,
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
            case "shifts/":
                Shift.objects.create(doctor=world.doctor, clinic=world.here, weekday=0, start_time="01:00", end_time="02:00")
            case "time-off/":
                TimeOff.objects.create(doctor=world.doctor, start=soon(number), end=soon(number + 600))
            case "patients/":
                PatientFactory()
            case "appointments/":
                book(world, minutes=20 * (number + 1))
            case "visits/":
                walk_in(world)
            case "payments/":
                payment = walk_in(world).payment
                for _ in range(2):
                    payment_actions.process(payment, by=world.receptionist, amount=payment.amount_due / 2, method="cash")


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(("path", "queries"), LISTS.items())
def test_lists(world: World, django_assert_num_queries: Any, path: str, queries: int, rows: int) -> None:
    fill(world, path, rows)
    api = Api(world.receptionist)
    with django_assert_num_queries(queries):
        answer = api.get(f"/api/{path}")
    assert len(answer.json()["results"]) >= rows


@pytest.mark.parametrize("rows", [1, 30])
@pytest.mark.parametrize(("room", "queries"), [("clinics", 7), ("doctors", 10)])
def test_snapshots(world: World, django_assert_num_queries: Any, room: str, queries: int, rows: int) -> None:
    fill(world, "visits/", rows)
    fill(world, "appointments/", rows)
    number = world.here.pk if room == "clinics" else world.doctor.pk
    api = Api(world.receptionist)
    api.ok("get", f"queue/{room}/{number}/")
    with django_assert_num_queries(queries):
        answer = api.get(f"/api/queue/{room}/{number}/").json()
    assert (len(answer["visits"]), len(answer["appointments"])) == (rows, rows)


@pytest.mark.parametrize("rows", [1, 30])
def test_slots(world: World, django_assert_num_queries: Any, rows: int) -> None:
    fill(world, "appointments/", rows)
    api = Api(world.receptionist)
    query = {"clinic": world.here.pk, "service": world.service.pk, "date": "2026-03-02"}
    with django_assert_num_queries(10):
        slots = api.get(f"/api/doctors/{world.doctor.pk}/slots/", query).json()
    assert sum(not slot["available"] for slot in slots if slot["start"] >= "2026-03-02T08:20") == rows


@pytest.mark.parametrize("rows", [1, 30])
def test_history(world: World, django_assert_num_queries: Any, rows: int) -> None:
    visit = walk_in(world)
    api = Api(world.receptionist)
    for _ in range(rows):
        api.ok("post", f"visits/{visit.pk}/call/")
    with django_assert_num_queries(4):
        steps = api.get(f"/api/visits/{visit.pk}/history/").json()
    assert len(steps) == rows + 1


@pytest.mark.parametrize("rows", [1, 30])
def test_a_receipt(world: World, django_assert_num_queries: Any, rows: int) -> None:
    payment = walk_in(world).payment
    for _ in range(rows):
        payment_actions.process(payment, by=world.receptionist, amount=payment.amount_due / 50, method="cash")
    api = Api(world.receptionist)
    with django_assert_num_queries(6):
        receipt = api.get(f"/api/payments/{payment.pk}/receipt/").json()
    assert len(receipt["entries"]) == rows


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize("verb", ["accesses", "merges"])
def test_what_is_known_of_a_patient(world: World, django_assert_num_queries: Any, verb: str, rows: int) -> None:
    patient, api = PatientFactory(), Api(world.admin)
    for _ in range(rows):
        duplicate = PatientFactory().pk
        api.ok("post", f"patients/{patient.pk}/merge/", {"duplicate": duplicate})
    with django_assert_num_queries({"accesses": 6, "merges": 4}[verb]):
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
