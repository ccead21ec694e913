"""The page of the admin site that shows who changed what."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from clinic_project.changes.noting import note_shown
from clinic_project.changes.reading import Change, Wanted, keys, read
from clinic_project.changes.serializers import WantedSerializer, zone_of
from clinic_project.changes.sources import sources
from clinics.admin import NOTHING, viewer_of
from clinics.models import User

PER_PAGE = 50


@admin.site.admin_view
def changes_page(request: HttpRequest) -> HttpResponse:
    """``/admin/changes/``: the list, its filters, and pages; what can't be understood is said beside the filter."""
    user = viewer_of(request)
    asked: dict[str, str] = {name: str(value) for name, value in request.GET.items() if value and name != "p"}
    query = WantedSerializer(data=asked)
    wanted = query.wanted(user) if query.is_valid() else Wanted(object=0)
    zone = zone_of(user)
    paginator = Paginator(keys(user, wanted), PER_PAGE)
    page = paginator.get_page(request.GET.get("p"))
    changes = read(page.object_list, user)
    note_shown(changes, by=user)
    with timezone.override(zone):
        rows = [_row(change) for change in changes]
    return render(
        request,
        "admin/changes.html",
        {
            **admin.site.each_context(request),
            "title": _("Who changed what"),
            "rows": rows,
            "page": page,
            "pages": paginator.get_elided_page_range(page.number),
            "asked": asked,
            "address": urlencode(asked) if not query.errors else "",
            "errors": query.errors,
            "kinds": sorted((past.instance_type._meta.verbose_name, kind) for kind, past in sources().items()),  # type: ignore[attr-defined]
            "people": _people(user),
            "clinics": user.visible_clinics().order_by("name", "pk"),
            "zone": zone.key,
        },
        status=400 if query.errors else 200,
    )


def _people(user: User) -> list[User]:
    """Who may have changed something, to choose from."""
    staff = User.objects.order_by("username")
    return list(staff if user.is_superuser else staff.filter(clinics__in=user.clinic_ids(), is_superuser=False).distinct())


def _row(change: Change) -> dict[str, Any]:
    past = sources()[change.kind]
    described: Any = past.instance_type  # type: ignore[attr-defined]
    return {
        "at": change.at,
        "by": change.by or _("the system"),
        "kind": described._meta.verbose_name,
        "object": change.object,
        "link": _link(described, change.object_id),
        "action": {"created": _("created"), "changed": _("changed"), "deleted": _("deleted")}[change.action],
        "changes": [
            {
                "field": _field_name(described, each.field),
                "before": _text(described, each.field, each.before),
                "after": _text(described, each.field, each.after),
            }
            for each in change.changes
        ],
    }


def _field_name(model: Any, name: str) -> str:
    return str(getattr(model._meta.get_field(name), "verbose_name", name))


def _link(model: Any, pk: int) -> str | None:
    try:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])
    except NoReverseMatch:
        return None


def _text(model: Any, name: str, value: Any) -> str:
    """A value as people read it."""
    if value in (None, "", []):
        return NOTHING
    if choices := dict(model._meta.get_field(name).flatchoices):
        return str(choices.get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dt.datetime):
        return date_format(timezone.localtime(value), "j M Y, H:i")
    if isinstance(value, dt.date):
        return date_format(value, "j M Y")
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)
