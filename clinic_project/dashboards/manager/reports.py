"""The page of reports: the same figures as ``/api/reports/``, as charts with their tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from clinic_project.dashboards import access
from clinic_project.dashboards.manager import charts
from clinic_project.dashboards.manager.access import frame
from clinic_project.dashboards.place import clinic_page, no_place
from clinic_project.dashboards.words import manager_words, script_words
from clinic_project.reports.scope import Scope
from clinic_project.reports.serializers import ScopeSerializer
from clinic_project.reports.tables import cells_of, head_of
from clinic_project.reports.viewsets import REPORTS, ROLES
from clinics.language import in_digits, money
from clinics.models import Clinic, User
from clinics.permissions import DOCTOR

DEFAULT_DAYS = 30
BY_DAY = 45
"""Longer ranges are drawn by the week."""


@clinic_page()
def reports(request: HttpRequest, clinics: list[Clinic], clinic: Clinic) -> HttpResponseBase:
    """All reports that this person may see, of the clinic and the days asked for."""
    user = access.person(request)
    if user.effective_role == DOCTOR and user.doctor_id is None:
        return no_place(request)
    today = clinic.today()
    asked = {
        "clinic": clinic.pk,
        "from": request.GET.get("from") or (today - dt.timedelta(days=DEFAULT_DAYS - 1)).isoformat(),
        "to": request.GET.get("to") or today.isoformat(),
    }
    query = ScopeSerializer(data=asked, context={"request": request})
    found: dict[str, Any] = {}
    if query.is_valid():
        given = query.validated_data
        own = user.own_doctor if user.effective_role == DOCTOR else None
        scope = Scope(clinic, given["first"], given["to"], own)
        found = {"reports": _drawn(scope, user), "scope": scope}
    return render(
        request,
        "manager/reports.html",
        {
            **frame(request, "reports", clinics, clinic),
            "asked": asked,
            "errors": query.errors,
            "ranges": _ranges(clinic.pk, today),
            "address": urlencode(asked),
            **found,
        },
        status=400 if query.errors else 200,
    )


def _ranges(clinic_id: int, today: dt.date) -> list[tuple[str, str]]:
    """What people ask for most, as links."""
    month = today.replace(day=1)
    last_month = (month - dt.timedelta(days=1)).replace(day=1)
    spans = [
        (in_digits(_("Last 7 days")), today - dt.timedelta(days=6), today),
        (_("This month"), month, today),
        (_("Last month"), last_month, month - dt.timedelta(days=1)),
        (_("This year"), today.replace(month=1, day=1), today),
    ]
    return [(name, urlencode({"clinic": clinic_id, "from": first, "to": last})) for name, first, last in spans]


def _drawn(scope: Scope, user: User) -> list[dict[str, Any]]:
    """Each report with its chart, its table and the address of its file."""
    drawn = []
    titles = {
        "waits": _("Waits"),
        "visits": _("Visits"),
        "utilisation": _("Use of the doctors' hours"),
        "no-shows": _("No-shows"),
        "revenue": _("Revenue and shares"),
    }
    for name, title in titles.items():
        if user.effective_role not in ROLES[name]:
            continue
        report = REPORTS[name][0](scope)
        drawn.append(
            {
                "name": name,
                "title": title,
                "is_empty": _is_empty(name, report),
                "head": head_of(name),
                "rows": [[_text(cell) for cell in cells] for cells in cells_of(name, report["rows"])],
                "texts": {"visits": 1, "no-shows": 1, "utilisation": 1, "waits": 2, "revenue": 2}[name],
                "file": f"{reverse(f'report-{name}')}?{urlencode(_question(scope))}&format=csv",
                **DRAWINGS[name](report),
            }
        )
    return drawn


def _question(scope: Scope) -> dict[str, Any]:
    return {"clinic": scope.clinic.pk, "from": scope.first, "to": scope.last}


def _is_empty(name: str, report: Mapping[str, Any]) -> bool:
    return not any(report["total"].values()) if name == "visits" else not report["rows"]


def _text(cell: Any) -> Any:
    """A cell as people read it; a name may have digits of its own."""
    return "–" if cell is None else cell if isinstance(cell, str) else in_digits(cell)


def _say(sentence: str, **values: Any) -> str:
    return sentence.format(**{name: _text(value) for name, value in values.items()})


# --- Charts of the reports ----------------------------------------------------------------------------------------------


def _minutes(seconds: int | None) -> float:
    return round((seconds or 0) / 60, 1)


def _waits(report: Mapping[str, Any]) -> dict[str, Any]:
    """By hour as columns, and by hour and weekday as a table whose cells are the darker the longer the wait."""
    by_hour = {row["hour"]: row for row in report["hours"]}
    hours = range(min(by_hour), max(by_hour) + 1) if by_hour else range(0)
    medians = [_minutes(by_hour[hour]["median_seconds"]) if hour in by_hour else 0 for hour in hours]
    cells = {(row["weekday"], row["hour"]): row for row in report["rows"]}
    most = max((row["median_seconds"] for row in report["rows"]), default=0)
    total = report["total"]
    words = {**script_words(), **manager_words()}
    return {
        "summary": _say(
            _("Waits: {count}; median {median}, longest {longest}"),
            count=total["count"],
            median=_say(words["minutes"], count=(total["median_seconds"] or 0) // 60),
            longest=_say(words["minutes"], count=(total["longest_seconds"] or 0) // 60),
        ),
        "chart_title": _("Median wait in minutes, by the hour of the check-in"),
        "columns": charts.columns(
            [f"{hour:02}" for hour in hours], [charts.Series(_("Median wait"), medians)], mirrored=get_language_bidi()
        ),
        "heat_hours": [f"{hour:02}" for hour in hours],
        "heat": [
            (
                str(WEEKDAYS_ABBR[weekday]),
                str(WEEKDAYS[weekday]),
                [_cell(cells.get((weekday, hour)), most) for hour in hours],
            )
            for weekday in range(7)
        ],
    }


def _cell(row: Mapping[str, Any] | None, most: int) -> tuple[str, int]:
    if row is None:
        return "", 0
    return str(row["median_seconds"] // 60), charts.level(row["median_seconds"], most) or 1


def _visits(report: Mapping[str, Any]) -> dict[str, Any]:
    rows = report["rows"]
    groups: Sequence[Sequence[Any]] = [[row] for row in rows]
    if len(rows) > BY_DAY:
        groups = [rows[start : start + 7] for start in range(0, len(rows), 7)]
    names = [date_format(group[0]["date"], "j M") for group in groups]
    kinds = [
        ("seen", _("Seen")),
        ("left", _("Left")),
        ("no_show", _("No-shows")),
        ("cancelled", _("Cancelled")),
        ("open", _("Open")),
    ]
    series = [charts.Series(label, [sum(row[name] for row in group) for group in groups]) for name, label in kinds]
    total = report["total"]
    return {
        "summary": _say(
            _(
                "Booked: {booked}, walk-ins: {walk_ins}; seen: {seen}, no-shows: {no_show}, cancelled: {cancelled}, left: {left}"
            ),
            **total,
        ),
        "chart_title": _("Visits by week") if len(rows) > BY_DAY else _("Visits by day"),
        "legend": [each.name for each in series],
        "columns": charts.columns(names, series, mirrored=get_language_bidi()),
    }


def _percent(value: Decimal | None) -> float:
    return float(value or 0)


def _no_shows(report: Mapping[str, Any]) -> dict[str, Any]:
    rows, total = report["rows"], report["total"]
    rates = charts.Series(_("No-shows"), [_percent(row["no_show_percent"]) for row in rows])
    return {
        "summary": _say(
            _("Didn't come: {no_show} of {due} who were due, {percent} %"),
            no_show=total["no_show"],
            due=total["due"],
            percent=total["no_show_percent"],
        ),
        "chart_title": _("No-shows in percent of those who were due"),
        "bars": charts.bars([row["doctor"]["name"] for row in rows], [rates], unit=" %", most=20, mirrored=get_language_bidi()),
    }


def _utilisation(report: Mapping[str, Any]) -> dict[str, Any]:
    rows, total = report["rows"], report["total"]
    series = [
        charts.Series(_("Booked"), [_percent(row["booked_percent"]) for row in rows]),
        charts.Series(_("With patients"), [_percent(row["seen_percent"]) for row in rows]),
    ]
    return {
        "summary": _say(
            _("{booked} % of all hours were booked, {seen} % spent with patients"),
            booked=total["booked_percent"],
            seen=total["seen_percent"],
        ),
        "chart_title": _("Percent of the hours of the shifts"),
        "legend": [each.name for each in series],
        "bars": charts.bars([row["doctor"]["name"] for row in rows], series, unit=" %", most=100, mirrored=get_language_bidi()),
    }


def _revenue(report: Mapping[str, Any]) -> dict[str, Any]:
    """Drawn in the first currency; the table has them all."""
    totals = report["totals"]
    currency = totals[0]["currency"] if totals else ""
    rows = [row for row in report["doctors"] if row["currency"] == currency]
    series = [
        charts.Series(_("Taken"), [float(row["taken"]) for row in rows]),
        charts.Series(_("Doctor's share"), [float(row["doctor_share"]) for row in rows]),
    ]
    return {
        "summary": "; ".join(
            _("{taken} taken, {refunded} given back; doctors {doctor_share}, clinic {clinic_share}").format(
                **{name: money(sums[name], sums["currency"]) for name in ("taken", "refunded", "doctor_share", "clinic_share")}
            )
            for sums in totals
        ),
        "chart_title": _("Taken, and the doctor's share, in {currency}").format(currency=currency),
        "legend": [each.name for each in series],
        "bars": charts.bars([row["doctor"]["name"] for row in rows], series, mirrored=get_language_bidi()),
    }


DRAWINGS = {"waits": _waits, "visits": _visits, "utilisation": _utilisation, "no-shows": _no_shows, "revenue": _revenue}
