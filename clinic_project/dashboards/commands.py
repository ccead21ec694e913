"""The buttons of the pages as plain forms: the same actions as the API, then back to the page with a message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinic_project.dashboards import access
from clinic_project.dashboards.refusals import REFUSALS, sentence_of
from clinics.models import Doctor, User
from clinics.permissions import ADMIN, DOCTOR
from queue import actions as queue_actions
from queue.models import Visit

# What needs no more than a click; the rest (move, priority, transfer) is the page's JavaScript's.
VISIT_VERBS: dict[str, Callable[..., Visit]] = {
    "call": queue_actions.call,
    "start": queue_actions.start,
    "complete": queue_actions.complete,
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


def _version(request: HttpRequest) -> int | None:
    raw = request.POST.get("version", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None


def _run(request: HttpRequest, action: Callable[..., Any], target: Any, **given: Any) -> None:
    """Do it and say so, or say why not."""
    try:
        done = action(target, by=access.person(request), **given)
    except REFUSALS as refusal:
        messages.error(request, sentence_of(refusal))
    else:
        label = done.get_status_display()
        ticket = getattr(done, "ticket", None)
        messages.success(
            request, f"{ticket} {done.patient.full_name}: {label}" if ticket else f"{done.patient.full_name}: {label}"
        )


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
    if verb not in VISIT_VERBS:
        raise Http404
    if not access.may(user, verb):
        _refuse_role()
    own = Visit.objects.filter(clinic__in=user.clinic_ids())
    if user.effective_role == DOCTOR:
        own = own.filter(doctor_id=user.doctor_id or 0)
    found = own.filter(pk=pk).first()
    if found is None:
        raise Http404
    _run(request, VISIT_VERBS[verb], found, version=_version(request))
    return _back(page, user, clinic_id=found.clinic_id, doctor_id=found.doctor_id)


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
    _run(request, action, found, version=_version(request))
    return _back("reception", user, clinic_id=found.clinic_id)


@access.staff_page
def call_next(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Call whoever is next for the doctor."""
    user = access.person(request)
    if request.method != "POST":
        return redirect("doctor")
    if user.effective_role not in (DOCTOR, ADMIN):
        _refuse_role()
    ours = Doctor.clinics.through.objects.filter(clinic__in=user.clinic_ids()).values("doctor_id")
    found = Doctor.objects.filter(pk=pk, pk__in=ours).first()
    if found is None or (user.effective_role == DOCTOR and user.doctor_id != found.pk):
        raise Http404
    _run(request, queue_actions.call_next, found)
    return _back("doctor", user, doctor_id=found.pk)
