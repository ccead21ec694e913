"""Who may do what (contract/api.md, section 1). Which objects somebody sees at all is the querysets' part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from clinics.models import Role

if TYPE_CHECKING:
    # DRF imports this module while it loads its own views.
    from rest_framework.views import APIView

RECEPTIONIST, DOCTOR, ADMIN = Role.RECEPTIONIST.value, Role.DOCTOR.value, Role.ADMIN.value
EVERYONE = frozenset({RECEPTIONIST, DOCTOR, ADMIN})
DESK = frozenset({RECEPTIONIST, ADMIN})
ADMINS = frozenset({ADMIN})
DOCTORS = frozenset({DOCTOR})
CLINICIANS = frozenset({DOCTOR, ADMIN})

READING = frozenset({"list", "retrieve", "metadata"})


class RolePermission(BasePermission):
    """Asks the view's ``roles``: ``{action: roles}``; reading is for all staff unless it says otherwise, and an action
    that no line names is refused."""

    message = _("Your role may not do this.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        if not (user and user.is_authenticated):
            return False
        roles: Mapping[str, frozenset[str]] = getattr(view, "roles", {})
        action: str | None = getattr(view, "action", None)
        if action is None:
            # A verb that the resource doesn't have: let DRF answer 405.
            return True
        return user.effective_role in roles.get(action, EVERYONE if action in READING else frozenset())
