"""Shapes of visits on the wire, and what may be sent. Nothing here writes."""

from __future__ import annotations

from typing import Any, TypedDict

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from appointments.serializers.fields import AwareDateTimeField, NearDateField
from clinics.models import Doctor, User
from clinics.permissions import ADMIN
from clinics.serializers import IdField, NamedSerializer, OwnClinicField, OwnDoctorField, OwnServiceField, VersionSerializer
from patients.serializers import PatientField
from queue.actions import FollowUp
from queue.figures import MONEY
from queue.models import DayClose, Presence, Visit, VisitNote, VisitStep
from queue.placing import reason_of
from queue.presence import STATES, WITH_PATIENT, DoctorState


class FollowUpShape(TypedDict):
    """By ids alone: a name in it would grow old when the service's changes."""

    on: str
    service_id: int | None
    appointment_id: int | None


class VisitSerializer(serializers.ModelSerializer[Visit]):
    """What every screen of the clinic may see: contract/realtime.md, section 6."""

    ticket = serializers.CharField(read_only=True, allow_null=True)
    queue_number = serializers.IntegerField(source="shown_number", read_only=True, allow_null=True)
    clinic_id = serializers.IntegerField(read_only=True)
    appointment_id = serializers.IntegerField(read_only=True, allow_null=True)
    call_limit_reached = serializers.BooleanField(read_only=True)
    rank_reason = serializers.SerializerMethodField()
    slot_start = serializers.DateTimeField(
        source="appointment.start", default=None, read_only=True, help_text="When the patient was booked for."
    )
    doctor = NamedSerializer()
    patient = NamedSerializer()
    service = NamedSerializer()
    follow_up = serializers.SerializerMethodField()

    class Meta:
        model = Visit
        fields = [
            "id",
            "version",
            "ticket",
            "queue_number",
            "status",
            "visit_type",
            "priority",
            "rank",
            "rank_basis",
            "rank_reason",
            "slot_start",
            "date",
            "clinic_id",
            "doctor",
            "patient",
            "service",
            "appointment_id",
            "payment_status",
            "call_count",
            "call_limit_reached",
            "checked_in_at",
            "called_at",
            "started_at",
            "completed_at",
            "follow_up",
        ]
        read_only_fields = fields

    def get_rank_reason(self, visit: Visit) -> str | None:
        """Why the visit stands where it does, a sentence for staff."""
        return reason_of(visit)

    def get_follow_up(self, visit: Visit) -> FollowUpShape | None:
        """When the patient should come again, for which service, and the appointment once it is booked."""
        if visit.follow_up_on is None:
            return None
        return {
            "on": visit.follow_up_on.isoformat(),
            "service_id": visit.follow_up_service_id,
            "appointment_id": visit.follow_up_appointment_id,
        }


class WalkInSerializer(serializers.ModelSerializer[Visit]):
    """What a walk-in needs."""

    clinic = OwnClinicField()
    doctor = OwnDoctorField()
    patient = PatientField()
    service = OwnServiceField()

    class Meta:
        model = Visit
        fields = ["clinic", "doctor", "patient", "service", "priority"]


class ReasonSerializer(VersionSerializer):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class FollowUpSerializer(serializers.Serializer[Any]):
    """When to come again: ``weeks`` or ``on``; the visit's own service if none is named."""

    weeks = serializers.IntegerField(min_value=1, max_value=104, required=False)
    on = NearDateField(required=False)
    service = OwnServiceField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("weeks" in attrs) == ("on" in attrs):
            raise serializers.ValidationError(_("Say either in how many weeks, or on which day."))
        return attrs


class OwnVisitField(IdField):
    """A visit at one of the caller's clinics."""

    queryset = Visit.objects.all()

    def get_queryset(self) -> Any:
        return Visit.objects.filter(clinic__in=self.context["request"].user.clinic_ids())


class MoveSerializer(VersionSerializer):
    after = OwnVisitField(allow_null=True)


class PrioritySerializer(ReasonSerializer):
    priority = serializers.ChoiceField(choices=Visit.Priority.choices)


class TransferSerializer(VersionSerializer):
    doctor = OwnDoctorField()


NOTE_LENGTH = 10_000


class NoteSerializer(serializers.ModelSerializer[VisitNote]):
    """What a doctor wrote about a visit: for doctors, and for the patient's export."""

    visit_id = serializers.IntegerField(read_only=True)
    by = serializers.SerializerMethodField()

    class Meta:
        model = VisitNote
        fields = ["id", "visit_id", "text", "by", "at"]
        read_only_fields = fields

    def get_by(self, note: VisitNote) -> str:
        """Who wrote it, by name."""
        doctor: Doctor | None = getattr(note.by, "doctor", None)
        return doctor.name if doctor is not None else note.by.name


class WriteNoteSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=NOTE_LENGTH, style={"base_template": "textarea.html"})


class SetFollowUpSerializer(VersionSerializer):
    follow_up = FollowUpSerializer(allow_null=True, help_text="null: the patient needn't come again.")

    def validate_follow_up(self, value: dict[str, Any] | None) -> FollowUp | None:
        return None if value is None else FollowUp(**value)


class CompleteSerializer(VersionSerializer):
    note = serializers.CharField(
        max_length=NOTE_LENGTH,
        required=False,
        allow_blank=True,
        style={"base_template": "textarea.html"},
        help_text="Medical text, by the visit's doctor; doctors of the clinic read it, nobody else.",
    )
    follow_up = FollowUpSerializer(required=False, allow_null=True)

    def validate_follow_up(self, value: dict[str, Any] | None) -> FollowUp | None:
        return None if value is None else FollowUp(**value)


class CallNextSerializer(serializers.Serializer[Any]):
    """Nothing is needed; who says whom they see called is refused if there is anybody else."""

    beside = serializers.ListField(
        child=serializers.IntegerField(),
        required=False,
        max_length=200,
        help_text="Ids of visits that are called and not inside yet; 409 already_called if there are others.",
    )


class StepSerializer(serializers.ModelSerializer[VisitStep]):
    """One step of a visit's history. What other apps add (money taken, for the desk) has no ``id``."""

    id = serializers.IntegerField(read_only=True, allow_null=True)
    by = serializers.CharField(source="by.get_username", default=None)
    by_name = serializers.CharField(source="by.name", default=None, help_text="As people call them.")
    undoes = serializers.IntegerField(source="undoes_id", allow_null=True)

    class Meta:
        model = VisitStep
        fields = ["id", "action", "from_status", "to_status", "reason", "details", "by", "by_name", "at", "undoes"]
        read_only_fields = fields


class DoctorStateSerializer(serializers.Serializer[Any]):
    """A doctor on a screen: rides on ``queue_updated`` and stands in snapshots, under ``doctors``."""

    id = serializers.IntegerField(read_only=True)
    version = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(Presence.State.choices, read_only=True)
    until = serializers.DateTimeField(read_only=True, allow_null=True, help_text="When a break ends, if known.")
    valid_until = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="From then on the doctor counts as available again."
    )


class PresenceSerializer(serializers.Serializer[Any]):
    """One doctor's state, with the visit inside."""

    doctor = NamedSerializer(read_only=True)
    state = serializers.ChoiceField(STATES, read_only=True)
    said = serializers.ChoiceField(
        Presence.State.choices, read_only=True, help_text="What holds when nobody is inside; what screens are told."
    )
    until = serializers.DateTimeField(read_only=True, allow_null=True)
    valid_until = serializers.DateTimeField(read_only=True, allow_null=True)
    version = serializers.IntegerField(read_only=True)
    with_visit = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="The visit inside, if it is at one of the caller's clinics."
    )

    def to_representation(self, instance: Presence | DoctorState) -> dict[str, Any]:
        known = instance if isinstance(instance, DoctorState) else DoctorState(_with_its_presence(instance))
        inside = known.visit_inside()
        shape = DoctorStateSerializer(known).data
        return {
            "doctor": {"id": shape["id"], "name": shape["name"]},
            "state": shape["state"] if inside is None else WITH_PATIENT,
            "said": shape["state"],
            "until": shape["until"],
            "valid_until": shape["valid_until"],
            "version": shape["version"],
            "with_visit": inside.pk if inside is not None and inside.clinic_id in self._own_clinics() else None,
        }

    def _own_clinics(self) -> list[int]:
        user: User = self.context["request"].user
        return user.clinic_ids()


def _with_its_presence(presence: Presence) -> Doctor:
    doctor = presence.doctor
    if not presence._state.adding:
        doctor.presence = presence
    return doctor


class SetStateSerializer(VersionSerializer):
    state = serializers.ChoiceField(Presence.State.choices)
    until = AwareDateTimeField(required=False, allow_null=True, help_text="Only with a break: when it ends, today.")


class CloseDaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField(required=False, help_text="The clinic's own date; today, if left out.")


class DayCloseSerializer(serializers.ModelSerializer[DayClose]):
    """A closed day with its figures; those of money are for admins."""

    clinic_id = serializers.IntegerField(read_only=True)
    by = serializers.CharField(source="by.get_username", default=None, read_only=True)
    figures = serializers.SerializerMethodField()

    class Meta:
        model = DayClose
        fields = ["id", "clinic_id", "date", "number", "at", "by", "figures"]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_figures(self, closed: DayClose) -> dict[str, Any]:
        """Counts of the day's visits, tickets, waits in seconds, doctors and, for admins, money."""
        may_see_money = self.context["request"].user.effective_role == ADMIN
        return {name: value for name, value in closed.figures.items() if may_see_money or name != MONEY}
