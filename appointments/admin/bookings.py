"""Appointments: what happens to one goes through appointments.actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from appointments import actions
from appointments.models import Appointment, AppointmentSeries, Reschedule
from appointments.transitions import CHANGEABLE
from clinics.admin import (
    CancelAdmin,
    DayFilter,
    DeskForm,
    HistoryAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    become,
    local_time,
    viewer_of,
)
from clinics.models import Clinic, User
from patients.admin import FoldedSearch

NEW = ["clinic", "doctor", "patient", "service", "start", "booking_source", "notes"]
CHANGING = ["doctor", "service", "start", "booking_source", "notes"]
STATE = ["status", "end", "cancel_reason", "series", "overbooked", "overbook_reason", "created_by", "created_at"]


class AppointmentForm(DeskForm):
    """What is no field of an appointment: why it is moved, and why a doctor is booked twice."""

    moved_because = forms.CharField(required=False, max_length=200, label=_("Moved because"))
    overbook_because = forms.CharField(
        required=False,
        max_length=200,
        label=_("Overbook because"),
        help_text=_("Only to book the doctor although they are taken then."),
    )

    def overbooking(self) -> dict[str, Any]:
        """Whether it is asked for, and why."""
        why = self.cleaned_data.get("overbook_because", "")
        return {"overbook": bool(why), "overbook_reason": why}


class RescheduleInline(ReadOnlyInline):
    model = Reschedule
    verbose_name_plural = _("moved")
    fields = readonly_fields = ("at", "by", "from_start", "from_doctor", "to_start", "to_doctor", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reschedule]:
        return super().get_queryset(request).select_related("by", "from_doctor", "to_doctor")


@admin.register(Appointment)
class AppointmentAdmin(FoldedSearch, CancelAdmin, HistoryAdmin):
    form = AppointmentForm
    list_display = ["when", "status", "who", "doctor", "service", "clinic"]
    list_display_links = ["when", "who"]
    list_filter = [
        DayFilter,
        "status",
        ("clinic", admin.RelatedOnlyFieldListFilter),
        ("doctor", admin.RelatedOnlyFieldListFilter),
        "booking_source",
    ]
    list_select_related = ["clinic", "doctor", "patient", "service"]
    ordering = ["-start", "-pk"]
    search_fields = ["patient__name_key", "patient__record_number", "patient__phone_key", "doctor__name"]
    date_hierarchy = "date"
    autocomplete_fields = ["clinic", "doctor", "patient", "service"]
    actions = ["check_in", "cancel", "mark_no_show"]

    def get_fieldsets(self, request: HttpRequest, obj: Appointment | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": [*NEW, "overbook_because"], "description": _("The time is the clinic's own.")})]
        asked = ["moved_because", "overbook_because", "seen"] if self.has_change_permission(request, obj) else []
        return [
            (None, {"fields": ["clinic", "patient", *CHANGING, *asked], "description": _("The time is the clinic's own.")}),
            (_("State"), {"fields": STATE}),
        ]

    def get_inlines(self, request: HttpRequest, obj: Appointment | None = None) -> Any:
        return [] if obj is None else [RescheduleInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Appointment | None = None) -> Any:
        if obj is None:
            return []
        return [*super().get_readonly_fields(request, obj), "clinic", "patient", *STATE]

    def has_change_permission(self, request: HttpRequest, obj: Appointment | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.status in CHANGEABLE)

    def save_model(self, request: HttpRequest, obj: Appointment, form: Any, change: bool) -> None:
        by = viewer_of(request)
        if change:
            why = {"reason": form.cleaned_data["moved_because"], **form.overbooking()}
            become(obj, actions.change(obj, by=by, version=form.seen_version, **why, **form.chosen(*CHANGING)))
        else:
            become(obj, actions.book(by=by, **form.overbooking(), **form.chosen(*NEW)))

    @admin.display(description=_("when"), ordering="start")
    def when(self, obj: Appointment) -> str:
        return local_time(obj.start, obj.clinic)

    @admin.display(description=_("patient"), ordering="patient__full_name")
    def who(self, obj: Appointment) -> str:
        return obj.patient.full_name

    @admin.action(description=_("Check in"), permissions=["change"])
    def check_in(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        self.run(
            request, queryset, lambda row: actions.check_in(row, by=viewer_of(request)), pgettext_lazy("done", "checked in")
        )

    def cancel_row(self, row: Appointment, *, by: User, reason: str) -> Appointment:
        return actions.cancel(row, by=by, reason=reason)

    @admin.action(description=_("Mark as no-show"), permissions=["change"])
    def mark_no_show(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        self.run(
            request,
            queryset,
            lambda row: actions.mark_no_show(row, by=viewer_of(request)),
            pgettext_lazy("done", "marked as no-show"),
        )


@admin.register(Reschedule)
class RescheduleAdmin(FoldedSearch, ReadOnlyAdmin):
    """Where appointments were moved from."""

    clinic_lookup = "appointment__clinic"
    list_display = ["at", "by", "appointment", "from_start", "from_doctor", "to_start", "to_doctor", "reason"]
    list_filter = ["at", ("appointment__clinic", admin.RelatedOnlyFieldListFilter), ("by", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["appointment__patient", "appointment__clinic", "by", "from_doctor", "to_doctor"]
    search_fields = ["appointment__patient__name_key", "appointment__patient__record_number"]
    date_hierarchy = "at"
    fields = ("at", "by", "appointment", "from_start", "from_doctor", "to_start", "to_doctor", "reason")
    ordering = ["-pk"]

    def clinic_of(self, obj: Reschedule) -> Clinic:
        return obj.appointment.clinic


@admin.register(AppointmentSeries)
class AppointmentSeriesAdmin(ReadOnlyAdmin):
    """Appointments that were booked together."""

    list_display = ["created_at", "created_by", "clinic", "count", "interval_weeks"]
    list_filter = [
        "created_at",
        ("clinic", admin.RelatedOnlyFieldListFilter),
        ("created_by", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["clinic", "created_by"]
    date_hierarchy = "created_at"
    fields = ("created_at", "created_by", "clinic", "count", "interval_weeks")
    ordering = ["-pk"]
