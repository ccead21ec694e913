"""An installation that has a ledger already: its rows get shares, although the database refuses to change them."""

from __future__ import annotations

import copy
import datetime as dt
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import StateApps

from clinics import guards

ALIAS = "installed"
NOW = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


@contextmanager
def database(alias: str, name: str, is_postgres: bool, template: str = "") -> Iterator[BaseDatabaseWrapper]:
    """One of the same kind beside that of the tests: empty, or a copy."""
    default = connections["default"]
    connections.databases[alias] = {**copy.deepcopy(default.settings_dict), "NAME": name}
    connections.databases[alias]["OPTIONS"].pop("pool", None)
    if is_postgres:
        with default._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    elif template:
        shutil.copyfile(template, name)
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections[alias], connections.databases[alias]
        if is_postgres:
            with default._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{name}"')


@pytest.fixture(scope="module")
def first_release(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory, is_postgres: bool
) -> Iterator[str]:
    """The name of a database as the first release had it."""
    name = connections["default"].settings_dict["NAME"]
    name = f"{name}_first" if is_postgres else str(tmp_path_factory.mktemp("first") / "db.sqlite3")
    with django_db_blocker.unblock(), database("first", name, is_postgres) as connection:
        migrate(connection, "0001_initial")
        connection.close()  # what somebody is connected to can't be copied
        yield name


@pytest.fixture
def installed(first_release: str, django_db_blocker: Any, tmp_path: Path, is_postgres: bool) -> Iterator[BaseDatabaseWrapper]:
    """A copy of it."""
    name = f"{first_release}_installed" if is_postgres else str(tmp_path / "db.sqlite3")
    with django_db_blocker.unblock(), database(ALIAS, name, is_postgres, first_release) as connection:
        yield connection


def migrate(connection: BaseDatabaseWrapper, name: str, clinics: str = "0004_rules_of_a_clinic") -> StateApps:
    """Everything that payments' migration and the guards need, and the models as they are after it."""
    executor = MigrationExecutor(connection)
    targets = [("clinics", clinics), ("payments", name)]
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


def guard(connection: BaseDatabaseWrapper) -> None:
    """As an earlier release has left it: the guards of all tables that are there."""
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for statement in guards.installation_sql(connection):
            on = re.search(r' ON "(\w+)"', statement)
            if on is None or on[1] in present:
                cursor.execute(statement)


def add_rows(apps: StateApps) -> None:
    def add(app: str, model: str, **fields: Any) -> Any:
        return apps.get_model(app, model).objects.using(ALIAS).create(**fields)

    clinic = add("clinics", "Clinic", name="Here", code="H", currency="KWD")
    doctors = [add("clinics", "Doctor", name=f"Dr {n}") for n in range(2)]
    patient = add("patients", "Patient", full_name="Somebody", record_number="P-1")
    service = add("clinics", "Service", clinic=clinic, name="Talk", duration_minutes=20, price=Decimal("9.125"))
    for number, doctor in enumerate(doctors, 1):
        visit = add(
            "queue", "Visit", clinic=clinic, doctor=doctor, patient=patient, service=service, date=NOW.date(), status="planned"
        )
        payment = add(
            "payments",
            "Payment",
            visit=visit,
            clinic=clinic,
            currency="KWD",
            amount_due="9.125",
            amount_paid="9.125",
            amount_refunded="0.375",
            status="paid",
        )
        for step, (kind, amount) in enumerate([("payment", "9.125"), ("refund", "0.375")]):
            add(
                "payments",
                "LedgerEntry",
                payment=payment,
                clinic=clinic,
                kind=kind,
                amount=amount,
                method="cash",
                year=2026,
                number=2 * number + step,
                receipt_number=f"H-2026-{2 * number + step:06d}",
                at=NOW,
            )


def refused(connection: BaseDatabaseWrapper, sql: str) -> bool:
    try:
        with transaction.atomic(using=ALIAS), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as error:
        return "kept for good" in str(error)
    return False


def test_old_rows_are_the_clinics_and_stay_guarded(installed: BaseDatabaseWrapper, is_postgres: bool) -> None:
    add_rows(migrate(installed, "0001_initial"))
    guard(installed)
    assert refused(installed, "UPDATE payments_ledgerentry SET amount = 1")

    migrate(installed, "0003_shares_of_old_rows")
    if is_postgres:
        # Not for a moment without, should a later migration fail.
        assert refused(installed, "UPDATE payments_ledgerentry SET amount = 1")
    apps = migrate(installed, "0004_shares_add_up")
    guards.install(ALIAS)

    entries = apps.get_model("payments", "LedgerEntry").objects.using(ALIAS).order_by("pk")
    assert list(entries.values_list("doctor__name", "amount", "doctor_share", "clinic_share", "cash_shift")) == [
        ("Dr 0", Decimal("9.125"), Decimal(0), Decimal("9.125"), None),
        ("Dr 0", Decimal("0.375"), Decimal(0), Decimal("0.375"), None),
        ("Dr 1", Decimal("9.125"), Decimal(0), Decimal("9.125"), None),
        ("Dr 1", Decimal("0.375"), Decimal(0), Decimal("0.375"), None),
    ]
    payments = apps.get_model("payments", "Payment").objects.using(ALIAS)
    assert set(payments.values_list("share_percent", "amount_paid")) == {(Decimal(0), Decimal("9.125"))}
    for sql in ("UPDATE payments_ledgerentry SET amount = 1", "DELETE FROM payments_ledgerentry"):
        assert refused(installed, sql)


def test_two_receipts_with_one_number_are_named(installed: BaseDatabaseWrapper) -> None:
    apps = migrate(installed, "0001_initial")
    add_rows(apps)
    entries = apps.get_model("payments", "LedgerEntry").objects.using(ALIAS)
    entries.filter(number=4).update(receipt_number="H-2026-000002")
    with pytest.raises(IntegrityError, match="H-2026-000002"):
        migrate(installed, "0005_receipts_once")
    entries.filter(number=4).update(receipt_number="H-2026-000004")
    migrate(installed, "0005_receipts_once")


def test_the_guards_of_an_installation_do_not_stand_in_the_way_of_a_later_release(installed: BaseDatabaseWrapper) -> None:
    migrate(installed, "0004_shares_add_up", "0005_language_of_a_person")
    guard(installed)
    migrate(installed, "0005_receipts_once", "0007_permits_end_with_their_transaction")
    guards.install(ALIAS)
    with pytest.raises(IntegrityError), transaction.atomic(using=ALIAS), installed.cursor() as cursor:
        cursor.execute("INSERT INTO clinics_erasurepermit (never_id) VALUES (0)")
