"""Patients: finding them, duplicates, merging, and the log of who read what."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from appointments.models import Appointment
from patients.folding import fold_name, fold_phone
from patients.models import FileAccess, Patient
from queue.models import Visit
from tests.api.client import Api, desk_dump, outcome
from tests.factories import PatientFactory, World, book, walk_in

# --- Folding ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("José  Ñandú", "jose nandu"),
        ("أحمد", "احمد"),
        ("فاطمة", "فاطمه"),
        ("مُحَمَّد", "محمد"),
        ("هدى", "هدي"),
        ("علی", "علي"),
        ("کریم", "كريم"),
        ("محـــمد", "محمد"),
        ("İstanbul", "istanbul"),
        ("Straße", "STRASSE"),
        ("Łukasz Ørsted", "lukasz orsted"),
        ("Nguyễn Thị", "nguyen thi"),
        ("Ｆｕｌｌ", "full"),
        ("room ٣", "room 3"),
        ("O'Neil-Smith", "o neil smith"),
    ],
)
def test_names_that_are_one(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@given(st.text(max_size=200))
def test_folding_a_name_twice_changes_nothing_more(text: str) -> None:
    folded = fold_name(text)
    assert fold_name(folded) == folded
    assert folded == " ".join(folded.split())


@pytest.mark.parametrize(
    "written",
    [
        "+49 151 5000001",
        "0049 151 5000001",
        "+491515000001",
        "0151 5000001",
        "(0151) 500-0001",
        "+٤٩ ١٥١ ٥٠٠٠٠٠١",
        "00491515000001",
    ],
)
def test_phones_that_are_one(written: str) -> None:
    assert fold_phone(written) == "1515000001"


# --- Search -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def people(world: World) -> dict[str, int]:
    named = {
        "josé": PatientFactory(full_name="José Ñandú García", phone="+49 151 5000001"),
        "anna": PatientFactory(full_name="Anna Garcia-Lopez", phone="0170 999"),
        "ahmad": PatientFactory(full_name="أحمد فاطمة", phone="+964 770 123 4567"),
        "percent": PatientFactory(full_name="Per Cent_x", phone=""),
    }
    return {name: patient.pk for name, patient in named.items()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("jose", {"josé"}),
        ("NAND", {"josé"}),
        ("garc jos", {"josé"}),
        ("garcia", {"josé", "anna"}),
        ("lopez anna", {"anna"}),
        ("jose anna", set()),
        ("احمد", {"ahmad"}),
        ("فاطمه", {"ahmad"}),
        ("+49 151 5000001", {"josé"}),
        ("0049 151 5000001", {"josé"}),
        ("0151-500 0001", {"josé"}),
        ("٥٠٠٠٠٠١", {"josé"}),
        ("5000001", {"josé"}),
        ("07701234567", {"ahmad"}),
        ("anna 1515000001", set()),
        ("jose 5000", {"josé"}),
        ("zzz", set()),
        ("%", set()),  # nothing to look for
        ("a%a", {"anna"}),
    ],
)
def test_search(world: World, people: dict[str, int], text: str, found: set[str]) -> None:
    ids = {row["id"] for row in Api(world.receptionist).all("patients/", search=text)}
    assert {name for name, pk in people.items() if pk in ids} == found


def test_search_by_record_number_finds_that_file_alone(world: World) -> None:
    wanted = PatientFactory(full_name="Wanted", phone="")
    wanted.record_number = "P-987654"
    wanted.save(update_fields=["record_number"])
    PatientFactory(full_name="Other", phone="0170 55 7654 55")
    for text in ("P-987654", "p-987654"):
        assert [row["id"] for row in Api(world.receptionist).all("patients/", search=text)] == [wanted.pk]


def test_without_words_everybody_is_listed_by_name(world: World, people: dict[str, int]) -> None:
    names = [row["full_name"] for row in Api(world.receptionist).all("patients/")]
    assert len(names) == len(people) + 1
    assert names == list(Patient.objects.order_by("full_name", "pk").values_list("full_name", flat=True))


# --- Duplicates ---------------------------------------------------------------------------------------------------------

KNOWN = {"full_name": "José García", "phone": "+49 151 5000001", "birth_date": "1980-05-05"}


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"full_name": "Jose Garcia", "phone": "0151 5000001"}, "same phone and similar name"),
        ({"full_name": "García José", "phone": "0049 151 5000001"}, "same phone and similar name"),
        ({"full_name": "JOSE GARCIA", "birth_date": "1980-05-05"}, "same name and date of birth"),
        ({"full_name": "Jose Garzia", "phone": "0151 5000001"}, "same phone and similar name"),
        ({"full_name": "Maria Fernandez", "phone": "0151 5000001"}, None),
        ({"full_name": "Jose Garcia", "birth_date": "1981-05-05"}, None),
        ({"full_name": "Jose Garcia"}, None),
        ({"full_name": "Jose Garcia", "phone": "0151 5000002"}, None),
    ],
)
def test_a_possible_duplicate(world: World, sent: dict[str, Any], why: str | None) -> None:
    api = Api(world.receptionist)
    known = api.ok("post", "patients/", KNOWN, 201)
    response = api.call("post", "patients/", sent)
    if why is None:
        assert response.status_code == 201
        return
    assert outcome(response) == (409, "possible_duplicate")
    assert response.json()["candidates"] == [{**known, "why": why}]
    assert Patient.objects.count() == 2
    forced = api.ok("post", "patients/?force=true", sent, 201)
    assert forced["record_number"] not in (None, known["record_number"])


def test_whoever_sees_a_candidate_is_noted(world: World) -> None:
    api = Api(world.receptionist)
    known = api.ok("post", "patients/", KNOWN, 201)
    earlier = list(FileAccess.objects.values_list("pk", flat=True))
    assert api.call("post", "patients/", KNOWN).status_code == 409
    assert list(FileAccess.objects.exclude(pk__in=earlier).values_list("patient_id", "user_id", "how")) == [
        (known["id"], world.receptionist.pk, "found")
    ]


def test_a_merged_file_is_no_candidate(world: World) -> None:
    api = Api(world.receptionist)
    first = api.ok("post", "patients/", KNOWN, 201)
    second = api.ok("post", "patients/?force=true", KNOWN, 201)
    api.ok("post", f"patients/{first['id']}/merge/", {"duplicate": second["id"]})
    assert [row["id"] for row in api.call("post", "patients/", KNOWN).json()["candidates"]] == [first["id"]]


def test_born_today_where_the_day_has_begun(world: World, clock: time_machine.Traveller) -> None:
    """23:00 UTC is the next morning in Kathmandu, where the newborn is."""
    clock.move_to(dt.datetime(2026, 3, 2, 23, 0, tzinfo=dt.UTC))
    api = Api(world.receptionist)
    assert api.call("post", "patients/", {"full_name": "New Born", "birth_date": "2026-03-03"}).status_code == 201
    assert outcome(api.call("post", "patients/", {"full_name": "Not Born", "birth_date": "2026-03-05"})) == (400, "birth_date")


# --- Files --------------------------------------------------------------------------------------------------------------


def test_registering_and_changing(world: World) -> None:
    api = Api(world.receptionist)
    made = api.ok("post", "patients/", {**KNOWN, "full_name": "  José   García "}, 201)
    assert (made["full_name"], made["record_number"]) == ("José García", f"P-{made['id']:06d}")
    changed = api.ok("patch", f"patients/{made['id']}/", {"full_name": "Karl Garcia", "version": made["version"]})
    assert (changed["full_name"], changed["version"], changed["phone"]) == ("Karl Garcia", made["version"] + 1, made["phone"])
    assert [row["id"] for row in api.all("patients/", search="karl")] == [made["id"]]
    assert api.all("patients/", search="josé garcía") == []
    history = Patient.history.filter(id=made["id"]).order_by("history_id")
    assert [row.full_name for row in history][-2:] == ["José García", "Karl Garcia"]


def test_what_nobody_may_set(world: World) -> None:
    made = Api(world.receptionist).ok(
        "post", "patients/", {"full_name": "X Y", "record_number": "P-1", "id": 5, "merged_into": 1}, 201
    )
    assert made["record_number"] == f"P-{made['id']:06d}"
    assert Patient.objects.get(pk=made["id"]).merged_into is None


def test_every_reading_is_noted(world: World) -> None:
    api, other = Api(world.doctor_user), PatientFactory()
    api.ok("get", f"patients/{other.pk}/")
    api.all("patients/", search=other.full_name)
    Api(world.receptionist).ok("patch", f"patients/{other.pk}/", {"notes": "x"})
    api.call("patch", f"patients/{other.pk}/", {"notes": "y"})
    assert list(FileAccess.objects.order_by("pk").values_list("patient_id", "user_id", "how")) == [
        (other.pk, world.doctor_user.pk, "opened"),
        (other.pk, world.doctor_user.pk, "found"),
        (other.pk, world.receptionist.pk, "changed"),
    ]


def test_each_row_of_a_page_is_noted_and_no_more(world: World) -> None:
    for _ in range(3):
        PatientFactory()
    page = Api(world.receptionist).ok("get", "patients/?page_size=2")["results"]
    assert list(FileAccess.objects.order_by("pk").values_list("patient_id", flat=True)) == [row["id"] for row in page]


# --- Merging ------------------------------------------------------------------------------------------------------------


def test_merging_moves_everything(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    appointment = book(world, patient=duplicate)
    visit = walk_in(world, patient=duplicate)
    Visit.objects.get(appointment=appointment)
    api = Api(world.receptionist)
    merged = api.ok("post", f"patients/{survivor.pk}/merge/", {"duplicate": duplicate.pk})
    assert merged["id"] == survivor.pk
    assert merged["version"] > survivor.version
    assert {row["id"] for row in api.all("appointments/", patient=survivor.pk)} == {appointment.pk}
    assert {row["id"] for row in api.all("visits/", patient=survivor.pk)} == {visit.pk, appointment.visit.pk}
    # The old id stands for the survivor.
    assert {row["id"] for row in api.all("visits/", patient=duplicate.pk)} == {visit.pk, appointment.visit.pk}
    assert {row["id"] for row in api.all("appointments/", patient=duplicate.pk)} == {appointment.pk}
    assert api.ok("get", f"payments/{visit.payment.pk}/receipt/")["patient"] == survivor.full_name
    assert api.ok("get", f"patients/{duplicate.pk}/")["id"] == survivor.pk
    assert duplicate.pk not in {row["id"] for row in api.all("patients/")}
    assert FileAccess.objects.filter(how="changed").count() == 2


def test_who_is_booked_or_walks_in_under_the_old_number_is_the_survivor(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    api = Api(world.receptionist)
    api.ok("post", f"patients/{survivor.pk}/merge/", {"duplicate": duplicate.pk})
    body = {"clinic": world.here.pk, "doctor": world.doctor.pk, "patient": duplicate.pk, "service": world.service.pk}
    assert api.ok("post", "visits/", body, 201)["patient"]["id"] == survivor.pk
    assert api.ok("post", "appointments/", {**body, "start": "2026-03-02T15:00:00Z"}, 201)["patient"]["id"] == survivor.pk


def test_a_chain_of_merges_leads_to_the_last_survivor(world: World) -> None:
    first, second, third = PatientFactory(), PatientFactory(), PatientFactory()
    api = Api(world.receptionist)
    api.ok("post", f"patients/{second.pk}/merge/", {"duplicate": first.pk})
    api.ok("post", f"patients/{third.pk}/merge/", {"duplicate": second.pk})
    assert [api.ok("get", f"patients/{p.pk}/")["id"] for p in (first, second, third)] == [third.pk] * 3


@pytest.mark.parametrize("role", ["survivor", "duplicate"])
def test_what_was_merged_is_not_merged_again(world: World, role: str) -> None:
    survivor, duplicate, other = PatientFactory(), PatientFactory(), PatientFactory()
    api = Api(world.receptionist)
    api.ok("post", f"patients/{survivor.pk}/merge/", {"duplicate": duplicate.pk})
    before = desk_dump()
    kept, gone = (duplicate, other) if role == "survivor" else (other, duplicate)
    assert outcome(api.call("post", f"patients/{kept.pk}/merge/", {"duplicate": gone.pk})) == (409, "already_merged")
    refused = api.call("patch", f"patients/{duplicate.pk}/", {"notes": "x"})
    assert outcome(refused) == (409, "already_merged")
    assert refused.json()["current"]["id"] == survivor.pk
    assert desk_dump() == before


def test_nobody_can_be_in_two_places_by_merging(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    book(world, patient=survivor)
    book(world, patient=duplicate, doctor=world.colleague)
    before = desk_dump()
    response = Api(world.receptionist).call("post", f"patients/{survivor.pk}/merge/", {"duplicate": duplicate.pk})
    assert outcome(response) == (409, "patient_busy")
    assert desk_dump() == before
    assert Patient.objects.get(pk=duplicate.pk).merged_into is None


def test_merging_at_clinics_the_caller_cannot_see_moves_them_too(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    there = {"clinic": world.there, "doctor": world.stranger, "service": world.service_there, "by": world.receptionist_there}
    appointment = book(world, patient=duplicate, **there)
    Api(world.receptionist).ok("post", f"patients/{survivor.pk}/merge/", {"duplicate": duplicate.pk})
    assert Appointment.objects.get(pk=appointment.pk).patient_id == survivor.pk
