"""How many queries each list and snapshot of the API takes, with one row and with many: the same, or something is wrong.

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

from django.db import connection  # noqa: E402
from django.test.utils import (  # noqa: E402
    CaptureQueriesContext,
    get_runner,
    setup_test_environment,
    teardown_test_environment,
)
from django.utils import timezone  # noqa: E402

from payments import actions as payment_actions  # noqa: E402
from tests.api.client import Api  # noqa: E402
from tests.factories import PatientFactory, ServiceFactory, World, book, walk_in  # noqa: E402

ROWS = 1000


def fill(world: World, first: int, last: int) -> None:
    """Services, patients, coming appointments, and visits of today with half of their payment: one of each for each number."""
    tomorrow = timezone.now().replace(hour=9, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    for number in range(first, last):
        day, place = divmod(number, 24)
        ServiceFactory(clinic=world.here)  # type: ignore[no-untyped-call]
        PatientFactory()  # type: ignore[no-untyped-call]
        book(world, start=tomorrow + dt.timedelta(days=day, minutes=20 * place))
        payment = walk_in(world).payment
        payment_actions.process(payment, by=world.receptionist, amount=payment.amount_due / 2, method="cash")


def paths(world: World) -> list[str]:
    """What is asked; lists with the longest page there is."""
    lists = ["services", "doctors", "shifts", "time-off", "patients", "appointments", "visits", "payments", "changes"]
    return [
        *(f"/api/{name}/?page_size=200" for name in lists),
        "/api/patients/?search=number1&page_size=200",
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
        found[path.replace(f"/{world.here.pk}/", "/{id}/").replace(f"/{world.doctor.pk}/", "/{id}/")] = (
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
