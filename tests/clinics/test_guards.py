"""The database refuses by itself what must never happen, whoever asks and however."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, ProgrammingError, connection, models, transaction

from appointments import actions as appointment_actions
from appointments.models import Appointment, AppointmentSeries, ClosingDay, Reschedule, Shift, ShiftBreak, TimeOff
from clinics import guards
from clinics.guards import Guard, guarded_models
from clinics.models import Clinic, ErasurePermit, User
from patients.models import FileAccess, Patient
from payments import actions as payment_actions
from payments.models import LedgerEntry, Payment
from queue.models import Visit, VisitStep
from tests.factories import PatientFactory, World, book, walk_in
from tests.factories.world import soon


@pytest.fixture
def full(world: World) -> World:
    """With a row in the tables that the tests name."""
    moved = book(world)
    appointment_actions.change(moved, by=world.admin, start=soon(90), reason="asked for it")
    where = {"clinic": world.here, "doctor": world.doctor, "service": world.service, "patient": PatientFactory()}
    appointment_actions.book_series(by=world.admin, **where, start=soon(60 * 24), count=2)
    shift = world.doctor.shifts.earliest("pk")
    appointment_actions.change_shift(shift, by=world.admin, breaks=[(dt.time(12), dt.time(13))])
    appointment_actions.add_time_off(by=world.admin, doctor=world.doctor, start=soon(10**6), end=soon(10**6 + 60))
    christmas = dt.date(2026, 12, 24)
    appointment_actions.add_closing_days(by=world.admin, clinic=world.here, first_day=christmas, last_day=christmas)
    visit = walk_in(world, patient=world.patient)
    payment_actions.process(visit.payment, by=world.receptionist, amount=visit.payment.amount_due, method="cash")
    world.patient.notes = "x"
    world.patient.save(update_fields=["notes"])
    FileAccess.objects.create(patient=world.patient, user=world.admin, how="opened")
    return world


def refused(sql: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as error:
        return "kept for good" in str(error)
    return False


HISTORY = {Patient.history.model, Appointment.history.model, Clinic.history.model, User.history.model}  # type: ignore[attr-defined]
HOURS = {Shift, ShiftBreak, TimeOff, ClosingDay}
ENTITIES = {Patient, Appointment, Visit, Payment, Clinic, User, *HOURS}


def test_what_is_guarded() -> None:
    by_guard: dict[Guard, set[type[models.Model]]] = {guard: set() for guard in Guard}
    for model, guard in guarded_models():
        by_guard[guard].add(model)
    assert by_guard[Guard.NEVER_DELETED] >= ENTITIES
    assert by_guard[Guard.APPEND_ONLY] >= {LedgerEntry, FileAccess, AppointmentSeries, Clinic.history.model}  # type: ignore[attr-defined]
    assert by_guard[Guard.ERASABLE] >= {VisitStep, Reschedule, Patient.history.model}  # type: ignore[attr-defined]
    # Whatever keeps past versions of its rows, keeps the rows.
    with_history = {model.instance_type for model in apps.get_models() if hasattr(model, "instance_type")}
    entities = {model for model in with_history if not model._meta.auto_created}
    assert entities - {model for guard in by_guard.values() for model in guard} == set()


@pytest.mark.parametrize(
    "model",
    sorted(HISTORY | ENTITIES | {LedgerEntry, VisitStep, FileAccess, AppointmentSeries, Reschedule}, key=lambda m: m.__name__),
)
def test_no_row_is_deleted_even_by_plain_sql(full: World, model: type[models.Model]) -> None:
    table = model._meta.db_table
    rows = model._base_manager.count()
    assert rows
    assert refused(f"DELETE FROM {table}")
    assert model._base_manager.count() == rows


@pytest.mark.parametrize(
    "model", sorted(HISTORY | {LedgerEntry, VisitStep, FileAccess, AppointmentSeries, Reschedule}, key=lambda m: m.__name__)
)
def test_no_row_of_a_history_is_changed_even_by_plain_sql(full: World, model: type[models.Model]) -> None:
    pk = model._meta.pk
    assert pk is not None
    assert refused(f"UPDATE {model._meta.db_table} SET {pk.column} = {pk.column}")


@pytest.mark.parametrize("model", [LedgerEntry, Patient, Patient.history.model], ids=lambda m: m.__name__)  # type: ignore[attr-defined]
def test_no_row_is_replaced(full: World, is_postgres: bool, model: type[models.Model]) -> None:
    """SQLite's `REPLACE` deletes, and says so to triggers only if it is told to."""
    table = model._meta.db_table
    replace = f"REPLACE INTO {table} SELECT * FROM {table}"
    with connection.cursor() as cursor:
        if is_postgres:
            with pytest.raises(ProgrammingError):  # it has no such statement
                cursor.execute(replace)
            return
        assert refused(replace)
        cursor.execute("PRAGMA recursive_triggers = OFF")  # as in a shell
        try:
            assert refused(replace)
        finally:
            cursor.execute("PRAGMA recursive_triggers = ON")


@pytest.mark.postgres
def test_no_table_is_emptied_at_once(transactional_db: None) -> None:
    walk_in(World())
    with connection.cursor() as cursor:
        # The module's world is never committed: its foreign keys wait to be checked, and would be the reason of the refusal.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert refused("TRUNCATE payments_ledgerentry")
    assert refused("TRUNCATE clinics_clinic CASCADE")


def test_erasing_may_overwrite_what_is_personal_and_nothing_else(full: World) -> None:
    past: Any = Patient.history.model  # type: ignore[attr-defined]
    with guards.erasing():
        past.objects.filter(id=full.patient.pk).update(full_name="Erased")
        assert refused("DELETE FROM patients_historicalpatient")
        assert refused("UPDATE payments_ledgerentry SET amount = 1")
    assert set(past.objects.filter(id=full.patient.pk).values_list("full_name", flat=True)) == {"Erased"}
    assert not ErasurePermit.objects.exists()
    assert refused("UPDATE patients_historicalpatient SET full_name = 'again'")


def test_migrating_puts_back_what_was_lost(full: World) -> None:
    with connection.cursor() as cursor:
        on = " ON payments_ledgerentry" if connection.vendor == "postgresql" else ""
        cursor.execute(f'DROP TRIGGER "payments_ledgerentry_no_delete"{on}')
    assert not refused("DELETE FROM payments_ledgerentry WHERE id = -1")
    call_command("migrate", verbosity=0)
    assert refused("DELETE FROM payments_ledgerentry")


def test_signing_in_is_no_change_of_a_person(world: World) -> None:
    history: Any = User.history  # type: ignore[attr-defined]
    before = history.filter(id=world.admin.pk).count()
    world.admin.last_login = world.admin.date_joined
    world.admin.save(update_fields=["last_login"])
    assert history.filter(id=world.admin.pk).count() == before
    world.admin.last_name = "Haddad"
    world.admin.save(update_fields=["last_name"])
    assert history.filter(id=world.admin.pk).first().last_name == "Haddad"
    assert not hasattr(history.model, "password")


def test_a_guard_that_is_made_weaker_lets_go(full: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a model's own word is changed in a new release: what it was kept from before must not stay refused."""
    assert refused("UPDATE appointments_appointmentseries SET count = count")
    monkeypatch.setattr(AppointmentSeries, "guard", Guard.NEVER_DELETED)
    guards.install(connection.alias)
    assert not refused("UPDATE appointments_appointmentseries SET count = count")
    assert refused("DELETE FROM appointments_appointmentseries")
    monkeypatch.undo()
    guards.install(connection.alias)
    assert refused("UPDATE appointments_appointmentseries SET count = count")
