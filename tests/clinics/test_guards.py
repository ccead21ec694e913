"""The database refuses by itself what must never happen, whoever asks and however."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import DatabaseError, ProgrammingError, connection, models, transaction

from appointments import actions as appointment_actions
from appointments.models import Appointment, AppointmentSeries, ClosingDay, Reschedule, Shift, ShiftBreak, TimeOff
from clinic_project.checks import check_permits
from clinics import guards
from clinics.guards import Guard, guarded_models
from clinics.models import Clinic, ErasurePermit, User
from patients import actions as patient_actions
from patients.models import FileAccess, Patient
from payments import actions as payment_actions
from payments.models import LedgerEntry, Payment
from queue import actions as queue_actions
from queue.models import DayClose, Visit, VisitStep
from tests.api.fixtures import standing
from tests.factories import DoctorFactory, PatientFactory, World, book, walk_in
from tests.factories.world import soon


@pytest.fixture(scope="module")
def standing_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with standing(_full, django_db_blocker, ago=dt.timedelta()) as made:
        yield made


@pytest.fixture
def full(world: World) -> World:
    """With a row in the tables that the tests name."""
    return world


def _full() -> World:
    world = World()
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


@pytest.fixture(params=[True, False], ids=["as the server", "as a plain shell"])
def sqlite(request: pytest.FixtureRequest, world: World, is_postgres: bool) -> Iterator[None]:
    """A connection that tells triggers of the deletions which `REPLACE` brings about, and one that doesn't."""
    if is_postgres:
        pytest.skip("there is no REPLACE")
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers = {'ON' if request.param else 'OFF'}")
        yield
        cursor.execute("PRAGMA recursive_triggers = ON")


@pytest.fixture
def fuller(full: World) -> World:
    """With a row for everything that no two rows share."""
    first, second, third = PatientFactory(), PatientFactory(), PatientFactory()
    patient_actions.merge(first, duplicate=second, by=full.admin)
    patient_actions.erase(third, by=full.admin, reason="asked for it")
    queue_actions.undo(queue_actions.call(walk_in(full), by=full.admin), by=full.admin)
    queue_actions.start(walk_in(full), by=full.admin)
    payment_actions.open_shift(by=full.admin, clinic=full.here, opening_cash=Decimal(1))
    DayClose.objects.create(clinic=full.here, date=full.here.today(), number=1, at=soon(), figures={})
    return full


SHARED = [
    pytest.param(model, key, id=f"{model.__name__} {' '.join(key.columns)}")
    for model, _guard in guarded_models()
    for key in guards._unique_keys(connection, model)
    if key.columns != (getattr(model._meta.pk, "column", ""),)
]


@pytest.mark.once("sqlite")
@pytest.mark.parametrize(("model", "key"), SHARED)
def test_no_row_is_thrown_out_by_another_with_the_same_value(
    fuller: World, sqlite: None, model: type[models.Model], key: Any
) -> None:
    """By a copy with another number the row that has the value would be gone."""
    table, pk = model._meta.db_table, model._meta.pk
    assert pk is not None
    rows = model._base_manager.filter(**{f"{column}__isnull": False for column in key.columns})
    row = rows.extra(where=[key.condition] if key.condition else []).first()
    assert row is not None
    names = [field.column for field in model._meta.concrete_fields]
    copied = ", ".join("1000000" if name == pk.column else f'"{name}"' for name in names)
    before = model._base_manager.count()
    assert refused(f'REPLACE INTO {table} ({", ".join(names)}) SELECT {copied} FROM {table} WHERE "{pk.column}" = {row.pk}')
    assert model._base_manager.count() == before


@pytest.mark.once("sqlite")
@pytest.mark.parametrize("name", ["id", "rowid", "_rowid_"])
def test_no_row_is_thrown_out_by_renumbering_another(full: World, sqlite: None, name: str) -> None:
    first, second = PatientFactory(), PatientFactory()
    assert refused(f"UPDATE OR REPLACE patients_patient SET {name} = {first.pk} WHERE id = {second.pk}")
    assert refused(f"UPDATE patients_patient SET {name} = 1000000 WHERE id = {second.pk}")


@pytest.mark.once("sqlite")
def test_no_row_is_thrown_out_by_changing_another(full: World, sqlite: None) -> None:
    first, second = PatientFactory(), PatientFactory()
    number = f"UPDATE OR REPLACE patients_patient SET record_number = '{first.record_number}'"
    assert refused(f"{number} WHERE id = {second.pk}")
    assert not refused(f"{number} WHERE id = {first.pk}")  # its own
    visits = [queue_actions.start(walk_in(full), by=full.admin), walk_in(full)]
    start = "UPDATE OR REPLACE queue_visit SET status = 'in_progress'"
    assert refused(f"{start} WHERE id = {visits[1].pk}")  # one inside at a time
    assert not refused(f"{start} WHERE id = {visits[0].pk}")
    free = DoctorFactory(clinics=[full.here])
    assert not refused(f"{start}, doctor_id = {free.pk} WHERE id = {visits[1].pk}")
    shift = payment_actions.open_shift(by=full.admin, clinic=full.here, opening_cash=Decimal(1))
    payment_actions.close_shift(shift, by=full.admin, counted_cash=Decimal(1))
    payment_actions.open_shift(by=full.admin, clinic=full.here, opening_cash=Decimal(2))
    reopened = "closed_at = NULL, counted_cash = NULL, expected_cash = NULL, difference = NULL"
    assert refused(f"UPDATE OR REPLACE payments_cashshift SET {reopened} WHERE id = {shift.pk}")


@pytest.mark.once("sqlite")
def test_a_second_row_is_refused_in_the_words_that_callers_know(full: World, sqlite: None) -> None:
    queue_actions.start(walk_in(full), by=full.admin)
    with pytest.raises(queue_actions.DoctorBusy):
        queue_actions.start(walk_in(full), by=full.admin)


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


def test_migrating_takes_away_a_permit_that_was_left(full: World) -> None:
    ErasurePermit.objects.create()
    assert not refused("UPDATE patients_historicalpatient SET full_name = 'open'")
    assert [message.id for message in check_permits(None, databases=["default"])] == ["clinic.W002"]
    guards.install("default")
    assert check_permits(None, databases=["default"]) == check_permits(None) == []
    assert refused("UPDATE patients_historicalpatient SET full_name = 'open'")


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
