"""Whose the money is: the doctor's share of what was taken, to the last digit of the currency."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from hypothesis import example, given
from hypothesis import strategies as st

from payments.models import LedgerEntry, Payment, ShareMove
from payments.money import ZERO, share_of, split
from tests.api.client import Api, outcome
from tests.factories import ServiceFactory, World, as_if, book, walk_in
from tests.payments.test_money import pay, refund

# --- Arithmetic -------------------------------------------------------------------------------------------------------

percents = st.decimals(Decimal(0), Decimal(100), places=2)
units = st.integers(0, 10**11)


@given(percents, st.sampled_from([0, 2, 3]), st.lists(units, min_size=1, max_size=20))
@example(Decimal("33.33"), 2, [1, 2, 3, 0])
@example(Decimal(50), 0, [1, 2, 1, 3, 0])
@example(Decimal(100), 3, [5, 7, 0])
def test_shares_add_up_whatever_comes_and_goes(percent: Decimal, decimals: int, held: list[int]) -> None:
    """After each row the doctor has the share of what is held, rounded once; after everything is given back, nothing."""
    unit = Decimal(1).scaleb(-decimals)
    before = doctors = clinics = ZERO
    for after in [*(n * unit for n in held), ZERO]:
        doctor, clinic = split(before, after, percent, decimals)
        assert doctor + clinic == abs(after - before)
        assert doctor >= ZERO
        assert clinic >= ZERO
        assert doctor == doctor.quantize(unit)
        sign = 1 if after >= before else -1
        doctors, clinics = doctors + sign * doctor, clinics + sign * clinic
        assert doctors == share_of(after, percent, decimals)
        assert abs(doctors - after * percent / 100) <= unit / 2
        assert doctors + clinics == after
        before = after
    assert (doctors, clinics) == (ZERO, ZERO)


@pytest.mark.parametrize(
    ("held", "percent", "decimals", "share"),
    [
        ("0.05", "50", 2, "0.02"),  # halves go to the even digit
        ("0.15", "50", 2, "0.08"),
        ("10.00", "33.33", 2, "3.33"),
        ("5", "50", 0, "2"),
        ("7", "50", 0, "4"),
        ("0.001", "99.99", 3, "0.001"),
        ("999999999.999", "100", 3, "999999999.999"),
        ("50.00", "0", 2, "0.00"),
    ],
)
def test_a_share_is_rounded_once(held: str, percent: str, decimals: int, share: str) -> None:
    assert str(share_of(Decimal(held), Decimal(percent), decimals)) == share


# --- Rows of the ledger -----------------------------------------------------------------------------------------------


def shared(world: World, price: str = "50.00", percent: str = "40", **overrides: Any) -> Payment:
    """The payment of a walk-in for a service of which the doctor gets a part."""
    service = ServiceFactory(clinic=world.here, price=Decimal(price), doctor_share_percent=Decimal(percent))
    return walk_in(world, service=service, **overrides).payment  # type: ignore[no-any-return]


def parts(payment: Payment) -> list[tuple[str, str, str, int]]:
    return [
        (row.kind, f"{row.doctor_share:.2f}", f"{row.clinic_share:.2f}", row.doctor_id)
        for row in LedgerEntry.objects.filter(payment=payment)
    ]


def test_each_row_says_whose_it_is(world: World) -> None:
    payment = shared(world, "0.30", "50")
    api, doctor = Api(world.admin), world.doctor.pk
    for _ in range(2):
        pay(api, payment, "0.05")
    pay(api, payment, "0.00", discount="0.05")
    pay(api, payment, "0.15")
    refund(api, payment, "0.05")
    refund(api, payment, "0.20")
    assert parts(payment) == [
        ("payment", "0.02", "0.03", doctor),
        ("payment", "0.03", "0.02", doctor),
        ("payment", "0.00", "0.00", doctor),
        ("payment", "0.07", "0.08", doctor),
        ("refund", "0.02", "0.03", doctor),
        ("refund", "0.10", "0.10", doctor),
    ]


def test_the_share_is_that_of_booking(world: World) -> None:
    world.service.doctor_share_percent = Decimal(30)
    world.service.save(update_fields=["doctor_share_percent"])
    payment = Payment.objects.get(visit__appointment=book(world))
    Api(world.admin).ok("patch", f"services/{world.service.pk}/", {"doctor_share_percent": "60.00"})
    pay(Api(world.admin), payment, "50.00")
    assert [row[1] for row in parts(payment)] == ["15.00"]


@pytest.mark.parametrize(
    "broken",
    [
        "doctor_share = 5",
        "doctor_share = -1, clinic_share = 51",
        "doctor_share = 51, clinic_share = -1",
        "clinic_share = 29.99",
    ],
)
def test_the_database_takes_no_row_whose_shares_do_not_add_up(world: World, broken: str) -> None:
    payment = shared(world)
    pay(Api(world.admin), payment, "50.00")
    copied = [f.column for f in LedgerEntry._meta.concrete_fields if f.column not in ("id", "number", "receipt_number")]
    changes = dict(part.split(" = ") for part in broken.split(", "))
    chosen = ", ".join(changes.get(name, name) for name in copied)
    into = f"payments_ledgerentry (number, receipt_number, {', '.join(copied)})"
    insert = f"INSERT INTO {into} SELECT 99, 'X-99', {chosen} FROM payments_ledgerentry"
    with pytest.raises(DatabaseError, match="shares_add_up"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(insert)
    with connection.cursor() as cursor:
        cursor.execute(insert.replace(chosen, ", ".join(copied)))  # the same row as it was
    assert LedgerEntry.objects.count() == 2


# --- Another doctor ---------------------------------------------------------------------------------------------------


def report(api: Api, first: str = "2026-03-02", last: str = "2026-03-02", **query: Any) -> dict[str, Any]:
    response = api.get("/api/payments/shares/", {"from": first, "to": last, **query})
    assert response.status_code == 200, response.content
    return response.json()  # type: ignore[no-any-return]


def of_doctors(found: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        line["doctor"]["name"]: tuple(line[k] for k in ("taken", "refunded", "transferred", "doctor_share", "clinic_share"))
        for line in found["lines"]
    }


def test_what_was_taken_goes_with_the_visit_to_another_doctor(world: World) -> None:
    payment = shared(world, "50.00", "40")
    api = Api(world.admin)
    pay(api, payment, "20.00")
    api.ok("post", f"visits/{payment.visit_id}/transfer/", {"doctor": world.colleague.pk})
    pay(api, payment, "30.00")
    refund(api, payment, "10.00")
    found = report(api)
    assert of_doctors(found) == {
        world.doctor.name: ("20.00", "0.00", "-20.00", "0.00", "0.00"),
        world.colleague.name: ("30.00", "10.00", "20.00", "16.00", "24.00"),
    }
    assert found["totals"] == [
        {
            "currency": "USD",
            "taken": "50.00",
            "refunded": "10.00",
            "transferred": "0.00",
            "doctor_share": "16.00",
            "clinic_share": "24.00",
        }
    ]
    # And back, when the transfer is undone.
    api.ok("post", f"visits/{payment.visit_id}/undo/")
    assert of_doctors(report(api))[world.doctor.name] == ("20.00", "0.00", "20.00", "16.00", "24.00")
    assert of_doctors(report(api))[world.colleague.name][3:] == ("0.00", "0.00")
    only = of_doctors(report(api, doctor=world.doctor.pk))
    assert only == {world.doctor.name: ("20.00", "0.00", "20.00", "16.00", "24.00")}


def test_what_was_paid_in_advance_goes_with_the_appointment(world: World, clock: time_machine.Traveller) -> None:
    """The first day's figures stay as they were: the move counts on its own day."""
    world.service.doctor_share_percent = Decimal(50)
    world.service.save(update_fields=["doctor_share_percent"])
    appointment = book(world, minutes=60 * 24 * 5)
    pay(Api(world.admin), appointment.visit.payment, "50.00")
    clock.shift(dt.timedelta(days=1))
    api = Api(world.admin)
    api.ok("patch", f"appointments/{appointment.pk}/", {"doctor": world.colleague.pk})
    assert of_doctors(report(api)) == {world.doctor.name: ("50.00", "0.00", "0.00", "25.00", "25.00")}
    assert of_doctors(report(api, "2026-03-03", "2026-03-03")) == {
        world.doctor.name: ("0.00", "0.00", "-50.00", "-25.00", "-25.00"),
        world.colleague.name: ("0.00", "0.00", "50.00", "25.00", "25.00"),
    }


@pytest.mark.parametrize("paid", ["nothing", "discount", "refunded"])
def test_nothing_goes_with_a_visit_for_which_nothing_is_held(world: World, paid: str) -> None:
    payment = shared(world)
    api = Api(world.admin)
    if paid == "discount":
        pay(api, payment, "0.00", discount="50.00", reason="staff")
    elif paid == "refunded":
        pay(api, payment, "50.00")
        refund(api, payment, "50.00")
    api.ok("post", f"visits/{payment.visit_id}/transfer/", {"doctor": world.colleague.pk})
    assert not ShareMove.objects.exists()


# --- The report -------------------------------------------------------------------------------------------------------


def test_a_report_by_doctor_and_service(world: World) -> None:
    api = Api(world.admin)
    scan = ServiceFactory(clinic=world.here, name="A scan", price=Decimal("99.99"), doctor_share_percent=Decimal("33.33"))
    talk = ServiceFactory(clinic=world.here, name="B talk", price=Decimal("10.00"), doctor_share_percent=Decimal(50))
    first = walk_in(world, service=scan).payment
    pay(api, first, "50.00")
    pay(api, first, "49.99")
    for _ in range(2):
        pay(api, walk_in(world, service=talk).payment, "0.05")
    other = walk_in(world, service=talk, doctor=world.colleague).payment
    pay(api, other, "10.00", method="card")
    refund(api, other, "2.50")
    pay(api, walk_in(world, service=talk).payment, "0", discount="10.00", reason="a gift is no money")

    found = report(api)

    lines = sorted(found["lines"], key=lambda line: (line["doctor"]["id"], line["service"]["id"]))
    assert lines == [
        {
            "doctor": {"id": doctor.pk, "name": doctor.name},
            "service": {"id": service.pk, "name": service.name},
            "currency": "USD",
            "taken": taken,
            "refunded": refunded,
            "transferred": "0.00",
            "doctor_share": share,
            "clinic_share": rest,
            "visits": visits,
        }
        for doctor, service, taken, refunded, share, rest, visits in (
            (world.doctor, scan, "99.99", "0.00", "33.33", "66.66", 1),
            (world.doctor, talk, "0.10", "0.00", "0.04", "0.06", 2),
            (world.colleague, talk, "10.00", "2.50", "3.75", "3.75", 1),
        )
    ]
    total = found["totals"][0]
    for name in ("taken", "refunded", "doctor_share", "clinic_share"):
        assert Decimal(total[name]) == sum(Decimal(line[name]) for line in lines)
    assert Decimal(total["doctor_share"]) + Decimal(total["clinic_share"]) == Decimal(total["taken"]) - Decimal(
        total["refunded"]
    )


def test_each_currency_has_its_own_total(world: World) -> None:
    api = Api(world.admin)
    pay(api, shared(world, "50.00"), "50.00")
    as_if(world.here, currency="JPY")
    world.here.refresh_from_db()
    pay(api, shared(world, "501", "50"), "501")
    assert [(t["currency"], t["taken"], t["doctor_share"], t["clinic_share"]) for t in report(api)["totals"]] == [
        ("JPY", "501", "250", "251"),
        ("USD", "50.00", "20.00", "30.00"),
    ]


@pytest.mark.parametrize(
    ("zone", "day"), [("Pacific/Kiritimati", "2026-03-03"), ("Pacific/Pago_Pago", "2026-03-01"), ("UTC", "2026-03-02")]
)
def test_the_days_are_the_clinics_own(world: World, clock: time_machine.Traveller, zone: str, day: str) -> None:
    world.here.timezone = zone
    world.here.save(update_fields=["timezone"])
    payment = shared(world)
    clock.move_to(dt.datetime(2026, 3, 2, 10, 30, tzinfo=dt.UTC))  # 00:30 the day after, and 23:30 the day before
    api = Api(world.admin)
    pay(api, payment, "50.00")
    days = ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert [d for d in days if report(api, d, d)["lines"]] == [day]
    assert len(report(api, days[0], days[-1])["lines"]) == 1


def test_who_sees_which_shares(world: World) -> None:
    api = Api(world.admin)
    pay(api, shared(world), "50.00")
    pay(api, shared(world, doctor=world.colleague), "30.00")
    there = walk_in(world, clinic=world.there, doctor=world.stranger, service=world.service_there, by=world.receptionist_there)
    pay(Api(world.receptionist_there), there.payment, "1.00")

    def seen(user: Any, **query: Any) -> Any:
        response = Api(user).get("/api/payments/shares/", {"from": "2026-03-02", "to": "2026-03-02", **query})
        return sorted(of_doctors(response.json())) if response.status_code == 200 else outcome(response)

    both = sorted([world.doctor.name, world.colleague.name])
    assert seen(world.admin) == both
    assert seen(world.superuser) == sorted([*both, world.stranger.name])
    assert seen(world.superuser, clinic=world.there.pk) == [world.stranger.name]
    assert seen(world.admin_there) == [world.stranger.name]
    assert seen(world.admin, doctor=world.colleague.pk) == [world.colleague.name]
    assert seen(world.admin, clinic=world.there.pk) == (400, "clinic")
    assert seen(world.admin, doctor=world.stranger.pk) == (400, "doctor")
    assert seen(world.doctor_user) == seen(world.doctor_user, doctor=world.doctor.pk) == [world.doctor.name]
    assert seen(world.doctor_user, doctor=world.colleague.pk) == (403, "forbidden")
    assert seen(world.receptionist) == (403, "forbidden")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "from,to"),
        ({"from": "2026-03-02"}, "to"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "0001-01-01", "to": "2026-03-01"}, "from"),
        ({"from": "2026-03-02", "to": "9999-12-31"}, "to"),
        ({"from": "2026-02-31", "to": "2026-03-01"}, "from"),
        ({"from": "2026-03-02", "to": "a\0b"}, "to"),
        ({"from": "2026-03-02", "to": "2026-03-02", "doctor": "abc"}, "doctor"),
        ({"from": "2026-03-02", "to": "2026-03-02", "clinic": str(10**30)}, "clinic"),
    ],
)
def test_questions_that_are_refused(world: World, query: dict[str, str], field: str) -> None:
    assert outcome(Api(world.admin).get("/api/payments/shares/", query)) == (400, field)


@pytest.mark.parametrize("rows", [1, 10])
@pytest.mark.parametrize("who", ["admin", "doctor_user"])
def test_as_many_queries_for_many_rows(world: World, django_assert_num_queries: Any, who: str, rows: int) -> None:
    api = Api(world.admin)
    for _ in range(rows):
        payment = shared(world)
        pay(api, payment, "5.00")
        pay(api, payment, "5.00")
    asking = Api(getattr(world, who))
    with django_assert_num_queries(4):
        assert len(report(asking)["lines"]) == rows
