"""Shapes of patients on the wire, and what may be sent. Nothing here writes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from clinics.serializers import IdField, VersionSerializer
from patients.models import Patient


class PatientSerializer(serializers.ModelSerializer[Patient]):
    """A patient's file; also what a POST or PATCH may send."""

    version = serializers.IntegerField(required=False)

    class Meta:
        model = Patient
        fields = [
            "id",
            "version",
            "record_number",
            "full_name",
            "phone",
            "birth_date",
            "sex",
            "email",
            "address",
            "notes",
            "created_at",
        ]

    def validate_birth_date(self, value: dt.date | None) -> dt.date | None:
        # Today is where it has begun already: at most 14 hours ahead of UTC.
        if value is not None and not dt.date(1900, 1, 1) <= value <= (timezone.now() + dt.timedelta(hours=14)).date():
            raise serializers.ValidationError("Write a date of birth between 1900 and today.")
        return value


class CandidateSerializer(serializers.Serializer[Any]):
    """Somebody who may be the same person, and why."""

    why = serializers.CharField()

    def to_representation(self, candidate: Any) -> dict[str, Any]:
        return {**PatientSerializer(candidate.patient).data, "why": candidate.why}


class PatientField(IdField):
    """A patient; the id of a merged file stands for the survivor."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"queryset": Patient.objects.select_related("merged_into"), **kwargs})

    def to_internal_value(self, data: Any) -> Patient:
        patient: Patient = super().to_internal_value(data)
        return patient.merged_into or patient


class MergeSerializer(VersionSerializer):
    duplicate = IdField(queryset=Patient.objects.all())
