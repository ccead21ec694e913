"""What a report is asked about: a clinic's days, and of one doctor alone if wanted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Q

from clinics.models import Clinic, Doctor

LONGEST = 366
"""Days in one report, the first and the last included."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Days ``first`` to ``last`` by the clinic's own calendar."""

    clinic: Clinic
    first: dt.date
    last: dt.date
    doctor: Doctor | None = None

    @property
    def days(self) -> list[dt.date]:
        return [self.first + dt.timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def bounds(self) -> tuple[dt.datetime, dt.datetime]:
        """The first moment of the range, and the first after it."""
        return self.clinic.day_bounds(self.first)[0], self.clinic.day_bounds(self.last)[1]

    def rows(self, prefix: str = "") -> Q:
        """Visits or appointments of these days, or what refers to them by ``prefix``."""
        asked = {"clinic": self.clinic, "date__gte": self.first, "date__lte": self.last}
        if self.doctor is not None:
            asked["doctor"] = self.doctor
        return Q(**{f"{prefix}{name}": value for name, value in asked.items()})


def percent(part: int, whole: int) -> Decimal | None:
    """How much of the whole, to one decimal; none of nothing."""
    return (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP) if whole else None
