"""How many queries each list, snapshot and report of the API takes, with one row and with many: the same, or something is wrong.

One patient, one doctor, one visit and one cashier's shift have as many rows of everything as there are. The detail of a shift is its slip:
all its rows, without pages, in the same number of queries.

python tests/services.py -- python -m bench.queries [ROWS]      (PostgreSQL; without services.py: SQLite)
"""

from __future__ import annotations

import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")
os.environ.setdefault("DEBUG", "true")

import django

django.setup()

import datetime as dt  # noqa: E402
import re  # noqa: E402
from decimal import Decimal  # noqa: E402

from django.db import connection  # noqa: E402
from django.test.utils import (  # noqa: E402
    CaptureQueriesContext,
    get_runner,
    setup_test_environment,
    teardown_test_environment,
)
from django.utils import timezone  # noqa: E402

from appointments.models import ClosingDay, TimeOff  # noqa: E402
from clinics.models import User  # noqa: E402
from patients import actions as patient_actions  # noqa: E402
from patients.models import Patient  # noqa: E402
from payments import actions as payment_actions  # noqa: E402
from payments.models import CashShift  # noqa: E402
from queue import actions as queue_actions  # noqa: E402
from queue.models import Visit  # noqa: E402
from tests.api.client import Api  # noqa: E402
from tests.factories import ClinicFactory, PatientFactory, ServiceFactory, UserFactory, World, book, walk_in  # noqa: E402

ROWS = 1000


def fill(world: World, first: int, last: int) -> None:
    """One of everything for each number."""
    # In the clinic's zone: it is another one at each hour, and a doctor's hours end with the clinic's day.
    now = timezone.now().astimezone(world.here.zone)
    tomorrow = now.replace(hour=9, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    for number in range(first, last):
        day, place = divmod(number, 24)
        ClinicFactory()  # type: ignore[no-untyped-call]
        ServiceFactory(clinic=world.here)  # type: ignore[no-untyped-call]
        PatientFactory()  # type: ignore[no-untyped-call]
        duplicate: Patient = PatientFactory()  # type: ignore[no-untyped-call,assignment]
        book(world, patient=world.patient, start=tomorrow + dt.timedelta(days=day, minutes=20 * place))
        patient_actions.merge(world.patient, duplicate=duplicate, by=world.receptionist)
        visit = walk_in(world, patient=world.patient)
        payment = visit.payment
        payment_actions.process(payment, by=world.receptionist, amount=payment.amount_due / 2, method="cash")
        shift = CashShift.objects.get(cashier=world.receptionist)
        payment_actions.move_cash(shift, by=world.receptionist, kind="in", amount=Decimal(1), reason="change")
        cashier: User = UserFactory(clinics=[world.here])  # type: ignore[no-untyped-call,assignment]
        payment_actions.open_shift(by=cashier, clinic=world.here, opening_cash=Decimal(0))
        queue_actions.call(Visit.objects.filter(visit_type="walk_in").earliest("pk"), by=world.receptionist)
        free = tomorrow + dt.timedelta(days=400 + number)
        TimeOff.objects.create(doctor=world.doctor, start=free, end=free + dt.timedelta(hours=1))
        ClosingDay.objects.create(clinic=world.here, first_day=free.date(), last_day=free.date())


def paths(world: World) -> list[str]:
    """What is asked; lists with the longest page there is."""
    lists = [
        "clinics",
        "services",
        "doctors",
        "shifts",
        "time-off",
        "closing-days",
        "patients",
        "appointments",
        "visits",
        "payments",
    ]
    patient, doctor, today = f"/api/patients/{world.patient.pk}", f"/api/doctors/{world.doctor.pk}", world.here.today()
    asked = f"clinic={world.here.pk}&service={world.service.pk}&date={today + dt.timedelta(days=1)}"
    shift = CashShift.objects.get(cashier=world.receptionist)
    return [
        *(f"/api/{name}/?page_size=200" for name in [*lists, "cash-shifts", "changes"]),
        "/api/patients/?search=number1&page_size=200",
        f"{patient}/accesses/?page_size=200",
        f"{patient}/merges/",
        f"{patient}/export/",
        f"{doctor}/slots/?{asked}",
        f"/api/visits/{Visit.objects.filter(visit_type='walk_in').earliest('pk').pk}/history/",
        f"/api/cash-shifts/{shift.pk}/",
        f"/api/payments/shares/?from={today}&to={today}",
        f"/api/queue/clinics/{world.here.pk}/",
        f"/api/queue/doctors/{world.doctor.pk}/",
    ]


def measure(world: World) -> dict[str, tuple[int, float, int]]:
    """For each path: queries, milliseconds, bytes."""
    api, found = Api(world.superuser), {}
    for path in paths(world):
        api.get(path)
        with CaptureQueriesContext(connection) as queries:
            start = time.perf_counter()
            answer = api.get(path)
            took = time.perf_counter() - start
        assert answer.status_code == 200, (path, answer.content[:300])
        found[re.sub(r"/\d+/", "/{id}/", path.partition("?")[0]) + ("?search" if "search" in path else "")] = (
            len(queries),
            took * 1000,
            len(answer.content),
        )
    return found


def main() -> int:
    """Prints the table; 1 if an endpoint takes more queries for many rows."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    setup_test_environment()
    runner = get_runner(django.conf.settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        world = World()
        payment_actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(0))
        fill(world, 0, 1)
        one = measure(world)
        fill(world, 1, rows)
        many = measure(world)
    finally:
        runner.teardown_databases(databases)
        teardown_test_environment()
    print(f"{connection.vendor}; superuser; queries (ms, KB) with one row and with {rows}")
    for path, (queries, took, _size) in one.items():
        after, later, size = many[path]
        print(f"{path:48} {queries:3} ({took:4.0f} ms)   {after:3} ({later:5.0f} ms, {size / 1024:4.0f} KB)")
    return int(any(many[path][0] > queries for path, (queries, *_rest) in one.items()))


if __name__ == "__main__":
    sys.exit(main())
