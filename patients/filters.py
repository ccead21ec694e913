"""Filters of lists that name a patient, and of the access log."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from django_filters.constants import EMPTY_VALUES

from clinics.viewsets import IdFilter
from patients.models import FileAccess, Patient


class PatientFilter(IdFilter):
    """Rows of a patient; the id of a merged file stands for the survivor."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value in EMPTY_VALUES:
            return qs
        return qs.filter(**{f"{self.field_name}__in": Patient.objects.filter(Q(pk=value) | Q(merged_from=value)).values("pk")})


class MomentField(forms.DateTimeField):
    """A moment with its offset: without one, nobody can tell whose clock is meant."""

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            # A plus in an address is a space, if nobody has escaped it.
            moment = parse_datetime(str(value).replace(" ", "+") if "T" in str(value) else str(value))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or not 1900 <= moment.year <= 2900:
            raise forms.ValidationError(_("Write a moment with its offset, as in 2026-11-23T09:30:00+01:00 or …Z."))
        return moment


class MomentFilter(filters.Filter):
    field_class = MomentField


class AccessFilter(filters.FilterSet):
    """Who, how, and when."""

    user = IdFilter()
    how = filters.MultipleChoiceFilter(choices=FileAccess.How.choices)
    at_after = MomentFilter(field_name="at", lookup_expr="gte", help_text="From this moment on.")
    at_before = MomentFilter(field_name="at", lookup_expr="lt", help_text="Before this moment.")

    class Meta:
        model = FileAccess
        fields = ["user", "how"]
