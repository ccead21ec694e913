"""Who was to come again and isn't booked for it: what the desk looks through once a day."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from clinic_project.dashboards import access
from clinic_project.dashboards.commands import version_of
from clinic_project.dashboards.place import clinic_page
from clinic_project.dashboards.refusals import REFUSALS, sentence_of
from clinic_project.dashboards.words import script_words
from clinics.language import filled
from clinics.models import Clinic
from queue import actions
from queue.models import Visit, VisitQuerySet

LOOKED_BACK = dt.timedelta(days=14)
"""What nobody has booked for so long is no oversight any more."""


def open_wishes(clinic: Clinic) -> VisitQuerySet:
    """The visits of these days whose follow-up is to be booked, the earliest wish first."""
    today = clinic.today()
    found = Visit.objects.follow_up_open().filter(
        clinic=clinic, date__range=(today - LOOKED_BACK, today), patient__erased_at=None
    )
    return found.select_related("clinic", "patient", "doctor", "follow_up_service").order_by("follow_up_on", "pk")


@clinic_page(access.require_desk)
def follow_ups(request: HttpRequest, clinics: list[Clinic], clinic: Clinic) -> HttpResponseBase:
    """The list, each with the way to its day in the calendar; a POST says that somebody needn't come again."""
    if request.method == "POST":
        return _needs_none(request)
    return render(
        request,
        "reception/follow_ups.html",
        {
            "page": "reception",
            **access.frame(request, clinics, clinic),
            "wishes": open_wishes(clinic),
            "today": clinic.today(),
            "days": LOOKED_BACK.days,
        },
    )


def _needs_none(request: HttpRequest) -> HttpResponseBase:
    user = access.person(request)
    if not access.may(user, "follow_up"):
        raise PermissionDenied(_("Your role may not do this."))
    key = request.POST.get("visit", "")
    visit = Visit.objects.filter(clinic__in=user.clinic_ids(), pk=key).first() if access.is_key(key) else None
    if visit is None:
        raise Http404
    try:
        done = actions.set_follow_up(visit, by=user, follow_up=None, version=version_of(request))
    except REFUSALS as refusal:
        messages.error(request, sentence_of(refusal))
    else:
        messages.success(request, filled(script_words()["done.no_follow_up"], name=done.patient.full_name))
    return redirect(f"{reverse('follow-ups')}?clinic={visit.clinic_id}")
