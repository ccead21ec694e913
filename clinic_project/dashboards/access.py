"""Who gets to which page, and for which clinic."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie

from appointments.transitions import TRANSITIONS as APPOINTMENT_TRANSITIONS
from appointments.viewsets import AppointmentViewSet
from clinics.models import Clinic, Doctor, User
from clinics.permissions import ADMIN, DESK, DOCTOR
from queue.models import Visit
from queue.transitions import allowed
from queue.viewsets import VisitViewSet

View = Callable[..., HttpResponseBase]

_KEY = re.compile(r"[0-9]{1,18}")

# The names of the API's actions where they differ from the verbs of the queue.
_API_NAMES = {"return": "put_back", "priority": "set_priority", "note": "write_note", "follow_up": "set_follow_up"}


def staff_page(view: View) -> View:
    """A page for people who are logged in. Never from a cache: it shows patients, and a moment."""
    return never_cache(ensure_csrf_cookie(login_required(view)))


def person(request: HttpRequest) -> User:
    """Who asks; the page is for people who are logged in."""
    return cast("User", request.user)


def require_desk(user: User) -> None:
    """The reception is for receptionists and admins."""
    if user.effective_role not in DESK:
        raise PermissionDenied(_("The reception is for receptionists and admins. Your own queue is on the doctor's page."))


def require_clinician(user: User) -> None:
    """The doctor's page is for doctors and admins."""
    if user.effective_role not in (DOCTOR, ADMIN):
        raise PermissionDenied(_("The doctor's page is for doctors and admins. Your work is on the reception page."))


def is_key(raw: str) -> bool:
    """Can this be an id?"""
    return _KEY.fullmatch(raw) is not None


def asked_key(request: HttpRequest, name: str) -> int | None:
    """The id in the address; what can't be an id isn't there."""
    raw = request.GET.get(name)
    if raw is None:
        return None
    if not is_key(raw):
        raise Http404
    return int(raw)


def clinics_of(user: User) -> list[Clinic]:
    """The open clinics that this person works for."""
    return list(user.visible_clinics().filter(is_active=True).order_by("name", "pk"))


def chosen(request: HttpRequest, clinics: list[Clinic]) -> Clinic:
    """The clinic named in the address, else the oldest; another's clinic isn't there."""
    key = asked_key(request, "clinic")
    by_age = sorted(clinics, key=lambda clinic: clinic.pk)
    found = next((clinic for clinic in by_age if key is None or clinic.pk == key), None)
    if found is None:
        raise Http404
    return found


def doctors_of(clinics: list[Clinic]) -> list[Doctor]:
    """The doctors who work at one of these clinics now."""
    return list(Doctor.objects.filter(clinics__in=clinics, is_active=True).distinct().order_by("name", "pk"))


def may(user: User, verb: str) -> bool:
    """Does the API let this role do this with a visit?"""
    return user.effective_role in VisitViewSet.roles.get(_API_NAMES.get(verb, verb), ())


def may_appointment(user: User, verb: str) -> bool:
    """Does the API let this role do this with an appointment?"""
    return user.effective_role in AppointmentViewSet.roles.get(verb, ())


def visit_rules(user: User) -> Mapping[str, list[str]]:
    """For each state of a visit, what this person may do: from the table of transitions and the rights of the API."""
    return {
        status: [
            verb for verb in [*allowed(status), "undo"] if may(user, verb) and not (verb == "undo" and status == "planned")
        ]
        for status in Visit.Status.values
    }


def appointment_rules(user: User) -> Mapping[str, list[str]]:
    """The same for appointments."""
    return {
        status: [
            verb
            for verb, (sources, _to) in APPOINTMENT_TRANSITIONS.items()
            if status in sources and may_appointment(user, verb)
        ]
        for status in ("booked", "checked_in", "fulfilled", "cancelled", "no_show")
    }


def frame(request: HttpRequest, clinics: list[Clinic], clinic: Clinic | None = None) -> dict[str, Any]:
    """What the frame of every page needs: who, where, and where else."""
    user = person(request)
    return {
        "clinics": clinics,
        "clinic": clinic,
        "role": user.effective_role,
        "shows_reception": user.effective_role in DESK,
        "shows_doctor": user.effective_role in (DOCTOR, ADMIN),
        "shows_manager": user.effective_role == ADMIN,
        "shows_admin": admin.site.has_permission(request),
    }
