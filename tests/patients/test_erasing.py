"""Erasing: who it was is nowhere any more; money, and who did what when, stays."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection, models
from django.urls import reverse

from appointments import actions as appointment_actions
from appointments.models import Appointment
from patients.models import FileAccess, Patient, PatientErasure, PatientMerge
from payments import actions as payment_actions
from payments.models import LedgerEntry, Payment
from queue import actions as queue_actions
from queue.models import Visit, VisitStep
from realtime.models import Delivery, Event
from tests.admin.site import browser, form_of
from tests.api.client import Api, dump, dump_but_reading, outcome
from tests.factories import PatientFactory, World, book, walk_in

# Each found nowhere else; with characters that JSON writes otherwise.
TELLING = {
    "full_name": 'Zoë "Q" Vandersloot',
    "phone": "+49 151 98765432",
    "email": "zoe.vandersloot@example.org",
    "address": "Kanaalstraat 777",
    "notes": "collects xylophones",
    "birth_date": "1961-07-13",
}
OF_OLD = {**TELLING, "full_name": "Zoë Hollebeek", "phone": "0170 11223344", "email": "hollebeek@example.org"}
DUPLICATE = {**TELLING, "full_name": "Z. Vandersluis", "phone": "0160 55667788"}
TRACES = [
    *("vandersloot", "hollebeek", "vandersluis", "kanaalstraat", "xylophone", "1961-07-13", "example.org"),
    *(
        "98765432",
        "11223344",
        "55667788",
        "knee hurts",
        "mother died",
        "swollen",
        "moved away",
        "shingles",
        "hip broken",
        "limping badly",
    ),
]


def everything() -> dict[str, list[str]]:
    """Every row of every table, as text in small letters."""
    rows: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows[table] = [" ".join(map(str, row)).lower() for row in cursor.fetchall()]
    return rows


def traces() -> set[tuple[str, str]]:
    return {(table, trace) for table, rows in everything().items() for row in rows for trace in TRACES if trace in row}


@pytest.fixture
def person(world: World) -> Patient:
    """Known by everything that can be known, in every table that can know it."""
    desk = Api(world.receptionist)
    made = desk.call("post", "patients/", OF_OLD, key="register").json()
    desk.ok("patch", f"patients/{made['id']}/", TELLING)
    assert desk.call("post", "patients/", OF_OLD | {"full_name": TELLING["full_name"]}, key="refused").status_code == 409
    duplicate = desk.ok("post", "patients/?force=true", DUPLICATE, 201)
    patient = Patient.objects.get(pk=made["id"])
    gone = book(world, patient=Patient.objects.get(pk=duplicate["id"]), notes="mother died")
    appointment_actions.change(gone, by=world.admin, notes="mother died last year")
    appointment_actions.cancel(gone, by=world.admin, reason="moved away")
    visit = walk_in(world, patient=patient)
    queue_actions.set_priority(visit, by=world.admin, priority="urgent", reason="swollen")
    queue_actions.set_priority(visit, by=world.admin, priority="emergency", reason="knee hurts")
    payment_actions.process(visit.payment, by=world.admin, amount=visit.payment.amount_due / 2, method="cash")
    desk.call("post", f"visits/{visit.pk}/call/", {}, key="call")
    for verb, body in (("start", {}), ("note", {"note": "shingles?"}), ("complete", {"note": "shingles"})):
        Api(world.doctor_user).ok("post", f"visits/{visit.pk}/{verb}/", body)
    desk.ok("post", f"patients/{patient.pk}/merge/", {"duplicate": duplicate["id"]})
    _merge_and_part(world, patient)
    _edit_in_admin(world, patient, address="Kanaalstraat 777 B")
    return Patient.objects.get(pk=patient.pk)


def _merge_and_part(world: World, patient: Patient) -> None:
    """The person was taken for somebody else for a while, and somebody else for the person."""
    desk, other = Api(world.receptionist), PatientFactory(full_name="Somebody Parted")
    theirs = book(world, patient=patient, minutes=120)
    desk.ok("post", f"patients/{other.pk}/merge/", {"duplicate": patient.pk})
    _edit_in_admin(world, theirs, notes="limping badly")
    cancelled = desk.call("post", f"appointments/{theirs.pk}/cancel/", {"reason": "hip broken"}, key="cancelled elsewhere")
    assert cancelled.json()["notes"] == "limping badly"
    desk.ok("post", f"patients/{other.pk}/unmerge/", {"duplicate": patient.pk})
    others, visit = book(world, patient=other, minutes=180), walk_in(world, patient=other)
    desk.ok("post", f"patients/{patient.pk}/merge/", {"duplicate": other.pk})
    _edit_in_admin(world, others, notes="prefers mornings")
    _edit_in_admin(world, visit, priority="urgent", priority_reason="waits long")
    desk.ok("post", f"patients/{patient.pk}/unmerge/", {"duplicate": other.pk})
    assert LogEntry.objects.filter(object_repr__contains=patient.full_name, object_id__in=[others.pk, visit.pk]).count() >= 2


def _edit_in_admin(world: World, row: models.Model, **changed: str) -> None:
    client = browser(world.superuser)
    page = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    assert client.post(page, form_of(client, page) | changed).status_code == 302


def erase(world: World, patient: Patient, **more: Any) -> Any:
    return Api(world.admin).call("post", f"patients/{patient.pk}/erase/", {"reason": "asked for it", **more})


def test_who_it_was_is_nowhere_any_more(world: World, person: Patient) -> None:
    before = traces()
    # Else the next lines would prove nothing.
    assert {trace for _table, trace in before} == set(TRACES)
    assert {table for table, _trace in before} >= {
        *("patients_patient", "patients_historicalpatient", "appointments_appointment", "appointments_historicalappointment"),
        *("queue_visit", "queue_visitstep", "queue_visitnote", "realtime_event", "clinics_idempotencykey", "django_admin_log"),
    }
    answer = erase(world, person)
    assert answer.status_code == 200
    assert traces() == set()
    assert answer.json() == {
        **Api(world.admin).ok("get", f"patients/{person.pk}/"),
        "full_name": f"Erased {person.record_number}",
        "phone": "",
        "birth_date": None,
        "sex": "unknown",
        "email": "",
        "address": "",
        "notes": "",
        "record_number": person.record_number,
    }
    assert answer.json()["erased_at"] is not None


def test_money_and_who_did_what_stays(world: World, person: Patient) -> None:
    kept: list[type[models.Model]] = [Payment, LedgerEntry, PatientMerge, Payment.history.model]
    before, steps = dump(kept), VisitStep.objects.order_by("pk").values_list("pk", "action", "by", "at", "from_status")
    done, noted = list(steps), set(FileAccess.objects.values_list("pk", flat=True))
    versions = Patient.history.filter(id=person.pk).values_list("history_id", "version", "history_user", "history_date")
    past, numbers = list(versions), list(Visit.objects.order_by("pk").values_list("pk", "queue_number", "status"))
    assert erase(world, person).status_code == 200
    assert dump(kept) == before
    assert list(steps) == done
    assert noted < set(FileAccess.objects.values_list("pk", flat=True))
    assert [row for row in versions if row in past] == past
    assert list(Visit.objects.order_by("pk").values_list("pk", "queue_number", "status")) == numbers
    erasure = PatientErasure.objects.get()
    assert (erasure.patient_id, erasure.by, erasure.reason) == (person.pk, world.admin, "asked for it")
    assert LedgerEntry.objects.get().amount > Decimal(0)


def test_nobody_is_found_by_what_was(world: World, person: Patient) -> None:
    assert erase(world, person).status_code == 200
    api = Api(world.admin)
    for text in ("Zoë", "Vandersloot", "Hollebeek", "0151 98765432", "98765432", "Erased", person.record_number):
        assert api.all("patients/", search=text) == []
    assert api.ok("post", "patients/duplicates/", {k: TELLING[k] for k in ("full_name", "phone", "birth_date")}) == {
        "candidates": []
    }
    # They come again: a new file.
    assert api.call("post", "patients/", TELLING).status_code == 201


def test_screens_hear_of_it(world: World, person: Patient) -> None:
    seen = Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
    heads, visit = Delivery.objects.count(), Visit.objects.get(visit_type="walk_in", patient=person)
    appointment = Appointment.objects.filter(patient=person).earliest("pk")
    assert erase(world, person).status_code == 200
    events = list(Event.objects.filter(pk__gt=seen).values_list("name", "data"))
    assert {name for name, _data in events} == {"patient_updated", "queue_updated", "appointment_updated"}
    (shown,) = (json.loads(data)["visits"] for name, data in events if name == "queue_updated")
    assert {each["patient"]["name"] for each in shown} == {f"Erased {person.record_number}"}
    assert Visit.objects.get(pk=visit.pk).version > visit.version
    assert Appointment.objects.get(pk=appointment.pk).version > appointment.version
    # What is kept for those who come back is as much as before, of somebody without a name.
    assert Delivery.objects.count() > heads
    old = Event.objects.filter(pk__lte=seen, data__contains=f'"patient":{{"id":{person.pk},').values_list("data", flat=True)
    assert len(old) > 5
    assert all("Erased P-" in data for data in old)


def test_a_call_that_is_sent_again_is_not_done_again_and_tells_nothing(world: World, person: Patient) -> None:
    count = Patient.objects.count()
    assert erase(world, person).status_code == 200
    api = Api(world.receptionist)
    response = api.call("post", "patients/", OF_OLD, key="register")
    assert (outcome(response), response["Idempotent-Replay"]) == ((409, "erased"), "true")
    assert Patient.objects.count() == count


@pytest.mark.parametrize(
    "call",
    [
        ("patch", "patients/{pk}/", {"notes": "x"}),
        ("post", "patients/{pk}/merge/", {"duplicate": "{other}"}),
        ("post", "patients/{other}/merge/", {"duplicate": "{pk}"}),
        ("post", "patients/{pk}/erase/", {"reason": "again"}),
        ("post", "appointments/", {"start": "2026-03-02T15:00:00Z", "patient": "{pk}"}),
        ("post", "visits/", {"patient": "{pk}"}),
    ],
    ids=lambda call: f"{call[0]} {call[1]}",
)
def test_nothing_is_done_with_an_erased_file(world: World, call: tuple[str, str, dict[str, Any]]) -> None:
    patient, other = PatientFactory(), PatientFactory()
    assert erase(world, patient).status_code == 200
    where = {"clinic": world.here.pk, "doctor": world.doctor.pk, "service": world.service.pk}
    method, path, body = call
    ids = {"pk": patient.pk, "other": other.pk}
    sent = {name: value.format(**ids) for name, value in body.items()} | (where if "patient" in body else {})
    before = dump_but_reading()
    response = Api(world.admin).call(method, path.format(**ids), sent)
    assert outcome(response) == (409, "erased")
    assert response.json()["current"]["id"] == patient.pk
    assert dump_but_reading() == before


@pytest.mark.parametrize("state", ["booked", "checked in", "walked in", "called"])
def test_who_is_expected_or_here_is_not_erased(world: World, state: str) -> None:
    patient, api = PatientFactory(), Api(world.receptionist)
    if state in ("booked", "checked in"):
        appointment = book(world, patient=patient)
        if state == "checked in":
            api.ok("post", f"appointments/{appointment.pk}/check-in/", {})
    else:
        visit = walk_in(world, patient=patient)
        if state == "called":
            api.ok("post", f"visits/{visit.pk}/call/", {})
    before = dump_but_reading()
    response = erase(world, patient)
    assert outcome(response) == (409, "still_in_queue" if state in ("walked in", "called") else "still_expected")
    assert response.json()["current"]["full_name"] == patient.full_name
    assert dump_but_reading() == before


@pytest.mark.parametrize("state", ["cancelled", "no-show", "completed"])
def test_whose_visits_are_over_is_erased(world: World, state: str) -> None:
    patient, api = PatientFactory(), Api(world.admin)
    if state in ("cancelled", "no-show"):
        verb = "cancel" if state == "cancelled" else "no-show"
        appointment = book(world, patient=patient)
        api.ok("post", f"appointments/{appointment.pk}/{verb}/", {})
    else:
        visit = walk_in(world, patient=patient)
        for verb in ("start", "complete"):
            api.ok("post", f"visits/{visit.pk}/{verb}/", {})
    assert erase(world, patient).status_code == 200
    if state == "no-show":
        refused = api.call("post", f"appointments/{appointment.pk}/check-in/", {})
        assert outcome(refused) == (409, "erased")


def test_a_merged_file_is_erased_with_the_one_it_went_into(world: World) -> None:
    survivor, duplicate = PatientFactory(), PatientFactory()
    api = Api(world.admin)
    api.ok("post", f"patients/{survivor.pk}/merge/", {"duplicate": duplicate.pk})
    assert outcome(erase(world, duplicate)) == (409, "already_merged")
    assert erase(world, survivor).status_code == 200
    assert set(Patient.objects.filter(pk__in=[survivor.pk, duplicate.pk]).values_list("full_name", flat=True)) == {
        f"Erased {survivor.record_number}",
        f"Erased {duplicate.record_number}",
    }
    assert not Patient.history.filter(id=duplicate.pk).exclude(full_name=f"Erased {duplicate.record_number}").exists()


def test_others_answers_and_events_stay_as_they_were(world: World, person: Patient) -> None:
    api, other = Api(world.receptionist), PatientFactory(full_name="Somebody Else")
    visit = walk_in(world, patient=other)
    first = api.call("post", f"visits/{visit.pk}/call/", {}, key="other").json()
    told = list(Event.objects.filter(data__contains="Somebody Else").values_list("pk", "data"))
    assert erase(world, person).status_code == 200
    assert api.call("post", f"visits/{visit.pk}/call/", {}, key="other").json() == first
    assert list(Event.objects.filter(data__contains="Somebody Else").values_list("pk", "data")) == told


def test_a_stale_erasure(world: World) -> None:
    patient = PatientFactory()
    assert outcome(erase(world, patient, version=patient.version - 1)) == (409, "stale_version")
    assert erase(world, patient, version=patient.version).status_code == 200


# A new field in which people write what they like has to be decided upon: erased with the patient, or kept with a reason.
ERASED = {
    *("Appointment.notes", "Appointment.cancel_reason", "Appointment.overbook_reason", "Reschedule.reason"),
    *("Visit.priority_reason", "VisitStep.reason", "VisitNote.text"),
    *("Patient.full_name", "Patient.phone", "Patient.email", "Patient.address", "Patient.notes"),
}
KEPT = {
    "LedgerEntry.reason": "money: a row of the ledger is never edited",
    "LedgerEntry.receipt_number": "money",
    "Payment.currency": "no free text",
    "PatientErasure.reason": "why it was erased; whoever writes it is told to name nobody",
    "TimeOff.reason": "about a doctor",
    "ClosingDay.reason": "about a clinic",
    "CashMovement.reason": "money: about a till",
    "CashShift.note": "money: about a till",
    "CashShift.currency": "no free text",
    "VisitStep.action": "a word of ours",
    "VisitStep.from_status": "a word of ours",
    "VisitStep.to_status": "a word of ours",
}


def test_every_text_that_people_write_is_erased_or_kept_on_purpose() -> None:
    fields = {
        f"{model.__name__}.{field.name}"
        for label in ("patients", "appointments", "queue", "payments")
        for model in apps.get_app_config(label).get_models()
        if not hasattr(model, "instance_type")
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField) and field.editable and not field.choices
    }
    assert fields == ERASED | set(KEPT)
