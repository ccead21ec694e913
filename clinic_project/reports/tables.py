"""Reports as tables: the columns of each, for the pages and for CSV files that a spreadsheet opens as they are meant."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """``value`` gives a number, or a text that somebody may have written."""

    label: Any
    value: Callable[[Row], Any]
    is_number: bool = True


def _field(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name]


def _name(of: str) -> Callable[[Row], Any]:
    return lambda row: row[of]["name"]


def _minutes(name: str) -> Callable[[Row], Decimal | None]:
    """Seconds as minutes, to one decimal."""
    return lambda row: None if row[name] is None else (Decimal(row[name]) / 60).quantize(Decimal("0.1"))


def _numbers(*names: tuple[str, Any]) -> list[Column]:
    return [Column(label, _field(name)) for name, label in names]


DOCTOR = Column(_("Doctor"), _name("doctor"), is_number=False)

COLUMNS: dict[str, list[Column]] = {
    "waits": [
        Column(_("Weekday"), lambda row: str(WEEKDAYS[row["weekday"]]), is_number=False),
        Column(_("Hour"), lambda row: f"{row['hour']:02}:00", is_number=False),
        Column(_("Waits"), _field("count")),
        Column(_("Median wait, minutes"), _minutes("median_seconds")),
        Column(_("Longest wait, minutes"), _minutes("longest_seconds")),
    ],
    "visits": [
        Column(_("Day"), lambda row: row["date"].isoformat(), is_number=False),
        *_numbers(
            ("booked", _("Booked")),
            ("walk_ins", _("Walk-ins")),
            ("seen", _("Seen")),
            ("left", _("Left")),
            ("no_show", _("No-shows")),
            ("cancelled", _("Cancelled")),
            ("open", _("Open")),
        ),
    ],
    "no-shows": [
        DOCTOR,
        *_numbers(
            ("booked", _("Booked")),
            ("cancelled", _("Cancelled")),
            ("due", _("Due")),
            ("no_show", _("No-shows")),
            ("no_show_percent", _("No-shows, % of due")),
        ),
    ],
    "utilisation": [
        DOCTOR,
        *_numbers(
            ("shift_minutes", _("Shifts, minutes")),
            ("booked_minutes", _("Booked, minutes")),
            ("seen_minutes", _("With patients, minutes")),
            ("booked_percent", _("Booked, %")),
            ("seen_percent", _("With patients, %")),
        ),
    ],
    "revenue": [
        DOCTOR,
        Column(_("Service"), _name("service"), is_number=False),
        Column(_("Visits"), _field("visits")),
        Column(_("Currency"), _field("currency"), is_number=False),
        *(
            Column(label, lambda row, name=name: Decimal(row[name]))  # type: ignore[misc]
            for name, label in (
                ("taken", _("Taken")),
                ("refunded", _("Given back")),
                ("transferred", _("Transferred")),
                ("doctor_share", _("Doctor's share")),
                ("clinic_share", _("Clinic's share")),
            )
        ),
    ],
}


def head_of(name: str) -> list[str]:
    return [str(column.label) for column in COLUMNS[name]]


def cells_of(name: str, rows: Iterable[Row]) -> list[list[Any]]:
    return [[column.value(row) for column in COLUMNS[name]] for row in rows]


FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a quote mark before it; numbers are ours, and stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA) else cell


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """With the mark by which spreadsheets know UTF-8; texts are quoted, numbers are exact and bare."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    for row in (head, *rows):
        writer.writerow(["" if cell is None else harmless(cell) for cell in row])
    return "\ufeff" + out.getvalue()
