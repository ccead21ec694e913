"""Money at the same moment: receipts, tills and shares. On both databases, unless locks have to be watched."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from clinics.exceptions import DomainError, InvalidInput
from payments import actions
from payments.cash import tallies
from payments.models import CashShift, LedgerEntry, Payment, ShareMove
from payments.money import share_of
from queue import actions as queue_actions
from tests.factories import World, walk_in
from tests.races.test_races import at_once, names, overtaken

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def cash(payment: Payment, world: World, amount: int = 1) -> Payment:
    return actions.process(payment, by=world.receptionist, amount=Decimal(amount), method="cash")


class GivenUp(Exception):
    """The command was done, and its transaction is taken back."""


def test_receipts_have_no_gaps_whatever_fails_meanwhile(world: World) -> None:
    """Eight desks at two clinics: payments, refunds, refusals before and after the number was taken."""
    here = [walk_in(world).payment for _ in range(4)]
    where = {"clinic": world.there, "doctor": world.stranger, "service": world.service_there, "by": world.receptionist_there}
    there = [walk_in(world, **where).payment for _ in range(4)]
    done: Counter[int] = Counter()
    counting = threading.Lock()

    def desk(payment: Payment, by: Any) -> None:
        rows = 0
        for amount in (10, 7, 3):
            actions.process(payment, by=by, amount=Decimal(amount), method="cash")
            with pytest.raises(actions.Overpaid):
                actions.process(payment, by=by, amount=Decimal(1000), method="cash")
            with pytest.raises(GivenUp), transaction.atomic():
                actions.process(payment, by=by, amount=Decimal(1), method="cash")
                raise GivenUp
            actions.refund(payment, by=by, amount=Decimal(amount - 1), reason="x")
            with pytest.raises(actions.RefundExceedsPaid):
                actions.refund(payment, by=by, amount=Decimal(500), reason="x")
            with pytest.raises(InvalidInput):
                actions.process(payment, by=by, amount=Decimal("0.001"), method="cash")
            rows += 2
        with counting:
            done[payment.clinic_id] += rows

    results = at_once(
        [lambda p=p: desk(p, world.admin) for p in here] + [lambda p=p: desk(p, world.admin_there) for p in there]
    )

    assert names(results) == {"NoneType": 8}, results
    assert done == {world.here.pk: 24, world.there.pk: 24}
    for clinic in (world.here, world.there):
        rows = LedgerEntry.objects.filter(clinic=clinic).order_by("number")
        assert [row.number for row in rows] == list(range(1, 25))
        assert [row.receipt_number for row in rows] == [f"{clinic.code}-2026-{n:06d}" for n in range(1, 25)]


def test_a_till_is_closed_while_money_is_taken(world: World) -> None:
    """Each row is inside and counted, or outside: never inside and not counted."""
    for _ in range(4):
        shift = actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(100))
        payments = [walk_in(world).payment for _ in range(6)]
        takers: list[Callable[[], Any]] = [lambda p=p: [cash(p, world), cash(p, world)] for p in payments]
        closing = lambda s=shift: actions.close_shift(s, by=world.admin, counted_cash=Decimal(100), note="x")  # noqa: E731

        results = at_once([*takers[:3], closing, *takers[3:]])

        assert names(results) == {"list": 6, "CashShift": 1}, results
        stored = CashShift.objects.get(pk=shift.pk)
        assert stored.expected_cash == tallies([stored])[stored.pk].expected
        inside = LedgerEntry.objects.filter(cash_shift=stored).count()
        assert stored.expected_cash == 100 + inside
        assert LedgerEntry.objects.filter(payment__in=payments).count() == 12


@pytest.mark.postgres
def test_a_payment_that_came_first_is_counted(world: World) -> None:
    shift = actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(100))
    payment = walk_in(world).payment
    closed = overtaken(
        lambda: cash(payment, world, 7),
        lambda: actions.close_shift(shift, by=world.admin, counted_cash=Decimal(107)),
    )
    assert (closed.expected_cash, closed.difference) == (Decimal(107), Decimal(0))
    assert LedgerEntry.objects.get().cash_shift_id == shift.pk


@pytest.mark.postgres
def test_a_payment_that_came_too_late_is_outside(world: World) -> None:
    shift = actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(100))
    payment = walk_in(world).payment
    paid = overtaken(
        lambda: actions.close_shift(shift, by=world.admin, counted_cash=Decimal(100)), lambda: cash(payment, world, 7)
    )
    assert paid.amount_paid == Decimal(7)
    assert LedgerEntry.objects.get().cash_shift is None
    assert CashShift.objects.get().expected_cash == Decimal(100)


def test_a_cashier_opens_one_till(world: World) -> None:
    results = at_once([lambda: actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(5))] * 6)
    assert names(results) == {"CashShift": 1, "ShiftOpen": 5}, results
    assert CashShift.objects.count() == 1


def test_a_till_is_closed_once(world: World) -> None:
    shift = actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(5))
    results = at_once([lambda: actions.close_shift(shift, by=world.admin, counted_cash=Decimal(5))] * 6)
    assert names(results) == {"CashShift": 1, "InvalidTransition": 5}, results


def test_no_more_leaves_the_till_than_is_in_it(world: World) -> None:
    shift = actions.open_shift(by=world.receptionist, clinic=world.here, opening_cash=Decimal(100))
    out = lambda: actions.move_cash(shift, by=world.receptionist, kind="out", amount=Decimal(30), reason="bank")  # noqa: E731
    assert names(at_once([out] * 6)) == {"CashShift": 3, "NotEnoughCash": 3}
    assert tallies([shift])[shift.pk].expected == Decimal(10)


def test_money_is_taken_while_the_patient_goes_to_another_doctor(world: World) -> None:
    """Whatever comes first: the doctor the visit is with holds the share of all that was taken, nobody else anything."""
    world.service.doctor_share_percent = Decimal("33.33")
    world.service.save(update_fields=["doctor_share_percent"])
    for _ in range(4):
        visit = walk_in(world)
        payment = visit.payment
        commands: list[Callable[[], Any]] = [
            lambda v=visit: queue_actions.transfer(v, by=world.admin, doctor=world.colleague),
            lambda v=visit: queue_actions.transfer(v, by=world.admin, doctor=world.doctor),
            *[lambda p=payment: cash(p, world)] * 4,
            *[lambda p=payment: actions.refund(p, by=world.admin, amount=Decimal(1), reason="x")] * 2,
        ]
        results = at_once(commands)
        allowed = (Payment, type(visit), DomainError, InvalidInput)
        assert all(isinstance(result, allowed) for result in results), results
        payment.refresh_from_db()
        visit.refresh_from_db()
        held: defaultdict[int, Decimal] = defaultdict(Decimal)
        for row in payment.entries.all():
            held[row.doctor_id] += row.doctor_share if row.kind == "payment" else -row.doctor_share
        for moved in ShareMove.objects.filter(payment=payment):
            held[moved.from_doctor_id] -= moved.doctor_share
            held[moved.to_doctor_id] += moved.doctor_share
        share = share_of(payment.balance, payment.share_percent, 2)
        assert {doctor: amount for doctor, amount in held.items() if amount} == ({visit.doctor_id: share} if share else {})
