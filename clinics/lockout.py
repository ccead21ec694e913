"""What somebody sees who has guessed too many passwords."""

from __future__ import annotations

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

TOO_MANY_TRIES = _("Too many tries. Wait a few minutes, then try again.")


def wait_seconds() -> int:
    """How long a lock-out lasts, in seconds."""
    return int(settings.AXES_COOLOFF_TIME.total_seconds())


def is_locked_out(request: HttpRequest, username: str) -> bool:
    """Has this name failed too often from this address?"""
    return not AxesProxyHandler.is_allowed(request, {"username": username})


def locked_out(request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
    """What axes answers at the try that was one too many."""
    if request.path.startswith("/api/"):
        answer = JsonResponse({"detail": TOO_MANY_TRIES, "code": "throttled"}, status=429)
        answer["Retry-After"] = str(wait_seconds())
        return answer
    response = render(request, "registration/locked_out.html", {"minutes": wait_seconds() // 60}, status=429)
    response["Retry-After"] = str(wait_seconds())
    return response
