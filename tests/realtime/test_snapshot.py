"""A snapshot: every visit of the room's day that has a ticket, and the day's appointments; the number before the data."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments import actions as appointments
from clinics.models import Doctor
from queue import actions as queue
from queue.models import Visit
from realtime import log
from realtime.snapshots import snapshot_frame
from tests.api.client import Api
from tests.factories import ClinicFactory, DoctorFactory, ServiceFactory, World, book, walk_in
from tests.realtime import flows
from tests.realtime.client import run, token_for
from tests.realtime.conftest import Connect
from tests.realtime.reducer import Screen, fresh
from tests.realtime.watching import snapshot

pytestmark = pytest.mark.django_db


def full_day(world: World) -> None:
    """Visits in every state, appointments in every state, and what doesn't belong here."""
    for make in (flows.waiting, flows.called, flows.skipped, flows.completed):
        make(world)
    queue.leave(walk_in(world), by=world.receptionist)
    queue.cancel(walk_in(world), by=world.receptionist)
    walk_in(world, doctor=world.colleague)
    book(world, minutes=30)
    appointments.check_in(book(world, minutes=60), by=world.receptionist)
    appointments.cancel(book(world, minutes=90), by=world.receptionist, reason="r")
    appointments.mark_no_show(book(world, minutes=120), by=world.receptionist)
    once = queue.undo(appointments.check_in(book(world, minutes=150), by=world.receptionist).visit, by=world.receptionist)
    assert once.status == "planned"
    missed = queue.undo(appointments.check_in(book(world, minutes=180), by=world.receptionist).visit, by=world.receptionist)
    appointments.mark_no_show(missed.appointment, by=world.receptionist)
    done = queue.start(appointments.check_in(book(world, minutes=210), by=world.receptionist).visit, by=world.doctor_user)
    queue.complete(done, by=world.doctor_user)
    flows.in_progress(world)
    book(world, minutes=240, doctor=world.colleague)
    book(world, minutes=30 + 24 * 60)
    walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there)


def test_clinic_room_has_every_ticket_and_every_appointment_of_its_day(world: World) -> None:
    full_day(world)

    data = snapshot(f"clinic_{world.here.pk}")["data"]

    here = Visit.objects.filter(clinic=world.here)
    ticketed = {visit.pk for visit in here if visit.ticket}
    assert {visit["id"] for visit in data["visits"]} == ticketed
    assert {visit["status"] for visit in data["visits"]} == {
        "waiting", "called", "in_progress", "skipped", "completed", "cancelled", "left", "no_show"
    }  # fmt: skip
    assert here.filter(status="planned", queue_number__isnull=False).exists(), "one whose ticket sleeps"
    assert {each["status"] for each in data["appointments"]} == {"booked", "checked_in", "fulfilled", "cancelled", "no_show"}
    today = world.here.today().isoformat()
    assert {each["date"] for each in [*data["visits"], *data["appointments"]]} == {data["date"]} == {today}
    assert len(data["appointments"]) == 8
    assert [(visit["rank"], visit["queue_number"]) for visit in data["visits"]] == sorted(
        (visit["rank"], visit["queue_number"]) for visit in data["visits"]
    )


def test_doctor_room_has_the_doctors_part_of_it(world: World) -> None:
    full_day(world)

    clinic = snapshot(f"clinic_{world.here.pk}")["data"]
    for doctor in (world.doctor, world.colleague):
        own = snapshot(f"doctor_{doctor.pk}")["data"]
        for kind in ("visits", "appointments"):
            assert own[kind] == [each for each in clinic[kind] if each["doctor"]["id"] == doctor.pk]
            assert own[kind]
        assert own["date"] == clinic["date"]


def test_doctor_room_spans_the_clinics_the_doctor_works_at(world: World) -> None:
    from tests.factories import work_all_day

    world.doctor.clinics.add(world.there)
    work_all_day(world.doctor, world.there)
    first = walk_in(world)
    second = walk_in(world, clinic=world.there, service=world.service_there)

    assert {visit["id"] for visit in snapshot(f"doctor_{world.doctor.pk}")["data"]["visits"]} == {first.pk, second.pk}


@pytest.mark.parametrize(
    ("zone", "now", "today"),
    [
        ("Asia/Tokyo", "2026-03-02T15:30Z", "2026-03-03"),
        ("Asia/Tokyo", "2026-03-02T14:30Z", "2026-03-02"),
        ("America/Los_Angeles", "2026-03-02T07:30Z", "2026-03-01"),
        ("America/Los_Angeles", "2026-03-02T08:30Z", "2026-03-02"),
        ("UTC", "2026-03-02T23:59:59Z", "2026-03-02"),
        ("UTC", "2026-03-03T00:00Z", "2026-03-03"),
    ],
)
def test_day_is_the_clinics_own(clock: time_machine.Traveller, db: None, zone: str, now: str, today: str) -> None:
    clock.move_to(dt.datetime.fromisoformat(now), tick=False)
    clinic = ClinicFactory(timezone=zone)
    doctor, service = DoctorFactory(clinics=[clinic]), ServiceFactory(clinic=clinic)
    world = World()
    old = walk_in(world, clinic=clinic, doctor=doctor, service=service)
    for room in (f"clinic_{clinic.pk}", f"doctor_{doctor.pk}"):
        data = snapshot(room)["data"]
        assert data["date"] == today
        assert [visit["id"] for visit in data["visits"]] == [old.pk]

    clock.shift(dt.timedelta(days=1))

    new = walk_in(world, clinic=clinic, doctor=doctor, service=service)
    for room in (f"clinic_{clinic.pk}", f"doctor_{doctor.pk}"):
        data = snapshot(room)["data"]
        assert data["date"] == (dt.date.fromisoformat(today) + dt.timedelta(days=1)).isoformat()
        assert [(visit["id"], visit["ticket"][-3:]) for visit in data["visits"]] == [(new.pk, "001")]


def test_doctor_without_a_clinic_has_an_empty_day(world: World) -> None:
    doctor: Doctor = DoctorFactory()

    data = snapshot(f"doctor_{doctor.pk}")["data"]

    assert (data["visits"], data["appointments"]) == ([], [])


@pytest.mark.parametrize("kind", ["clinic", "doctor"])
@pytest.mark.parametrize("visits", [1, 10])
def test_snapshot_takes_as_many_queries_for_one_visit_as_for_ten(world: World, kind: str, visits: int) -> None:
    for number in range(visits):
        walk_in(world)
        book(world, minutes=30 + 20 * number)
    room = {"clinic": f"clinic_{world.here.pk}", "doctor": f"doctor_{world.doctor.pk}"}[kind]

    with CaptureQueriesContext(connection) as queries:
        snapshot_frame(room, 0)

    assert len(queries) == {"clinic": 4, "doctor": 4}[kind], "\n".join(query["sql"] for query in queries)


@pytest.mark.parametrize("kind", ["clinic", "doctor"])
async def test_http_snapshot_equals_the_sockets(world: World, connect: Connect, transactional_db: None, kind: str) -> None:
    await run(full_day, world)
    number = world.here.pk if kind == "clinic" else world.doctor.pk
    client = await connect(world.receptionist)
    joined = await client.join(f"{kind}_{number}")

    answer = await run(lambda: Api(world.receptionist).ok("get", f"queue/{kind}s/{number}/"))

    data = joined.frames[0]["data"]
    assert answer == {
        "room": f"{kind}_{number}",
        "seq": joined.seq,
        "epoch": client.epoch,
        "date": data["date"],
        "visits": data["visits"],
        "appointments": data["appointments"],
        "doctors": data["doctors"],
    }


async def test_number_stands_before_the_data(world: World, connect: Connect, transactional_db: None) -> None:
    """Whatever the snapshot lacks comes after its number: taken during writes, it and the events after it are the truth."""
    room, stop = f"clinic_{world.here.pk}", threading.Event()
    client = await connect(world.superuser)
    token = await run(token_for, world.receptionist)

    def write() -> None:
        while not stop.is_set():
            queue.skip(queue.call(walk_in(world), by=world.receptionist), by=world.receptionist)

    def take() -> list[dict[str, Any]]:
        api = Api()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        return [api.ok("get", f"queue/clinics/{world.here.pk}/") for _ in range(15)]

    writing = asyncio.create_task(run(write))
    taken = await run(take)
    stop.set()
    await writing

    now = fresh(room, (await client.join(room)).frames[0]["data"])
    import json

    for start in taken:
        screen = Screen(room)
        screen.apply({"event": "queue_updated", "room": room, "seq": start["seq"], "data": {**start, "snapshot": True}})
        screen.apply_all(json.loads(frame.text) for frame in await run(log.read, room, start["seq"]))
        assert screen.shown() == now
