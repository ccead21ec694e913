"""Which command sends what (contract/realtime.md, section 7): the exact events and rooms in order, and nothing else."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from appointments import actions as appointments
from appointments.models import Appointment
from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput
from clinics.models import Service
from patients import actions as patients
from patients.models import Patient
from payments import actions as payments
from payments.models import Payment
from queue import actions as queue
from queue.models import Visit
from realtime.models import Event
from tests.api.client import Api
from tests.factories import PatientFactory, World, book, walk_in
from tests.factories.world import soon
from tests.realtime import flows, shapes
from tests.realtime.client import run
from tests.realtime.conftest import Connect
from tests.realtime.flows import FLOWS, Flow, last_delivery, told

Save = Callable[[World], Any]


class Undo(Exception):
    """Somebody's last line fails."""


@pytest.mark.parametrize("flow", FLOWS, ids=str)
def test_action_tells_if_and_only_if_it_is_kept(world: World, flow: Flow) -> None:
    before = flow.prepare(world)
    start = last_delivery()

    with pytest.raises(Undo), command():
        flow.act(world, before)
        raise Undo

    assert told(world, start) == []
    assert not Event.objects.filter(deliveries=None).exists()

    flow.act(world, before)

    assert told(world, start) == list(flow.expected)


def by_room(lines: Iterable[str]) -> dict[str, list[str]]:
    """``{room's letter: its events in order}``: order between rooms is nobody's promise on the wire."""
    rooms: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        name, *letters = line.split()
        for letter in letters:
            rooms[letter].append(name)
    return dict(rooms)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("flow", [flow for flow in FLOWS if flow.api is not None], ids=str)
async def test_api_call_sends_frames(world: World, connect: Connect, flow: Flow) -> None:
    assert flow.api is not None
    before = await run(flow.prepare, world)
    user, method, path, body = await run(flow.api, world, before)
    letters = flows.rooms_of(world)
    listener = await connect(world.superuser)
    for room in letters:
        if room != "broadcast":
            await listener.join(room)
    listener.events.clear()

    answer = await run(lambda: Api(user).call(method, path, body))

    assert answer.status_code in (200, 201), answer.content
    frames = await listener.settle(*letters)
    got = [f"{frame['event']} {letters[frame['room']]}" for frame in frames]
    assert by_room(got) == by_room(flow.expected)
    await listener.is_silent()


def test_every_verb_of_the_table_is_tested_over_http() -> None:
    """A flow without an API call is one that only the shell can do; there is none left out by accident."""
    assert [flow.name for flow in FLOWS if flow.api is None] == []


# --- Saved models: shell, admin and management commands send the same -------------------------------------------------


def save(prepare: Callable[[World], Any], **fields: Any) -> Save:
    """Read the object anew, set the fields, ``save()``."""

    def saving(world: World) -> Callable[[], None]:
        fresh = type(made := prepare(world)).objects.get(pk=made.pk)
        for name, value in fields.items():
            setattr(fresh, name, value(world) if callable(value) else value)
        return fresh.save

    return saving


def new(make: Callable[[World], Any]) -> Save:
    return lambda world: make(world).save


def new_visit(world: World, **fields: Any) -> Visit:
    known = {"clinic": world.here, "doctor": world.doctor, "patient": world.patient, "service": world.service}
    return Visit(**known, visit_type="walk_in", date=world.here.today(), **fields)


SAVES: dict[str, tuple[Save, tuple[str, ...]]] = {
    "visit-called": (save(flows.waiting, status="called", call_count=1), flows.STATUS),
    "visit-called-again": (save(flows.called, call_count=2), flows.STATUS),
    "visit-started": (save(flows.called, status="in_progress"), flows.STATUS),
    "visit-completed": (save(flows.in_progress, status="completed"), flows.STATUS),
    "visit-skipped": (save(flows.called, status="skipped"), flows.STATUS),
    "visit-returned": (save(flows.skipped, status="waiting"), flows.STATUS),
    "visit-left": (save(flows.waiting, status="left"), flows.STATUS),
    "visit-cancelled": (save(flows.waiting, status="cancelled"), flows.STATUS),
    "visit-priority": (save(flows.waiting, priority="urgent"), ("queue_updated C D",)),
    "visit-moved": (save(flows.waiting, rank=5, moved_rank=5), ("queue_updated C D",)),
    "visit-transferred": (save(flows.waiting, doctor=lambda w: w.colleague), ("queue_updated C E D",)),
    "visit-saved-without-change": (save(flows.waiting), ("queue_updated C D",)),
    "visit-planned-saved-without-change": (save(flows.planned), ("queue_updated C D",)),
    "visit-new": (
        new(lambda w: new_visit(w, status="waiting", queue_number=900, ticket_text="X-900")),
        ("queue_updated C D", "new_checkin C"),
    ),
    "visit-new-planned": (new(new_visit), ("queue_updated C",)),
    "appointment-cancelled": (save(flows.booked, status="cancelled"), ("appointment_cancelled C D",)),
    "appointment-no-show": (save(flows.booked, status="no_show"), ("appointment_updated C D",)),
    "appointment-fulfilled": (save(flows.booked, status="fulfilled"), ("appointment_updated C D",)),
    "appointment-moved-to-colleague": (save(flows.booked, doctor=lambda w: w.colleague), ("appointment_updated C E D",)),
    "appointment-new": (
        new(
            lambda w: Appointment(
                clinic=w.here,
                doctor=w.doctor,
                patient=w.patient,
                service=w.service,
                start=soon(),
                end=soon() + dt.timedelta(minutes=20),
                date=w.here.day_of(soon()),
            )
        ),
        ("appointment_created C D", "queue_updated C"),
    ),
    "payment-paid": (
        save(lambda w: flows.payment_of(walk_in(w)), amount_paid=Decimal(50), status="paid"),
        ("payment_processed B",),
    ),
    "payment-refunded": (save(flows.paid, amount_refunded=Decimal(50), status="refunded"), ("payment_processed B",)),
    "patient-new": (new(lambda w: Patient(full_name="Karim Aziz", name_key="karim aziz")), ("patient_created B",)),
    "patient-updated": (save(flows.shown_patient, phone="1"), ("patient_updated B",)),
    "patient-renamed": (
        save(flows.shown_patient, full_name="Other Name"),
        ("patient_updated B", "queue_updated C D", "appointment_updated C D"),
    ),
    "doctor-renamed": (
        save(lambda w: (flows.shown_patient(w), w.doctor)[1], name="Dr Other"),
        ("queue_updated C D", "appointment_updated C D"),
    ),
    "service-renamed": (
        save(lambda w: (flows.shown_patient(w), w.service)[1], name="Other"),
        ("queue_updated C D", "queue_updated C E", "appointment_updated C D"),
    ),
    "clinic-renamed": (save(lambda w: w.here, name="Other"), ()),
    "user-renamed": (save(lambda w: w.receptionist, first_name="Other"), ()),
}


@pytest.mark.parametrize("name", SAVES)
def test_saved_model_tells(world: World, name: str) -> None:
    saving, expected = SAVES[name]
    act = saving(world)
    start = last_delivery()

    act()

    assert told(world, start) == list(expected)


def submit(browser: Browser, path: str, zone: str = "UTC", **changed: Any) -> Any:
    """Open an admin form (of a clinic in ``zone``), change these fields, send it as a browser would."""
    with timezone.override(zone):
        return _submit(browser, path, changed)


def _submit(browser: Browser, path: str, changed: dict[str, Any]) -> Any:
    page = browser.get(path)
    assert page.status_code == 200, page.content[:300]
    form = page.context["adminform"].form
    sent: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        names = [f"{bound.html_name}_{i}" for i in range(len(getattr(bound.field.widget, "widgets", [])))]
        if names:
            sent |= dict(zip(names, bound.field.widget.decompress(value), strict=True))
        elif value is not None and value is not False:
            sent[bound.html_name] = [getattr(v, "pk", v) for v in value] if isinstance(value, list) else value
    for formset in page.context["inline_admin_formsets"]:
        sent |= {f"{formset.formset.prefix}-{key}": 0 for key in ("TOTAL_FORMS", "INITIAL_FORMS")}
    answer = browser.post(path, {k: v for k, v in (sent | changed).items() if v is not None})
    errors = answer.context["adminform"].form.errors if answer.context and "adminform" in answer.context else ""
    assert answer.status_code == 302, errors
    return answer


@pytest.fixture
def admin(world: World, client: Browser) -> Browser:
    client.force_login(world.superuser, "django.contrib.auth.backends.ModelBackend")
    return client


def test_admin_tells_of_a_renamed_patient(world: World, admin: Browser) -> None:
    patient = flows.shown_patient(world)
    start = last_delivery()

    submit(admin, f"/admin/patients/patient/{patient.pk}/change/", full_name="Other Name")

    assert told(world, start) == ["patient_updated B", "queue_updated C D", "appointment_updated C D"]


def test_admin_tells_of_a_new_patient(world: World, admin: Browser) -> None:
    start = last_delivery()

    submit(admin, "/admin/patients/patient/add/", full_name="Karim Aziz")

    assert told(world, start) == ["patient_created B"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("doctor", ["queue_updated C D", "appointment_updated C D"]),
        ("service", ["queue_updated C D", "queue_updated C E", "appointment_updated C D"]),
    ],
)
def test_admin_tells_of_a_renamed_doctor_or_service(world: World, admin: Browser, kind: str, expected: list[str]) -> None:
    flows.shown_patient(world)
    start = last_delivery()

    submit(admin, f"/admin/clinics/{kind}/{getattr(world, kind).pk}/change/", name="Other")

    assert told(world, start) == expected


def test_admin_tells_of_a_changed_appointment(world: World, admin: Browser) -> None:
    appointment = book(world)
    start = last_delivery()

    submit(admin, f"/admin/appointments/appointment/{appointment.pk}/change/", doctor=world.colleague.pk)

    assert told(world, start) == ["appointment_updated C E D"]


def test_times_in_frames_do_not_depend_on_the_zone_of_whoever_writes(world: World) -> None:
    """Admin shows times of the clinic's zone; what it sends must be what the API and a snapshot send."""
    with timezone.override("Asia/Baghdad"):
        appointments.check_in(book(world), by=world.receptionist)

    for event in Event.objects.exclude(name="rights_changed"):
        for room in event.deliveries.exclude(room="control").values_list("room", flat=True):
            data = event.data
            shapes.check(f'{{"event":"{event.name}","room":"{room}","seq":1,"at":"2026-03-02T09:00:00.000Z","data":{data}}}')


def test_management_commands_of_the_log_tell_nothing(world: World) -> None:
    walk_in(world)
    start = last_delivery()

    call_command("prune_events", stdout=StringIO())
    call_command("new_epoch", stdout=StringIO())

    assert told(world, start) == []


# --- What is undone was never told ------------------------------------------------------------------------------------


def test_nothing_of_what_was_rolled_back_within_a_command(world: World) -> None:
    """One of two steps fails and is caught: only the other is told."""
    first, second = walk_in(world), walk_in(world)
    start = last_delivery()

    with command():
        queue.call(first, by=world.receptionist)
        with pytest.raises(Undo), command():
            queue.call(second, by=world.receptionist)
            raise Undo

    assert told(world, start) == list(flows.STATUS)
    shown = [json.loads(event.data).get("visits", []) for event in Event.objects.filter(deliveries__pk__gt=start)]
    assert {visit["id"] for visits in shown for visit in visits} == {first.pk}


def test_nothing_of_what_a_savepoint_took_back_within_a_command(world: World) -> None:
    first, second = walk_in(world), walk_in(world)
    start = last_delivery()

    with command():
        queue.call(first, by=world.receptionist)
        with pytest.raises(Undo), transaction.atomic():
            queue.call(second, by=world.receptionist)
            raise Undo

    assert told(world, start) == list(flows.STATUS)


REFUSALS: dict[str, Callable[[World], Callable[[], Any]]] = {
    "slot taken": lambda w: lambda v=book(w): book(w, start=v.start, patient=w.patient),  # type: ignore[misc]
    "transition": lambda w: lambda v=walk_in(w): queue.complete(v, by=w.doctor_user),  # type: ignore[misc]
    "stale": lambda w: lambda v=walk_in(w): queue.call(v, by=w.receptionist, version=v.version - 1),  # type: ignore[misc]
    "busy": lambda w: lambda a=flows.in_progress(w), b=walk_in(w): queue.start(b, by=w.doctor_user),  # type: ignore[misc]
    "overpaid": lambda w: lambda p=flows.paid(w): payments.process(p, by=w.receptionist, amount=Decimal(1), method="cash"),  # type: ignore[misc]
    "transfer": lambda w: lambda v=walk_in(w): queue.transfer(v, by=w.receptionist, doctor=w.stranger),  # type: ignore[misc]
    "duplicate": lambda w: lambda p=PatientFactory(): patients.register(by=None, full_name=p.full_name, phone=p.phone),  # type: ignore[misc]
    "nothing to undo": lambda w: lambda v=walk_in(w): queue.undo(v, by=w.receptionist),  # type: ignore[misc]
}


@pytest.mark.parametrize("name", REFUSALS)
def test_nothing_of_a_refused_command(world: World, name: str) -> None:
    act = REFUSALS[name](world)
    start = last_delivery()

    with pytest.raises((DomainError, InvalidInput)):
        act()

    assert told(world, start) == []


def test_a_repeated_post_tells_once(world: World) -> None:
    api, body = Api(world.receptionist), flows.arriving(world, world.patient)
    start = last_delivery()

    answers = [api.call("post", "visits/", body, key="one") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert told(world, start) == ["queue_updated C D", "new_checkin C"]


def test_restoring_a_backup_tells_nothing(world: World, tmp_path: Any) -> None:
    """``loaddata`` brings back a state; the new epoch tells (``manage.py new_epoch``)."""
    out = tmp_path / "backup.json"
    call_command("dumpdata", "clinics.service", output=str(out), verbosity=0)
    Service._base_manager.all().update(name="Not as it was", version=99)
    start = last_delivery()

    call_command("loaddata", str(out), verbosity=0)

    assert told(world, start) == []
    assert Service.objects.count() == 2


def test_payment_model_is_not_told_when_opened_or_voided(world: World) -> None:
    """Only money that moved is a ``payment_processed``."""
    visit = walk_in(world)
    queue.cancel(visit, by=world.receptionist)

    assert Payment.objects.get(visit=visit).status == "void"
    assert not Event.objects.filter(name="payment_processed").exists()
