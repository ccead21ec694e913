"""How many bytes of scripts and stylesheets each page of the staff loads from a release, gzipped.

python -m bench.bytes

Counts our own files as ``collectstatic`` leaves them; what a page loads only once somebody asks for it stands beside it. Pages of
the Django admin aren't in it. Ends with 1 if a page loads more than it may (``tests/test_static_files.py``).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")
os.environ.setdefault("DEBUG", "true")

import django

django.setup()

from decimal import Decimal  # noqa: E402

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import get_runner, setup_test_environment, teardown_test_environment  # noqa: E402

from clinic_project.dashboards.manager.access import record_areas  # noqa: E402
from clinics.models import User  # noqa: E402
from payments import actions as payment_actions  # noqa: E402
from tests.factories import World, book, walk_in  # noqa: E402
from tests.release import BUDGET, collect, files_of, size_of  # noqa: E402


def pages(world: World) -> list[tuple[User | None, str]]:
    """Who asks for what, with a visit, an appointment, a payment and a till to be shown."""
    desk, admin = world.receptionist, world.admin
    till = payment_actions.open_shift(by=desk, clinic=world.here, opening_cash=Decimal(0))
    visit = walk_in(world)
    payment_actions.process(visit.payment, by=desk, amount=visit.payment.amount_due, method="cash")
    book(world)
    return [
        (None, "/login/"),
        (desk, "/reception/"),
        (desk, f"/reception/visits/{visit.pk}/payment/"),
        (desk, "/calendar/"),
        (desk, f"/patients/{visit.patient_id}/"),
        (world.doctor_user, "/doctor/"),
        (admin, "/doctor/"),
        (desk, "/till/"),
        (desk, f"/till/{till.pk}/"),
        (desk, f"/till/{till.pk}/slip/"),
        (desk, f"/reception/payments/{visit.payment.pk}/receipt/"),
        (desk, f"/reception/visits/{visit.pk}/ticket/"),
        (admin, "/manager/"),
        (admin, "/manager/days/"),
        (admin, "/manager/reports/"),
        *((admin, f"/manager/{slug}/") for slug, _label in record_areas()),
        (admin, "/manager/staff/new/"),
    ]


def measure(root: Path) -> list[tuple[str, int, int, int, int]]:
    """For each page: its address, bytes of scripts, of stylesheets, of what comes later; and how many files."""
    found = []
    for who, path in pages(World()):
        client = Client()
        if who is not None:
            client.force_login(who)
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        files, late = files_of(root, answer.content.decode())
        scripts = {file for file in files if file.suffix == ".js"}
        name = f"{path} ({who.effective_role})" if who is not None else path
        found.append((name, size_of(scripts), size_of(files - scripts), size_of(late), len(files)))
    return found


def main() -> int:
    """Prints the table."""
    setup_test_environment()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    databases = runner.setup_databases()
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(collect(Path(folder)))
    finally:
        runner.teardown_databases(databases)
        teardown_test_environment()
    print(f"bytes, gzipped; a page may load {BUDGET:,}")
    print(f"{'page':48} {'scripts':>8} {'styles':>8} {'together':>9} {'files':>6} {'later':>8}")
    for name, scripts, styles, late, files in found:
        print(f"{name:48} {scripts:8,} {styles:8,} {scripts + styles:9,} {files:6} {late:8,}")
    return int(any(scripts + styles > BUDGET for _name, scripts, styles, *_rest in found))


if __name__ == "__main__":
    sys.exit(main())
