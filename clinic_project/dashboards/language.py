"""Choosing a language, from any page, with one click."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from clinics.exceptions import InvalidInput
from clinics.language import COOKIE, prefer
from clinics.models import Digits, User

YEAR = 365 * 24 * 60 * 60


@require_POST
def choose(request: HttpRequest) -> HttpResponseBase:
    """Remember language or digits, for the person if somebody is logged in and for this browser, and go back."""
    # Django's view checks where to go back to, and writes its cookie.
    answer = set_language(request)
    language, digits = request.POST.get("language"), request.POST.get("digits")
    if isinstance(request.user, User):
        try:
            prefer(request.user, language=language, digits=digits)
        except InvalidInput:
            return redirect("landing")
    if digits in Digits.values:
        answer.set_cookie(COOKIE, digits, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return answer
