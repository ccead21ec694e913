"""All that is stored about one person, for that person."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appointments import actions as appointment_actions
from patients.models import FileAccess, Patient
from payments import actions as payment_actions
from queue import actions as queue_actions
from tests.api.client import Api
from tests.factories import PatientFactory, World, book, walk_in

THERE = ("clinic", "doctor", "service", "by")


@pytest.fixture
def person(world: World) -> Patient:
    """With a past, a merged file, and something of everything at both clinics."""
    api = Api(world.receptionist)
    patient, duplicate = PatientFactory(full_name="Former Name"), PatientFactory(full_name="Duplicate Name")
    api.ok("patch", f"patients/{patient.pk}/", {"full_name": "Present Name", "notes": "likes tea", "sex": "female"})
    appointment = book(world, patient=duplicate, notes="brings papers")
    appointment_actions.cancel(appointment, by=world.receptionist, reason="ill")
    visit = walk_in(world, patient=patient)
    queue_actions.set_priority(visit, by=world.admin, priority="urgent", reason="in pain")
    payment_actions.process(visit.payment, by=world.receptionist, amount=visit.payment.amount_due, method="cash")
    there = dict(zip(THERE, (world.there, world.stranger, world.service_there, world.receptionist_there), strict=True))
    actor = world.doctor_user
    queue_actions.complete(queue_actions.start(visit, by=actor), by=actor, note="a rash")
    walk_in(world, patient=patient, **there)
    Api(world.receptionist_there).ok("get", f"patients/{patient.pk}/")
    api.ok("post", f"patients/{patient.pk}/merge/", {"duplicate": duplicate.pk})
    # Somebody else, of whom nothing may be in it.
    other = PatientFactory(full_name="Quite Another")
    book(world, patient=other, minutes=300)
    walk_in(world, patient=other)
    return Patient.objects.get(pk=patient.pk)


def exported(world: World, person: Patient, user: Any) -> dict[str, Any]:
    response = Api(user).get(f"/api/patients/{person.pk}/export/")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == f'attachment; filename="patient-{person.record_number}.json"'
    return dict(json.loads(response.content))


def test_everything_about_the_person_and_nothing_of_others(world: World, person: Patient) -> None:
    document = exported(world, person, world.superuser)
    assert document["complete"] is True
    assert (document["patient"]["full_name"], document["patient"]["notes"]) == ("Present Name", "likes tea")
    assert [file["full_name"] for file in document["merged_files"]] == ["Duplicate Name"]
    assert {row["full_name"] for row in document["past_versions"]} == {"Former Name", "Present Name", "Duplicate Name"}
    assert [row["duplicate"]["name"] for row in document["merges"]] == ["Duplicate Name"]
    (appointment,) = document["appointments"]
    assert (appointment["notes"], appointment["cancel_reason"], appointment["fhir_status"]) == (
        *("brings papers", "ill", "cancelled"),
    )
    assert sorted(visit["clinic"] for visit in document["visits"]) == sorted(
        [world.here.name, world.here.name, world.there.name]
    )
    urgent = next(visit for visit in document["visits"] if visit["priority"] == "urgent")
    assert urgent["priority_reason"] == "in pain"
    assert [step["action"] for step in urgent["steps"]] == ["walk_in", "priority", "start", "complete"]
    assert [note["text"] for note in urgent["notes"]] == ["a rash"]
    assert urgent["steps"][1]["by"] == world.admin.username
    paid = [payment for payment in document["payments"] if payment["status"] == "paid"]
    assert [entry["receipt_number"] for entry in paid[0]["entries"]] == [paid[0]["entries"][0]["receipt_number"]]
    assert len(document["payments"]) == 3
    assert {row["user"]["username"] for row in document["accesses"]} == {
        *(world.receptionist.username, world.receptionist_there.username, world.superuser.username)
    }
    assert "Quite Another" not in json.dumps(document)


def test_an_admin_gets_what_belongs_to_their_clinics(world: World, person: Patient) -> None:
    document = exported(world, person, world.admin)
    assert (document["complete"], document["clinics"]) == (False, [world.here.name])
    assert {row["clinic"] for part in ("appointments", "visits", "payments") for row in document[part]} == {world.here.name}
    assert world.receptionist_there.username in {row["user"]["username"] for row in document["accesses"]}
    assert world.there.name not in json.dumps(document)


def test_the_old_number_gives_the_person(world: World, person: Patient) -> None:
    duplicate = Patient.objects.get(merged_into=person)
    assert Api(world.admin).ok("get", f"patients/{duplicate.pk}/export/")["patient"]["id"] == person.pk


def test_the_export_is_noted_for_each_file(world: World, person: Patient) -> None:
    exported(world, person, world.admin)
    noted = FileAccess.objects.filter(how="exported", user=world.admin)
    assert set(noted.values_list("patient__full_name", flat=True)) == {"Present Name", "Duplicate Name"}


def test_a_browser_gets_the_file_too(world: World, person: Patient) -> None:
    response = Api(world.admin).get(f"/api/patients/{person.pk}/export/", headers={"Accept": "text/html"})
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("rows", [1, 8])
def test_as_many_queries_for_many_rows_as_for_one(world: World, django_assert_num_queries: Any, rows: int) -> None:
    patient = PatientFactory()
    api = Api(world.receptionist)
    for number in range(rows):
        api.ok("patch", f"patients/{patient.pk}/", {"notes": f"note {number}"})
        book(world, patient=patient, minutes=30 * number + 30)
        visit = walk_in(world, patient=patient)
        payment_actions.process(visit.payment, by=world.receptionist, amount=visit.payment.amount_due, method="cash")
        other = PatientFactory()
        api.ok("post", f"patients/{patient.pk}/merge/", {"duplicate": other.pk})
    admin = Api(world.admin)
    with django_assert_num_queries(21):
        document = admin.get(f"/api/patients/{patient.pk}/export/").json()
    assert (len(document["visits"]), len(document["payments"]), len(document["merged_files"])) == (2 * rows, 2 * rows, rows)
