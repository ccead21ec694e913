"""The doctor's page: the patient inside, the queue, the appointments, and whether the doctor is there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from clinic_project.dashboards import access, rows
from clinic_project.dashboards.doctor_words import doctor_words
from clinic_project.dashboards.pages import BREAK_MINUTES, start_data
from clinic_project.dashboards.place import no_place
from clinic_project.dashboards.words import script_words
from clinics.language import filled, in_digits
from clinics.models import Clinic, Doctor, Service, User
from clinics.permissions import ADMIN, DOCTOR
from queue.models import Visit
from queue.serializers import NOTE_LENGTH
from realtime.groups import RoomRefused, doctor_room, require, rights_of
from realtime.views import room_state

USUAL_BREAK = 15
WEEKS = (1, 2, 4, 12)
"""When patients are mostly wanted back."""


def _doctor_asked(request: HttpRequest, user: User) -> Doctor | None:
    """Whose queue: the doctor's own, or for an admin the one in the address; none if it has to be chosen."""
    key = access.asked_key(request, "doctor")
    if user.effective_role == DOCTOR:
        if user.doctor_id is None:
            return None
        if key not in (None, user.doctor_id):
            raise PermissionDenied(_("This is a colleague's queue. Your own is on your page."))
        return Doctor.objects.get(pk=user.doctor_id)
    if key is None:
        return None
    doctor = Doctor.objects.filter(pk=key).first()
    if doctor is None:
        raise Http404
    try:
        require(rights_of(user), doctor_room(doctor.pk))
    except RoomRefused as refusal:
        raise Http404 from refusal
    return doctor


@access.staff_page
def doctor(request: HttpRequest) -> HttpResponseBase:
    """A doctor's day."""
    user = access.person(request)
    access.require_clinician(user)
    whose = _doctor_asked(request, user)
    if whose is None:
        own = access.clinics_of(user)
        if user.effective_role == ADMIN and own:
            return render(request, "doctor/choose.html", {**access.frame(request, []), "doctors": access.doctors_of(own)})
        return no_place(request)
    return show(request, whose)


def show(request: HttpRequest, whose: Doctor, *, unsaved: Mapping[str, Any] | None = None, status: int = 200) -> HttpResponse:
    """The page; ``unsaved`` is a note that was refused, with its visit: what somebody wrote is never lost."""
    user = access.person(request)
    clinics = list(whose.clinics.order_by("pk"))
    if not clinics:
        return no_place(request)
    state = room_state(doctor_room(whose.pk))
    by_clinic = {clinic.pk: clinic for clinic in clinics}
    words, rules, now = {**script_words(), **doctor_words()}, access.visit_rules(user), timezone.now()
    visits = [
        rows.visit_row(visit, by_clinic[visit["clinic_id"]], _own(rules, visit, user), words) for visit in state["visits"]
    ]
    active, done = rows.in_sections(visits)
    current = current_of(active)
    waiting = [visit for visit in active if visit["status"] == "waiting"]
    by_id = {visit["id"]: visit for visit in visits}
    appointment_rules = access.appointment_rules(user)
    return render(
        request,
        "doctor/page.html",
        {
            "page": "doctor",
            **access.frame(request, []),
            **_presence(state["doctors"], active, clinics[0], now, words),
            **_choices(clinics, whose, words),
            "doctor": whose,
            "is_own": user.doctor_id == whose.pk,
            "may_say": user.doctor_id == whose.pk or (user.effective_role == ADMIN and _shares(user, clinics)),
            "unsaved": unsaved,
            "left_inside": _left_inside(whose, user, {visit["id"] for visit in visits}),
            "date": parse_date(state["date"]),
            "snapshot": state,
            "start": {**start_data(request, state, clinics), "doctor": whose.pk, "mine": user.clinic_ids()},
            "words": words,
            "several": len(clinics) > 1,
            "zone": clinics[0].timezone,
            "current": current or rows.BLANK_VISIT,
            "has_current": current is not None,
            # Who is shown large isn't shown twice.
            "active": [visit for visit in active if visit is not current],
            "done": done,
            "called": ",".join(str(visit["id"]) for visit in active if visit["status"] == "called"),
            "next": waiting[0] if waiting else None,
            "waiting_label": filled(words["waiting_count"], count=in_digits(len(waiting))),
            "done_label": filled(words["done_count"], count=in_digits(len(done))),
            "appointments": [
                rows.appointment_row(
                    each, by_id.get(each["visit_id"]), by_clinic[each["clinic_id"]], appointment_rules, words, now
                )
                for each in state["appointments"]
            ],
            "blank_visit": rows.BLANK_VISIT,
            "blank_appointment": rows.BLANK_APPOINTMENT,
        },
        status=status,
    )


def _left_inside(whose: Doctor, user: User, shown: set[int]) -> Visit | None:
    """Whom the doctor has had inside since before midnight: the new day's queue doesn't show them, and nobody else can be started."""
    inside = Visit.objects.shown().filter(doctor=whose, status=Visit.Status.IN_PROGRESS, clinic__in=user.clinic_ids())
    return inside.exclude(pk__in=shown).first()


def _presence(
    doctors: Iterable[rows.Row], active: Iterable[rows.Row], clinic: Clinic, now: dt.datetime, words: Mapping[str, str]
) -> rows.Row:
    known = next(iter(doctors), None)
    is_inside = any(visit["status"] == "in_progress" for visit in active)
    state, label = rows.presence_label(known, is_inside=is_inside, now=now, clinic=clinic, words=words)
    said = rows.presence_of(known, is_inside=False, now=now)
    return {"presence": state, "presence_label": label, "said": said}


def _choices(clinics: list[Clinic], whose: Doctor, words: Mapping[str, str]) -> rows.Row:
    """What the page's forms let people choose from; each says at which clinics it is there."""
    colleagues = Doctor.objects.filter(clinics__in=clinics, is_active=True).exclude(pk=whose.pk).distinct()
    return {
        "breaks": [(minutes, filled(words["minutes"], count=in_digits(minutes))) for minutes in BREAK_MINUTES],
        "usual_break": USUAL_BREAK,
        "weeks": WEEKS,
        "note_length": NOTE_LENGTH,
        "doctors": colleagues.prefetch_related("clinics").order_by("name", "pk"),
        "services": Service.objects.filter(clinic__in=clinics, is_active=True).order_by("name", "pk"),
        "priorities": [(value, words[f"priority.{value}"]) for value in Visit.Priority.values],
    }


def _shares(user: User, clinics: Iterable[Clinic]) -> bool:
    return any(clinic.pk in user.clinic_ids() for clinic in clinics)


def _own(rules: rows.Rules, visit: rows.Row, user: User) -> rows.Rules:
    """What a doctor's colleague or an admin sees at another clinic they may not touch."""
    return rules if visit["clinic_id"] in user.clinic_ids() else {visit["status"]: []}


def current_of(active: list[rows.Row]) -> rows.Row | None:
    """The patient inside, else the one who was called last."""
    inside = next((row for row in active if row["status"] == "in_progress"), None)
    called = [row for row in active if row["status"] == "called"]
    return inside or max(called, key=lambda row: row["called_at"], default=None)
