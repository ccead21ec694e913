"""What the database itself refuses, whoever asks: deleting what has a history, and changing what is one (ADR 22).

A model says ``guard = Guard.…``; all triggers are made anew after each ``migrate`` (SQLite drops a table's triggers whenever
a migration rebuilds it, so a migration alone would lose them).
"""

from __future__ import annotations

import enum
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from clinics.commands import command


class Guard(enum.Enum):
    """What a model's rows are kept from."""

    NEVER_DELETED = "never deleted"
    APPEND_ONLY = "never changed or deleted"
    ERASABLE = "never deleted, and changed only to erase what is personal in it"


_FUNCTION = """
CREATE OR REPLACE FUNCTION clinic_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_ARGV[0] = 'ERASABLE' AND EXISTS (SELECT 1 FROM clinics_erasurepermit) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% on % is refused: these rows are kept for good', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def guard_of(model: type[models.Model]) -> Guard | None:
    """What the model's rows are kept from: its own word, or for the table of a model's past versions that they stay."""
    described: type[models.Model] | None = getattr(model, "instance_type", None)
    if described is not None:
        return Guard.ERASABLE if getattr(described, "history_erasable", False) else Guard.APPEND_ONLY
    guard: Guard | None = getattr(model, "guard", None)
    return guard


def guarded_models() -> list[tuple[type[models.Model], Guard]]:
    """All models with a guard, by table."""
    found = [(model, guard) for model in apps.get_models() if (guard := guard_of(model)) is not None]
    return sorted(found, key=lambda pair: pair[0]._meta.db_table)


def _refused(guard: Guard) -> tuple[str, ...]:
    return ("DELETE",) if guard is Guard.NEVER_DELETED else ("UPDATE", "DELETE")


def removal_sql() -> list[str]:
    """Statements that take all guards off SQLite's tables, also those that a model had before its guard was made weaker."""
    verbs = [(model, verb) for model, _guard in guarded_models() for verb in ("UPDATE", "DELETE", "REPLACE")]
    return [f"DROP TRIGGER IF EXISTS {_name(model, verb)}" for model, verb in verbs]


def installation_sql(connection: BaseDatabaseWrapper, tables: Container[str] | None = None) -> list[str]:
    """Statements that put every guard in place (of ``tables``, if given), whatever was there before."""
    models = [(model, guard) for model, guard in guarded_models() if tables is None or model._meta.db_table in tables]
    if connection.vendor == "postgresql":
        return [_FUNCTION, *(sql for model, guard in models for sql in _postgres_triggers(model, guard))]
    made = [_sqlite_trigger(model, guard, verb) for model, guard in models for verb in _refused(guard)]
    return [*removal_sql(), *made, *(_sqlite_replacing(model, guard) for model, guard in models)]


def _name(model: type[models.Model], verb: str) -> str:
    return f'"{model._meta.db_table}_no_{verb.lower()}"'


def _postgres_triggers(model: type[models.Model], guard: Guard) -> list[str]:
    table = f'"{model._meta.db_table}"'
    weakened = [
        f"DROP TRIGGER IF EXISTS {_name(model, verb)} ON {table}" for verb in {"UPDATE", "DELETE"} - set(_refused(guard))
    ]
    rows = [
        f"CREATE OR REPLACE TRIGGER {_name(model, verb)} BEFORE {verb} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION clinic_refuse('{guard.name}')"
        for verb in _refused(guard)
    ]
    whole = (
        f"CREATE OR REPLACE TRIGGER {_name(model, 'TRUNCATE')} BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION clinic_refuse('{guard.name}')"
    )
    return [*weakened, *rows, whole]


def _sqlite_trigger(model: type[models.Model], guard: Guard, verb: str) -> str:
    unless = "WHEN NOT EXISTS (SELECT 1 FROM clinics_erasurepermit) " if verb == "UPDATE" and guard is Guard.ERASABLE else ""
    return (
        f'CREATE TRIGGER {_name(model, verb)} BEFORE {verb} ON "{model._meta.db_table}" {unless}'
        f"BEGIN SELECT RAISE(ABORT, '{verb} on {model._meta.db_table} is refused: these rows are kept for good'); END"
    )


def _sqlite_replacing(model: type[models.Model], guard: Guard) -> str:
    """SQLite's ``REPLACE`` is a delete that no trigger hears of: refuse the insert that would bring it about."""
    table, pk = model._meta.db_table, model._meta.pk
    assert pk is not None
    keys: list[list[Any]] = [[pk.column]]
    if guard is Guard.APPEND_ONLY:
        # Not of what may change: there a second row is told by its own constraint, which callers know by name.
        constraints = [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint) and c.condition is None]
        keys += [
            [getattr(model._meta.get_field(name), "column", name) for name in key.fields] for key in constraints if key.fields
        ]
    same = " OR ".join("(" + " AND ".join(f'"{column}" = NEW."{column}"' for column in key) + ")" for key in keys)
    there = f'SELECT 1 FROM "{table}" WHERE {same}'  # noqa: S608 (names of our own tables and columns)
    return (
        f'CREATE TRIGGER {_name(model, "REPLACE")} BEFORE INSERT ON "{table}" WHEN EXISTS ({there}) '
        f"BEGIN SELECT RAISE(ABORT, 'REPLACE on {table} is refused: these rows are kept for good'); END"
    )


def install(using: str) -> None:
    """Put all guards in place; a table that isn't there yet gets its guard after a later ``migrate``."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for statement in installation_sql(connection, set(connection.introspection.table_names(cursor))):
            cursor.execute(statement)


@contextmanager
def erasing() -> Iterator[None]:
    """Within this, personal data in ``ERASABLE`` rows may be overwritten, by this transaction alone."""
    from clinics.models import ErasurePermit

    with command():
        permit = ErasurePermit.objects.create()
        yield
        permit.delete()


def after_migrate(using: str, **_: Any) -> None:
    """Receiver of ``post_migrate``."""
    install(using)
