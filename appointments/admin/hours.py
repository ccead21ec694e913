"""Pages of shifts, time off and closing days. Nothing is deleted: it is ended, and stays to be looked at."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Case, Prefetch, Q, QuerySet, When
from django.http import HttpRequest
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from appointments import actions
from appointments.actions.hours import Affected
from appointments.models import Appointment, ClosingDay, Shift, TimeOff
from clinics.admin import NOTHING, DeskForm, HistoryAdmin, become, local_time, viewer_of
from clinics.admin.directory import OwnClinicsFilter
from clinics.models import Clinic

Fields = list[str | list[str] | tuple[str, ...]]
SHIFT: Fields = ["doctor", "clinic", "weekday", "start_time", "end_time", "breaks", "valid_from", "valid_until"]
TIME_OFF: Fields = ["doctor", "start", "end", "reason"]
CLOSING: Fields = ["clinic", "first_day", "last_day", "reason"]

_BREAK = re.compile(r"(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})")


def breaks_text(shift: Shift) -> str:
    return ", ".join(str(each) for each in shift.breaks)


class ShiftForm(DeskForm):
    """With the breaks as a line of text."""

    breaks = forms.CharField(
        label=_("Breaks"),
        required=False,
        max_length=300,
        help_text=_("As in 12:00-12:30, 15:00-15:15."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "breaks" in self.fields:
            self.fields["breaks"].initial = breaks_text(self.instance)

    def clean_breaks(self) -> list[tuple[dt.time, dt.time]]:
        breaks = []
        for part in filter(None, (each.strip() for each in self.cleaned_data["breaks"].split(","))):
            found = _BREAK.fullmatch(part)
            try:
                times = [dt.time.fromisoformat(text.zfill(5)) for text in found.groups()] if found else []
            except ValueError:
                times = []
            if not times:
                raise ValidationError(_("Write breaks as in 12:00-12:30, 15:00-15:15."))
            breaks.append((times[0], times[1]))
        return sorted(breaks)


class EndingAdmin(HistoryAdmin):
    """For rows that are ended and not deleted."""

    actions = ["end"]
    fixed: tuple[str, ...] = ()
    """What stays once it is saved."""

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [*super().get_list_filter(request), "is_active"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *(self.fixed if obj is not None else ())]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_active)

    def tell(self, request: HttpRequest, affected: Affected) -> None:
        """Name the booked appointments, of the viewer's clinics, that somebody has to move; and how many others have to."""
        own = set(viewer_of(request).clinic_ids())
        rows = [row for row in affected if row.clinic_id in own]
        if elsewhere := len(affected) - len(rows):
            self.message_user(
                request,
                gettext("Booked for then at clinics that aren't yours: %(count)s. Their admins have to move them.")
                % {"count": elsewhere},
                messages.WARNING,
            )
        if rows:
            named = "; ".join(_named(row) for row in rows[:10]) + ("; …" if len(rows) > 10 else "")
            self.message_user(
                request,
                gettext("Nothing was moved. Booked for then: %(count)s. Move them: %(named)s")
                % {"count": len(rows), "named": named},
                messages.WARNING,
            )

    def end_row(self, request: HttpRequest, row: Any) -> None:
        raise NotImplementedError

    @admin.action(description=_("End (it counts no more, and stays in the history)"), permissions=["change"])
    def end(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self.run(request, queryset, lambda row: self.end_row(request, row), pgettext_lazy("done", "ended"))


def _named(row: Appointment) -> str:
    return f"{row.patient.full_name}, {local_time(row.start, row.clinic)}, {row.doctor.name}"


@admin.register(Shift)
class ShiftAdmin(EndingAdmin):
    form = ShiftForm
    fixed = ("doctor", "clinic")
    list_display = ["doctor", "clinic", "weekday", "start_time", "end_time", "valid_from", "valid_until", "is_active"]
    list_filter = [
        ("clinic", admin.RelatedOnlyFieldListFilter),
        ("doctor", admin.RelatedOnlyFieldListFilter),
        "weekday",
    ]
    list_select_related = ["doctor", "clinic"]
    search_fields = ["doctor__name", "clinic__name"]
    autocomplete_fields = ["doctor", "clinic"]
    fieldsets = [
        (
            None,
            {
                "fields": SHIFT,
                "description": _(
                    "In the clinic's own time; 00:00 as the end is midnight at the end of the day. To end a shift on "
                    "a day, write that into “valid until”."
                ),
            },
        )
    ]

    @admin.display(description=_("breaks"))
    def breaks(self, obj: Shift) -> str:
        return breaks_text(obj) or NOTHING

    def save_model(self, request: HttpRequest, obj: Shift, form: Any, change: bool) -> None:
        by = viewer_of(request)
        if change:
            fresh, affected = actions.change_shift(obj, by=by, version=form.seen_version, **form.chosen(*SHIFT))
            self.tell(request, affected)
        else:
            fresh = actions.add_shift(by=by, **form.chosen(*SHIFT))
        become(obj, fresh)

    def end_row(self, request: HttpRequest, row: Shift) -> None:
        self.tell(request, actions.end_shift(row, by=viewer_of(request))[1])


@admin.register(TimeOff)
class TimeOffAdmin(EndingAdmin):
    fixed = ("doctor",)
    clinic_lookup = "doctor__clinics"
    list_display = ["doctor", "from_", "until", "why", "is_active"]
    list_filter = [("doctor__clinics", OwnClinicsFilter), ("doctor", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["doctor"]
    search_fields = ["doctor__name"]
    date_hierarchy = "start"
    autocomplete_fields = ["doctor"]
    fieldsets = [
        (
            None,
            {
                "fields": TIME_OFF,
                "description": _("In the time of the doctor's clinic. Appointments that were booked before stay: move them."),
            },
        )
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TimeOff]:
        own = Prefetch("doctor__clinics", queryset=viewer_of(request).visible_clinics(), to_attr="own_clinics")
        rows: QuerySet[TimeOff] = super().get_queryset(request).prefetch_related(own)
        ours = Q(created_by=None) | Q(created_by__in=viewer_of(request).colleagues().values("pk"))
        return rows.annotate(is_ours=Case(When(ours, then=True), default=False))

    def _is_of_others(self, request: HttpRequest, obj: TimeOff | None) -> bool:
        """Somebody of other clinics has entered it: why is theirs to know, and the row theirs to change."""
        return obj is not None and not obj.was_entered_by(viewer_of(request).colleague_ids())

    def get_fieldsets(self, request: HttpRequest, obj: TimeOff | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if not self._is_of_others(request, obj):
            return fieldsets
        (title, options), *others = fieldsets
        return [(title, {**options, "fields": [name for name in options["fields"] if name != "reason"]}), *others]

    def has_change_permission(self, request: HttpRequest, obj: TimeOff | None = None) -> bool:
        return super().has_change_permission(request, obj) and not self._is_of_others(request, obj)

    @admin.display(description=_("reason"), ordering="reason")
    def why(self, obj: TimeOff) -> str:
        return obj.reason if obj.is_ours else NOTHING  # type: ignore[attr-defined]

    def save_model(self, request: HttpRequest, obj: TimeOff, form: Any, change: bool) -> None:
        by = viewer_of(request)
        if change:
            fresh, affected = actions.change_time_off(obj, by=by, version=form.seen_version, **form.chosen(*TIME_OFF))
        else:
            fresh, affected = actions.add_time_off(by=by, **form.chosen(*TIME_OFF))
        self.tell(request, affected)
        become(obj, fresh)

    def end_row(self, request: HttpRequest, row: TimeOff) -> None:
        actions.cancel_time_off(row, by=viewer_of(request))

    # A doctor's time is that of the first of their clinics.
    def clinic_of(self, obj: TimeOff) -> Clinic | None:
        clinic: Clinic | None = next(iter(obj.doctor.own_clinics), None)  # type: ignore[attr-defined]
        return clinic

    def zone_for(self, request: HttpRequest, object_id: str | None = None) -> zoneinfo.ZoneInfo:
        doctor = request.POST.get("doctor", "")
        if object_id is None and doctor.isdecimal() and len(doctor) <= 18:
            clinic = viewer_of(request).visible_clinics().filter(doctors=int(doctor)).first()
            if clinic is not None:
                return clinic.zone
        return super().zone_for(request, object_id)

    def _shown(self, obj: TimeOff, moment: dt.datetime) -> str:
        clinic = self.clinic_of(obj)
        return local_time(moment, clinic) if clinic else f"{moment:%Y-%m-%d %H:%M} UTC"

    @admin.display(description=_("from"), ordering="start")
    def from_(self, obj: TimeOff) -> str:
        return self._shown(obj, obj.start)

    @admin.display(description=_("until"), ordering="end")
    def until(self, obj: TimeOff) -> str:
        return self._shown(obj, obj.end)


@admin.register(ClosingDay)
class ClosingDayAdmin(EndingAdmin):
    fixed = ("clinic",)
    list_display = ["clinic", "first_day", "last_day", "reason", "is_active"]
    list_display_links = ["first_day", "last_day"]
    list_filter = [("clinic", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["clinic"]
    search_fields = ["clinic__name", "reason"]
    date_hierarchy = "first_day"
    autocomplete_fields = ["clinic"]
    fieldsets = [
        (
            None,
            {
                "fields": CLOSING,
                "description": _(
                    "Nobody can be booked on these days; walk-ins stay possible. Appointments that were booked before "
                    "stay: move them."
                ),
            },
        )
    ]

    def save_model(self, request: HttpRequest, obj: ClosingDay, form: Any, change: bool) -> None:
        by = viewer_of(request)
        if change:
            fresh, affected = actions.change_closing_days(obj, by=by, version=form.seen_version, **form.chosen(*CLOSING))
        else:
            fresh, affected = actions.add_closing_days(by=by, **form.chosen(*CLOSING))
        self.tell(request, affected)
        become(obj, fresh)

    def end_row(self, request: HttpRequest, row: ClosingDay) -> None:
        actions.cancel_closing_days(row, by=viewer_of(request))
