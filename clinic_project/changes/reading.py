"""Past versions of all kinds as one list, the newest first, each with what was there before."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django.apps import apps
from django.db import models
from django.db.models import OuterRef, QuerySet, Subquery, Value

from clinic_project.changes.sources import fields_of, key_of, of_clinics, seen_by, sources
from clinics.models import Clinic, User
from payments.money import as_text, has_decimals

MONEY_PLACES = 3
"""As many has a column of money (payments.models.money_field), and no other."""

ACTIONS = {"+": "created", "~": "changed", "-": "deleted"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; none: whatever it is. ``since`` and ``until`` are moments, the second one excluded."""

    kind: str | None = None
    object: int | None = None
    by: int | None = None
    clinic: int | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: str
    before: Any
    after: Any


@dataclass(slots=True)
class Change:
    """One saving of one record: who, when, and what differs from the version before."""

    kind: str
    object_id: int
    object: str
    action: str
    at: dt.datetime
    by: str | None
    changes: list[FieldChange] = field(default_factory=list)


Key = tuple[str, int]


def keys(user: User, wanted: Wanted) -> QuerySet[Any, Key]:
    """``(kind, history_id)`` of all versions that ``user`` may see and asks for, the newest first; to be cut into pages."""
    parts: list[QuerySet[Any, Any]] = []
    for kind, past in sources().items():
        if wanted.kind not in (None, kind):
            continue
        rows: QuerySet[Any, Any] = past._default_manager.filter(seen_by(user, past))
        if wanted.clinic is not None:
            rows = rows.filter(of_clinics(past, [wanted.clinic]))
        for lookup, value in (
            (key_of(past), wanted.object),
            ("history_user_id", wanted.by),
            ("history_date__gte", wanted.since),
            ("history_date__lt", wanted.until),
        ):
            if value is not None:
                rows = rows.filter(**{lookup: value})
        named = rows.order_by().annotate(kind=Value(kind, models.CharField()))
        parts.append(named.values_list("kind", "history_id", "history_date"))
    first, *others = parts
    joined = first.union(*others, all=True) if others else first
    return joined.order_by("-history_date", "-history_id", "kind")


def read(page: Iterable[Sequence[Any]], user: User) -> list[Change]:
    """The changes of one page of ``keys``; as many queries for a long page as for a short one."""
    ordered: list[Key] = [(row[0], row[1]) for row in page]
    by_kind: dict[str, list[int]] = defaultdict(list)
    for kind, history_id in ordered:
        by_kind[kind].append(history_id)
    found: dict[Key, tuple[Any, Any]] = {}
    for kind, ids in by_kind.items():
        found |= {(kind, history_id): pair for history_id, pair in _with_the_one_before(sources()[kind], ids).items()}
    names = _Names(user)
    for now, before in found.values():
        names.want(now)
        if before is not None:
            names.want(before)
    names.look_up()
    return [_change(kind, *found[kind, history_id], names) for kind, history_id in ordered]


def _with_the_one_before(past: type[models.Model], ids: list[int]) -> dict[int, tuple[Any, Any]]:
    same = {key_of(past): OuterRef(key_of(past))}
    earlier = past._default_manager.filter(**same, history_id__lt=OuterRef("history_id")).order_by("-history_id")
    rows: Any = past._default_manager.filter(history_id__in=ids).select_related("history_user")
    rows = list(rows.annotate(earlier_id=Subquery(earlier.values("history_id")[:1])))
    wanted = [row.earlier_id for row in rows if row.earlier_id is not None]
    before: Any = past._default_manager.in_bulk(wanted) if wanted else {}
    _read_many_to_many(past, [*rows, *before.values()])
    return {row.history_id: (row, before.get(row.earlier_id)) for row in rows}


def _many_to_many(past: type[models.Model]) -> list[Any]:
    """The many-to-many fields of which the past is kept."""
    described: Any = past.instance_type  # type: ignore[attr-defined]
    return [each for each in described._meta.many_to_many if hasattr(past, each.name)]


def _read_many_to_many(past: type[models.Model], versions: Sequence[Any]) -> None:
    """Gives each version ``many``: the ids that its many-to-many fields held; one query for each field."""
    fields = _many_to_many(past)
    held: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for each in fields:
        rows = next(model for model in apps.get_models() if getattr(model, "instance_type", None) is each.remote_field.through)
        name = each.m2m_reverse_field_name()
        pairs = rows._default_manager.filter(history__in=[version.pk for version in versions])
        for version_id, pk in pairs.order_by(name).values_list("history_id", f"{name}_id"):
            held[each.name, version_id].append(pk)
    for version in versions:
        version.many = {each.name: held[each.name, version.pk] for each in fields}


class _Names:
    """What the ids of a page stand for, looked up once for each kind of record."""

    def __init__(self, user: User) -> None:
        self._own = None if user.is_superuser else set(user.clinic_ids())
        self._ids: dict[type[models.Model], set[Any]] = defaultdict(set)
        self._names: dict[type[models.Model], Mapping[Any, str]] = {}
        self._currencies: dict[int, str] = {}

    def want(self, record: Any) -> None:
        for each in fields_of(type(record)):
            if each.is_relation and (value := getattr(record, each.attname)) is not None:
                self._ids[_model_of(each)].add(value)
        for each in _many_to_many(type(record)):
            self._ids[each.related_model] |= set(self.clinics(record, each))

    def look_up(self) -> None:
        for model, ids in self._ids.items():
            name = next((n for n in ("full_name", "name", "username") if n in {f.name for f in model._meta.get_fields()}), None)
            if model is Clinic:
                rows = list(Clinic.objects.filter(pk__in=ids).values_list("pk", "name", "currency"))
                self._names[model] = {pk: shown for pk, shown, _currency in rows}
                self._currencies = {pk: currency for pk, _shown, currency in rows}
            elif name is not None:
                self._names[model] = dict(model._base_manager.filter(pk__in=ids).values_list("pk", name))

    def money(self, record: Any, amount: Decimal) -> str:
        """An amount with the decimals of its currency: the record's own, or that of its clinic. One from before the clinic
        changed its currency may have more."""
        currency = getattr(record, "currency", None) or self._currencies.get(getattr(record, "clinic_id", 0))
        decimals = get_currency_precision(currency) if currency else 3
        return as_text(amount, decimals) if has_decimals(amount, decimals) else str(amount.normalize())

    def of(self, model: type[models.Model], pk: Any) -> str:
        return self._names.get(model, {}).get(pk) or f"{model._meta.verbose_name} {pk}"

    def clinics(self, record: Any, many: Any) -> list[Any]:
        """Ids of a many-to-many field as they were; of clinics, the viewer's own."""
        return [pk for pk in record.many[many.name] if self._own is None or pk in self._own]


def _model_of(each: Any) -> type[models.Model]:
    model: type[models.Model] = each.related_model
    return model


def _shown(record: Any, each: Any, names: _Names) -> Any:
    value = getattr(record, each.attname)
    if value is None:
        return None
    if each.is_relation:
        return names.of(_model_of(each), value)
    if isinstance(value, Decimal):
        return names.money(record, value) if each.decimal_places == MONEY_PLACES else str(value)
    return value


def _change(kind: str, now: Any, before: Any, names: _Names) -> Change:
    differences = [
        FieldChange(each.name, old, new)
        for each in fields_of(type(now))
        if (new := _shown(now, each, names)) != (old := None if before is None else _shown(before, each, names))
        and not (before is None and new in (None, ""))
    ]
    for each in _many_to_many(type(now)):
        new = [names.of(each.related_model, pk) for pk in names.clinics(now, each)]
        old = [names.of(each.related_model, pk) for pk in names.clinics(before, each)] if before is not None else []
        if new != old:
            differences.append(FieldChange(each.name, old, new))
    return Change(
        kind=kind,
        object_id=getattr(now, key_of(type(now))),
        object=_label(now, names),
        action=ACTIONS[now.history_type],
        at=now.history_date,
        by=now.history_user.get_username() if now.history_user else None,
        changes=differences,
    )


def _label(record: Any, names: _Names) -> str:
    for name in ("full_name", "name", "username"):
        if isinstance(value := getattr(record, name, None), str):
            return value
    belongs_to = {each.name: each for each in fields_of(type(record)) if each.is_relation}
    for name in ("patient", "visit", "doctor"):
        if name in belongs_to and getattr(record, f"{name}_id") is not None:
            return names.of(_model_of(belongs_to[name]), getattr(record, f"{name}_id"))
    return f"{record.instance_type._meta.verbose_name} {getattr(record, key_of(type(record)))}"
