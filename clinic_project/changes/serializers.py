"""What may be asked of the changes, and how they look on the wire."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinic_project.changes.reading import Wanted
from clinic_project.changes.sources import sources
from clinics.models import User


class WantedSerializer(serializers.Serializer[Any]):
    """The query; the days are those of the caller's (first) clinic."""

    kind = serializers.ChoiceField(choices=[], required=False, allow_blank=True, label=_("Kind of record"))
    object = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, help_text="Id of the record.")
    by = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, help_text="Id of the member of staff.")
    clinic = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, help_text="Id of one clinic.")
    since = serializers.DateField(required=False, help_text="First day.")
    until = serializers.DateField(required=False, help_text="Last day.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields: dict[str, Any] = super().get_fields()
        fields["kind"].choices = [(kind, past.instance_type._meta.verbose_name) for kind, past in sources().items()]  # type: ignore[attr-defined]
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        since, until = attrs.get("since"), attrs.get("until")
        for name, day in (("since", since), ("until", until)):
            if day is not None and not 1900 <= day.year <= 2900:
                raise serializers.ValidationError({name: _("Write a year between 1900 and 2900.")})
        if since and until and until < since:
            raise serializers.ValidationError({"until": _("This is before the first day.")})
        return attrs

    def wanted(self, user: User) -> Wanted:
        """The validated question, with days as moments of the user's clinic."""
        given, zone = self.validated_data, zone_of(user)

        def moment(day: dt.date | None) -> dt.datetime | None:
            return None if day is None else dt.datetime.combine(day, dt.time.min, zone)

        until = given.get("until")
        return Wanted(
            kind=given.get("kind") or None,
            object=given.get("object"),
            by=given.get("by"),
            clinic=given.get("clinic"),
            since=moment(given.get("since")),
            until=moment(until + dt.timedelta(days=1) if until else None),
        )


def zone_of(user: User) -> zoneinfo.ZoneInfo:
    """Whose clock the days of the question and the times of the page are: the first clinic's."""
    clinic = user.visible_clinics().order_by("pk").first()
    return clinic.zone if clinic else zoneinfo.ZoneInfo("UTC")


@extend_schema_field(OpenApiTypes.ANY)
class AnyField(serializers.Field[Any, Any, Any, Any]):
    """A value of whatever kind the changed field has."""

    def to_representation(self, value: Any) -> Any:
        return value


class FieldChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    before = AnyField()
    after = AnyField()


class ChangeSerializer(serializers.Serializer[Any]):
    """One saving of one record."""

    kind = serializers.CharField()
    object_id = serializers.IntegerField()
    object = serializers.CharField()
    action = serializers.ChoiceField(choices=["created", "changed", "deleted"])
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True)
    changes = FieldChangeSerializer(many=True)
