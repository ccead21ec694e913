"""Rows of the ledger: never changed, numbered without gaps, and what is printed of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from payments.models import LedgerEntry
from tests.api.client import Api, desk_dump, outcome
from tests.factories import World, walk_in
from tests.payments.test_money import pay, priced


def test_a_ledger_row_is_never_edited_or_deleted(world: World) -> None:
    payment = priced(world, "50.00")
    pay(Api(world.receptionist), payment, "10.00")
    row = LedgerEntry.objects.get()
    row.amount = Decimal(1)
    for attempt in (row.save, row.delete):
        with pytest.raises(TypeError):
            attempt()
    assert LedgerEntry.objects.get().amount == Decimal("10.000")


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_ledger_as_a_whole_neither(world: World, verb: str) -> None:
    payment = priced(world, "50.00")
    pay(Api(world.receptionist), payment, "10.00")
    with pytest.raises(TypeError):
        LedgerEntry.objects.update(amount=1) if verb == "update" else LedgerEntry.objects.all().delete()


@pytest.mark.parametrize("column", [field.column for field in LedgerEntry._meta.concrete_fields])
def test_the_database_changes_no_column_of_the_ledger(world: World, column: str) -> None:
    """Not even to what it was, past all our code."""
    pay(Api(world.receptionist), priced(world, "50.00"), "10.00")
    with pytest.raises(DatabaseError, match="kept for good"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE payments_ledgerentry SET {column} = {column}")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM payments_ledgerentry",
        "DELETE FROM payments_ledgerentry WHERE amount > 5",
        "INSERT INTO payments_ledgerentry SELECT * FROM payments_ledgerentry WHERE true ON CONFLICT (id) DO UPDATE SET amount = 1",
        "WITH one AS (SELECT 1) UPDATE payments_ledgerentry SET amount = amount + 1",
        "DELETE FROM payments_payment",
    ],
)
def test_the_database_deletes_and_overwrites_nothing_of_the_ledger(world: World, statement: str) -> None:
    pay(Api(world.receptionist), priced(world, "50.00"), "10.00")
    before = desk_dump()
    with pytest.raises(DatabaseError, match="kept for good"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert desk_dump() == before


def test_a_receipt_that_is_there_is_not_replaced(world: World, is_postgres: bool) -> None:
    """Under another id, but with its number."""
    pay(Api(world.receptionist), priced(world, "50.00"), "10.00")
    columns = [field.column for field in LedgerEntry._meta.concrete_fields if field.column != "id"]
    chosen = ", ".join(columns)
    before = desk_dump()
    verb = "INSERT" if is_postgres else "INSERT OR REPLACE"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{verb} INTO payments_ledgerentry (id, {chosen}) SELECT id + 1000, {chosen} FROM payments_ledgerentry")
    assert desk_dump() == before


def test_receipts_count_per_clinic_and_year_without_gaps(world: World, clock: time_machine.Traveller) -> None:
    there = walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there)
    here = priced(world, "50.00")
    numbers = []
    for move in (None, dt.datetime(2026, 12, 31, 23, 59, 50, tzinfo=dt.UTC), dt.datetime(2027, 1, 1, 0, 0, 5, tzinfo=dt.UTC)):
        if move is not None:
            clock.move_to(move)
        api = Api(world.superuser)
        pay(api, here, "1.00")
        assert outcome(pay(api, here, "100.00")) == (409, "overpaid")
        pay(api, there.payment, "1.00")
        numbers.append([LedgerEntry.objects.filter(payment=p).latest("pk").receipt_number for p in (here, there.payment)])
    codes = (world.here.code, world.there.code)
    assert numbers == [[f"{code}-{tail}" for code in codes] for tail in ("2026-000001", "2026-000002", "2027-000001")]


def test_the_receipts_year_is_the_clinics(world: World, clock: time_machine.Traveller) -> None:
    world.here.timezone = "Asia/Kathmandu"
    world.here.save(update_fields=["timezone"])
    payment = priced(world, "50.00")
    clock.move_to(dt.datetime(2026, 12, 31, 20, 0, tzinfo=dt.UTC))
    entry = pay(Api(world.receptionist), payment, "1.00").json()["entries"][0]
    assert entry["receipt_number"] == f"{world.here.code}-2027-000001"


@pytest.mark.parametrize(
    ("moment", "years"),
    [
        (dt.datetime(2026, 12, 31, 9, 59, 59, tzinfo=dt.UTC), ("2026", "2026")),
        (dt.datetime(2026, 12, 31, 10, 0, 1, tzinfo=dt.UTC), ("2027", "2026")),
        (dt.datetime(2027, 1, 1, 10, 59, 59, tzinfo=dt.UTC), ("2027", "2026")),
        (dt.datetime(2027, 1, 1, 11, 0, 1, tzinfo=dt.UTC), ("2027", "2027")),
    ],
)
def test_a_year_begins_at_each_clinics_own_midnight(
    world: World, clock: time_machine.Traveller, moment: dt.datetime, years: tuple[str, str]
) -> None:
    """Kiritimati is a day and an hour ahead of Pago Pago."""
    payments = []
    for clinic, zone in ((world.here, "Pacific/Kiritimati"), (world.there, "Pacific/Pago_Pago")):
        clinic.timezone = zone
        clinic.save(update_fields=["timezone"])
    payments.append(priced(world, "50.00"))
    there = {"clinic": world.there, "doctor": world.stranger, "service": world.service_there, "by": world.admin_there}
    payments.append(walk_in(world, **there).payment)
    api = Api(world.superuser)
    for payment in payments:
        pay(api, payment, "1.00")  # in March
    clock.move_to(moment)
    api = Api(world.superuser)
    got = [pay(api, payment, "1.00").json()["entries"][-1]["receipt_number"] for payment in payments]
    assert got == [
        f"{clinic.code}-{year}-{2 if year == '2026' else 1:06d}"
        for clinic, year in zip((world.here, world.there), years, strict=True)
    ]


def test_a_receipt_shows_what_is_printed(world: World) -> None:
    payment = priced(world, "50.00")
    api = Api(world.receptionist)
    pay(api, payment, "50.00")
    receipt = api.ok("get", f"payments/{payment.pk}/receipt/")
    visit = payment.visit
    assert {name: receipt[name] for name in ("clinic", "patient", "record_number", "doctor", "service", "date", "ticket")} == {
        "clinic": world.here.name,
        "patient": visit.patient.full_name,
        "record_number": visit.patient.record_number,
        "doctor": world.doctor.name,
        "service": visit.service.name,
        "date": "2026-03-02",
        "ticket": visit.ticket,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "paid"}, 1),
        ({"status": ["paid", "pending"]}, 2),
        ({"visit": "visit"}, 1),
        ({"date": "2026-03-02"}, 2),
        ({"date": "2026-03-03"}, 0),
    ],
)
def test_filters(world: World, query: dict[str, Any], found: int) -> None:
    visit, other = walk_in(world), walk_in(world)
    api = Api(world.receptionist)
    pay(api, other.payment, "50.00")
    query = {name: visit.pk if value == "visit" else value for name, value in query.items()}
    assert len(api.all("payments/", **query)) == found
