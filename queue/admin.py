"""Visits with their steps, and closed days. What happens to a visit goes through queue.actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clinics.admin import (
    NOTHING,
    CancelAdmin,
    DayFilter,
    ReadOnlyAdmin,
    ReadOnlyInline,
    become,
    local_day,
    local_time,
    viewer_of,
)
from clinics.models import Clinic, User
from patients.admin import FoldedSearch
from queue import actions
from queue.models import DayClose, Visit, VisitStep
from queue.transitions import REARRANGEABLE

WALK_IN = ["clinic", "doctor", "patient", "service", "priority"]
REARRANGING = ["doctor", "priority", "priority_reason"]
STATE = [
    "status",
    "visit_type",
    "appointment",
    "date",
    "ticket_text",
    "rank_basis",
    "call_count",
    "checked_in_at",
    "called_at",
    "started_at",
    "completed_at",
    "paid",
    "created_by",
]

# name → (what the menu says, what is reported, the action)
VERBS: dict[str, tuple[Any, Any, Callable[..., Visit]]] = {
    "call": (_("Call"), pgettext_lazy("done", "called"), actions.call),
    "start": (_("Start"), pgettext_lazy("done", "started"), actions.start),
    "complete": (_("Complete"), pgettext_lazy("done", "completed"), actions.complete),
    "skip": (_("Skip"), pgettext_lazy("done", "skipped"), actions.skip),
    "put_back": (_("Return to waiting"), pgettext_lazy("done", "put back to waiting"), actions.put_back),
    "leave": (_("Mark as left"), pgettext_lazy("done", "marked as left"), actions.leave),
    "undo": (_("Undo the last step"), pgettext_lazy("done", "taken one step back"), actions.undo),
}


# As payments.models.Payment.Status has it, which can't be imported here.
PAID = {
    "pending": _("pending"),
    "partially_paid": _("partially paid"),
    "paid": _("paid"),
    "refunded": _("refunded"),
    "void": _("void"),
}


class StepInline(ReadOnlyInline):
    model = VisitStep
    fk_name = "visit"
    fields = readonly_fields = ("at", "action", "from_status", "to_status", "by", "reason", "details")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VisitStep]:
        return super().get_queryset(request).select_related("by")


def _menu_action(name: str) -> Callable[..., None]:
    label, done, verb = VERBS[name]

    @admin.action(description=label, permissions=["change"])
    def run(page: VisitAdmin, request: HttpRequest, queryset: QuerySet[Visit]) -> None:
        page.run(request, queryset, lambda visit: verb(visit, by=viewer_of(request)), done)

    run.__name__ = name
    return run


@admin.register(Visit)
class VisitAdmin(FoldedSearch, CancelAdmin):
    list_display = ["day", "ticket_shown", "status", "who", "doctor", "clinic", "priority", "arrived", "paid"]
    list_display_links = ["day", "ticket_shown"]
    list_filter = [
        DayFilter,
        "status",
        ("clinic", admin.RelatedOnlyFieldListFilter),
        ("doctor", admin.RelatedOnlyFieldListFilter),
        "priority",
        "visit_type",
    ]
    list_select_related = ["clinic", "doctor", "patient"]
    # The newest tickets first, and after them who is only booked.
    ordering = ["-date", F("queue_number").desc(nulls_last=True), "-pk"]
    search_fields = ["ticket_text", "patient__name_key", "patient__record_number", "patient__phone_key", "doctor__name"]
    date_hierarchy = "date"
    autocomplete_fields = ["clinic", "doctor", "patient", "service"]
    inlines = [StepInline]
    actions = [*(_menu_action(name) for name in VERBS), "cancel"]

    def get_fieldsets(self, request: HttpRequest, obj: Visit | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": WALK_IN, "description": _("A walk-in: queues from now on, with the next ticket.")})]
        seen = ["seen"] if self.has_change_permission(request, obj) else []
        return [
            (None, {"fields": ["clinic", "patient", "service", *REARRANGING, *seen]}),
            (_("State"), {"fields": STATE, "description": _("Changed by the actions of the list of visits.")}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Visit | None = None) -> Any:
        return [] if obj is None else ["clinic", "patient", "service", *STATE]

    def get_inlines(self, request: HttpRequest, obj: Visit | None) -> Any:
        return [] if obj is None else self.inlines

    def has_change_permission(self, request: HttpRequest, obj: Visit | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.status in REARRANGEABLE["priority"])

    def save_model(self, request: HttpRequest, obj: Visit, form: Any, change: bool) -> None:
        by = viewer_of(request)
        if not change:
            become(obj, actions.walk_in(by=by, **form.chosen(*WALK_IN)))
            return
        version: int | None = form.seen_version
        if "doctor" in form.changed_data:
            version = actions.transfer(obj, by=by, doctor=form.cleaned_data["doctor"], version=version).version
        if {"priority", "priority_reason"} & set(form.changed_data):
            priority, reason = form.cleaned_data["priority"], form.cleaned_data["priority_reason"]
            actions.set_priority(obj, by=by, priority=priority, reason=reason, version=version)
        obj.refresh_from_db()

    @admin.display(description=_("day"), ordering="date")
    def day(self, obj: Visit) -> str:
        return local_day(obj.date)

    @admin.display(description=_("patient"), ordering="patient__full_name")
    def who(self, obj: Visit) -> str:
        return obj.patient.full_name

    @admin.display(description=_("ticket"), ordering="queue_number")
    def ticket_shown(self, obj: Visit) -> str:
        return obj.ticket or NOTHING

    @admin.display(description=_("arrived"), ordering="checked_in_at")
    def arrived(self, obj: Visit) -> str:
        return f"{obj.checked_in_at.astimezone(obj.clinic.zone):%H:%M}" if obj.checked_in_at else NOTHING

    @admin.display(description=_("payment"), ordering="payment_status")
    def paid(self, obj: Visit) -> str:
        return str(PAID.get(obj.payment_status, obj.payment_status))

    def cancel_row(self, row: Visit, *, by: User, reason: str) -> Visit:
        return actions.cancel(row, by=by, reason=reason)


@admin.register(VisitStep)
class VisitStepAdmin(FoldedSearch, ReadOnlyAdmin):
    """All that was done with visits, by whom and when."""

    clinic_lookup = "visit__clinic"
    list_display = ["at", "by", "action", "visit", "from_status", "to_status", "reason"]
    list_filter = [
        "at",
        "action",
        ("visit__clinic", admin.RelatedOnlyFieldListFilter),
        ("by", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["visit__patient", "by"]
    search_fields = ["visit__patient__name_key", "visit__patient__record_number", "visit__ticket_text"]
    date_hierarchy = "at"
    fields = ("at", "by", "action", "visit", "from_status", "to_status", "reason", "details", "undoes")
    ordering = ["-pk"]

    def clinic_of(self, obj: VisitStep) -> Clinic:
        return obj.visit.clinic


@admin.register(DayClose)
class DayCloseAdmin(ReadOnlyAdmin):
    list_display = ["day", "number", "clinic", "time", "by"]
    list_display_links = ["day", "number"]
    list_filter = [("clinic", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["clinic", "by"]
    date_hierarchy = "date"
    fields = ("clinic", "date", "number", "at", "by", "figures")
    ordering = ["-date", "clinic", "-number"]
    search_fields = ["clinic__name"]

    @admin.display(description=_("day"), ordering="date")
    def day(self, obj: DayClose) -> str:
        return local_day(obj.date)

    @admin.display(description=_("at"), ordering="at")
    def time(self, obj: DayClose) -> str:
        return local_time(obj.at, obj.clinic)
