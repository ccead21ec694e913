"""A patient's page: the desk changes and merges, doctors read, and every reading is noted."""

from __future__ import annotations

import datetime as dt
import inspect
import re
from typing import Any

import pytest
from django.contrib.messages import get_messages

from clinic_project.dashboards import patient as page
from clinic_project.dashboards.booking_words import alike_words
from clinics.models import Clinic
from patients import actions, duplicates
from patients.models import FileAccess, Patient, PatientMerge
from tests.factories import PatientFactory, World, book, walk_in
from tests.pages.test_access import as_user

pytestmark = pytest.mark.django_db


def form(patient: Patient, **changes: Any) -> dict[str, Any]:
    """What the page's form sends."""
    fields = ("full_name", "phone", "sex", "email", "address", "notes", "version")
    return {**{name: getattr(patient, name) for name in fields}, "birth_date": patient.birth_date or "", **changes}


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


@pytest.mark.parametrize(
    ("who", "may_edit"), [("receptionist", True), ("admin", True), ("doctor_user", False), ("receptionist_there", True)]
)
def test_the_desk_edits_and_doctors_read(world: World, who: str, may_edit: bool) -> None:
    user = getattr(world, who)
    response = as_user(user).get(f"/patients/{world.patient.pk}/")

    assert response.status_code == 200
    assert ('name="full_name"' in response.content.decode()) is may_edit
    assert FileAccess.objects.get(patient=world.patient, user=user).how == "opened"


def test_who_is_not_there_is_not_found(world: World) -> None:
    assert as_user(world.receptionist).get("/patients/999999/").status_code == 404


def test_a_change_is_saved(world: World) -> None:
    sent = form(world.patient, full_name="New Name", birth_date="1980-05-04", notes="likes tea")
    response = as_user(world.receptionist).post(f"/patients/{world.patient.pk}/", sent)

    world.patient.refresh_from_db()
    assert response["Location"] == f"/patients/{world.patient.pk}/"
    assert (world.patient.full_name, str(world.patient.birth_date)) == ("New Name", "1980-05-04")
    assert world.patient.notes == "likes tea"


def test_what_is_wrong_stands_by_its_field_and_what_was_typed_stays(world: World) -> None:
    sent = form(world.patient, full_name="Typed Name", email="no address")
    response = as_user(world.receptionist).post(f"/patients/{world.patient.pk}/", sent)
    html = response.content.decode()

    assert response.status_code == 400
    assert 'id="email-error"' in html
    assert 'value="Typed Name"' in html
    world.patient.refresh_from_db()
    assert world.patient.full_name != "Typed Name"


def test_who_was_slower_is_told_and_keeps_what_was_typed(world: World) -> None:
    seen = form(world.patient, notes="mine")
    actions.change(world.patient, by=world.admin, notes="theirs")
    client, path = as_user(world.receptionist), f"/patients/{world.patient.pk}/"

    response = client.post(path, seen)

    html = response.content.decode()
    world.patient.refresh_from_db()
    assert (response.status_code, world.patient.notes) == (409, "theirs")
    assert "changed" in html
    assert ">mine</textarea>" in html
    assert f'name="version" value="{world.patient.version}"' in html
    # What the page holds now can be saved.
    assert client.post(path, {**seen, "version": world.patient.version}).status_code == 302
    world.patient.refresh_from_db()
    assert world.patient.notes == "mine"


def test_what_the_slower_one_has_not_touched_stays_as_the_other_has_written_it(world: World) -> None:
    actions.change(world.patient, by=world.admin, notes="one\ntwo", address="old street", phone="+49 30 555000")
    seen = form(world.patient, address="my street", email="mine@example.org", notes="one\r\ntwo")
    theirs = {"full_name": "Their Name", "address": "their street", "birth_date": dt.date(1980, 5, 4)}
    actions.change(world.patient, by=world.admin, **theirs)
    client, path = as_user(world.receptionist), f"/patients/{world.patient.pk}/"

    html = client.post(path, seen).content.decode()

    assert 'value="Their Name"' in html
    assert 'value="1980-05-04"' in html
    assert 'value="mine@example.org"' in html
    assert 'value="my street"' in html
    # Both have changed the address: it is marked, with what the other one wrote.
    assert re.findall(r'class="field__error" id="(\w+)-error">([^<]*)<', html) == [
        ("address", "Somebody else wrote: their street")
    ]
    sent = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', html)) | {"sex": "unknown", "notes": "one\r\ntwo"}
    assert client.post(path, sent).status_code == 302
    world.patient.refresh_from_db()
    assert (world.patient.full_name, world.patient.address, world.patient.email) == (
        "Their Name",
        "my street",
        "mine@example.org",
    )
    assert world.patient.notes == "one\ntwo"


def test_a_save_between_two_readings_of_the_page_is_not_overwritten_either(world: World, monkeypatch: Any) -> None:
    seen = form(world.patient, email="mine@example.org")
    actions.change(world.patient, by=world.admin, phone="+49 30 555003")
    beside = page._beside

    def and_a_third_one(*args: Any) -> Any:
        found = beside(*args)
        actions.change(world.patient, by=world.admin, notes="a third one's", address="their street")
        return found

    monkeypatch.setattr(page, "_beside", and_a_third_one)
    client, path = as_user(world.receptionist), f"/patients/{world.patient.pk}/"
    html = client.post(path, seen).content.decode()
    monkeypatch.undo()

    # The form holds the version whose values it shows: it is old by now, and says so when it is saved.
    sent = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', html)) | {"sex": "unknown", "notes": ""}
    assert sent["phone"] == "+49 30 555003"
    response = client.post(path, sent)
    assert response.status_code == 409
    assert ">a third one&#x27;s</textarea>" in response.content.decode()
    world.patient.refresh_from_db()
    assert (world.patient.notes, world.patient.address) == ("a third one's", "their street")


LINES = {"notes": " one\r\ntwo\rthree\n", "address": "a street\r\na town"}
SENT = {"notes": " one\r\ntwo\r\nthree\r\n", "address": "a streeta town"}


def test_what_a_browser_sends_of_stored_lines_is_no_change(world: World) -> None:
    actions.change(world.patient, by=world.admin, **LINES)
    world.patient.refresh_from_db()
    version, client, path = world.patient.version, as_user(world.receptionist), f"/patients/{world.patient.pk}/"

    assert client.post(path, form(world.patient, **SENT)).status_code == 302
    world.patient.refresh_from_db()
    assert world.patient.version == version

    assert client.post(path, form(world.patient, phone="+49 30 555001", **SENT)).status_code == 302
    world.patient.refresh_from_db()
    assert world.patient.phone == "+49 30 555001"
    assert {name: getattr(world.patient, name) for name in LINES} == LINES


def test_stored_lines_that_were_not_touched_stay_as_the_other_has_written_them(world: World) -> None:
    seen = form(actions.change(world.patient, by=world.admin, **LINES), email="mine@example.org", **SENT)
    actions.change(world.patient, by=world.admin, notes="theirs\r\nof two lines")
    client, path = as_user(world.receptionist), f"/patients/{world.patient.pk}/"

    html = client.post(path, seen).content.decode()

    assert "field__error" not in html
    assert re.search(r"<textarea[^>]*>theirs\s+of two lines</textarea>", html)
    world.patient.refresh_from_db()
    sent = seen | {"notes": "theirs\r\nof two lines", "version": world.patient.version}
    assert client.post(path, sent).status_code == 302
    world.patient.refresh_from_db()
    assert (world.patient.notes, world.patient.address) == ("theirs\r\nof two lines", LINES["address"])
    assert world.patient.email == "mine@example.org"


def test_of_stored_lines_only_what_was_typed_is_told_when_the_file_was_merged(world: World) -> None:
    twin = PatientFactory(full_name="Twin File", **LINES)
    seen = form(twin, phone="+49 30 555002", **SENT)
    actions.merge(world.patient, duplicate=twin, by=world.admin)

    html = as_user(world.receptionist).post(f"/patients/{twin.pk}/", seen).content.decode()

    told = html.partition("This is what you typed:")[2].partition("</dl>")[0]
    assert re.findall(r"<dt>([^<]*)</dt><dd><bdi>([^<]*)</bdi>", told) == [("Phone", "+49 30 555002")]


def test_a_merged_file_leads_to_the_one_that_took_its_place_and_says_so(world: World) -> None:
    twin, client = PatientFactory(full_name="Twin File"), as_user(world.receptionist)
    seen = form(twin, notes="typed into the wrong one")
    actions.merge(world.patient, duplicate=twin, by=world.admin)

    opened = client.get(f"/patients/{twin.pk}/")
    assert opened["Location"] == f"/patients/{world.patient.pk}/"
    assert said(opened) == f"{twin.record_number} (Twin File) was merged into this file."

    assert "was merged into this file." in client.get(opened["Location"]).content.decode()

    saved = client.post(f"/patients/{twin.pk}/", seen)
    html = saved.content.decode()
    assert (saved.status_code, said(saved)) == (409, "")
    assert "Nothing was saved" in html
    assert f'href="/patients/{world.patient.pk}/"' in html
    # What was typed can be copied from here; there is nothing to save it into.
    assert "typed into the wrong one" in html
    assert 'name="full_name"' not in html
    twin.refresh_from_db()
    assert twin.notes == ""


def test_a_file_that_was_erased_meanwhile_says_so_when_it_is_saved(world: World) -> None:
    seen = form(world.patient, notes="mine")
    actions.erase(world.patient, by=world.admin, reason="asked for it")

    response = as_user(world.receptionist).post(f"/patients/{world.patient.pk}/", seen)

    assert response.status_code == 302
    assert "data was erased" in said(response)


@pytest.mark.parametrize("chosen", [False, True])
def test_times_are_those_of_the_viewers_clinic(world: World, chosen: bool) -> None:
    Clinic._base_manager.filter(pk=world.here.pk).update(timezone="Asia/Dubai")
    twin = PatientFactory()
    actions.merge(world.patient, duplicate=twin, by=world.receptionist)
    late = dt.datetime(2026, 3, 2, 21, 30, tzinfo=dt.UTC)
    PatientMerge.objects.filter(survivor=world.patient).update(at=late)

    query = {"clinic": world.here.pk} if chosen else {}
    html = as_user(world.receptionist).get(f"/patients/{world.patient.pk}/", query).content.decode()

    assert "3 Mar 2026, 01:30" in html


def test_a_doctor_changes_nothing(world: World) -> None:
    client = as_user(world.doctor_user)
    other = PatientFactory()

    assert client.post(f"/patients/{world.patient.pk}/", form(world.patient)).status_code == 403
    assert client.post(f"/patients/{world.patient.pk}/merge/", {"duplicate": other.pk}).status_code == 403


def test_appointments_and_visits_of_the_own_clinics_are_listed(world: World) -> None:
    own = book(world, patient=world.patient)
    walk_in(world, patient=world.patient)
    book(
        world,
        patient=world.patient,
        clinic=world.there,
        doctor=world.stranger,
        service=world.service_there,
        by=world.receptionist_there,
        minutes=90,
    )

    html = as_user(world.receptionist).get(f"/patients/{world.patient.pk}/").content.decode()

    assert f"/calendar/?clinic={world.here.pk}&amp;date={own.date}" in html
    assert html.count(world.doctor.name) == 2
    assert world.stranger.name not in html


def test_a_doctor_sees_no_colleagues_appointment(world: World) -> None:
    book(world, patient=world.patient, doctor=world.colleague)

    html = as_user(world.doctor_user).get(f"/patients/{world.patient.pk}/").content.decode()

    assert world.colleague.name not in html


def test_who_looks_alike_is_merged_and_taken_apart_again(world: World) -> None:
    patient = PatientFactory(full_name="Maria Santos", birth_date="1980-05-04")
    twin = PatientFactory(full_name="Santos Maria", birth_date="1980-05-04")
    client = as_user(world.receptionist)
    html = client.get(f"/patients/{patient.pk}/").content.decode()
    assert twin.record_number in html
    assert "Same name in another order and same date of birth" in html
    assert FileAccess.objects.filter(patient=twin, how="found").exists()

    client.post(f"/patients/{patient.pk}/merge/", {"duplicate": twin.pk})
    assert client.get(f"/patients/{twin.pk}/")["Location"] == f"/patients/{patient.pk}/"
    assert "Take back" in client.get(f"/patients/{patient.pk}/").content.decode()

    client.post(f"/patients/{patient.pk}/unmerge/", {"duplicate": twin.pk})
    assert client.get(f"/patients/{twin.pk}/").status_code == 200


def test_every_reason_to_look_alike_has_a_sentence() -> None:
    code = inspect.getsource(duplicates)
    reasons = set(re.findall(r'"(same [^"]+|similar [^"]+)"', code))

    assert len(reasons) == 7
    assert {f"why.{reason}" for reason in reasons} == set(alike_words())


def test_merging_what_is_merged_already_is_refused_with_a_sentence(world: World) -> None:
    twin, client = PatientFactory(), as_user(world.receptionist)
    client.post(f"/patients/{world.patient.pk}/merge/", {"duplicate": twin.pk})

    response = client.post(f"/patients/{world.patient.pk}/merge/", {"duplicate": twin.pk})

    assert response.status_code == 302
    assert said(response)


@pytest.mark.parametrize(
    ("verb", "duplicate", "status"), [("merge", "x", 404), ("merge", "", 404), ("erase", "1", 404), ("merge", "999999", 404)]
)
def test_what_makes_no_sense_is_not_there(world: World, verb: str, duplicate: str, status: int) -> None:
    response = as_user(world.receptionist).post(f"/patients/{world.patient.pk}/{verb}/", {"duplicate": duplicate})

    assert response.status_code == status


def test_an_erased_file_says_so_and_offers_nothing(world: World) -> None:
    actions.erase(world.patient, by=world.admin, reason="asked for it")

    html = as_user(world.receptionist).get(f"/patients/{world.patient.pk}/").content.decode()

    assert "This file was erased" in html
    assert 'name="full_name"' not in html


def test_number_of_queries_does_not_grow_with_the_file(
    world: World, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    client, path = as_user(world.receptionist), f"/patients/{world.patient.pk}/"
    book(world, patient=world.patient)
    client.get(path)
    with django_assert_max_num_queries(24) as few:
        client.get(path)
    for number in range(2, 10):
        book(world, patient=world.patient, minutes=30 * number)

    with django_assert_num_queries(len(few)):
        client.get(path)
