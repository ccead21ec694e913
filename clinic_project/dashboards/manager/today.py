"""The day as it goes on, of every clinic that the manager runs; closing it; and the days that are closed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from clinic_project.dashboards import access, rows
from clinic_project.dashboards.manager.access import frame, require_manager
from clinic_project.dashboards.manager.figures import ending, figures, visits_of
from clinic_project.dashboards.place import clinic_page
from clinic_project.dashboards.refusals import REFUSALS, sentence_of
from clinic_project.dashboards.words import manager_words, script_words
from clinics.language import filled, in_digits, money
from clinics.models import Clinic
from payments import shares
from payments.figures import money_of
from queue import actions as queue_actions
from queue.figures import first_calls
from queue.models import DayClose
from realtime import log
from realtime.groups import BROADCAST, clinic_room
from realtime.views import room_state

PER_PAGE = 31


@clinic_page(require_manager)
def today(request: HttpRequest, clinics: list[Clinic], clinic: Clinic) -> HttpResponseBase:
    """Figures of each clinic and each doctor, from the snapshots that the page's JavaScript goes on from."""
    shown = [clinic] if "clinic" in request.GET else clinics
    states = [room_state(clinic_room(clinic.pk)) for clinic in shown]
    extras = [
        day_extras(clinic, parse_date(state["date"]) or clinic.today()) for clinic, state in zip(shown, states, strict=True)
    ]
    words = {**script_words(), **manager_words()}
    now = timezone.now()
    first, *others = states
    return render(
        request,
        "manager/today.html",
        {
            **frame(request, "today", clinics),
            "date": parse_date(first["date"]),
            "zone": shown[0].timezone,
            "sections": [
                _section(clinic, state, extra, words, now) for clinic, state, extra in zip(shown, states, extras, strict=True)
            ],
            "snapshot": first,
            "others": others,
            "start": {
                "now": now.isoformat(),
                "broadcast": {"since": log.heads([BROADCAST])[BROADCAST].head, "epoch": first["epoch"]},
                "login": reverse(settings.LOGIN_URL),
                "clinic": shown[0].pk,
                "clinics": {
                    clinic.pk: {
                        "zone": clinic.timezone,
                        "room": state["room"],
                        "doctors": [doctor["id"] for doctor in state["doctors"]],
                        **extra,
                    }
                    for clinic, state, extra in zip(shown, states, extras, strict=True)
                },
            },
            "words": words,
            "blank_row": {"cells": [], "id": 0, "name": ""},
        },
    )


def day_extras(clinic: Clinic, day: dt.date) -> dict[str, Any]:
    """What isn't in a snapshot: the waits that are over, by visit, and what was taken, in all and by doctor."""
    calls = first_calls(Q(visit__clinic=clinic, visit__date=day, visit__checked_in_at__isnull=False), "visit__checked_in_at")
    by_doctor: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    report = shares.report(clinics=[clinic], first=day, last=day)
    for line in report.lines:
        by_doctor[line.doctor.pk][line.currency] += line.taken
    return {
        "waits": {pk: int((called - arrived).total_seconds()) for pk, arrived, called in calls},
        "taken": [money(each["taken"], each["currency"]) for each in money_of(clinic, day)],
        "takenByDoctor": {
            pk: [money(amount, currency) for currency, amount in sorted(sums.items())] for pk, sums in by_doctor.items()
        },
    }


def _section(
    clinic: Clinic, state: dict[str, Any], extra: dict[str, Any], words: dict[str, str], now: dt.datetime
) -> dict[str, Any]:
    visits = visits_of(state)
    names = {doctor["id"]: doctor["name"] for doctor in state["doctors"]}
    for visit in visits:
        names.setdefault(visit["doctor"]["id"], visit["doctor"]["name"])
    states = {doctor["id"]: doctor for doctor in state["doctors"]}
    doctors = []
    for pk, name in sorted(names.items(), key=lambda doctor: (doctor[1], doctor[0])):
        own = [visit for visit in visits if visit["doctor"]["id"] == pk]
        doctors.append(
            {
                "id": pk,
                "name": name,
                "state": _state(states.get(pk), own, clinic, words),
                **_shown(figures(own, extra["waits"], now), words),
                "taken": extra["takenByDoctor"].get(pk, []),
            }
        )
    return {
        "clinic": clinic,
        "date": parse_date(state["date"]),
        **_shown(figures(visits, extra["waits"], now), words),
        "taken": extra["taken"],
        "ending": ending(visits, now),
        "doctors": doctors,
    }


def _shown(counted: dict[str, Any], words: dict[str, str]) -> dict[str, Any]:
    """Seconds as whole minutes, and a dash where there is nothing to count."""
    waits = ("waiting_longest", "median_wait", "longest_wait")
    texts = {
        name: words["none"] if counted[name] is None else filled(words["minutes"], count=in_digits(counted[name] // 60))
        for name in waits
    }
    return {**{name: in_digits(value) for name, value in counted.items()}, **texts}


def _state(doctor: dict[str, Any] | None, visits: list[Any], clinic: Clinic, words: dict[str, str]) -> str:
    inside = next((visit for visit in visits if visit["status"] == "in_progress"), None)
    if inside is not None:
        return filled(words["manager.with"], ticket=inside["ticket"])
    if doctor is None:
        return words["none"]
    if doctor["until"] is not None:
        return filled(words["manager.break_until"], time=rows.clock(doctor["until"], clinic))
    return words[f"manager.{doctor['state']}"]


def _managed(request: HttpRequest, pk: int) -> Clinic:
    """A clinic that the manager runs, active or not."""
    user = access.person(request)
    require_manager(user)
    clinic = user.visible_clinics().filter(pk=pk).first()
    if clinic is None:
        raise Http404
    return clinic


@access.staff_page
def day_figures(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What no event carries, asked anew after payments: a clinic's waits and money of today."""
    clinic = _managed(request, pk)
    return JsonResponse(day_extras(clinic, clinic.today()))


@access.staff_page
def close_day(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Close a clinic's day, or say why not."""
    clinic = _managed(request, pk)
    if request.method != "POST":
        return redirect("manager")
    try:
        closed = queue_actions.close_day(clinic, by=access.person(request))
    except REFUSALS as refusal:
        messages.error(request, f"{clinic.name}: {sentence_of(refusal)}")
        return redirect("manager")
    messages.success(
        request,
        _("{clinic} is closed for today: {seen} seen.").format(clinic=clinic.name, seen=in_digits(closed.figures["seen"])),
    )
    return redirect(f"{reverse('manager-days')}?clinic={clinic.pk}")


@clinic_page(require_manager)
def days(request: HttpRequest, clinics: list[Clinic], clinic: Clinic) -> HttpResponseBase:
    """Closed days with the figures that were kept."""
    found = DayClose.objects.filter(clinic=clinic).select_related("by").order_by("-date", "-number")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    words = {**script_words(), **manager_words()}
    return render(
        request,
        "manager/days.html",
        {
            **frame(request, "days", clinics, clinic),
            "rows": [_closed(each, clinic, words) for each in page],
            "rows_page": page,
        },
    )


def _closed(closed: DayClose, clinic: Clinic, words: dict[str, str]) -> dict[str, Any]:
    kept = closed.figures

    def minutes(name: str) -> str:
        return words["none"] if kept.get(name) is None else filled(words["minutes"], count=in_digits(kept[name] // 60))

    # Without its zone, or the template would turn it into the server's.
    at = timezone.make_naive(closed.at, clinic.zone)
    return {
        "date": closed.date,
        "number": closed.number,
        "at": at,
        "by": closed.by,
        "kept": kept,
        "median": minutes("median_wait_seconds"),
        "longest": minutes("longest_wait_seconds"),
        "taken": [money(each["taken"], each["currency"]) for each in kept.get("money", [])],
    }
