"""Who gets to the manager's pages, and what frames them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from clinic_project.dashboards import access
from clinics.models import Clinic, User
from clinics.permissions import ADMIN


def require_manager(user: User) -> None:
    """These pages are for admins and superusers."""
    if user.effective_role != ADMIN:
        raise PermissionDenied(_("This page is for administrators. Your work is on the pages named above."))


def frame(request: HttpRequest, area: str, clinics: list[Clinic], clinic: Clinic | None = None) -> dict[str, Any]:
    """What every page of the manager shows around its own: the areas, and which of them this is."""
    return {**access.frame(request, clinics, clinic), "page": "manager", "area": area, "areas": areas()}


def areas() -> list[tuple[str, str, str]]:
    """Names of addresses, the area, and what it is called, in the order of a manager's day."""
    return [
        ("manager", "today", _("Today")),
        ("manager-days", "days", _("Past days")),
        ("manager-reports", "reports", _("Reports")),
        *((f"manager-{slug}", slug, label) for slug, label in record_areas()),
    ]


def record_areas() -> list[tuple[str, str]]:
    """What is set up here."""
    return [
        ("staff", _("Staff")),
        ("doctors", _("Doctors")),
        ("services", _("Services")),
        ("shifts", _("Shifts")),
        ("time-off", _("Time off")),
        ("closing-days", _("Closing days")),
        ("clinics", _("Clinics")),
    ]
