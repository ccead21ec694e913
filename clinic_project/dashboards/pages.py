"""The pages themselves: who may see them, the snapshot they are rendered from, and what their JavaScript starts with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date

from appointments.models import TimeOff
from clinic_project.dashboards import access, attention, rows
from clinic_project.dashboards.place import clinic_page, no_place
from clinic_project.dashboards.words import labels, script_words
from clinics.models import Clinic, Doctor, Service
from clinics.permissions import DOCTOR
from payments.models import LedgerEntry
from queue.models import Presence
from queue.transitions import BESIDE
from realtime import log
from realtime.groups import BROADCAST, clinic_room
from realtime.views import room_state

BREAK_MINUTES = (5, 10, 15, 30, 45, 60)
"""How long breaks mostly are."""


class LogIn(LoginView):
    """The log-in page; who is logged in already goes where they wanted, but not in a circle."""

    redirect_authenticated_user = True

    def get_redirect_url(self, *args: Any, **kwargs: Any) -> str:
        wanted: str = super().get_redirect_url(*args, **kwargs)
        return "" if urlsplit(wanted).path == self.request.path else wanted


@access.staff_page
def landing(request: HttpRequest) -> HttpResponseBase:
    """Everybody to their place; who has none is told what is missing."""
    user = access.person(request)
    if user.effective_role == DOCTOR:
        return redirect("doctor")
    if access.clinics_of(user):
        return redirect("reception")
    return no_place(request)


def start_data(request: HttpRequest, state: dict[str, Any], clinics: list[Clinic]) -> dict[str, Any]:
    """What the page's JavaScript starts with, beside the snapshot."""
    user = access.person(request)
    return {
        "now": timezone.now().isoformat(),
        "broadcast": {"since": log.heads([BROADCAST])[BROADCAST].head, "epoch": state["epoch"]},
        "role": user.effective_role,
        "user": user.pk,
        "clinics": {
            clinic.pk: {
                "name": clinic.name,
                "zone": clinic.timezone,
                "currency": clinic.currency,
                "decimals": clinic.money_decimals,
                "lateAfter": clinic.late_after_minutes,
                "waitAlarm": clinic.wait_alarm_minutes,
            }
            for clinic in clinics
        },
        "rules": {"visit": access.visit_rules(user), "appointment": access.appointment_rules(user), "beside": BESIDE},
        "login": reverse(settings.LOGIN_URL),
    }


def _off_until(doctors: Iterable[Doctor], now: dt.datetime) -> dict[int, dt.datetime]:
    """Until when those doctors have time off who have it now."""
    current = TimeOff.objects.in_force().filter(doctor__in=doctors, start__lte=now, end__gt=now)
    return {away.doctor_id: away.end for away in current.order_by("end")}


@clinic_page(access.require_desk, is_named=True)
def reception(request: HttpRequest, clinics: list[Clinic], clinic: Clinic) -> HttpResponseBase:
    """The clinic's day: appointments, the queue by doctor, and the work on patients."""
    user = access.person(request)
    state = room_state(clinic_room(clinic.pk))
    words, rules = labels(), access.visit_rules(user)
    doctors = access.doctors_of([clinic])
    now, appointment_rules = timezone.now(), access.appointment_rules(user)
    visits = [rows.visit_row(visit, clinic, rules, words, now) for visit in state["visits"]]
    by_id = {visit["id"]: visit for visit in visits}
    entries = attention.attention_of(
        state["visits"],
        state["appointments"],
        now=now,
        late_after=dt.timedelta(minutes=clinic.late_after_minutes),
        wait_alarm=dt.timedelta(minutes=clinic.wait_alarm_minutes),
    )
    both = {"visit": rules, "appointment": appointment_rules}
    off = _off_until(doctors, now)
    sections = rows.doctor_sections(visits, doctors, words, clinic=clinic, states=state["doctors"], off=off, now=now)
    away = {row["id"]: row["away"] for section in sections for row in section["active"]}
    return render(
        request,
        "reception/page.html",
        {
            "page": "reception",
            **access.frame(request, clinics, clinic),
            "date": parse_date(state["date"]),
            "snapshot": state,
            "start": {**start_data(request, state, [clinic]), "clinic": clinic.pk, "off": off},
            "words": script_words(),
            "attention": attention.attention_rows(entries, clinic, both, words, now, away=away),
            "attention_counts": attention.counts_of(entries, words),
            "sections": sections,
            "appointments": [
                rows.appointment_row(each, by_id.get(each["visit_id"]), clinic, appointment_rules, words, now)
                for each in state["appointments"]
            ],
            "doctors": doctors,
            "services": Service.objects.filter(clinic=clinic, is_active=True).order_by("name", "pk"),
            "methods": [(value, words[f"method.{value}"]) for value in LedgerEntry.Method.values],
            "priorities": [(value, words[f"priority.{value}"]) for value in ("normal", "urgent", "emergency")],
            "presence_states": [(value, words[f"presence.{value}"]) for value in Presence.State.values],
            "break_minutes": BREAK_MINUTES,
            "call_returns": words["away.call"],
            "blank_visit": rows.BLANK_VISIT,
            "blank_appointment": rows.BLANK_APPOINTMENT,
            "blank_section": rows.BLANK_SECTION,
            "blank_attention": attention.BLANK_ATTENTION,
        },
    )
