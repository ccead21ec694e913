"""Clinics, doctors, services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from clinics.admin.base import HistoryAdmin, viewer_of
from clinics.admin.forms import ClinicsForm
from clinics.models import Clinic, Doctor, Service

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Filter = admin.RelatedFieldListFilter
else:
    _ModelAdmin = object
    _Filter = admin.RelatedFieldListFilter


class OwnClinicsFilter(_Filter):
    """The clinics to filter by: the viewer's, even if a row belongs to others as well."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        own = viewer_of(request).clinic_ids()
        return field.get_choices(include_blank=False, limit_choices_to={"pk__in": own})


class SharedAdmin(_ModelAdmin):
    """For what may belong to several clinics (``clinics``): whoever runs only some of them decides on these alone.

    All else is then read-only, since it would count at the other clinics too: with a new password for a colleague who also
    works elsewhere, one could look in there.
    """

    def is_shared(self, request: HttpRequest, obj: Any) -> bool:
        """Does it also belong to clinics that aren't the viewer's?"""
        viewer = viewer_of(request)
        return not viewer.is_superuser and obj.clinics.exclude(pk__in=viewer.clinic_ids()).exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        own = Clinic.objects.filter(pk__in=viewer_of(request).clinic_ids())
        return super().get_queryset(request).prefetch_related(Prefetch("clinics", queryset=own, to_attr="own_clinics"))

    @admin.display(description=_("clinics"))
    def clinics_shown(self, obj: Any) -> str:
        return ", ".join(clinic.name for clinic in obj.own_clinics)

    def clinic_of(self, obj: Any) -> Clinic | None:
        return next(iter(obj.own_clinics), None)


@admin.register(Clinic)
class ClinicAdmin(HistoryAdmin):
    clinic_lookup = "pk"
    list_display = ["name", "code", "timezone", "currency", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "code"]
    fieldsets = [
        (None, {"fields": ["name", "code", "timezone", "currency", "is_active"]}),
        (
            _("Order of the queue"),
            {"fields": ["late_after_minutes", "walk_in_offset_minutes", "call_limit", "wait_alarm_minutes"]},
        ),
        (_("Days"), {"fields": ["booking_horizon_days", "day_ends_at"]}),
    ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request) and viewer_of(request).is_superuser

    def clinic_of(self, obj: Clinic) -> Clinic:
        return obj


@admin.register(Doctor)
class DoctorAdmin(SharedAdmin, HistoryAdmin):
    form = ClinicsForm
    clinic_lookup = "clinics"
    list_display = ["name", "speciality", "clinics_shown", "user", "is_active"]
    list_filter = [("clinics", OwnClinicsFilter), "is_active"]
    list_select_related = ["user"]
    search_fields = ["name", "speciality", "user__username"]
    autocomplete_fields = ["user"]
    fieldsets = [(None, {"fields": ["name", "speciality", "clinics", "user", "is_active"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Doctor | None = None) -> Any:
        if obj is not None and self.is_shared(request, obj):
            return ["name", "speciality", "user", "is_active"]
        return super().get_readonly_fields(request, obj)


@admin.register(Service)
class ServiceAdmin(HistoryAdmin):
    list_display = ["name", "clinic", "duration_minutes", "price", "is_active"]
    list_filter = [("clinic", admin.RelatedOnlyFieldListFilter), "is_active"]
    list_select_related = ["clinic"]
    search_fields = ["name", "clinic__name"]
    autocomplete_fields = ["clinic"]
    fieldsets = [(None, {"fields": ["clinic", "name", "duration_minutes", "price", "doctor_share_percent", "is_active"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Service | None = None) -> Any:
        # Appointments and visits of the clinic refer to it.
        return [*super().get_readonly_fields(request, obj), *(["clinic"] if obj is not None else [])]
