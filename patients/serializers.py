"""Shapes of patients on the wire, and what may be sent. Nothing here writes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from clinics.serializers import IdField, NamedSerializer, NameField, NamesAreText, VersionSerializer
from patients import births
from patients.folding import fold_name
from patients.models import FileAccess, Patient, PatientMerge


class PatientSerializer(NamesAreText, serializers.ModelSerializer[Patient]):
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
            "erased_at",
        ]
        read_only_fields = ["record_number", "created_at", "erased_at"]

    def validate_birth_date(self, value: dt.date | None) -> dt.date | None:
        return _require_birth_date(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # Whoever sends a file back as it came isn't refused; whoever means to change these would believe that it was done.
        for name, held in (("record_number", "record_number"), ("merged_into", "merged_into_id")):
            sent = self.initial_data.get(name) if self.instance is not None else None
            if sent is not None and str(sent) != str(getattr(self.instance, held)):
                raise serializers.ValidationError({name: _CANNOT_BE_CHANGED[name]})
        return attrs


_CANNOT_BE_CHANGED = {
    "record_number": _("A record number never changes."),
    "merged_into": _("Files are merged by POST …/merge/ of the one that stays."),
}


def _require_birth_date(value: dt.date | None) -> dt.date | None:
    if value is not None and not births.is_possible(value):
        raise serializers.ValidationError(births.SENTENCE)
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


class UnmergeSerializer(VersionSerializer):
    duplicate = IdField(queryset=Patient.objects.all(), help_text="The file that was merged into this one.")


class EraseSerializer(VersionSerializer):
    reason = serializers.CharField(max_length=200, help_text="Why, without naming the person: it stays.")


class LookalikesSerializer(serializers.Serializer[Any]):
    """The person who is about to be registered, or as whom a file is about to be saved."""

    full_name = NameField(max_length=200)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")
    birth_date = serializers.DateField(required=False, allow_null=True, default=None)
    patient = IdField(
        queryset=Patient.objects.all(),
        required=False,
        allow_null=True,
        default=None,
        help_text="The file that is being edited; it doesn't look like itself.",
    )

    def validate_full_name(self, value: str) -> str:
        if not fold_name(value):
            raise serializers.ValidationError(_("Write the patient's name."))
        return value

    def validate_birth_date(self, value: dt.date | None) -> dt.date | None:
        return _require_birth_date(value)


class LookalikeSerializer(serializers.Serializer[Any]):
    """A file that may be the same person's, and why."""

    patient = PatientSerializer()
    why = serializers.CharField()


class LookalikesAnswerSerializer(serializers.Serializer[Any]):
    candidates = LookalikeSerializer(many=True)


class UserSerializer(serializers.Serializer[Any]):
    """``{id, username, name}`` of a member of staff."""

    id = serializers.IntegerField(source="pk")
    username = serializers.CharField()
    name = serializers.CharField(source="get_full_name")


class AccessSerializer(serializers.ModelSerializer[FileAccess]):
    """One reading of a file: who, how and when, and of which of the person's files."""

    user = UserSerializer()
    record_number = serializers.CharField(source="patient.record_number")

    class Meta:
        model = FileAccess
        fields = ["id", "patient_id", "record_number", "user", "how", "at"]
        read_only_fields = fields


class FileSerializer(NamedSerializer):
    """``{id, name, record_number}``"""

    record_number = serializers.CharField()


class MergeRecordSerializer(serializers.ModelSerializer[PatientMerge]):
    """A merge, and whether it was taken back."""

    survivor = FileSerializer()
    duplicate = FileSerializer()
    by = serializers.CharField(source="by.get_username", default=None)
    unmerged_by = serializers.CharField(source="unmerged_by.get_username", default=None)

    class Meta:
        model = PatientMerge
        fields = ["id", "survivor", "duplicate", "by", "at", "unmerged_by", "unmerged_at"]
        read_only_fields = fields


class PastVersionSerializer(serializers.ModelSerializer[Any]):
    """A file as it was: since when, and who made it so."""

    since = serializers.DateTimeField(source="history_date")
    by = serializers.CharField(source="history_user.get_username", default=None)

    class Meta:
        model = Patient.history.model
        fields = [
            *("id", "version", "record_number", "full_name", "phone", "birth_date", "sex", "email", "address", "notes"),
            *("since", "by"),
        ]
        read_only_fields = fields
