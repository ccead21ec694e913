"""Who is still booked where nobody can be booked any more: told once after a change of hours, and listed for as long as it is so.

Nothing that is booked is moved by itself. Each appointment leads to its day in the calendar, where it can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from appointments import actions as hours
from appointments.models import Appointment
from clinic_project.dashboards import access
from clinic_project.dashboards.manager.access import frame, require_manager
from clinic_project.dashboards.manager.areas import Area
from clinic_project.dashboards.manager.hours import ClosingDays, Shifts, TimesOff, written
from clinics.language import filled, in_digits, separator

AREAS: dict[str, Area] = {area.slug: area for area in (TimesOff(), ClosingDays())}
PER_PAGE = 200
NAMED = 10
"""So many are named in the news of a change; the list has all."""


def calendar_of(row: Appointment) -> str:
    """The day of the appointment in the calendar, with all doctors: whoever moves it may have to choose another one."""
    return f"{reverse('calendar')}?{urlencode({'clinic': row.clinic_id, 'date': row.date.isoformat()})}"


def tell(request: HttpRequest, slug: str, record: Any, affected: Sequence[Appointment]) -> None:
    """Name those at the manager's clinics who are still booked after a change, and say where all of them are listed."""
    own = set(access.person(request).clinic_ids())
    rows = [row for row in affected if row.clinic_id in own]
    if not rows:
        return
    sentence = filled(
        _("Nothing is moved by itself. Still booked: {count}. Each leads to the day in the calendar where it can be moved."),
        count=in_digits(len(rows)),
    )
    named = format_html_join("", '<li><a href="{}">{}</a></li>', ((calendar_of(row), _named(row)) for row in rows[:NAMED]))
    cut = len(rows) - NAMED
    more = filled(_("And {count} more: the whole list"), count=in_digits(cut)) if cut > 0 else _("Find them again: the list")
    address = reverse(f"manager-{slug}-booked", args=[record.pk]) if slug in AREAS else reverse("manager-outside-of-hours")
    messages.warning(request, format_html('{}<ul>{}</ul><a href="{}">{}</a>', sentence, named, address, more))


def _named(row: Appointment) -> str:
    facts = (row.patient.full_name, written(row.start, row.clinic.zone), row.doctor.name)
    return format_html_join(separator(), "<bdi>{}</bdi>", ((fact,) for fact in facts))


@access.staff_page
def within(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """Who is still booked within time off or on closing days."""
    user = access.person(request)
    require_manager(user)
    area = AREAS[slug]
    record = area.rows(user).filter(pk=pk).first()
    if record is None:
        raise Http404
    found = hours.still_booked(hours.within(record), clinic__in=user.clinic_ids())
    return _list(request, area, area.name_of(record, user), found)


@access.staff_page
def outside_of_hours(request: HttpRequest) -> HttpResponseBase:
    """Who is booked when the doctor has no hours any more, or with one who has left."""
    user = access.person(request)
    require_manager(user)
    return _list(request, Shifts(), _("Booked outside of the hours"), hours.booked_outside_of_hours(user.clinic_ids()))


def _list(request: HttpRequest, area: Area, name: str, found: QuerySet[Appointment]) -> HttpResponseBase:
    page = Paginator(found.select_related("service"), PER_PAGE).get_page(request.GET.get("p"))
    rows = [{"appointment": row, "time": written(row.start, row.clinic.zone), "calendar": calendar_of(row)} for row in page]
    return render(
        request,
        "manager/booked.html",
        {
            **frame(request, area.slug, []),
            "what": area,
            "back": f"manager-{area.slug}",
            "name": name,
            "rows": rows,
            "rows_page": page,
        },
    )
