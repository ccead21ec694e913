"""Filters of lists that name a patient."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django_filters.constants import EMPTY_VALUES

from clinics.viewsets import IdFilter
from patients.models import Patient


class PatientFilter(IdFilter):
    """Rows of a patient; the id of a merged file stands for the survivor."""

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value in EMPTY_VALUES:
            return qs
        return qs.filter(patient__in=Patient.objects.filter(Q(pk=value) | Q(merged_from=value)).values("pk"))
