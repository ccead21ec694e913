"""Shapes of appointments on the wire, and what may be sent. Nothing here writes."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from appointments.models import Appointment, Shift, TimeOff
from appointments.transitions import FHIR_STATUS
from clinics.serializers import NamedSerializer, OwnClinicField, OwnDoctorField, OwnServiceField, VersionSerializer
from patients.serializers import PatientField

Day = TypeVar("Day", bound=dt.date)


def _require_near(day: Day) -> Day:
    # Beyond, sums with days and time zones leave the calendar.
    if not 1900 <= day.year <= 2900:
        raise serializers.ValidationError("Write a year between 1900 and 2900.")
    return day


class AwareDateTimeField(serializers.DateTimeField):
    """A moment with its offset: without one, nobody can tell which clinic's clock is meant."""

    def __init__(self, **kwargs: Any) -> None:
        # A browser's own date-time field can't say an offset.
        kwargs.setdefault("style", {"input_type": "text", "placeholder": "2026-11-23T09:30:00+01:00"})
        super().__init__(**kwargs)

    def to_internal_value(self, value: Any) -> dt.datetime:
        if isinstance(value, str):
            try:
                parsed = parse_datetime(value)
            except ValueError as error:
                raise serializers.ValidationError("There is no such day or time. Write one that the calendar has.") from error
            if parsed is not None and parsed.tzinfo is None:
                raise serializers.ValidationError("Write the offset too, as in 2026-11-23T09:30:00+01:00 or …Z.")
        moment: dt.datetime = super().to_internal_value(value)
        return _require_near(moment)


class AppointmentSerializer(serializers.ModelSerializer[Appointment]):
    """What every screen of the clinic may see: contract/realtime.md, section 6. No notes, no medical text."""

    clinic_id = serializers.IntegerField(read_only=True)
    fhir_status = serializers.SerializerMethodField()
    doctor = NamedSerializer()
    patient = NamedSerializer()
    service = NamedSerializer()
    visit_id = serializers.IntegerField(source="visit.pk", default=None)

    class Meta:
        model = Appointment
        fields = [
            "id",
            "version",
            "status",
            "fhir_status",
            "start",
            "end",
            "date",
            "clinic_id",
            "doctor",
            "patient",
            "service",
            "visit_id",
            "booking_source",
        ]
        read_only_fields = fields

    def get_fhir_status(self, appointment: Appointment) -> str:
        """The word as FHIR spells it."""
        return FHIR_STATUS[appointment.status]


class AppointmentDetailSerializer(AppointmentSerializer):
    """An appointment for those who may read it in full."""

    class Meta(AppointmentSerializer.Meta):
        fields = [*AppointmentSerializer.Meta.fields, "notes", "cancel_reason", "created_at"]
        read_only_fields = fields


class BookSerializer(serializers.ModelSerializer[Appointment]):
    """What booking needs; the end comes from the service."""

    clinic = OwnClinicField()
    doctor = OwnDoctorField()
    patient = PatientField()
    service = OwnServiceField()
    start = AwareDateTimeField()

    class Meta:
        model = Appointment
        fields = ["clinic", "doctor", "patient", "service", "start", "booking_source", "notes"]


class ChangeSerializer(serializers.ModelSerializer[Appointment]):
    """What of an appointment may be changed."""

    doctor = OwnDoctorField(required=False)
    service = OwnServiceField(required=False)
    start = AwareDateTimeField(required=False)
    version = serializers.IntegerField(required=False)

    class Meta:
        model = Appointment
        fields = ["doctor", "service", "start", "booking_source", "notes", "version"]
        extra_kwargs = {"booking_source": {"required": False}, "notes": {"required": False}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fixed = {"clinic", "patient"} & set(self.initial_data)
        if fixed:
            raise serializers.ValidationError(dict.fromkeys(sorted(fixed), "This can't be changed; cancel and book anew."))
        return attrs


class CancelSerializer(VersionSerializer):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class SlotsQuerySerializer(serializers.Serializer[Any]):
    """The query of a day's slots."""

    clinic = OwnClinicField()
    service = OwnServiceField()
    date = serializers.DateField()

    def validate_date(self, value: dt.date) -> dt.date:
        return _require_near(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["service"].clinic_id != attrs["clinic"].pk:
            raise serializers.ValidationError({"service": "This clinic doesn't offer this service."})
        return attrs


class SlotSerializer(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    available = serializers.BooleanField()


class ClockTimeField(serializers.TimeField):
    """A time of the clinic's clock; Python would read "1000" as ten o'clock and cut a number of twenty digits short."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%H:%M", "%H:%M:%S", "%H:%M:%S.%f"], **kwargs)


class ShiftSerializer(serializers.ModelSerializer[Shift]):
    clinic = OwnClinicField()
    doctor = OwnDoctorField()
    start_time = ClockTimeField()
    end_time = ClockTimeField()

    class Meta:
        model = Shift
        fields = ["id", "doctor", "clinic", "weekday", "start_time", "end_time", "valid_from", "valid_until"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {
            name: attrs.get(name, getattr(self.instance, name, None)) for name in self.Meta.fields if name != "id"
        }
        if merged["end_time"] <= merged["start_time"]:
            raise serializers.ValidationError({"end_time": "A shift must end after it starts."})
        if merged["valid_from"] and merged["valid_until"] and merged["valid_until"] < merged["valid_from"]:
            raise serializers.ValidationError({"valid_until": "This is before the shift becomes valid."})
        if not merged["doctor"].clinics.filter(pk=merged["clinic"].pk).exists():
            raise serializers.ValidationError({"doctor": "This doctor doesn't work at this clinic."})
        return attrs


class TimeOffSerializer(serializers.ModelSerializer[TimeOff]):
    doctor = OwnDoctorField()
    start = AwareDateTimeField()
    end = AwareDateTimeField()

    class Meta:
        model = TimeOff
        fields = ["id", "doctor", "start", "end", "reason"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = (attrs.get(name, getattr(self.instance, name, None)) for name in ("start", "end"))
        if start is not None and end is not None and end <= start:
            raise serializers.ValidationError({"end": "Time off must end after it starts."})
        return attrs
