"""How long each report takes with a year of a busy clinic, and how many queries: as many for many visits as for few.

python tests/services.py -- python -m bench.reports [VISITS]      (PostgreSQL; without services.py: SQLite)
"""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")
os.environ.setdefault("DEBUG", "true")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import (  # noqa: E402
    CaptureQueriesContext,
    get_runner,
    setup_test_environment,
    teardown_test_environment,
)

from appointments.models import Appointment  # noqa: E402
from clinic_project.reports.viewsets import REPORTS  # noqa: E402
from payments.models import LedgerEntry, Payment  # noqa: E402
from queue.models import Visit, VisitStep  # noqa: E402
from tests.api.client import Api  # noqa: E402
from tests.factories import DoctorFactory, PatientFactory, World  # noqa: E402

VISITS = 100_000
DOCTORS, PATIENTS = 10, 2_000
FIRST, DAYS = dt.date(2025, 1, 1), 366
BATCH = 5_000
TIMES = 3


def fill(world: World, count: int) -> None:
    """``count`` visits spread over a year: most were booked, called, seen and paid."""
    rng = random.Random(7)
    doctors = [DoctorFactory(clinics=[world.here]) for _number in range(DOCTORS)]  # type: ignore[no-untyped-call]
    # So many that none of them comes twice on a day.
    patients = [PatientFactory() for _number in range(PATIENTS)]  # type: ignore[no-untyped-call]
    numbers = iter(range(1, count + 1))
    while batch := list(islice(numbers, BATCH)):
        with transaction.atomic():
            _write(world, batch, rng, doctors, patients)


def _write(world: World, batch: list[int], rng: random.Random, doctors: list[Any], patients: list[Any]) -> None:
    made = list(_drawn(world, batch, rng, doctors, patients))
    Appointment._base_manager.bulk_create([visit.appointment for visit in made if visit.appointment is not None])
    Visit._base_manager.bulk_create(made)
    VisitStep._base_manager.bulk_create(step for visit in made for step in _steps(visit))
    payments = [
        Payment(version=1, visit=visit, clinic=world.here, currency="USD", amount_due=50, amount_paid=50, status="paid")
        for visit in made
    ]
    Payment._base_manager.bulk_create(payments)
    entries = []
    for number, payment in zip(batch, payments, strict=True):
        if payment.visit.status == "completed":
            shares = {"amount": Decimal(50), "doctor_share": Decimal(20), "clinic_share": Decimal(30)}
            paper = {"year": 2025, "number": number, "receipt_number": f"2025-{number:06}", "at": payment.visit.completed_at}
            about = {"clinic": world.here, "doctor": payment.visit.doctor, "kind": "payment", "method": "cash"}
            entries.append(LedgerEntry(payment=payment, **about, **shares, **paper))
    LedgerEntry._base_manager.bulk_create(entries)


def _drawn(world: World, batch: list[int], rng: random.Random, doctors: list[Any], patients: list[Any]) -> Iterator[Visit]:
    for number in batch:
        day = FIRST + dt.timedelta(days=number % DAYS)
        start = dt.datetime.combine(day, dt.time(8 + rng.randrange(10), 5 * rng.randrange(12)), dt.UTC)
        status = rng.choices(["completed", "no_show", "cancelled", "left"], [85, 6, 6, 3])[0]
        about = {
            "clinic": world.here,
            "doctor": rng.choice(doctors),
            "patient": patients[number % PATIENTS],
            "service": world.service,
            "date": day,
            "version": 1,
        }
        booked = None
        if status in ("no_show", "cancelled") or rng.random() < 0.7:
            word = {"completed": "fulfilled", "left": "checked_in"}.get(status, status)
            # Overbooked, as the random times meet each other.
            booked = Appointment(**about, start=start, end=start + dt.timedelta(minutes=20), status=word, overbooked=True)
        came = status in ("completed", "left")
        called = start + dt.timedelta(seconds=rng.randrange(5400)) if status == "completed" else None
        yield Visit(
            **about,
            appointment=booked,
            visit_type="appointment" if booked else "walk_in",
            status=status,
            queue_number=number,
            ticket_text=f"A-{number:03}",
            checked_in_at=start if came else None,
            called_at=called,
            started_at=called,
            completed_at=called + dt.timedelta(minutes=rng.randrange(5, 30)) if called else None,
        )


def _steps(visit: Visit) -> Iterator[VisitStep]:
    moments = {
        "check_in": visit.checked_in_at,
        "call": visit.called_at,
        "start": visit.started_at,
        "complete": visit.completed_at,
    }
    for action, moment in moments.items():
        if moment is not None:
            yield VisitStep(visit=visit, action=action, to_status=action, at=moment)


def measure(world: World) -> dict[str, tuple[int, float, float, int]]:
    """For each report of the whole year, and for the page of all: queries, the best of some times in milliseconds, what of it
    was spent in this process (the rest is the database, and whatever else the machine does), bytes."""
    api, page = Api(world.admin), Client()
    page.force_login(world.admin)
    asked = {"clinic": str(world.here.pk), "from": str(FIRST), "to": str(FIRST + dt.timedelta(days=DAYS - 1))}
    found = {}
    calls = {f"/api/reports/{name}/": api for name in REPORTS}
    for path, client in {**calls, "/manager/reports/": page}.items():
        client.get(path, asked)
        took = []
        for _time in range(TIMES):
            with CaptureQueriesContext(connection) as queries:
                start = time.perf_counter(), time.process_time()
                answer = client.get(path, asked)
                took.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        assert answer.status_code == 200, (path, answer.content[:300])
        whole, here = min(took)
        found[path] = (len(queries), whole * 1000, here * 1000, len(answer.content))
    return found


def main() -> int:
    """Prints the table; 1 if a report takes more queries for many visits."""
    visits = int(sys.argv[1]) if len(sys.argv) > 1 else VISITS
    setup_test_environment()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        world = World()
        fill(world, 200)
        few = measure(world)
        other = World()
        fill(other, visits)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        many = measure(other)
    finally:
        runner.teardown_databases(databases)
        teardown_test_environment()
    print(
        f"{connection.vendor}; {DAYS} days, {DOCTORS} doctors; queries (ms, ms in Python, KB) with 200 visits and with {visits}"
    )
    for path, (queries, took, _here, _size) in few.items():
        after, later, here, size = many[path]
        print(f"{path:28} {queries:3} ({took:5.0f} ms)   {after:3} ({later:6.0f} ms, {here:5.0f}, {size / 1024:4.0f} KB)")
    return int(any(many[path][0] > queries for path, (queries, *_rest) in few.items()))


if __name__ == "__main__":
    sys.exit(main())
