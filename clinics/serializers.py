"""Shapes of the directory on the wire, and fields that know what the caller may name."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.validators import UniqueTogetherValidator

from clinics.exceptions import NotAllowed, StaleVersion
from clinics.models import Clinic, Doctor, Service, User
from clinics.text import fault_of_name


class NamedSerializer(serializers.Serializer[Any]):
    """``{id, name}`` of whatever has a name."""

    id = serializers.IntegerField(source="pk", read_only=True)
    name = serializers.SerializerMethodField()

    def get_name(self, instance: Any) -> str:
        return str(instance.name if hasattr(instance, "name") else instance.full_name)


class NameField(serializers.CharField):
    """A name: a text, not a number that Python would write out (JSON's 1e400 is "inf"), with something to be seen in it and nothing
    that turns around its neighbours. What is stored already may be sent along as it is."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        name: str = super().to_internal_value(data)
        stored = getattr(getattr(self.parent, "instance", None), str(self.source), None)
        if fault := fault_of_name(name, stored):
            raise serializers.ValidationError(fault)
        return name


class NamesAreText(serializers.BaseSerializer[Any]):
    """For serializers of models: their names are ``NameField``s."""

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        field_class, kwargs = super().build_standard_field(field_name, model_field)  # type: ignore[misc]
        is_name = field_name in ("name", "full_name", "first_name", "last_name")
        return (NameField if is_name else field_class), kwargs


class IdField(serializers.PrimaryKeyRelatedField[Any]):
    """The id of a row; a number that no id can be (JSON's 1e400 is infinite) is refused like any other wrong one.

    The browsable API asks for the number: a list to choose from would show names to whoever opens the form, unlogged.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("style", {"base_template": "input.html"})
        super().__init__(**kwargs)

    default_error_messages = {
        "does_not_exist": _("There is nothing with the id {pk_value}, or it isn't yours."),
        "incorrect_type": _("Write the id, a whole number."),
    }

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, float) and not data.is_integer():
            self.fail("incorrect_type")
        try:
            return super().to_internal_value(data)
        except OverflowError:
            self.fail("does_not_exist", pk_value=data)


class OwnClinicField(IdField):
    """One of the caller's clinics; another one is "not there" to them."""

    queryset = Clinic.objects.all()

    def get_queryset(self) -> QuerySet[Clinic]:
        user: User = self.context["request"].user
        return user.visible_clinics()


class OwnServiceField(IdField):
    """A service of one of the caller's clinics."""

    queryset = Service.objects.all()

    def get_queryset(self) -> QuerySet[Service]:
        return Service.objects.filter(clinic__in=self.context["request"].user.clinic_ids())


class OwnDoctorField(IdField):
    """A doctor who works at one of the caller's clinics."""

    queryset = Doctor.objects.all()

    def get_queryset(self) -> QuerySet[Doctor]:
        ours = Doctor.clinics.through.objects.filter(clinic__in=self.context["request"].user.clinic_ids())
        return Doctor.objects.filter(pk__in=ours.values("doctor_id"))


class VersionSerializer(serializers.Serializer[Any]):
    """What every command may carry."""

    version = serializers.IntegerField(
        required=False, help_text="The version you last saw; 409 if it has changed. Left out: whatever it is."
    )


class VersionedModelSerializer(NamesAreText, serializers.ModelSerializer[Any]):
    """A record whose PATCH may name the version that it is meant for."""

    version = serializers.IntegerField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        seen = attrs.pop("version", None)
        if self.instance is not None and seen is not None and seen != self.instance.version:
            raise StaleVersion(gettext("This has changed since you last saw it. Look at it again."), current=self.instance)
        return attrs


class ClinicSerializer(VersionedModelSerializer):
    class Meta:
        model = Clinic
        fields = [
            "id",
            "version",
            "name",
            "code",
            "timezone",
            "currency",
            "late_after_minutes",
            "walk_in_offset_minutes",
            "call_limit",
            "wait_alarm_minutes",
            "booking_horizon_days",
            "day_ends_at",
            "is_active",
        ]


class ServiceSerializer(VersionedModelSerializer):
    clinic = OwnClinicField()
    currency = serializers.CharField(source="clinic.currency", read_only=True)

    class Meta:
        model = Service
        fields = [
            "id",
            "version",
            "clinic",
            "name",
            "duration_minutes",
            "price",
            "doctor_share_percent",
            "currency",
            "is_active",
        ]
        validators = [
            UniqueTogetherValidator(
                Service.objects.all(),
                ("clinic", "name"),
                _("This clinic has a service of this name already. Choose another name."),
            )
        ]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if isinstance(self.instance, Service) and attrs.get("clinic", self.instance.clinic) != self.instance.clinic:
            raise serializers.ValidationError({"clinic": _("A service stays with its clinic. Make a new one there.")})
        clinic, price = (attrs.get(name, getattr(self.instance, name, None)) for name in ("clinic", "price"))
        if clinic is not None and price is not None and price != round(price, clinic.money_decimals):
            # Nobody could ever pay the rest.
            raise serializers.ValidationError(
                {
                    "price": gettext("%(currency)s has %(decimals)s decimals; write no more.")
                    % {"currency": clinic.currency, "decimals": clinic.money_decimals}
                }
            )
        return attrs

    def to_representation(self, instance: Service) -> dict[str, Any]:
        shape: dict[str, Any] = super().to_representation(instance)
        # With the decimals of its currency, as every other amount.
        return {**shape, "price": str(round(instance.price, instance.clinic.money_decimals))}


class DoctorSerializer(VersionedModelSerializer):
    clinics = OwnClinicField(many=True, allow_empty=False)

    class Meta:
        model = Doctor
        fields = ["id", "version", "name", "speciality", "clinics", "is_active"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        user: User = self.context["request"].user
        if isinstance(self.instance, Doctor) and set(attrs) - {"clinics"} and not user.is_superuser:
            others = self.instance.clinics.exclude(pk__in=user.clinic_ids())
            if others.exists():
                # All but the assignment to one's own clinics would count there too.
                raise NotAllowed(
                    gettext("This doctor also works at clinics that aren't yours; only their clinics can be changed.")
                )
        return attrs

    def validate_clinics(self, clinics: list[Clinic]) -> list[Clinic]:
        """Assignments to clinics that aren't the caller's stay as they are."""
        if self.instance is None:
            return clinics
        own = self.context["request"].user.clinic_ids()
        return [*clinics, *self.instance.clinics.exclude(pk__in=own)]

    def to_representation(self, instance: Doctor) -> dict[str, Any]:
        shape: dict[str, Any] = super().to_representation(instance)
        own = self.context["request"].user.clinic_ids()
        return {**shape, "clinics": [pk for pk in shape["clinics"] if pk in own]}


class MeSerializer(serializers.ModelSerializer[User]):
    """Who the caller is."""

    role = serializers.CharField(source="effective_role", read_only=True)
    name = serializers.CharField(source="get_full_name", read_only=True)
    clinics = serializers.ListField(source="clinic_ids", child=serializers.IntegerField(), read_only=True)
    doctor_id = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = User
        fields = ["id", "username", "name", "role", "clinics", "doctor_id", "is_superuser"]
        read_only_fields = fields
