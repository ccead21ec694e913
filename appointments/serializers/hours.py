"""Shapes of shifts, time off, closing days and slots."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from appointments.models import ClosingDay, Shift, TimeOff
from appointments.serializers.bookings import AffectedSerializer
from appointments.serializers.fields import AwareDateTimeField, BreaksField, ClockTimeField, NearDateField, require_near
from clinics.models import User
from clinics.permissions import ADMIN
from clinics.serializers import DoctorSerializer, NamedSerializer, OwnClinicField, OwnDoctorField, OwnServiceField


class SlotsQuerySerializer(serializers.Serializer[Any]):
    """The query of a day's slots."""

    clinic = OwnClinicField()
    service = OwnServiceField()
    date = serializers.DateField()

    def validate_date(self, value: dt.date) -> dt.date:
        return require_near(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["service"].clinic_id != attrs["clinic"].pk:
            raise serializers.ValidationError({"service": _("This clinic doesn't offer this service.")})
        return attrs


class SlotSerializer(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    available = serializers.BooleanField()


class DaysQuerySerializer(serializers.Serializer[Any]):
    """The query of a calendar's days."""

    MOST = 42

    date_after = NearDateField(help_text="The first day.")
    date_before = NearDateField(help_text="The last day.")
    doctor = OwnDoctorField(required=False, help_text="Of this doctor alone.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not 0 <= (attrs["date_before"] - attrs["date_after"]).days < self.MOST:
            raise serializers.ValidationError(
                {"date_before": _("Ask for one to {days} days, the first one first.").format(days=self.MOST)}
            )
        return attrs


class SpanSerializer(serializers.Serializer[Any]):
    """A time, half open."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shape: dict[str, Any] = super().to_representation({"start": instance[0], "end": instance[1]})
        return shape


class DoctorHoursSerializer(serializers.Serializer[Any]):
    """A doctor's day; ``working`` is without the breaks, ``elsewhere`` when they are booked, but not here on this day."""

    doctor = NamedSerializer()
    working = SpanSerializer(many=True)
    breaks = SpanSerializer(many=True)
    away = SpanSerializer(many=True)
    elsewhere = SpanSerializer(many=True)


class DaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    closed = serializers.CharField(allow_null=True, help_text="Why the clinic is closed; null if it isn't.")
    doctors = DoctorHoursSerializer(many=True)


class DaysSerializer(serializers.Serializer[Any]):
    """The hours of a clinic's doctors by day, and the last day that can be booked."""

    today = serializers.DateField()
    last_day = serializers.DateField()
    days = DaySerializer(many=True)


class ShiftSerializer(serializers.ModelSerializer[Shift]):
    """Hours of a weekday with their breaks; 00:00 as the end is midnight at the end of the day."""

    version = serializers.IntegerField(required=False)
    clinic = OwnClinicField()
    doctor = OwnDoctorField()
    start_time = ClockTimeField()
    end_time = ClockTimeField()
    breaks = BreaksField(required=False, label=gettext_lazy("Breaks"))

    class Meta:
        model = Shift
        fields = [
            "id",
            "version",
            "doctor",
            "clinic",
            "weekday",
            "start_time",
            "end_time",
            "breaks",
            "valid_from",
            "valid_until",
        ]


class TimeOffSerializer(serializers.ModelSerializer[TimeOff]):
    """A time in which a doctor can't be booked anywhere."""

    version = serializers.IntegerField(required=False)
    doctor = OwnDoctorField()
    start = AwareDateTimeField()
    end = AwareDateTimeField()

    class Meta:
        model = TimeOff
        fields = ["id", "version", "doctor", "start", "end", "reason"]

    def to_representation(self, instance: TimeOff) -> dict[str, Any]:
        shape: dict[str, Any] = super().to_representation(instance)
        return shape if may_read_reason(instance, self.context["request"].user) else {**shape, "reason": ""}


def may_read_reason(away: TimeOff, user: User) -> bool:
    """Why somebody is away may be private: it is for the admins who work with whoever wrote it down."""
    return user.effective_role == ADMIN and away.was_entered_by(user.colleague_ids())


class ClosingDaySerializer(serializers.ModelSerializer[ClosingDay]):
    """Days, the clinic's own, on which nobody can be booked there; one day without ``last_day``."""

    version = serializers.IntegerField(required=False)
    clinic = OwnClinicField()
    first_day = NearDateField()
    last_day = NearDateField(required=False)

    class Meta:
        model = ClosingDay
        fields = ["id", "version", "clinic", "first_day", "last_day", "reason"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None and "clinic" in attrs and attrs["clinic"] != self.instance.clinic:
            raise serializers.ValidationError({"clinic": _("Closing days stay with their clinic. Make new ones there.")})
        if self.instance is None:
            attrs.setdefault("last_day", attrs["first_day"])
        return attrs


# --- What a change of hours answers: the row, and the booked appointments that now lie where nobody can be booked --------


class ShiftWithAffectedSerializer(ShiftSerializer):
    affected_appointments = AffectedSerializer(many=True, read_only=True)

    class Meta(ShiftSerializer.Meta):
        fields = [*ShiftSerializer.Meta.fields, "affected_appointments"]


class TimeOffWithAffectedSerializer(TimeOffSerializer):
    affected_appointments = AffectedSerializer(many=True, read_only=True)

    affected_elsewhere = serializers.IntegerField(
        read_only=True, help_text="How many more are affected at clinics that aren't the caller's; admins there move them."
    )

    class Meta(TimeOffSerializer.Meta):
        fields = [*TimeOffSerializer.Meta.fields, "affected_appointments", "affected_elsewhere"]


class ClosingDayWithAffectedSerializer(ClosingDaySerializer):
    affected_appointments = AffectedSerializer(many=True, read_only=True)

    class Meta(ClosingDaySerializer.Meta):
        fields = [*ClosingDaySerializer.Meta.fields, "affected_appointments"]


class DoctorWithAffectedSerializer(DoctorSerializer):
    affected_appointments = AffectedSerializer(many=True, read_only=True)

    class Meta(DoctorSerializer.Meta):
        fields = [*DoctorSerializer.Meta.fields, "affected_appointments"]
