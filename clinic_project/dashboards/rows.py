"""From the snapshot to rows as a template writes them; static/dashboards/rows.js writes the same from events."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from clinics.language import filled, in_digits
from clinics.models import Clinic, Doctor

Rules = Mapping[str, list[str]]
Row = dict[str, Any]

ACTIVE = ("in_progress", "called", "waiting", "skipped")
"""Who is in the queue, in the order in which a section shows the states."""


def clock(moment: str | None, clinic: Clinic) -> str:
    """``09:05`` of an ISO time, as the clinic's clock shows it."""
    return in_digits(f"{dt.datetime.fromisoformat(moment).astimezone(clinic.zone):%H:%M}") if moment else ""


def _when(visit: Row, clinic: Clinic, words: Mapping[str, str]) -> str:
    status = visit["status"]
    if status == "called":
        key = "called_again" if visit["call_count"] > 1 else "called_at"
        return filled(words[key], time=clock(visit["called_at"], clinic), count=in_digits(visit["call_count"]))
    if status == "in_progress":
        return filled(words["inside_since"], time=clock(visit["started_at"], clinic))
    if status == "completed":
        return filled(words["ended_at"], time=clock(visit["completed_at"], clinic))
    return filled(words["since"], time=clock(visit["checked_in_at"], clinic)) if visit["checked_in_at"] else ""


def presence_of(doctor: Row | None, *, is_inside: bool, now: dt.datetime) -> str:
    """Whether a doctor is there now: a patient inside says more than what was said, and that holds until midnight only."""
    if is_inside:
        return "with_patient"
    if doctor is None or doctor["valid_until"] is None or now >= dt.datetime.fromisoformat(doctor["valid_until"]):
        return "available"
    return str(doctor["state"])


def presence_label(
    doctor: Row | None, *, is_inside: bool, now: dt.datetime, clinic: Clinic, words: Mapping[str, str]
) -> tuple[str, str]:
    """The state and its words: a break has an end, if that is known."""
    state = presence_of(doctor, is_inside=is_inside, now=now)
    said = presence_of(doctor, is_inside=False, now=now)
    what = state if said in (state, "available") else f"then_{said}"
    until = doctor["until"] if doctor is not None and said == "break" else None
    if is_inside and until and dt.datetime.fromisoformat(until) <= now:
        what, until = state, None  # over before it could begin
    return state, filled(words[f"presence.{what}_until" if until else f"presence.{what}"], time=clock(until, clinic))


def away_sentence(doctor: Row | None, *, now: dt.datetime, clinic: Clinic, words: Mapping[str, str]) -> str:
    """Why nobody would expect this doctor to see the next patient; a break that is over is no reason. Empty if there is none."""
    said = presence_of(doctor, is_inside=False, now=now)
    if doctor is None or said == "available":
        return ""
    until = doctor["until"] if said == "break" else None
    if until and dt.datetime.fromisoformat(until) <= now:
        return ""
    return filled(words[f"away.{said}_until" if until else f"away.{said}"], name=doctor["name"], time=clock(until, clinic))


def off_label(until: dt.datetime | None, clinic: Clinic, words: Mapping[str, str], *, now: dt.datetime) -> str:
    """That the doctor has time off, and until when: a time of today, else with the day; if that is over then, the day alone."""
    if until is None or until <= now:
        return ""
    end, last = until.astimezone(clinic.zone), (until - dt.timedelta(microseconds=1)).astimezone(clinic.zone)
    if end.date() == now.astimezone(clinic.zone).date():
        when = f"{end:%H:%M}"
    else:
        when = date_format(end, "j M Y H:i") if end.date() == last.date() else date_format(last, "j M Y")
    return filled(words["off_until"], when=in_digits(when))


def is_long_wait(visit: Row, now: dt.datetime, wait_alarm: dt.timedelta) -> bool:
    """Waits as long as the clinic wants to hear of."""
    return visit["status"] == "waiting" and now - dt.datetime.fromisoformat(visit["checked_in_at"]) >= wait_alarm


def _why(visit: Row, clinic: Clinic, words: Mapping[str, str]) -> str:
    if not visit["rank_reason"]:
        return ""
    basis = visit["rank_basis"]
    sentence = filled(
        words[f"reason.{basis}"], slot=clock(visit["slot_start"], clinic), arrived=clock(visit["checked_in_at"], clinic)
    )
    by_class = "" if basis == "moved" else words.get(f"reason.{visit['priority']}", "")
    return f"{by_class} {sentence}".strip()


def is_wanted_back(visit: Row) -> bool:
    """Should come again, and the desk hasn't booked it yet."""
    wish = visit.get("follow_up")
    return wish is not None and wish["appointment_id"] is None


def wish_date(row: Row) -> str:
    """When a patient should come again, if they should."""
    wish = row.get("follow_up")
    return "" if wish is None else in_digits(date_format(dt.date.fromisoformat(wish["on"]), "j M Y"))


def _wish(visit: Row, words: Mapping[str, str]) -> Row:
    """When the patient should come again, as a row says it and as its button does."""
    if visit["follow_up"] is None:
        return {"label": "", "book_label": ""}
    date = wish_date(visit)
    label = filled(words["follow_up.open" if is_wanted_back(visit) else "follow_up.booked"], date=date)
    return {"label": label, "book_label": filled(words["follow_up.book"], date=date)}


def visit_row(visit: Row, clinic: Clinic, rules: Rules, words: Mapping[str, str], now: dt.datetime | None = None) -> Row:
    """A visit with the texts of its row and ``can``: what may be done with it."""
    wait_alarm = dt.timedelta(minutes=clinic.wait_alarm_minutes)
    why = _why(visit, clinic, words)
    return {
        **visit,
        "clinic_name": clinic.name,
        "status_label": words[f"visit.{visit['status']}"],
        "priority_label": words[f"priority.{visit['priority']}"],
        "paid_label": words[f"paid.{visit['payment_status']}"],
        "call_label": words["call_again" if visit["status"] == "called" else "call"],
        "when": _when(visit, clinic, words),
        "long_wait": is_long_wait(visit, now or timezone.now(), wait_alarm),
        "why": why,
        "next_label": filled(words["next"], why=why),
        "wish": _wish(visit, words),
        "can": dict.fromkeys((verb for verb in rules[visit["status"]] if verb != "follow_up" or is_wanted_back(visit)), True),
        "can_pay": visit["payment_status"] != "void",
    }


def in_sections(visits: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Those in the queue, in the order a screen shows them (``visits`` come by rank), and those who are done."""
    rows = list(visits)
    active = sorted((row for row in rows if row["status"] in ACTIVE), key=lambda row: ACTIVE.index(row["status"]))
    done = [row for row in rows if row["status"] not in ACTIVE]
    _mark_ends(active)
    return active, done


def _mark_ends(active: list[Row]) -> None:
    """The first of those who wait is next and can't move up, the last not down."""
    waiting = [row for row in active if row["status"] == "waiting"]
    for place, row in enumerate(waiting):
        row["is_next"] = place == 0
        row["can"]["up"] = "move" in row["can"] and place > 0
        row["can"]["down"] = "move" in row["can"] and place < len(waiting) - 1


def doctor_sections(
    rows: Iterable[Row],
    doctors: Iterable[Doctor],
    words: Mapping[str, str],
    *,
    clinic: Clinic,
    states: Iterable[Row],
    off: Mapping[int, dt.datetime],
    now: dt.datetime,
) -> list[Row]:
    """A section of the queue for each doctor who works here or has visits today; ``states``: the snapshot's ``doctors``;
    ``off``: until when those who have time off now."""
    by_doctor: dict[int, list[Row]] = defaultdict(list)
    names = {doctor.pk: doctor.name for doctor in doctors}
    known = {state["id"]: state for state in states}
    for row in rows:
        by_doctor[row["doctor"]["id"]].append(row)
        names.setdefault(row["doctor"]["id"], row["doctor"]["name"])
    sections = []
    for pk, name in sorted(names.items(), key=lambda item: (item[1], item[0])):
        section = doctor_section(pk, name, by_doctor[pk], words)
        is_inside = any(row["status"] == "in_progress" for row in by_doctor[pk])
        section["presence"], section["presence_label"] = presence_label(
            known.get(pk), is_inside=is_inside, now=now, clinic=clinic, words=words
        )
        section["off_label"] = off_label(off.get(pk), clinic, words, now=now)
        away = away_sentence(known.get(pk), now=now, clinic=clinic, words=words)
        for row in section["active"]:
            row["away"] = f"{away} {words['away.call']}" if away and "call" in row["can"] else ""
        sections.append(section)
    return sections


def doctor_section(pk: int, name: str, rows: Iterable[Row], words: Mapping[str, str]) -> Row:
    active, done = in_sections(rows)
    wishes = sum(is_wanted_back(row) for row in done)
    unpaid = sum(row["payment_status"] in ("pending", "partially_paid") for row in done if row["status"] == "completed")
    return {
        "id": pk,
        "name": name,
        "active": active,
        "done": done,
        "waiting_label": filled(words["waiting_count"], count=in_digits(sum(row["status"] == "waiting" for row in active))),
        "done_label": filled(words["done_count"], count=in_digits(len(done))),
        "unpaid_label": filled(words["unpaid_count"], count=in_digits(unpaid)) if unpaid else "",
        "wishes_label": filled(words["follow_up.count"], count=in_digits(wishes)) if wishes else "",
    }


def appointment_row(
    appointment: Row, visit: Row | None, clinic: Clinic, rules: Rules, words: Mapping[str, str], now: dt.datetime | None = None
) -> Row:
    """An appointment with the texts of its row. ``visit`` is known once it has a ticket."""
    start = dt.datetime.fromisoformat(appointment["start"])
    late = appointment["status"] == "booked" and (now or timezone.now()) - start > dt.timedelta(
        minutes=clinic.late_after_minutes
    )
    paid = visit["payment_status"] if visit else ""
    # Once somebody is here, where they are says more than that they are here.
    shows_visit = visit is not None and appointment["status"] in ("checked_in", "fulfilled")
    return {
        **appointment,
        "clinic_name": clinic.name,
        "time": clock(appointment["start"], clinic),
        "status_label": words[f"visit.{visit['status']}" if shows_visit and visit else f"appointment.{appointment['status']}"],
        "late": late,
        "late_label": words["appointment.late"],
        "ticket": visit["ticket"] if visit else "",
        "paid": paid,
        "paid_label": words[f"paid.{paid}"],
        "can": dict.fromkeys(rules[appointment["status"]], True),
        "can_pay": appointment["visit_id"] is not None and appointment["status"] != "cancelled",
    }


BLANK_VISIT: Row = {
    "id": 0,
    "version": "",
    "status": "",
    "priority": "normal",
    "patient": {"id": 0, "name": ""},
    "doctor": {"id": 0, "name": ""},
    "service": {"name": ""},
    "can": {},
}
BLANK_APPOINTMENT: Row = {**BLANK_VISIT, "visit_id": 0}
BLANK_SECTION: Row = {"id": 0, "name": "", "active": [], "done": [], "presence": "available"}
"""What an empty ``<template>`` is rendered from."""
