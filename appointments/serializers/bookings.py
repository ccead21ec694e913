"""Shapes of appointments, and what may be sent to book, change and cancel them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _
from rest_framework import serializers

from appointments.models import Appointment, Reschedule
from appointments.serializers.fields import AwareDateTimeField
from appointments.transitions import FHIR_STATUS
from clinics.serializers import NamedSerializer, OwnClinicField, OwnDoctorField, OwnServiceField, VersionSerializer
from patients.serializers import PatientField


def moves() -> Prefetch:
    """What the detail of an appointment shows of its moves; a list reads them all at once."""
    return Prefetch("reschedules", Reschedule.objects.select_related("from_doctor", "to_doctor", "by"))


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


class RescheduleSerializer(serializers.ModelSerializer[Reschedule]):
    """What an appointment was before it was moved."""

    from_doctor = NamedSerializer()
    to_doctor = NamedSerializer()
    by = serializers.CharField(source="by.get_username", default=None)

    class Meta:
        model = Reschedule
        fields = ["from_start", "from_end", "from_doctor", "to_start", "to_doctor", "reason", "by", "at"]
        read_only_fields = fields


class AppointmentDetailSerializer(AppointmentSerializer):
    """An appointment for those who may read it in full."""

    series_id = serializers.IntegerField(read_only=True, allow_null=True)
    original_start = serializers.SerializerMethodField(help_text="When it was booked for at first.")
    rescheduled = RescheduleSerializer(source="reschedules", many=True, read_only=True)

    class Meta(AppointmentSerializer.Meta):
        fields = [
            *AppointmentSerializer.Meta.fields,
            *("notes", "cancel_reason", "created_at", "series_id", "overbooked", "overbook_reason"),
            *("original_start", "rescheduled"),
        ]
        read_only_fields = fields

    def to_representation(self, instance: Appointment) -> dict[str, Any]:
        prefetch_related_objects([instance], moves())
        shape: dict[str, Any] = super().to_representation(instance)
        return shape

    def get_original_start(self, appointment: Appointment) -> dt.datetime:
        moves = list(appointment.reschedules.all())
        moment = moves[0].from_start if moves else appointment.start
        shown: dt.datetime = self.fields["start"].to_representation(moment)
        return shown


class AffectedSerializer(serializers.ModelSerializer[Appointment]):
    """A booked appointment that lies where nobody can be booked any more."""

    clinic_id = serializers.IntegerField(read_only=True)
    doctor = NamedSerializer()
    patient = NamedSerializer()

    class Meta:
        model = Appointment
        fields = ["id", "version", "start", "end", "clinic_id", "doctor", "patient"]
        read_only_fields = fields


class _Overbooking(serializers.ModelSerializer[Appointment]):
    """Booking a doctor twice is asked for, and explained, in so many words."""

    overbook = serializers.BooleanField(default=False, write_only=True)
    overbook_reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="", write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs.get("overbook_reason") and not attrs.get("overbook"):
            raise serializers.ValidationError({"overbook": _("Send overbook: true too, or leave the reason out.")})
        if attrs.get("overbook") and not attrs.get("overbook_reason"):
            raise serializers.ValidationError({"overbook_reason": _("Write why the doctor is overbooked.")})
        return attrs


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


class BookOneSerializer(_Overbooking, BookSerializer):
    """What a booking needs, and what overbooking does."""

    class Meta(BookSerializer.Meta):
        fields = [*BookSerializer.Meta.fields, "overbook", "overbook_reason"]


class ChangeSerializer(_Overbooking):
    """What of an appointment may be changed; ``reason`` says why it is moved."""

    doctor = OwnDoctorField(required=False)
    service = OwnServiceField(required=False)
    start = AwareDateTimeField(required=False)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)
    version = serializers.IntegerField(required=False)

    class Meta:
        model = Appointment
        fields = [
            *("doctor", "service", "start", "booking_source", "notes"),
            *("reason", "overbook", "overbook_reason", "version"),
        ]
        extra_kwargs = {"booking_source": {"required": False}, "notes": {"required": False}}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        fixed = {"clinic", "patient"} & set(self.initial_data)
        if fixed:
            raise serializers.ValidationError(dict.fromkeys(sorted(fixed), _("This can't be changed; cancel and book anew.")))
        self._refuse_what_follows()
        if attrs.get("reason") and not set(attrs) - {"reason", "version"}:
            raise serializers.ValidationError(
                {"reason": _("This says why something is changed. Send what is to be changed too.")}
            )
        return super().validate(attrs)

    def _refuse_what_follows(self) -> None:
        """What an appointment shows, but nobody may set: sent back as it was shown it is nothing new."""
        assert self.instance is not None
        shown = AppointmentDetailSerializer(self.instance, context=self.context).data
        sent = {name: self.initial_data[name] for name in shown if name in self.initial_data and name not in self.fields}
        if {"start", "service"} & set(self.initial_data):
            sent = {name: value for name, value in sent.items() if name not in ("end", "date")}  # they follow
        other = [name for name, value in sent.items() if value != shown[name] and str(value) != str(shown[name])]
        if other:
            raise serializers.ValidationError(
                dict.fromkeys(other, _("This can't be changed here; it follows from what is done with the appointment."))
            )


class CancelSerializer(VersionSerializer):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class CancelledSerializer(serializers.Serializer[Any]):
    """The appointments that were cancelled together."""

    cancelled = serializers.ListField(child=serializers.IntegerField())
