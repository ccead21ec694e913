"""What was taken in some days, and how much of it is each doctor's and the clinic's (ADR 27)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, NamedTuple

from babel.numbers import get_currency_precision
from django.db.models import Count, Q, QuerySet, Sum

from clinics.models import Clinic
from payments.models import LedgerEntry, ShareMove
from payments.money import ZERO, exact


@dataclass
class Sums:
    """Of one currency: ``doctor_share + clinic_share = taken − refunded + transferred``, to the last digit."""

    currency: str
    taken: Decimal = ZERO
    refunded: Decimal = ZERO
    transferred: Decimal = ZERO
    doctor_share: Decimal = ZERO
    clinic_share: Decimal = ZERO

    @property
    def money_decimals(self) -> int:
        return get_currency_precision(self.currency)

    def add(self, other: Sums) -> None:
        """Add all amounts of the other, which are of the same currency."""
        for amount in fields(Sums)[1:]:
            setattr(self, amount.name, getattr(self, amount.name) + getattr(other, amount.name))


class Name(NamedTuple):
    """A doctor or a service; sorted by name."""

    name: str
    pk: int


@dataclass(kw_only=True)
class Line(Sums):
    """What came in for one service of one doctor."""

    doctor: Name
    service: Name
    visits: int = 0


@dataclass
class Report:
    """Lines by doctor and service, and what they add up to in each currency."""

    lines: list[Line]
    totals: list[Sums]


_SERVICE = ("payment__visit__service__name", "payment__visit__service", "payment__currency")
_AMOUNTS = ("amount", "doctor_share", "clinic_share")


def report(*, clinics: Iterable[Clinic], first: dt.date, last: dt.date, doctor_id: int | None = None) -> Report:
    """What the clinics took from ``first`` to ``last``, each by its own calendar; of one doctor alone if wanted.

    Two queries, whatever the number of rows. A doctor's is what was taken or given back while the visit was theirs; money that
    went to another doctor with its visit counts as ``transferred``, on the day of that. The service is the visit's of now.
    """
    days = Q(pk__in=())
    for clinic in clinics:
        days |= Q(clinic=clinic, at__gte=clinic.day_bounds(first)[0], at__lt=clinic.day_bounds(last)[1])
    lines: dict[tuple[Name, Name, str], Line] = {}

    def line(doctor: Name, service: Name, currency: str) -> Line:
        return lines.setdefault((doctor, service, currency), Line(currency=currency, doctor=doctor, service=service))

    for name, pk, service, service_pk, currency, visits, *sums in _taken(days, doctor_id):
        taken, doctor_in, clinic_in, refunded, doctor_out, clinic_out = map(exact, sums)
        entry = line(Name(name, pk), Name(service, service_pk), currency)
        entry.visits, entry.taken, entry.refunded = visits, taken, refunded
        entry.doctor_share, entry.clinic_share = doctor_in - doctor_out, clinic_in - clinic_out
    for from_name, from_pk, to_name, to_pk, service, service_pk, currency, *sums in _moved(days, doctor_id):
        amount, doctor_share, clinic_share = map(exact, sums)
        for sign, doctor in ((-1, Name(from_name, from_pk)), (1, Name(to_name, to_pk))):
            if doctor_id in (None, doctor.pk):
                entry = line(doctor, Name(service, service_pk), currency)
                entry.transferred += sign * amount
                entry.doctor_share += sign * doctor_share
                entry.clinic_share += sign * clinic_share
    totals: dict[str, Sums] = {}
    for entry in lines.values():
        totals.setdefault(entry.currency, Sums(entry.currency)).add(entry)
    return Report([lines[key] for key in sorted(lines)], [totals[currency] for currency in sorted(totals)])


def _taken(days: Q, doctor_id: int | None) -> QuerySet[LedgerEntry, tuple[Any, ...]]:
    """By doctor, service and currency: the number of visits, and the sums of payments and of refunds."""
    whose = Q() if doctor_id is None else Q(doctor=doctor_id)
    sums = {f"{kind}_{name}": Sum(name, filter=Q(kind=kind)) for kind in LedgerEntry.Kind.values for name in _AMOUNTS}
    rows = LedgerEntry.objects.filter(days & whose, amount__gt=ZERO).order_by()
    return rows.values_list("doctor__name", "doctor", *_SERVICE).annotate(Count("payment", distinct=True), **sums)


def _moved(days: Q, doctor_id: int | None) -> QuerySet[ShareMove, tuple[Any, ...]]:
    """By both doctors, service and currency: the sums of what went over."""
    whose = Q() if doctor_id is None else Q(from_doctor=doctor_id) | Q(to_doctor=doctor_id)
    between = ("from_doctor__name", "from_doctor", "to_doctor__name", "to_doctor")
    rows = ShareMove.objects.filter(days & whose).order_by().values_list(*between, *_SERVICE)
    return rows.annotate(**{f"{name}_moved": Sum(name) for name in _AMOUNTS})
