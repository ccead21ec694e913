"""Who read whose file: every way to read one is noted, and admins can look it up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client

from patients.models import FileAccess, Patient
from tests.api.client import Api, outcome
from tests.factories import PatientFactory, World, walk_in

Read = Callable[[World, Patient], Any]


def _page(world: World, path: str) -> Any:
    client = Client()
    client.force_login(world.receptionist)
    return client.get(path)


READINGS: dict[str, tuple[str, Read]] = {
    "opened": ("opened", lambda w, p: Api(w.receptionist).ok("get", f"patients/{p.pk}/")),
    "searched": ("found", lambda w, p: Api(w.receptionist).all("patients/", search=p.full_name)),
    "shown as a duplicate": (
        "found",
        lambda w, p: Api(w.receptionist).ok("post", "patients/duplicates/", {"full_name": p.full_name}),
    ),
    "changed": ("changed", lambda w, p: Api(w.receptionist).ok("patch", f"patients/{p.pk}/", {"notes": "tea"})),
    "printed": ("printed", lambda w, p: Api(w.receptionist).ok("get", f"payments/{p.visits.get().payment.pk}/receipt/")),
    "printed page": ("printed", lambda w, p: _page(w, f"/reception/payments/{p.visits.get().payment.pk}/receipt/")),
    "exported": ("exported", lambda w, p: Api(w.admin).ok("get", f"patients/{p.pk}/export/")),
    "erased": ("changed", lambda w, p: Api(w.admin).ok("post", f"patients/{p.pk}/erase/", {"reason": "asked for it"})),
}


@pytest.mark.parametrize("way", READINGS)
def test_every_way_to_read_is_noted_once(world: World, way: str) -> None:
    patient = PatientFactory()
    visit = walk_in(world, patient=patient)
    if way == "erased":
        Api(world.receptionist).ok("post", f"visits/{visit.pk}/cancel/", {})
    how, read = READINGS[way]
    read(world, patient)
    assert list(FileAccess.objects.filter(patient=patient).values_list("how", flat=True)) == [how]


def test_a_receipt_of_another_clinic_is_not_printed_and_not_noted(world: World) -> None:
    payment = walk_in(world).payment
    assert Api(world.receptionist_there).call("get", f"payments/{payment.pk}/receipt/").status_code == 404
    assert FileAccess.objects.count() == 0


@pytest.fixture
def read(world: World, clock: time_machine.Traveller) -> Patient:
    """Read at 8:00 by the receptionist, at 9:00 by the doctor, at 10:00 changed by the receptionist, at 11:00 by the other desk."""
    patient = PatientFactory()
    for hour, user in enumerate((world.receptionist, world.doctor_user, world.receptionist, world.receptionist_there)):
        clock.move_to(dt.datetime(2026, 3, 2, 8 + hour, 0, tzinfo=dt.UTC))
        method, body = ("patch", {"notes": "tea"}) if hour == 2 else ("get", None)
        Api(user).ok(method, f"patients/{patient.pk}/", body)
    return patient


def looked_up(world: World, patient: Patient, **query: Any) -> list[tuple[str, str]]:
    rows = Api(world.admin).all(f"patients/{patient.pk}/accesses/", **query)
    return [(row["user"]["username"], row["how"]) for row in rows]


def test_an_admin_sees_who_read_it_wherever_they_work_or_worked(world: World, read: Patient) -> None:
    """The registry is everybody's; a reading isn't gone because somebody has left."""
    desk, doctor, elsewhere = world.receptionist.username, world.doctor_user.username, world.receptionist_there.username
    seen = [(elsewhere, "opened"), (desk, "changed"), (doctor, "opened"), (desk, "opened")]
    assert looked_up(world, read) == seen
    world.receptionist.clinics.clear()
    assert looked_up(world, read) == seen
    (row, *_others) = Api(world.superuser).all(f"patients/{read.pk}/accesses/")
    assert row["record_number"] == read.record_number
    assert row["at"].startswith("2026-03-02T11:00:00")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"how": "changed"}, [2]),
        ({"how": ["changed", "opened"]}, [3, 2, 1, 0]),
        ({"user": "@desk"}, [2, 0]),
        ({"at_after": "2026-03-02T09:00:00Z"}, [3, 2, 1]),
        ({"at_before": "2026-03-02T09:00:00Z"}, [0]),
        ({"at_after": "2026-03-02T10:00:00+01:00", "at_before": "2026-03-02T10:00:00+00:00"}, [1]),
        ({"at_after": "2026-03-02T10:00:00 01:00"}, [3, 2, 1]),
        ({"user": 999_999}, []),
    ],
)
def test_filters(world: World, read: Patient, query: dict[str, Any], expected: list[int]) -> None:
    rows = [(world.receptionist, "opened"), (world.doctor_user, "opened"), (world.receptionist, "changed")]
    rows.append((world.receptionist_there, "opened"))
    sent = {name: world.receptionist.pk if value == "@desk" else value for name, value in query.items()}
    assert looked_up(world, read, **sent) == [(rows[n][0].username, rows[n][1]) for n in expected]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user", "abc"),
        ("user", "-1"),
        ("user", str(10**30)),
        ("how", "read"),
        ("how", "\0"),
        ("at_after", "2026-03-02T09:00:00"),
        ("at_after", "yesterday"),
        ("at_before", "2026-02-31T09:00:00Z"),
        ("at_before", "0001-01-01T00:00:00+14:00"),
        ("at_before", "\0"),
    ],
)
def test_bad_filters(world: World, read: Patient, name: str, value: str) -> None:
    response = Api(world.admin).get(f"/api/patients/{read.pk}/accesses/", {name: value})
    assert outcome(response) == (400, name)


def test_readings_of_a_merged_file_are_readings_of_the_person(world: World, read: Patient) -> None:
    survivor = PatientFactory()
    Api(world.receptionist).ok("post", f"patients/{survivor.pk}/merge/", {"duplicate": read.pk})
    assert len(looked_up(world, survivor)) == 6
    assert looked_up(world, survivor) == looked_up(world, read)


def test_pages_of_the_log(world: World, read: Patient) -> None:
    first = Api(world.admin).ok("get", f"patients/{read.pk}/accesses/?page_size=2")
    assert (first["count"], len(first["results"])) == (4, 2)
    assert first["next"] is not None
