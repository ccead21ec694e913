"""What needs attention now; static/dashboards/reception/attention.js finds the same from events (tests/pages/attention.json
holds both to it). Pure: no database, no clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clinic_project.dashboards.rows import clock, is_long_wait, is_wanted_back, wish_date
from clinics.language import filled, in_digits
from clinics.models import Clinic

Row = dict[str, Any]

KINDS = ("leaving", "called", "waiting", "late", "again")
"""In the order of a glance: who is gone in a minute, whom a doctor waits for, who sits there too long, who isn't here at all,
and who should come again and isn't booked for it."""

NOT_COME_AFTER = dt.timedelta(minutes=3)
"""Called for so long and not inside: they aren't coming, or didn't hear it."""

OWING = ("pending", "partially_paid")
LEAVING = ("leaving", "again")

ANCHOR = {"late": "appointment"}
"""Where the row of an entry stands on the page: an appointment's, else a visit's."""


@dataclass(frozen=True, slots=True)
class Entry:
    kind: str
    entity: Row
    since: dt.datetime


def attention_of(
    visits: Iterable[Row],
    appointments: Iterable[Row],
    *,
    now: dt.datetime,
    late_after: dt.timedelta,
    wait_alarm: dt.timedelta,
) -> list[Entry]:
    """By kind; within a kind the longest first, but of those who leave the last one: the others are out of the door."""
    found = []
    for visit in visits:
        kind, moment = _kind_of(visit, now, wait_alarm)
        if kind:
            found.append(Entry(kind, visit, dt.datetime.fromisoformat(moment)))
        # Whoever leaves unpaid may have to come again as well.
        if is_wanted_back(visit) and visit["completed_at"]:
            found.append(Entry("again", visit, dt.datetime.fromisoformat(visit["completed_at"])))
    for appointment in appointments:
        start = dt.datetime.fromisoformat(appointment["start"])
        if appointment["status"] == "booked" and now - start > late_after:
            found.append(Entry("late", appointment, start))
    return sorted(found, key=_order)


def _kind_of(visit: Row, now: dt.datetime, wait_alarm: dt.timedelta) -> tuple[str, str]:
    status = visit["status"]
    if status == "waiting" and is_long_wait(visit, now, wait_alarm):
        return "waiting", visit["checked_in_at"]
    if status == "called" and (
        visit["call_limit_reached"] or now - dt.datetime.fromisoformat(visit["called_at"]) >= NOT_COME_AFTER
    ):
        return "called", visit["called_at"]
    if status == "completed" and visit["payment_status"] in OWING:
        return "leaving", visit["completed_at"]
    return "", ""


def _order(entry: Entry) -> tuple[int, float, int]:
    moment = entry.since.timestamp()
    return KINDS.index(entry.kind), -moment if entry.kind in LEAVING else moment, entry.entity["id"]


def attention_rows(
    entries: Iterable[Entry],
    clinic: Clinic,
    rules: Mapping[str, Mapping[str, list[str]]],
    words: Mapping[str, str],
    now: dt.datetime,
    *,
    away: Mapping[int, str],
) -> list[Row]:
    """The entries with the texts of their rows and ``can``: the step that is offered.

    ``away``: by visit, what is to be known before a call, since its doctor isn't there.
    """
    shown = [_row(entry, clinic, rules, words, now) for entry in entries]
    return [{**row, "away": away.get(row["id"], "") if "call" in row["can"] else ""} for row in shown]


def _row(
    entry: Entry, clinic: Clinic, rules: Mapping[str, Mapping[str, list[str]]], words: Mapping[str, str], now: dt.datetime
) -> Row:
    entity, anchor = entry.entity, ANCHOR.get(entry.kind, "visit")
    offered = STEPS[entry.kind]
    allowed = {*rules[anchor].get(entity["status"], ()), "pay"}
    return {
        "key": f"{entry.kind}-{entity['id']}",
        "kind": entry.kind,
        "id": entity["id"],
        "version": entity["version"],
        "anchor": f"{anchor}-{entity['id']}",
        "lead": clock(entity["start"], clinic) if anchor == "appointment" else entity["ticket"],
        "name": entity["patient"]["name"],
        "text": filled(
            words[f"attention.{entry.kind}"],
            time=clock(entry.since.isoformat(), clinic),
            count=in_digits(max(0, int((now - entry.since).total_seconds() // 60))),
            calls=in_digits(entity.get("call_count", 0)),
            paid=words[f"paid.{entity.get('payment_status', '')}"],
            date=wish_date(entity),
        ),
        "can": {verb: True for verb in offered if verb in allowed},
    }


STEPS = {
    "late": ("check_in", "no_show"),
    "waiting": ("call",),
    "called": ("skip",),
    "leaving": ("pay",),
    "again": ("follow_up",),
}
"""The step to take from here."""

BLANK_ATTENTION: Row = {"key": "", "kind": "", "id": 0, "version": "", "anchor": "", "can": {}}
"""What an empty ``<template>`` is rendered from."""


def counts_of(entries: Iterable[Entry], words: Mapping[str, str]) -> list[Row]:
    """How many of each kind, in order."""
    kinds = [entry.kind for entry in entries]
    return [
        {
            "kind": kind,
            "label": words[f"attention.{kind}.title"],
            "any": kind in kinds,
            "count": in_digits(kinds.count(kind)),
        }
        for kind in KINDS
    ]
