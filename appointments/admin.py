"""Working hours, time off, appointments. What happens to an appointment goes through appointments.actions."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from appointments import actions
from appointments.models import Appointment, Shift, TimeOff
from appointments.transitions import CHANGEABLE
from clinics.admin import CancelAdmin, DayFilter, HistoryAdmin, become, local_time, viewer_of
from clinics.models import Clinic, User
from patients.admin import FoldedSearch

NEW = ["clinic", "doctor", "patient", "service", "start", "booking_source", "notes"]
CHANGING = ["doctor", "service", "start", "booking_source", "notes"]


@admin.register(Shift)
class ShiftAdmin(HistoryAdmin):
    list_display = ["doctor", "clinic", "weekday", "start_time", "end_time", "valid_from", "valid_until"]
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
                "fields": ["doctor", "clinic", "weekday", "start_time", "end_time", "valid_from", "valid_until"],
                "description": "In the clinic's own time. To end a shift, write its last day into “valid until”.",
            },
        )
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Shift | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *(["doctor", "clinic"] if obj is not None else [])]


@admin.register(TimeOff)
class TimeOffAdmin(HistoryAdmin):
    clinic_lookup = "doctor__clinics"
    list_display = ["doctor", "from_", "until", "reason"]
    list_filter = [("doctor", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["doctor"]
    search_fields = ["doctor__name", "reason"]
    date_hierarchy = "start"
    autocomplete_fields = ["doctor"]
    fieldsets = [
        (
            None,
            {
                "fields": ["doctor", "start", "end", "reason"],
                "description": "In the time of the doctor's clinic. Appointments that were booked before stay: move them.",
            },
        )
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TimeOff]:
        own = Prefetch("doctor__clinics", queryset=viewer_of(request).visible_clinics(), to_attr="own_clinics")
        return super().get_queryset(request).prefetch_related(own)

    def get_readonly_fields(self, request: HttpRequest, obj: TimeOff | None = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *(["doctor"] if obj is not None else [])]

    def has_delete_permission(self, request: HttpRequest, obj: TimeOff | None = None) -> bool:
        # What has not begun is a plan; that it was given up, by whom and when, stays in the history.
        return obj is not None and obj.start > timezone.now() and self.has_change_permission(request, obj)

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

    @admin.display(description="from", ordering="start")
    def from_(self, obj: TimeOff) -> str:
        return self._shown(obj, obj.start)

    @admin.display(description="until", ordering="end")
    def until(self, obj: TimeOff) -> str:
        return self._shown(obj, obj.end)


@admin.register(Appointment)
class AppointmentAdmin(FoldedSearch, CancelAdmin, HistoryAdmin):
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
            return [(None, {"fields": NEW, "description": "The time is the clinic's own."})]
        seen = ["seen"] if self.has_change_permission(request, obj) else []
        return [
            (None, {"fields": ["clinic", "patient", *CHANGING, *seen], "description": "The time is the clinic's own."}),
            ("State", {"fields": ["status", "end", "cancel_reason", "created_by", "created_at"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Appointment | None = None) -> Any:
        if obj is None:
            return []
        state = ["clinic", "patient", "status", "end", "cancel_reason", "created_by", "created_at"]
        return [*super().get_readonly_fields(request, obj), *state]

    def has_change_permission(self, request: HttpRequest, obj: Appointment | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.status in CHANGEABLE)

    def save_model(self, request: HttpRequest, obj: Appointment, form: Any, change: bool) -> None:
        by = viewer_of(request)
        if change:
            become(obj, actions.change(obj, by=by, version=form.seen_version, **form.chosen(*CHANGING)))
        else:
            become(obj, actions.book(by=by, **form.chosen(*NEW)))

    @admin.display(description="when", ordering="start")
    def when(self, obj: Appointment) -> str:
        return local_time(obj.start, obj.clinic)

    @admin.display(description="patient", ordering="patient__full_name")
    def who(self, obj: Appointment) -> str:
        return obj.patient.full_name

    @admin.action(description="Check in", permissions=["change"])
    def check_in(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        self.run(request, queryset, lambda row: actions.check_in(row, by=viewer_of(request)), "checked in")

    def cancel_row(self, row: Appointment, *, by: User, reason: str) -> Appointment:
        return actions.cancel(row, by=by, reason=reason)

    @admin.action(description="Mark as no-show", permissions=["change"])
    def mark_no_show(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        self.run(request, queryset, lambda row: actions.mark_no_show(row, by=viewer_of(request)), "marked as no-show")
