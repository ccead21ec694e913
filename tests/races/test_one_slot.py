"""Two hundred people want one slot in the same second, of a real server."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from typing import Any

import pytest

from appointments.models import Appointment
from payments.models import Payment
from queue.models import Visit
from tests.api.client import access_token
from tests.conftest import Some
from tests.factories import DoctorFactory, PatientFactory, World
from tests.factories.world import soon
from tests.servers import Server, running_server

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("real_time")]

MANY = 200
"""On PostgreSQL always; SQLite takes one after the other, however many there are."""


def asked_at_once(server: Server, token: str, bodies: list[dict[str, Any]]) -> Counter[tuple[int, str]]:
    """Status and word of each answer; all connections are open before the first request is sent."""
    got: list[tuple[int, str]] = [(0, "")] * len(bodies)
    start = threading.Barrier(len(bodies))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(index: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        try:
            connection.connect()
            start.wait(60)
            connection.request("POST", "/api/appointments/", json.dumps(bodies[index]), headers)
            answer = connection.getresponse()
            got[index] = answer.status, json.loads(answer.read()).get("code", "")
        except OSError as error:
            got[index] = 0, type(error).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(got)


def test_one_doctor(world: World, some: Some, is_postgres: bool) -> None:
    start = soon(90).isoformat()
    common = {"clinic": world.here.pk, "doctor": world.doctor.pk, "service": world.service.pk, "start": start}
    bodies = [{**common, "patient": PatientFactory().pk} for _ in (range(MANY) if is_postgres else some(range(MANY)))]
    with running_server("uvicorn") as server:
        got = asked_at_once(server, access_token(world.receptionist), bodies)
    assert got == {(201, ""): 1, (409, "slot_taken"): len(bodies) - 1}
    assert (Appointment.objects.count(), Visit.objects.count(), Payment.objects.count()) == (1, 1, 1)


def test_one_patient_and_many_doctors(world: World) -> None:
    start = soon(90).isoformat()
    common = {"clinic": world.here.pk, "patient": world.patient.pk, "service": world.service.pk, "start": start}
    bodies = [{**common, "doctor": DoctorFactory(clinics=[world.here]).pk} for _ in range(40)]
    with running_server("daphne") as server:
        got = asked_at_once(server, access_token(world.receptionist), bodies)
    assert got == {(201, ""): 1, (409, "patient_busy"): len(bodies) - 1}
