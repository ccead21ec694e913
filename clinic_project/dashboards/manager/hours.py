"""Shifts with their breaks, time off and closing days on the manager's pages. Nothing that is booked is moved by them."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appointments import actions as hours
from appointments.models import ClosingDay, Shift, TimeOff
from appointments.serializers import ClosingDaySerializer, ShiftSerializer, TimeOffSerializer, may_read_reason
from appointments.slots import moment_of
from clinic_project.dashboards.manager import forms
from clinic_project.dashboards.manager.areas import (
    Affected,
    Area,
    Column,
    Saved,
    at_own_clinics,
    clinic_choices,
    doctor_choices,
)
from clinics.language import facts, in_digits, time_range
from clinics.models import Doctor, User


def clock(time: dt.time) -> str:
    return in_digits(time_format(time, "H:i"))


def day(date: dt.date | None) -> str:
    return in_digits(date_format(date, "j M Y")) if date else ""


def written(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """Day and time, as the clocks of ``zone`` show them."""
    return in_digits(date_format(timezone.make_naive(moment, zone), "j M Y, H:i").replace(", ", gettext(", ")))


def booked_column(slug: str) -> Column:
    """How many are still booked within a row, and where they are listed."""
    return Column(
        _("Still booked"),
        lambda row: in_digits(row.booked) if row.booked else "",
        is_number=True,
        address=lambda row: reverse(f"manager-{slug}-booked", args=[row.pk]) if row.booked else "",
    )


def count_booked(user: User, rows: Sequence[Any]) -> None:
    """Note in each row's ``booked`` how many at the manager's clinics are still booked within it."""
    counts = hours.count_still_booked(rows, user.clinic_ids())
    for row in rows:
        row.booked = counts[row.pk]


class Shifts(Area):
    slug, title, new = "shifts", _("Shifts"), _("Add a shift")
    empty = _("Nobody has hours yet. Without them nobody can be booked.")
    serializer = ShiftSerializer
    fields = ("doctor", "clinic", "weekday", "start_time", "end_time", "breaks", "valid_from", "valid_until")
    fixed = ("doctor", "clinic")
    ending = _("End this shift")
    columns = ()
    template = "manager/shifts.html"

    def rows(self, user: User) -> QuerySet[Shift]:
        found: QuerySet[Shift] = Shift.objects.in_force().filter(clinic__in=user.clinic_ids())
        found = found.select_related("doctor", "clinic").prefetch_related("all_breaks")
        return found.order_by("doctor__name", "doctor", "weekday", "start_time", "pk")

    def choices(self, user: User, record: Any) -> dict[str, forms.Choices]:
        return {"doctor": doctor_choices(user), "clinic": clinic_choices(user)}

    def name_of(self, record: Shift, user: User) -> str:
        times = time_range(clock(record.start_time), clock(record.end_time))
        return facts(record.doctor.name, record.get_weekday_display(), times)

    def more(self, user: User, rows: Sequence[Shift]) -> dict[str, Any]:
        """A week for each doctor at each clinic."""
        weeks: dict[tuple[str, int, str], list[list[Any]]] = {}
        for shift in rows:
            week = weeks.setdefault((shift.doctor.name, shift.doctor_id, shift.clinic.name), [[] for _day in Shift.Weekday])
            week[shift.weekday].append(
                {
                    "pk": shift.pk,
                    "hours": time_range(clock(shift.start_time), clock(shift.end_time)),
                    "breaks": [time_range(clock(each.start_time), clock(each.end_time)) for each in shift.breaks],
                    "valid": _valid(shift),
                }
            )
        return {
            "outside": hours.booked_outside_of_hours(user.clinic_ids()).count(),
            "weekdays": [str(day.label) for day in Shift.Weekday],
            "weeks": [{"doctor": name, "clinic": clinic, "days": week} for (name, _pk, clinic), week in weeks.items()],
        }

    def typed(self, serializer: Any, names: Sequence[str], post: QueryDict) -> dict[str, Any]:
        return {**super().typed(serializer, names, post), "breaks": _sent_breaks(post)}

    def sent(self, serializer: Any, names: Sequence[str], post: QueryDict, user: User, record: Any) -> dict[str, Any]:
        found = forms.sent(serializer, [name for name in names if name != "breaks"], post)
        return {**found, "breaks": _sent_breaks(post)}

    def save(self, user: User, record: Shift | None, checked: Any) -> Saved:
        fields = dict(checked.validated_data)
        if record is None:
            fields.pop("version", None)
            return Saved(hours.add_shift(by=user, **fields))
        return Saved(*hours.change_shift(record, by=user, **fields))

    def end(self, user: User, record: Shift, version: int | None) -> Affected:
        return hours.end_shift(record, by=user, version=version)[1]


def _sent_breaks(post: QueryDict) -> list[dict[str, str]]:
    pairs = zip(post.getlist("break_start"), post.getlist("break_end"), strict=False)
    return [{"start_time": start, "end_time": end} for start, end in pairs if start or end]


def _valid(shift: Shift) -> str:
    if shift.valid_from and shift.valid_until:
        return f"{day(shift.valid_from)} – {day(shift.valid_until)}"
    if shift.valid_from:
        return gettext("from {day}").format(day=day(shift.valid_from))
    return gettext("until {day}").format(day=day(shift.valid_until)) if shift.valid_until else ""


def zone_of(doctor: Doctor | None, user: User) -> zoneinfo.ZoneInfo:
    """Whose clock a doctor's time off is written in: the first of their clinics that is the viewer's."""
    clinics = user.visible_clinics().order_by("pk")
    clinic = (clinics.filter(doctors=doctor).first() if doctor is not None else None) or clinics.first()
    return clinic.zone if clinic else zoneinfo.ZoneInfo("UTC")


class TimesOff(Area):
    slug, title, new = "time-off", _("Time off"), _("Add time off")
    empty = _("Nobody is away.")
    serializer = TimeOffSerializer
    fields = ("doctor", "start", "end", "reason")
    fixed = ("doctor",)
    ending = _("Take back: the doctor is there after all")
    columns = (
        Column(_("Doctor"), lambda row: row.doctor.name),
        Column(_("From"), lambda row: _moment(row, row.start)),
        Column(_("Until"), lambda row: _moment(row, row.end)),
        Column(_("Reason"), lambda row: row.readable_reason),
        booked_column("time-off"),
    )

    def look_up(self, user: User, rows: Sequence[Any]) -> None:
        count_booked(user, rows)
        for row in rows:
            row.readable_reason = row.reason if may_read_reason(row, user) else ""

    def name_of(self, record: TimeOff, user: User) -> str:
        zone = zone_of(record.doctor, user)
        return facts(record.doctor.name, time_range(written(record.start, zone), written(record.end, zone)))

    def rows(self, user: User) -> QuerySet[TimeOff]:
        own = Prefetch("doctor__clinics", user.visible_clinics().order_by("pk"), to_attr="own_clinics")
        found: QuerySet[TimeOff] = TimeOff.objects.in_force().filter(doctor__in=at_own_clinics(Doctor, user))
        found = found.filter(end__gt=timezone.now() - dt.timedelta(days=31)).select_related("doctor")
        return found.prefetch_related(own).order_by("start", "pk")

    def choices(self, user: User, record: Any) -> dict[str, forms.Choices]:
        return {"doctor": doctor_choices(user)}

    def values(self, serializer: Any) -> dict[str, Any]:
        away: TimeOff = serializer.instance
        zone = zone_of(away.doctor, serializer.context["request"].user)
        local = {name: getattr(away, name).astimezone(zone).strftime("%Y-%m-%dT%H:%M") for name in ("start", "end")}
        return {**super().values(serializer), **local}

    def sent(self, serializer: Any, names: Sequence[str], post: QueryDict, user: User, record: Any) -> dict[str, Any]:
        found = super().sent(serializer, names, post, user, record)
        doctor = record.doctor if record is not None else None
        if doctor is None and str(found.get("doctor", "")).isdecimal():
            doctor = at_own_clinics(Doctor, user).filter(pk=int(str(found["doctor"])[:18])).first()
        zone = zone_of(doctor, user)
        for name in ("start", "end"):
            try:
                typed = parse_datetime(str(found.get(name, "")))
            except ValueError:
                continue  # there is no such day: the serializer says so
            if typed is not None and typed.tzinfo is None and 1900 <= typed.year <= 2900:
                found[name] = moment_of(typed.date(), typed.time(), zone).isoformat()
        return found

    def save(self, user: User, record: TimeOff | None, checked: Any) -> Saved:
        fields = dict(checked.validated_data)
        if record is None:
            fields.pop("version", None)
            return Saved(*hours.add_time_off(by=user, **fields))
        return Saved(*hours.change_time_off(record, by=user, **fields))

    def end(self, user: User, record: TimeOff, version: int | None) -> Affected:
        hours.cancel_time_off(record, by=user, version=version)
        return []


def _moment(away: Any, moment: dt.datetime) -> str:
    zone = away.doctor.own_clinics[0].zone if away.doctor.own_clinics else dt.UTC
    return written(moment, zone)


class ClosingDays(Area):
    slug, title, new = "closing-days", _("Closing days"), _("Add closing days")
    empty = _("No closing days are planned.")
    serializer = ClosingDaySerializer
    fields = ("clinic", "first_day", "last_day", "reason")
    fixed = ("clinic",)
    ending = _("Take back: the clinic is open after all")
    columns = (
        Column(_("Clinic"), lambda row: row.clinic.name),
        Column(_("First day"), lambda row: day(row.first_day)),
        Column(_("Last day"), lambda row: day(row.last_day)),
        Column(_("Reason"), lambda row: row.reason),
        booked_column("closing-days"),
    )

    def look_up(self, user: User, rows: Sequence[ClosingDay]) -> None:
        count_booked(user, rows)

    def name_of(self, record: ClosingDay, user: User) -> str:
        first, last = day(record.first_day), day(record.last_day)
        return facts(record.clinic.name, first if first == last else time_range(first, last))

    def rows(self, user: User) -> QuerySet[ClosingDay]:
        found: QuerySet[ClosingDay] = ClosingDay.objects.in_force().filter(clinic__in=user.clinic_ids())
        return found.select_related("clinic").order_by("-first_day", "pk")

    def choices(self, user: User, record: Any) -> dict[str, forms.Choices]:
        return {"clinic": clinic_choices(user)}

    def serializer_for(self, request: HttpRequest, record: ClosingDay | None = None, **given: Any) -> Any:
        made = super().serializer_for(request, record, **given)
        # One day without a last one.
        made.fields["last_day"].help_text = _("Leave it empty for a single day.")
        return made

    def sent(self, serializer: Any, names: Sequence[str], post: QueryDict, user: User, record: Any) -> dict[str, Any]:
        found = super().sent(serializer, names, post, user, record)
        # What the form says of it holds for a change too.
        return found if found.get("last_day") or not found["first_day"] else {**found, "last_day": found["first_day"]}

    def save(self, user: User, record: ClosingDay | None, checked: Any) -> Saved:
        fields = dict(checked.validated_data)
        if record is None:
            fields.pop("version", None)
            return Saved(*hours.add_closing_days(by=user, **fields))
        fields.pop("clinic", None)
        return Saved(*hours.change_closing_days(record, by=user, **fields))

    def end(self, user: User, record: ClosingDay, version: int | None) -> Affected:
        hours.cancel_closing_days(record, by=user, version=version)
        return []
