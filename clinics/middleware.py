"""A browser session ends with its login, also when somebody else ends it; and what is said while the database is away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext_lazy as _

from clinics.logins import TokenRefused, login_of_session

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)
"""What is raised when the database can't be reached, or doesn't answer in time."""

UNAVAILABLE = {
    # Whether it was done isn't known if the database went away just when it was told to commit.
    "detail": _("The server is busy. Try again in a moment; with an Idempotency-Key nothing is done twice."),
    "code": "unavailable",
}


View = TypeVar("View", bound=Callable[..., Any])


def for_machines(view: View) -> View:
    """Marks a view that looks at nobody's login, and so answers for itself while the database is away."""
    view.looks_at_no_login = True  # type: ignore[attr-defined]
    return view


class OpenLoginMiddleware(MiddlewareMixin):
    """Logs a browser out whose login was ended; stands behind Django's AuthenticationMiddleware. It is the first to ask the
    database, and so the one that answers 503 while that is away."""

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> HttpResponse | None:
        # A mark of our own: DRF says login_required = False of all its views, which do look at the session.
        if getattr(view, "looks_at_no_login", False):
            return None
        try:
            if request.user.is_authenticated:
                login_of_session(request)
        except TokenRefused:
            request.session.flush()
            request.user = AnonymousUser()
        except AWAY as error:
            return self.process_exception(request, error)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, AWAY):
            return None
        logger.error("The database could not answer in time: %s", error)
        if request.path.startswith("/api/"):
            response: HttpResponse = JsonResponse(UNAVAILABLE, status=503)
        else:
            response = render(request, "503.html", status=503)
        response["Retry-After"] = "1"
        return response
