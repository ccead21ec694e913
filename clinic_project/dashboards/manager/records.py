"""Lists and forms of what is set up; a form is sent to the same serializers and actions as the API's calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from clinic_project.dashboards import access
from clinic_project.dashboards.manager import forms
from clinic_project.dashboards.manager.access import frame, require_manager
from clinic_project.dashboards.manager.areas import Area, Clinics, Doctors, Services, Staff
from clinic_project.dashboards.manager.booked import tell
from clinic_project.dashboards.manager.hours import ClosingDays, Shifts, TimesOff
from clinic_project.dashboards.manager.once import DoneBefore, new_token, once, token_of
from clinic_project.dashboards.refusals import REFUSALS, sentence_of
from clinics import actions
from clinics.exceptions import DomainError, InvalidInput, StaleVersion
from clinics.models import User
from clinics.staff import SetPasswordSerializer

AREAS: dict[str, Area] = {
    area.slug: area for area in (Staff(), Doctors(), Services(), Shifts(), TimesOff(), ClosingDays(), Clinics())
}
PER_PAGE = 200


@access.staff_page
def record_list(request: HttpRequest, slug: str) -> HttpResponseBase:
    """All records of an area that the manager may change."""
    user = access.person(request)
    require_manager(user)
    area = AREAS[slug]
    page = Paginator(area.rows(user), PER_PAGE).get_page(request.GET.get("p"))
    records = list(page)
    area.look_up(user, records)
    rows = [
        {
            "pk": record.pk,
            "cells": [(column, column.text(record), column.address(record)) for column in area.columns],
            "is_off": area.is_off(record),
            "address": reverse(f"manager-{slug}-change", args=[record.pk]),
        }
        for record in records
    ]
    return render(
        request,
        area.template,
        {**frame(request, slug, []), "what": area, "rows": rows, "rows_page": page, **area.more(user, records)},
    )


@sensitive_post_parameters("password")
@access.staff_page
def record_form(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponseBase:
    """The form of one record, new or stored; what it sends is written by the actions."""
    user = access.person(request)
    require_manager(user)
    area = AREAS[slug]
    record = None
    if pk is not None and (record := area.rows(user).filter(pk=pk).first()) is None:
        raise Http404
    if request.method != "POST":
        return _shown(request, area, record)
    steps = {"end": _end, "password": _set_password}
    step = steps.get(request.POST.get("do", ""), _save) if record is not None else _save
    return step(request, area, record)


def _names(area: Area, record: Any) -> Sequence[str]:
    names = area.names(record) if isinstance(area, Staff) else area.fields
    return [name for name in names if record is None or name not in area.fixed]


def _save(request: HttpRequest, area: Area, record: Any) -> HttpResponseBase:
    user, names = access.person(request), _names(area, record)
    blank = area.serializer_for(request, record)
    typed = area.typed(blank, names, request.POST)
    try:
        checked = area.serializer_for(request, record, data=area.sent(blank, names, request.POST, user, record))
        if not checked.is_valid():
            return _shown(request, area, record, typed=typed, errors=checked.errors, status=400)
        saved = once(user, token_of(request.POST), lambda: area.save(user, record, checked))
    except DoneBefore:
        messages.info(request, _("This was saved already."))
        return redirect(f"manager-{area.slug}")
    except REFUSALS as refusal:
        return _refused(request, area, record, refusal, typed)
    messages.success(request, _("Saved: {what}").format(what=area.name_of(saved.record, user)))
    tell(request, area.slug, saved.record, saved.affected)
    return redirect(f"manager-{area.slug}")


def _end(request: HttpRequest, area: Area, record: Any) -> HttpResponseBase:
    user = access.person(request)
    if area.ending is None:
        raise Http404
    try:
        affected = area.end(user, record, forms.version_of(request.POST))
    except REFUSALS as refusal:
        return _refused(request, area, record, refusal, None)
    messages.success(request, _("Ended: {what}. It stays in the history.").format(what=area.name_of(record, user)))
    tell(request, area.slug, record, affected)
    return redirect(f"manager-{area.slug}")


def _set_password(request: HttpRequest, area: Area, record: Any) -> HttpResponseBase:
    user = access.person(request)
    if not isinstance(record, User):
        raise Http404
    given = SetPasswordSerializer(data={"password": request.POST.get("password", "")})
    if not given.is_valid():
        return _shown(request, area, record, password_errors=given.errors["password"], status=400)
    try:
        fresh = actions.set_password(record, by=user, **given.validated_data)
    except InvalidInput as refusal:
        return _shown(request, area, record, password_errors=refusal.errors.get("password", []), status=400)
    except REFUSALS as refusal:
        return _refused(request, area, record, refusal, None)
    if fresh.pk == user.pk:
        update_session_auth_hash(request, fresh)
    messages.success(
        request, _("The password is changed. Tell it to {name}; whatever they had open is logged out.").format(name=fresh)
    )
    return redirect("manager-staff-change", pk=record.pk)


def _refused(request: HttpRequest, area: Area, record: Any, refusal: Exception, typed: Any) -> HttpResponseBase:
    if isinstance(refusal, InvalidInput):
        return _shown(request, area, record, typed=typed, errors=refusal.errors, status=400)
    is_stale = isinstance(refusal, StaleVersion)
    sentence = _("Somebody else has changed this meanwhile.") if is_stale else sentence_of(refusal)
    status = refusal.status if isinstance(refusal, DomainError) else 503
    return _shown(request, area, record, typed=typed, refusal=sentence, is_stale=is_stale, status=status)


def _shown(
    request: HttpRequest,
    area: Area,
    record: Any,
    *,
    typed: dict[str, Any] | None = None,
    errors: Any = None,
    password_errors: Sequence[str] = (),
    refusal: str = "",
    is_stale: bool = False,
    status: int = 200,
) -> HttpResponseBase:
    user, names, errors = access.person(request), _names(area, record), errors or {}
    serializer = area.serializer_for(request, record)
    stored = area.initial(user) if record is None else area.values(serializer)
    values = stored if typed is None else {**stored, **typed}
    choices = area.choices(user, record)
    named = {**{name: _name_of(record, name) for name in area.fixed}} if record is not None else {}
    return render(
        request,
        "manager/form.html",
        {
            **frame(request, area.slug, []),
            "what": area,
            "back": f"manager-{area.slug}",
            "record": record,
            "name": area.new if record is None else area.name_of(record, user),
            "fixed": [(forms.label_of(serializer, name), text) for name, text in named.items()],
            "fields": forms.form_fields(serializer, names, values, errors, choices),
            "breaks": _breaks(values.get("breaks")) if "breaks" in names else [],
            # What was sent is what was seen: to send it again over somebody else's change takes a fresh look.
            "version": (forms.version_of(request.POST) if typed is not None else None) or getattr(record, "version", ""),
            "token": token_of(request.POST) or new_token(),
            # What has no field here.
            "errors": [sentence for name, sentences in errors.items() if name not in names for sentence in sentences],
            "refusal": refusal,
            "is_stale": is_stale,
            "is_person": isinstance(record, User),
            "password_errors": list(password_errors),
        },
        status=status,
    )


def _name_of(record: Any, name: str) -> str:
    return str(getattr(record, name))


def _breaks(given: Any) -> list[dict[str, str]]:
    """The breaks that there are, and room for two more."""
    held = [{name: str(each[name])[:5] for name in ("start_time", "end_time")} for each in given or []]
    return [*held, *({"start_time": "", "end_time": ""} for _number in range(2))]
