"""Which clinic a page is about, and what is shown to whom has none."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from clinic_project.dashboards import access
from clinics.models import Clinic, User

ClinicView = Callable[[HttpRequest, list[Clinic], Clinic], HttpResponseBase]
"""Gets the clinics of the person who asks, and the one that the page is about."""


def no_place(request: HttpRequest) -> HttpResponse:
    """Who has nothing to see yet is told what is missing."""
    return render(request, "landing/no_place.html", access.frame(request, []), status=200)


def clinic_page(
    require: Callable[[User], None] | None = None, *, is_named: bool = False
) -> Callable[[ClinicView], access.View]:
    """A staff page about one clinic, for those whom ``require`` lets pass. With ``is_named`` the address of who has several always
    says which: reloading it, or sending it on, shows the same clinic."""

    def decorate(view: ClinicView) -> access.View:
        @wraps(view)
        def page(request: HttpRequest) -> HttpResponseBase:
            user = access.person(request)
            if require is not None:
                require(user)
            clinics = access.clinics_of(user)
            if not clinics:
                return no_place(request)
            clinic = access.chosen(request, clinics)
            if is_named and len(clinics) > 1 and "clinic" not in request.GET:
                return redirect(f"{request.path}?clinic={clinic.pk}")
            return view(request, clinics, clinic)

        return access.staff_page(page)

    return decorate
