"""The buttons of the pages as plain forms: the same actions as the API, then back to the page with a message."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinic_project.dashboards import access, doctor_page, rows
from clinic_project.dashboards.refusals import REFUSALS, sentence_of, sentences_of
from clinic_project.dashboards.words import labels
from clinics.language import filled
from clinics.models import Doctor, User
from clinics.permissions import ADMIN, DOCTOR
from queue import actions as queue_actions
from queue.models import Visit
from queue.presence import DoctorState
from queue.serializers import CompleteSerializer, DoctorStateSerializer, SetStateSerializer, WriteNoteSerializer

# What needs no more than a click; the rest (move, priority, transfer) is the page's JavaScript's.
VISIT_VERBS: dict[str, Callable[..., Visit]] = {
    "call": queue_actions.call,
    "start": queue_actions.start,
    "skip": queue_actions.skip,
    "return": queue_actions.put_back,
    "leave": queue_actions.leave,
    "cancel": queue_actions.cancel,
    "undo": queue_actions.undo,
}
APPOINTMENT_VERBS: dict[str, tuple[str, Callable[..., Appointment]]] = {
    "check-in": ("check_in", appointment_actions.check_in),
    "no-show": ("no_show", appointment_actions.mark_no_show),
    "cancel": ("cancel", lambda appointment, **given: appointment_actions.cancel(appointment, reason="", **given)),
}


def _refuse_role() -> None:
    raise PermissionDenied(_("Your role may not do this."))


def version_of(request: HttpRequest) -> int | None:
    """The version that the page showed, if the form says it."""
    raw = request.POST.get("version", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None


def _run(request: HttpRequest, action: Callable[..., Any], target: Any, **given: Any) -> bool:
    """Do it and say so, or say why not; whether it was done."""
    try:
        done = action(target, by=access.person(request), **given)
    except REFUSALS as refusal:
        messages.error(request, sentence_of(refusal))
        return False
    label = done.get_status_display()
    ticket = getattr(done, "ticket", None)
    messages.success(request, f"{ticket} {done.patient.full_name}: {label}" if ticket else f"{done.patient.full_name}: {label}")
    return True


def _back(page: str, user: User, *, clinic_id: int | None = None, doctor_id: int | None = None) -> HttpResponseBase:
    if page == "reception":
        return redirect(f"{reverse('reception')}?clinic={clinic_id}")
    return redirect(reverse("doctor") if user.doctor_id == doctor_id else f"{reverse('doctor')}?doctor={doctor_id}")


@access.staff_page
def visit(request: HttpRequest, pk: int, verb: str, page: str) -> HttpResponseBase:
    """One step of one visit."""
    user = access.person(request)
    if request.method != "POST":
        # Who had to log in first comes back with a GET; the click is theirs to repeat.
        return redirect(page)
    if verb not in VISIT_VERBS and not (page == "doctor" and verb in ENDING):
        raise Http404
    if not access.may(user, verb):
        _refuse_role()
    own = Visit.objects.filter(clinic__in=user.clinic_ids())
    if user.effective_role == DOCTOR:
        own = own.filter(doctor_id=user.doctor_id or 0)
    found = own.filter(pk=pk).first()
    if found is None:
        raise Http404
    if verb in ENDING:
        return _end(request, found, verb)
    was_away = verb == "call" and DoctorState(found.doctor).away is not None
    if _run(request, VISIT_VERBS[verb], found, version=version_of(request)) and was_away:
        _tell_back(request, found.doctor)
    return _back(page, user, clinic_id=found.clinic_id, doctor_id=found.doctor_id)


def _tell_back(request: HttpRequest, doctor: Doctor) -> None:
    """A call for a doctor who was away says that they are there."""
    messages.success(request, filled(_("{name} is shown as available again."), name=doctor.name))


ENDING = ("complete", "note")
"""What comes with a text that somebody has written."""


@sensitive_post_parameters("note")
def _end(request: HttpRequest, visit: Visit, verb: str) -> HttpResponseBase:
    """Complete with a note and a follow-up, or write the note alone; what is refused comes back with the page."""
    action: Callable[..., Visit]
    given: CompleteSerializer | WriteNoteSerializer
    if verb == "complete":
        action = queue_actions.complete
        given = CompleteSerializer(data=_ending(request), context={"request": request})
    else:
        action, given = queue_actions.write_note, WriteNoteSerializer(data={"note": request.POST.get("note", "")})
    user = access.person(request)
    if given.is_valid():
        if _run(request, action, visit, **given.validated_data):
            return _back("doctor", user, doctor_id=visit.doctor_id)
    else:
        messages.error(request, sentences_of(given.errors))
    note = request.POST.get("note", "").strip()
    if not note:
        return _back("doctor", user, doctor_id=visit.doctor_id)
    visit.refresh_from_db()
    return doctor_page.show(request, visit.doctor, unsaved={"visit": visit, "note": note}, status=409)


def _ending(request: HttpRequest) -> dict[str, Any]:
    """The fields of the plain form as the API has them."""
    again, body = request.POST.get("again", ""), {"note": request.POST.get("note", "")}
    when = {"on": request.POST.get("on", "")} if again == "on" else {"weeks": again} if again else None
    service = request.POST.get("service")
    follow_up = {"follow_up": {**when, **({"service": service} if service else {})}} if when else {}
    version = version_of(request)
    return {**body, **follow_up, **({} if version is None else {"version": version})}


@access.staff_page
def appointment(request: HttpRequest, pk: int, verb: str) -> HttpResponseBase:
    """One step of one appointment, at the desk."""
    user = access.person(request)
    if request.method != "POST":
        return redirect("reception")
    if verb not in APPOINTMENT_VERBS:
        raise Http404
    name, action = APPOINTMENT_VERBS[verb]
    if not access.may_appointment(user, name):
        _refuse_role()
    found = Appointment.objects.filter(clinic__in=user.clinic_ids(), pk=pk).first()
    if found is None:
        raise Http404
    _run(request, action, found, version=version_of(request))
    return _back("reception", user, clinic_id=found.clinic_id)


@access.staff_page
def call_next(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Call whoever is next for the doctor."""
    if request.method != "POST":
        return redirect("doctor")
    found = _doctor_of(request, pk)
    # Whoever is called and not inside, and was on the page with a button of its own.
    beside = [int(key) for key in request.POST.get("beside", "").split(",") if key.isascii() and key.isdigit()]
    was_away = DoctorState(found).away is not None
    if _run(request, queue_actions.call_next, found, beside=beside) and was_away:
        _tell_back(request, found)
    return _back("doctor", access.person(request), doctor_id=found.pk)


def _doctor_of(request: HttpRequest, pk: int) -> Doctor:
    """The doctor that this person may act for: themself, or for an admin one of their clinics'."""
    user = access.person(request)
    if user.effective_role not in (DOCTOR, ADMIN):
        _refuse_role()
    ours = Doctor.clinics.through.objects.filter(clinic__in=user.clinic_ids()).values("doctor_id")
    found = Doctor.objects.filter(pk=pk, pk__in=ours).first()
    if found is None or (user.effective_role == DOCTOR and user.doctor_id != found.pk):
        raise Http404
    return found


@access.staff_page
def set_state(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Say whether the doctor is there."""
    if request.method != "POST":
        return redirect("doctor")
    found, user = _doctor_of(request, pk), access.person(request)
    state, minutes = request.POST.get("state", ""), request.POST.get("minutes", "")
    body: dict[str, Any] = {"state": state}
    if state == "break" and minutes.isascii() and minutes.isdigit() and len(minutes) < 4:
        body["until"] = (timezone.now() + dt.timedelta(minutes=int(minutes))).isoformat()
    given = SetStateSerializer(data=body)
    if not given.is_valid():
        messages.error(request, sentences_of(given.errors))
        return _back("doctor", user, doctor_id=pk)
    try:
        now = queue_actions.set_state(found, by=user, **given.validated_data)
    except REFUSALS as refusal:
        messages.error(request, sentence_of(refusal))
    else:
        messages.success(request, _said(now))
    return _back("doctor", user, doctor_id=pk)


def _said(state: DoctorState) -> str:
    clinic = state.doctor.clinics.order_by("pk")[0]
    shape = DoctorStateSerializer(state).data
    _state, label = rows.presence_label(shape, is_inside=False, now=timezone.now(), clinic=clinic, words=labels())
    return f"{state.name}: {label}"
