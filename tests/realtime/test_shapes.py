"""What frames hold, and what they never hold (contract/realtime.md, section 6)."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import msgspec
import pytest

from appointments import actions as appointments
from appointments.serializers import AppointmentSerializer
from clinics.models import User
from patients import actions as patients
from payments import actions as payments
from payments.models import Payment
from queue import actions as queue
from queue.serializers import VisitSerializer
from realtime import log
from realtime.models import Event
from realtime.snapshots import snapshot_frame
from tests.api.client import Api
from tests.factories import PatientFactory, World, book, walk_in
from tests.realtime import flows, shapes
from tests.realtime.flows import FLOWS
from tests.realtime.watching import Watcher, screens_of

pytestmark = pytest.mark.django_db

CONTRACT_VISIT = {
    "id", "version", "ticket", "queue_number", "status", "visit_type", "priority", "rank", "clinic_id", "doctor", "patient",
    "service", "appointment_id", "payment_status", "call_count", "checked_in_at", "called_at", "started_at", "completed_at",
}  # fmt: skip
CONTRACT_APPOINTMENT = {
    "id", "version", "status", "start", "end", "clinic_id", "doctor", "patient", "service", "visit_id", "booking_source",
}  # fmt: skip


def test_fields_are_those_of_the_contract_and_these_more() -> None:
    assert set(VisitSerializer().fields) == CONTRACT_VISIT | shapes.VISIT_EXTRAS
    assert set(AppointmentSerializer().fields) == CONTRACT_APPOINTMENT | shapes.APPOINTMENT_EXTRAS
    assert {field.encode_name for field in msgspec.structs.fields(shapes.Visit)} == CONTRACT_VISIT | shapes.VISIT_EXTRAS
    assert {
        f.encode_name for f in msgspec.structs.fields(shapes.Appointment)
    } == CONTRACT_APPOINTMENT | shapes.APPOINTMENT_EXTRAS


def test_every_event_of_the_contract_is_sent_by_some_flow(world: World) -> None:
    """The table of flows would not notice an event that nobody sends."""
    sent = {line.split()[0] for flow in FLOWS for line in flow.expected}

    assert sent == set(shapes.EVENTS)


def test_replay_is_the_event_as_it_was_stored(world: World) -> None:
    walk_in(world)
    room = f"clinic_{world.here.pk}"
    log.number([room])

    for frame in log.read(room, 0):
        decoded = shapes.check(frame.text)
        event = Event.objects.get(deliveries__room=room, deliveries__seq=frame.seq)
        assert json.loads(event.data) == decoded["data"]
        assert (decoded["event"], decoded["room"], decoded["seq"]) == (event.name, room, frame.seq)


SECRETS = {
    "phone": "+49 1522 8817723",
    "email": "secret-mail@example.org",
    "address": "SECRETADDRESS 7",
    "notes": "SECRETNOTES allergic to penicillin",
    "birth_date": "1961-07-29",
    "record": "P-",  # and six digits: a ticket of the clinic "2P" begins in the same way
    "appointment notes": "SECRETBOOKING chest pain",
    "changed notes": "SECRETCHANGED biopsy",
    "priority reason": "SECRETPRIORITY bleeding",
    "cancel reason of a visit": "SECRETCANCEL pregnant",
    "money reason": "SECRETMONEY poor",
    "e-mail of staff": "secret-staff@example.org",
    "speciality": "SECRETSPECIALITY",
}


def live_a_day(world: World) -> None:
    """All that can be written about a patient is written."""
    s = SECRETS
    world.doctor.speciality = s["speciality"]
    world.doctor.save()
    User.objects.filter(pk=world.doctor_user.pk).update(email=s["e-mail of staff"])
    patient = PatientFactory(
        full_name="Planted Patient", phone=s["phone"], email=s["email"], address=s["address"], notes=s["notes"],
        birth_date=s["birth_date"], sex="female",
    )  # fmt: skip
    appointment = book(world, patient=patient, notes=s["appointment notes"])
    appointments.change(appointment, by=world.receptionist, notes=s["changed notes"])
    visit = appointments.check_in(appointment, by=world.receptionist).visit
    queue.set_priority(visit, by=world.receptionist, priority="urgent", reason=s["priority reason"])
    patients.change(patient, by=world.receptionist, full_name="Planted Name", notes=s["notes"] + "!")
    payment = Payment.objects.get(visit=visit)
    paid = payments.process(
        payment, by=world.receptionist, amount=Decimal(20), discount=Decimal(5), method="card", reason=s["money reason"]
    )
    payments.refund(paid, by=world.admin, amount=Decimal(5), reason=s["money reason"])
    queue.cancel(visit, by=world.receptionist, reason=s["cancel reason of a visit"])
    queue.undo(visit, by=world.receptionist)
    queue.complete(queue.start(visit, by=world.doctor_user), by=world.doctor_user)
    other = PatientFactory(full_name="Planted Name", phone=s["phone"], notes=s["notes"])
    walk_in(world, patient=other)
    patients.merge(patient, duplicate=other, by=world.receptionist)
    queue.cancel(
        book(world, minutes=90, patient=patient, notes=s["notes"]).visit,
        by=world.receptionist,
        reason=s["cancel reason of a visit"],
    )


def leaks(text: str) -> list[str]:
    """Which of the secrets stand in the text, also with another spelling of the number."""
    patterns = {name: re.escape(secret.split()[0]) for name, secret in SECRETS.items()}
    patterns |= {"phone": r"1\W*5\W*2\W*2\W*8\W*8\W*1\W*7\W*7\W*2\W*3", "record": r"P-[0-9]{6}"}
    return [name for name, pattern in patterns.items() if re.search(pattern, text, re.IGNORECASE)]


def test_no_frame_holds_what_screens_need_not_show(world: World) -> None:
    watcher = Watcher(screens_of(world))

    live_a_day(world)

    texts = [event.data for event in Event.objects.all()]
    texts += [snapshot_frame(room, 1) for room in screens_of(world)]
    for frames in watcher.catch_up().values():
        texts += [json.dumps(frame) for frame in frames]
    assert len(texts) > 60
    assert {name for text in texts for name in leaks(text)} == set()
    assert any("Planted Name" in text for text in texts), "the patient's name is shown, so the search is not blind"


def test_the_search_finds_what_is_planted(world: World) -> None:
    """The control: each secret is found where it may stand, in the API's own answers or the database."""
    live_a_day(world)
    found: set[str] = set()
    api = Api(world.superuser)
    for path in ("patients/?search=Planted", "appointments/", "payments/"):
        found |= set(leaks(json.dumps(api.ok("get", path), ensure_ascii=False)))
    assert {"phone", "email", "address", "notes", "birth_date", "changed notes", "money reason", "record"} <= found


def test_reason_of_a_cancelled_appointment_is_the_one_free_text(world: World) -> None:
    """The contract asks for it; whatever is typed there is on every screen of the clinic."""
    appointments.cancel(book(world), by=world.receptionist, reason="moved away")

    data = json.loads(Event.objects.get(name="appointment_cancelled").data)
    assert data["reason"] == "moved away"
    free = {
        key
        for event in Event.objects.all()
        for key in flat(json.loads(event.data))
        if key.rpartition(".")[2] in ("reason", "notes", "detail", "text")
    }
    assert free == {"reason"}


def flat(value: object, path: str = "") -> list[str]:
    """The paths of all keys."""
    if isinstance(value, dict):
        return [p for key, each in value.items() for p in [f"{path}.{key}".lstrip("."), *flat(each, f"{path}.{key}")]]
    if isinstance(value, list):
        return [p for each in value for p in flat(each, path)]
    return []


def test_broadcast_holds_ids_only(world: World) -> None:
    live_a_day(world)
    log.number(["broadcast"])

    for frame in log.read("broadcast", 0):
        data = shapes.check(frame.text)["data"]
        assert all(isinstance(value, int) for key, value in data.items() if key != "status")
    assert flows.FLOWS
