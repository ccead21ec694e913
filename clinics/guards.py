"""What the database itself refuses, whoever asks: deleting what has a history, and changing what is one (ADR 22).

A model says ``guard = Guard.…``; all triggers are made anew after each ``migrate`` (SQLite drops a table's triggers whenever
a migration rebuilds it, so a migration alone would lose them).
"""

from __future__ import annotations

import enum
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.apps import apps
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from clinics.commands import command


class Guard(enum.Enum):
    """What a model's rows are kept from."""

    NEVER_DELETED = "never deleted"
    APPEND_ONLY = "never changed or deleted"
    ERASABLE = "never deleted, and changed only to erase what is personal in it"


_KEPT = "these rows are kept for good"

_PERMITTED = "EXISTS (SELECT 1 FROM clinics_erasurepermit)"
"""Whoever sees a row there may overwrite what is personal (``erasing``)."""

_FUNCTION = f"""
CREATE OR REPLACE FUNCTION clinic_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_ARGV[0] = 'ERASABLE' AND {_PERMITTED} THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% on % is refused: {_KEPT}', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
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
    kinds = ("UPDATE", "DELETE", "REPLACE", "REPLACING", "RENUMBERING")
    verbs = [(model, verb) for model, _guard in guarded_models() for verb in kinds]
    return [f"DROP TRIGGER IF EXISTS {_name(model, verb)}" for model, verb in verbs]


def installation_sql(connection: BaseDatabaseWrapper, tables: Container[str] | None = None) -> list[str]:
    """Statements that put every guard in place (of ``tables``, if given), whatever was there before."""
    models = [(model, guard) for model, guard in guarded_models() if tables is None or model._meta.db_table in tables]
    if connection.vendor == "postgresql":
        return [_FUNCTION, *(sql for model, guard in models for sql in _postgres_triggers(model, guard))]
    made = [_sqlite_trigger(model, guard, verb) for model, guard in models for verb in _refused(guard)]
    return [*removal_sql(), *made, *(sql for model, guard in models for sql in _sqlite_replacing(connection, model, guard))]


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
    unless = f"WHEN NOT {_PERMITTED} " if verb == "UPDATE" and guard is Guard.ERASABLE else ""
    return _sqlite_refusing(model, verb, verb, unless, verb)


def _sqlite_refusing(model: type[models.Model], name: str, verb: str, when: str, told: str) -> str:
    table = model._meta.db_table
    return (
        f'CREATE TRIGGER {_name(model, name)} BEFORE {verb} ON "{table}" {when}'
        f"BEGIN SELECT RAISE(ABORT, '{told} on {table} is refused: {_KEPT}'); END"
    )


class _UniqueKey(NamedTuple):
    """Columns of which no two rows share the values, of the rows that ``condition`` (SQL; empty: of all) is true of; ``watched`` are
    all columns that this depends on."""

    columns: tuple[str, ...]
    watched: frozenset[str]
    condition: str = ""


def _unique_keys(connection: BaseDatabaseWrapper, model: type[models.Model]) -> list[_UniqueKey]:
    options: Any = model._meta
    keys = [_UniqueKey((field.column,), frozenset({field.column})) for field in options.concrete_fields if field.unique]
    editor = connection.SchemaEditorClass(connection, collect_sql=True)  # only to write conditions down
    for constraint in options.constraints:
        if isinstance(constraint, models.UniqueConstraint):
            columns = tuple(options.get_field(name).column for name in constraint.fields)
            asked: Any = constraint.condition and model._get_expr_references(constraint.condition)  # type: ignore[attr-defined]
            watched = {options.get_field(name).column for name, *_path in asked or ()}
            condition = constraint._get_condition_sql(model, editor) or ""  # type: ignore[attr-defined]
            keys.append(_UniqueKey(columns, frozenset(watched.union(columns)), condition))
    return keys


def _sqlite_replacing(connection: BaseDatabaseWrapper, model: type[models.Model], guard: Guard) -> list[str]:
    """SQLite's ``REPLACE``, as ``INSERT`` or as ``UPDATE``, throws out the rows that stand in its way.

    Triggers on deletion hear of it only by ``PRAGMA recursive_triggers``, which our settings switch on and a plain shell doesn't.
    So what would bring it about is refused beforehand, in SQLite's own words for a value that is there already, which callers tell
    refusals by. The number of a row never changes at all.
    """
    pk = model._meta.pk
    assert pk is not None
    keys, another = _unique_keys(connection, model), f'NEW."{pk.column}" <> OLD."{pk.column}"'
    made = [_sqlite_one_of_each(model, "REPLACE", "INSERT", keys)]
    if guard is Guard.APPEND_ONLY:
        return made  # no UPDATE gets so far
    keys = [key for key in keys if key.columns != (pk.column,)]
    if watched := sorted({column for key in keys for column in key.watched}):
        of = ", ".join(f'"{column}"' for column in watched)
        made.append(
            _sqlite_one_of_each(model, "REPLACING", f"UPDATE OF {of}", keys, f' AND "{pk.column}" <> OLD."{pk.column}"')
        )
    # Of whatever columns: the number has other names (rowid).
    made.append(_sqlite_refusing(model, "RENUMBERING", "UPDATE", f"WHEN {another} ", "a new number"))
    return made


def _sqlite_one_of_each(model: type[models.Model], name: str, verb: str, keys: list[_UniqueKey], but: str = "") -> str:
    table = model._meta.db_table
    refusals = []
    for key in keys:
        there = " AND ".join(f'"{column}" = NEW."{column}"' for column in key.columns)
        when = f'EXISTS (SELECT 1 FROM "{table}" WHERE {there}{but}{key.condition and f" AND ({key.condition})"})'  # noqa: S608
        if key.condition:
            # The same condition, of the new row.
            new = ", ".join(f'NEW."{column}" AS "{column}"' for column in sorted(key.watched))
            when += f" AND EXISTS (SELECT 1 FROM (SELECT {new}) WHERE {key.condition})"  # noqa: S608 (names of our own tables)
        told = ", ".join(f"{table}.{column}" for column in key.columns)
        refusals.append(f"SELECT RAISE(ABORT, 'UNIQUE constraint failed: {told} ({_KEPT})') WHERE {when};")
    return f'CREATE TRIGGER {_name(model, name)} BEFORE {verb} ON "{table}" BEGIN {" ".join(refusals)} END'


def install(using: str) -> None:
    """Put all guards in place; a table that isn't there yet gets its guard after a later ``migrate``. A permit that somebody has left
    in SQLite with its foreign keys off is taken away."""
    connection = connections[using]
    with connection.cursor() as cursor:
        for statement in installation_sql(connection, set(connection.introspection.table_names(cursor))):
            cursor.execute(statement)
    if permits_left(using):
        _permits(using).delete()


def permits_left(using: str) -> bool:
    """Has somebody left a permit to overwrite histories in the database?"""
    connection = connections[using]
    return "clinics_erasurepermit" in connection.introspection.table_names() and _permits(using).exists()


def _permits(using: str) -> models.QuerySet[Any]:
    permits: models.QuerySet[Any] = apps.get_model("clinics", "ErasurePermit")._base_manager.using(using)
    return permits


@contextmanager
def erasing() -> Iterator[None]:
    """Within this, personal data in ``ERASABLE`` rows may be overwritten, by this transaction alone.

    The permit refers to a row that never is: the database checks that at the commit, so it can't outlast the transaction.
    """
    from clinics.models import ErasurePermit

    with command():
        ErasurePermit.objects.create()
        yield
        ErasurePermit.objects.all().delete()


def after_migrate(using: str, **_: Any) -> None:
    """Receiver of ``post_migrate``."""
    install(using)
