"""Whichever write of a command fails, nothing of it remains and no event tells of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.db.models.signals import post_save

from appointments import actions as appointment_actions
from appointments.models import Appointment, Shift
from clinics.commands import before_commit
from patients import actions as patient_actions
from patients.models import Patient
from payments import actions as payment_actions
from payments.models import CashShift, LedgerEntry, Payment
from queue import actions as queue_actions
from queue.models import Visit, VisitStep
from tests.api.client import as_it_was, dump
from tests.conftest import Some
from tests.factories import PatientFactory, World, book, no_hours, walk_in
from tests.factories.states import appointment_in, visit_in
from tests.factories.world import soon

Act = Callable[[], Any]


def _appointment(world: World, state: str) -> Callable[[], Appointment]:
    pk = appointment_in(world, state).pk
    return lambda: Appointment.objects.select_related("clinic", "doctor", "patient", "service").get(pk=pk)


def _visit(world: World, state: str) -> Callable[[], Visit]:
    pk = visit_in(world, state).pk
    return lambda: Visit.objects.get(pk=pk)


def book_(world: World) -> Act:
    fields = {"clinic": world.here, "doctor": world.doctor, "patient": world.patient, "service": world.service}
    return lambda: appointment_actions.book(by=world.receptionist, start=soon(90), **fields)


def change(world: World) -> Act:
    row = _appointment(world, "checked_in")
    return lambda: appointment_actions.change(row(), by=world.admin, start=soon(300), notes="x", doctor=world.colleague)


def change_planned(world: World) -> Act:
    row = _appointment(world, "booked")
    return lambda: appointment_actions.change(row(), by=world.admin, start=soon(60 * 48))


def overbook(world: World) -> Act:
    book(world, start=soon(90))
    fields = {"clinic": world.here, "doctor": world.doctor, "patient": world.patient, "service": world.service}
    why = {"overbook": True, "overbook_reason": "twins"}
    return lambda: appointment_actions.book(by=world.admin, start=soon(90), **why, **fields)


def book_series(world: World) -> Act:
    fields = {"clinic": world.here, "doctor": world.doctor, "patient": world.patient, "service": world.service}
    return lambda: appointment_actions.book_series(by=world.receptionist, start=soon(90), count=3, **fields)


def cancel_following(world: World) -> Act:
    pk = book_series(world)()[1][0].pk
    return lambda: appointment_actions.cancel_following(Appointment.objects.get(pk=pk), by=world.admin, reason="moved")


# Hours: no screen shows them, so no event tells of them.


def add_shift(world: World) -> Act:
    no_hours(world.doctor)
    hours = {"weekday": 0, "start_time": dt.time(8), "end_time": dt.time(16), "breaks": [(dt.time(12), dt.time(13))]}
    return lambda: appointment_actions.add_shift(by=world.admin, doctor=world.doctor, clinic=world.here, **hours)  # type: ignore[arg-type]


def change_shift(world: World) -> Act:
    shift = add_shift(world)().pk
    hours = {"end_time": dt.time(15), "breaks": [(dt.time(12), dt.time(14))]}
    return lambda: appointment_actions.change_shift(Shift.objects.get(pk=shift), by=world.admin, **hours)  # type: ignore[arg-type]


def end_shift(world: World) -> Act:
    pk = world.doctor.shifts.earliest("pk").pk
    return lambda: appointment_actions.end_shift(Shift.objects.get(pk=pk), by=world.admin)


def add_time_off(world: World) -> Act:
    return lambda: appointment_actions.add_time_off(by=world.admin, doctor=world.doctor, start=soon(90), end=soon(200))


def add_closing_days(world: World) -> Act:
    day = dt.date(2026, 12, 24)
    return lambda: appointment_actions.add_closing_days(by=world.admin, clinic=world.here, first_day=day, last_day=day)


def cancel(world: World) -> Act:
    row = _appointment(world, "booked")
    return lambda: appointment_actions.cancel(row(), by=world.admin, reason="ill")


def check_in(world: World) -> Act:
    row = _appointment(world, "booked")
    return lambda: appointment_actions.check_in(row(), by=world.admin)


def mark_no_show(world: World) -> Act:
    row = _appointment(world, "booked")
    return lambda: appointment_actions.mark_no_show(row(), by=world.admin)


def walk_in_(world: World) -> Act:
    fields = {"clinic": world.here, "doctor": world.doctor, "patient": world.patient, "service": world.service}
    return lambda: queue_actions.walk_in(by=world.receptionist, **fields)


def walk_in_for_nothing(world: World) -> Act:
    world.service.price = Decimal(0)
    world.service.save(update_fields=["price"])
    return walk_in_(world)


def _verb(name: str, state: str, **kwargs: Any) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        row = _visit(world, state)
        given = {key: getattr(world, value) if key == "doctor" else value for key, value in kwargs.items()}
        return lambda: getattr(queue_actions, name)(row(), by=world.admin, **given)

    prepare.__name__ = f"{name} {state}"
    return prepare


def call_next(world: World) -> Act:
    visit_in(world, "waiting")
    return lambda: queue_actions.call_next(world.doctor, by=world.admin)


def move(world: World) -> Act:
    first, second = walk_in(world).pk, walk_in(world).pk
    return lambda: queue_actions.move(Visit.objects.get(pk=second), by=world.admin, after=Visit.objects.get(pk=first))


def move_where_room_must_be_made(world: World) -> Act:
    skipped, *rest = (walk_in(world) for _ in range(4))
    queue_actions.skip(skipped, by=world.admin)
    queue_actions.put_back(skipped, by=world.admin)
    pks = rest[1].pk, rest[2].pk
    return lambda: queue_actions.move(Visit.objects.get(pk=pks[1]), by=world.admin, after=Visit.objects.get(pk=pks[0]))


def undo(state: str) -> Callable[[World], Act]:
    def prepare(world: World) -> Act:
        row = _visit(world, state)
        return lambda: queue_actions.undo(row(), by=world.admin)

    prepare.__name__ = f"undo {state}"
    return prepare


def say_gone(world: World) -> Act:
    return lambda: queue_actions.set_state(world.doctor, by=world.admin, state="gone")


def say_back(world: World) -> Act:
    queue_actions.set_state(world.doctor, by=world.admin, state="break", until=soon(60))
    return lambda: queue_actions.set_state(world.doctor, by=world.admin, state="available")


def call_during_a_break(world: World) -> Act:
    queue_actions.set_state(world.doctor, by=world.admin, state="break")
    return _verb("call", "waiting")(world)


def close_day(world: World) -> Act:
    """With somebody who waits and somebody who didn't come."""
    visit_in(world, "called")
    appointment_in(world, "booked", minutes=60)
    day = world.here.today()

    def act() -> Any:
        with time_machine.travel(soon(90)):
            return queue_actions.close_day(world.here, by=world.admin, day=day)

    return act


def close_over_day(world: World) -> Act:
    """With somebody who is still with the doctor."""
    visit_in(world, "in_progress")
    day = world.here.today()
    return lambda: queue_actions.close_over_day(world.here, day)


def process(world: World) -> Act:
    pk = walk_in(world).payment.pk
    return lambda: payment_actions.process(Payment.objects.get(pk=pk), by=world.admin, amount=Decimal(5), method="cash")


def refund(world: World) -> Act:
    pk = walk_in(world).payment.pk
    payment_actions.process(Payment.objects.get(pk=pk), by=world.admin, amount=Decimal(5), method="cash")
    return lambda: payment_actions.refund(Payment.objects.get(pk=pk), by=world.admin, amount=Decimal(5), reason="x")


def transfer_with_money(world: World) -> Act:
    """What was taken goes with the visit."""
    visit = walk_in(world)
    payment_actions.process(visit.payment, by=world.admin, amount=Decimal(5), method="cash")
    return lambda: queue_actions.transfer(Visit.objects.get(pk=visit.pk), by=world.admin, doctor=world.colleague)


def _till(world: World) -> Callable[[], CashShift]:
    pk = payment_actions.open_shift(by=world.admin, clinic=world.here, opening_cash=Decimal(5)).pk
    return lambda: CashShift.objects.get(pk=pk)


def process_with_till(world: World) -> Act:
    _till(world)
    return process(world)


def open_till(world: World) -> Act:
    return lambda: payment_actions.open_shift(by=world.admin, clinic=world.here, opening_cash=Decimal(5))


def move_cash(world: World) -> Act:
    row = _till(world)
    return lambda: payment_actions.move_cash(row(), by=world.admin, kind="in", amount=Decimal(1), reason="x")


def close_till(world: World) -> Act:
    row = _till(world)
    return lambda: payment_actions.close_shift(row(), by=world.admin, counted_cash=Decimal(4), note="x")


def register(world: World) -> Act:
    return lambda: patient_actions.register(by=world.admin, full_name="Somebody New", phone="0151 1")


def change_patient(world: World) -> Act:
    """With a name that a ticket and a coming appointment show."""
    pk = world.patient.pk
    book(world, patient=world.patient), walk_in(world, patient=world.patient)
    return lambda: patient_actions.change(Patient.objects.get(pk=pk), by=world.admin, full_name="Other Name")


def merge(world: World) -> Act:
    duplicate = PatientFactory()
    book(world, patient=duplicate), walk_in(world, patient=duplicate)
    keep, gone = world.patient.pk, duplicate.pk
    return lambda: patient_actions.merge(Patient.objects.get(pk=keep), duplicate=Patient.objects.get(pk=gone), by=world.admin)


def unmerge(world: World) -> Act:
    keep, gone = world.patient.pk, PatientFactory().pk
    patient = Patient.objects.get(pk=gone)
    book(world, patient=patient), walk_in(world, patient=patient)
    patient_actions.merge(Patient.objects.get(pk=keep), duplicate=patient, by=world.admin)
    return lambda: patient_actions.unmerge(Patient.objects.get(pk=keep), duplicate=Patient.objects.get(pk=gone), by=world.admin)


def erase(world: World) -> Act:
    pk = world.patient.pk
    appointment_actions.cancel(book(world, patient=world.patient, notes="papers"), by=world.admin, reason="ill")
    queue_actions.cancel(walk_in(world, patient=world.patient), by=world.admin, reason="ill")
    return lambda: patient_actions.erase(Patient.objects.get(pk=pk), by=world.admin, reason="asked for it")


COMMANDS: list[Callable[[World], Act]] = [
    *(overbook, book_series, cancel_following),
    *(book_, change, change_planned, cancel, check_in, mark_no_show, walk_in_, walk_in_for_nothing),
    *(_verb("call", "waiting"), _verb("call", "called"), call_next, _verb("start", "called"), _verb("complete", "in_progress")),
    *(_verb("skip", "called"), _verb("put_back", "skipped"), _verb("put_back", "in_progress"), _verb("leave", "waiting")),
    *(_verb("cancel", "waiting", reason="x"), _verb("cancel", "planned"), move, move_where_room_must_be_made),
    *(_verb("set_priority", "waiting", priority="urgent"), _verb("transfer", "waiting", doctor="colleague")),
    *(undo("called"), undo("completed"), undo("cancelled"), undo("no_show"), undo("waiting")),
    *(say_gone, say_back, call_during_a_break, close_day, close_over_day),
    *(process, process_with_till, refund, transfer_with_money, register, change_patient, merge, unmerge, erase),
]
# No screen shows a till, or when somebody works: these are told to nobody.
SILENT: list[Callable[[World], Act]] = [
    *(open_till, move_cash, close_till),
    *(add_shift, change_shift, end_shift, add_time_off, add_closing_days),
]


class Broken(DatabaseError):
    """The database's own failure, in the middle of a command."""


@contextmanager
def failing_at(number: int | None) -> Iterator[list[str]]:
    """The ``number``-th write raises; none: they are only counted."""
    writes: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            if len(writes) == number:
                raise Broken(sql)
            writes.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield writes


@pytest.mark.parametrize("prepare", [*COMMANDS, *SILENT], ids=lambda p: p.__name__.strip("_"))
def test_whichever_write_fails(world: World, prepare: Callable[[World], Act], some: Some) -> None:
    act = prepare(world)
    before = dump()
    with as_it_was(), failing_at(None) as writes:
        act()
        assert dump() != before
    assert dump() == before
    assert len(writes) >= (1 if prepare in SILENT else 3)
    assert ("realtime_delivery" in writes[-1]) == (prepare not in SILENT)
    for number in some(range(len(writes))):
        with failing_at(number), pytest.raises(Broken):
            act()
        assert dump() == before, writes[number]
    # A failure leaves nothing behind that stops the next command.
    act()
    assert dump() != before


@pytest.mark.parametrize("prepare", [*COMMANDS, *SILENT], ids=lambda p: p.__name__.strip("_"))
def test_a_failure_after_the_events_were_stored(world: World, prepare: Callable[[World], Act]) -> None:
    act = prepare(world)
    before = dump()

    def fail(**_: Any) -> None:
        raise Broken("at the very end")

    before_commit.connect(fail)
    try:
        with pytest.raises(Broken):
            act()
    finally:
        before_commit.disconnect(fail)
    assert dump() == before


@pytest.mark.parametrize("model", [VisitStep, LedgerEntry])
def test_a_receiver_of_the_last_row_that_fails(world: World, model: Any) -> None:
    act = process(world) if model is LedgerEntry else check_in(world)
    before = dump()

    def fail(**_: Any) -> None:
        raise Broken("after the last row")

    post_save.connect(fail, sender=model)
    try:
        with pytest.raises(Broken):
            act()
    finally:
        post_save.disconnect(fail, sender=model)
    assert dump() == before
    act()
    assert dump() != before


def test_a_directory_write_that_fails(world: World) -> None:
    from tests.api.client import Api

    api = Api(world.admin)
    before = dump()
    with failing_at(None) as writes, as_it_was():
        api.ok("patch", f"doctors/{world.doctor.pk}/", {"name": "Dr Other", "clinics": [world.here.pk]})
    for number in range(len(writes)):
        with failing_at(number), pytest.raises(Broken):
            api.call("patch", f"doctors/{world.doctor.pk}/", {"name": "Dr Other", "clinics": [world.here.pk]})
        assert dump() == before, writes[number]


def test_bulk_writes_that_nobody_would_hear_of_are_refused(world: World) -> None:
    visit = walk_in(world)
    before = dump()
    for model in (Visit, Appointment, Payment, CashShift, LedgerEntry, Patient):
        rows: Any = model._default_manager.all()
        for attempt in (
            partial(rows.update, version=9),
            rows.delete,
            partial(rows.bulk_create, []),
            partial(rows.bulk_update, [], ["version"]),
        ):
            with pytest.raises(TypeError):
                attempt()
    with pytest.raises(TypeError):
        visit.delete()
    assert dump() == before


def test_a_lost_update_is_refused(world: World) -> None:
    from clinics.exceptions import StaleVersion

    one, other = Patient.objects.get(pk=world.patient.pk), Patient.objects.get(pk=world.patient.pk)
    one.notes, other.address = "first", "second"
    one.save(update_fields=["notes"])
    before = dump()
    with pytest.raises(StaleVersion):
        other.save(update_fields=["address"])
    assert dump() == before
    assert other.version == one.version - 1
    assert Patient.objects.get(pk=one.pk).created_at < dt.datetime.now(dt.UTC)
