"""What was taken, and how much of it is whose: payments/shares.py, by doctor and service and by doctor alone."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from clinic_project.reports.scope import Scope
from payments import shares
from payments.money import as_text


def revenue(scope: Scope) -> dict[str, Any]:
    """Amounts are strings with the decimals of their currency; two queries."""
    found = shares.report(
        clinics=[scope.clinic], first=scope.first, last=scope.last, doctor_id=scope.doctor.pk if scope.doctor else None
    )
    doctors: dict[tuple[shares.Name, str], shares.Sums] = {}
    for line in found.lines:
        doctors.setdefault((line.doctor, line.currency), shares.Sums(line.currency)).add(line)
    return {
        "rows": [
            {"doctor": _named(line.doctor), "service": _named(line.service), "visits": line.visits, **_amounts(line)}
            for line in found.lines
        ],
        "doctors": [{"doctor": _named(doctor), **_amounts(sums)} for (doctor, _currency), sums in sorted(doctors.items())],
        "totals": [_amounts(sums) for sums in found.totals],
    }


def _named(name: shares.Name) -> dict[str, Any]:
    return {"id": name.pk, "name": name.name}


def _amounts(sums: shares.Sums) -> dict[str, str]:
    return {
        "currency": sums.currency,
        **{each.name: as_text(getattr(sums, each.name), sums.money_decimals) for each in fields(shares.Sums)[1:]},
    }
