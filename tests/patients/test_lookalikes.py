"""Who may be the same person, shown before saving; and phones that are none."""

from __future__ import annotations

from typing import Any

import pytest

from patients.models import FileAccess, Patient
from tests.api.client import Api, dump_but_reading, outcome
from tests.factories import PatientFactory, World

KNOWN: dict[str, Any] = {"full_name": "José María García", "phone": "+49 151 5000001", "birth_date": "1980-05-04"}


@pytest.fixture
def known(world: World) -> dict[str, Any]:
    return dict(Api(world.receptionist).ok("post", "patients/", KNOWN, 201))


def asked(world: World, **sent: Any) -> list[dict[str, Any]]:
    return list(Api(world.receptionist).ok("post", "patients/duplicates/", sent)["candidates"])


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"full_name": "Jose Maria Garcia", "birth_date": "1980-05-04"}, "same name and date of birth"),
        ({"full_name": "Jose Mario Garcia", "phone": "0151 5000001"}, "same phone and similar name"),
        (
            {"full_name": "García José María", "birth_date": "1980-05-04"},
            "same name in another order and same date of birth",
        ),
        ({"full_name": "Jose Maria Garzia", "birth_date": "1980-05-04"}, "similar name and same date of birth"),
        ({"full_name": "Garcia Jose", "birth_date": "1980-05-04"}, "similar name and same date of birth"),
        ({"full_name": "Jose", "birth_date": "1980-05-04"}, None),
        (
            {"full_name": "Jose Maria Garcia", "birth_date": "1980-04-05"},
            "same name, with day and month of birth the other way round",
        ),
        ({"full_name": "Anna Garcia", "phone": "(0151) 500-0001"}, "same phone and same family name"),
        ({"full_name": "Garcia, Anna", "phone": "0049 151 5000001"}, "same phone and same family name"),
        ({"full_name": "garcia jose maria"}, "same name, and no date of birth that tells the two apart"),
        # Nobody
        ({"full_name": "Jose Maria Garcia", "birth_date": "1981-05-04"}, None),
        ({"full_name": "Anna Schmidt", "phone": "0151 5000001"}, None),
        ({"full_name": "Anna Schmidt", "birth_date": "1980-05-04"}, None),
        ({"full_name": "Jose Garcia"}, None),
    ],
)
def test_candidates_and_why(world: World, known: dict[str, Any], sent: dict[str, Any], why: str | None) -> None:
    assert asked(world, **sent) == ([{"patient": known, "why": why}] if why else [])


def test_the_likeliest_come_first_and_each_once(world: World, known: dict[str, Any]) -> None:
    api = Api(world.receptionist)
    for body in (
        {"full_name": "Garcia Anna", "phone": KNOWN["phone"]},
        {"full_name": "Jose Maria Garcya", "birth_date": KNOWN["birth_date"]},
        {"full_name": "Jose Maria Garcia"},
    ):
        api.ok("post", "patients/?force=true", body, 201)
    assert [each["why"] for each in asked(world, **KNOWN)] == [
        "same name and date of birth",
        "similar name and same date of birth",
        "same phone and same family name",
        "same name, and no date of birth that tells the two apart",
    ]


def test_no_more_are_shown_than_somebody_compares(world: World) -> None:
    for _ in range(25):
        PatientFactory(full_name="Same Name", phone="")
    assert len(asked(world, full_name="Name Same")) == 20


def test_asking_changes_nothing_and_whoever_is_shown_is_noted(world: World, known: dict[str, Any]) -> None:
    before, noted = dump_but_reading(), list(FileAccess.objects.values_list("pk", flat=True))
    assert asked(world, **KNOWN)
    assert dump_but_reading() == before
    assert list(FileAccess.objects.exclude(pk__in=noted).values_list("patient_id", "user_id", "how")) == [
        (known["id"], world.receptionist.pk, "found")
    ]


def test_a_file_that_is_edited_does_not_look_like_itself(world: World, known: dict[str, Any]) -> None:
    assert asked(world, **KNOWN, patient=known["id"]) == []
    assert len(asked(world, **KNOWN, patient=world.patient.pk)) == 1


@pytest.mark.parametrize("state", ["merged", "erased"])
def test_who_is_gone_is_no_candidate(world: World, known: dict[str, Any], state: str) -> None:
    api = Api(world.admin)
    if state == "merged":
        api.ok("post", f"patients/{world.patient.pk}/merge/", {"duplicate": known["id"]})
    else:
        api.ok("post", f"patients/{known['id']}/erase/", {"reason": "asked for it"})
    assert asked(world, **KNOWN) == []
    assert api.call("post", "patients/", KNOWN).status_code == 201


# --- Phones that are none -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phone", ["-", "none", "unknown", "00", "x1", "n/a 12", "٠٠"])
def test_what_is_no_phone_is_refused(world: World, phone: str) -> None:
    api = Api(world.receptionist)
    assert outcome(api.call("post", "patients/", {"full_name": "Some Body", "phone": phone})) == (400, "phone")
    assert outcome(api.call("patch", f"patients/{world.patient.pk}/", {"phone": phone})) == (400, "phone")


@pytest.mark.parametrize("phone", ["", "  ", "112", "0000", "+49 (0)171 12345", "٠١٥١ ٥٥٥"])
def test_what_may_be_one_is_taken(world: World, phone: str) -> None:
    api = Api(world.receptionist)
    made = api.ok("post", "patients/", {"full_name": "Some Body", "phone": phone}, 201)
    assert made["phone"] == phone.strip()


@pytest.mark.parametrize("phone", ["-", "unknown", "0000", "000 000"])
def test_nobodys_phone_makes_nobody_look_the_same(world: World, phone: str) -> None:
    """Stored before it was refused, or made of zeros."""
    old = Patient.objects.get(pk=PatientFactory(full_name="Jose Garcia", phone="0151 1").pk)
    old.phone = phone
    old.save(update_fields=["phone"])
    api = Api(world.receptionist)
    assert asked(world, full_name="Anna Garcia", phone="0000") == []
    assert api.call("post", "patients/", {"full_name": "Jose Garzia", "phone": "0000"}).status_code == 201
    # And the old file can be changed without first finding out its phone.
    assert api.ok("patch", f"patients/{old.pk}/", {"notes": "x"})["phone"] == phone
