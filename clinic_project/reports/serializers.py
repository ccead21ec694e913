"""What may be asked of a report, and how each looks on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from clinic_project.reports.scope import LONGEST
from clinics.serializers import OwnDoctorField

EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2199, 12, 31)


class ScopeSerializer(serializers.Serializer[Any]):
    """The query of every report."""

    clinic = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="One of yours.")
    to = serializers.DateField(label=_("To"), help_text="The last day, by the clinic's own calendar.")
    doctor = OwnDoctorField(required=False, help_text="Of one doctor alone. A doctor sees their own.")

    def get_fields(self) -> dict[str, Any]:
        # ``from`` is a word of Python.
        first = serializers.DateField(source="first", label=_("From"), help_text="The first day, by the clinic's own calendar.")
        return {**super().get_fields(), "from": first}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name, day in (("from", attrs["first"]), ("to", attrs["to"])):
            if not EARLIEST <= day <= LATEST:
                raise serializers.ValidationError(
                    {name: _("Write a day from {first} to {last}.").format(first=EARLIEST, last=LATEST)}
                )
        if attrs["to"] < attrs["first"]:
            raise serializers.ValidationError({"to": _("The last day comes before the first. Change one of them.")})
        if (attrs["to"] - attrs["first"]).days >= LONGEST:
            raise serializers.ValidationError(
                {"to": _("A report holds at most {count} days. Choose fewer.").format(count=LONGEST)}
            )
        return attrs


class NamedRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class WaitSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Of how many waits.")
    median_seconds = serializers.IntegerField(allow_null=True)
    longest_seconds = serializers.IntegerField(allow_null=True)


class HourWaitSerializer(WaitSerializer):
    hour = serializers.IntegerField(help_text="0 to 23, by the clinic's clock.")


class WeekdayWaitSerializer(WaitSerializer):
    weekday = serializers.IntegerField(help_text="0 is Monday.")


class CellWaitSerializer(WeekdayWaitSerializer, HourWaitSerializer):
    """Of one hour of one weekday."""


class WaitsSerializer(serializers.Serializer[Any]):
    """Waits by the hour and weekday of the check-in; only those that there are."""

    rows = CellWaitSerializer(many=True)
    hours = HourWaitSerializer(many=True)
    weekdays = WeekdayWaitSerializer(many=True)
    total = WaitSerializer()


class DaySumsSerializer(serializers.Serializer[Any]):
    """booked + walk_ins = seen + left + no_show + cancelled + open."""

    booked = serializers.IntegerField()
    walk_ins = serializers.IntegerField()
    seen = serializers.IntegerField()
    left = serializers.IntegerField()
    no_show = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    open = serializers.IntegerField(help_text="Still to come, or in the queue.")


class DaySerializer(DaySumsSerializer):
    date = serializers.DateField()


class VisitsPerDaySerializer(serializers.Serializer[Any]):
    rows = DaySerializer(many=True)
    total = DaySumsSerializer()


_PERCENT: dict[str, Any] = {"max_digits": 8, "decimal_places": 1, "allow_null": True}


class NoShowSumsSerializer(serializers.Serializer[Any]):
    booked = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    due = serializers.IntegerField(help_text="Booked, not cancelled, and not still to come.")
    no_show = serializers.IntegerField()
    no_show_percent = serializers.DecimalField(**_PERCENT, help_text="Of those who were due.")


class NoShowRowSerializer(NoShowSumsSerializer):
    doctor = NamedRowSerializer()


class NoShowsSerializer(serializers.Serializer[Any]):
    rows = NoShowRowSerializer(many=True)
    total = NoShowSumsSerializer()


class UseSumsSerializer(serializers.Serializer[Any]):
    shift_minutes = serializers.IntegerField(help_text="Without breaks, time off and closing days.")
    booked_minutes = serializers.IntegerField(help_text="Not cancelled, whether they came or not.")
    seen_minutes = serializers.IntegerField(help_text="With patients, walk-ins too.")
    booked_percent = serializers.DecimalField(**_PERCENT)
    seen_percent = serializers.DecimalField(**_PERCENT)


class UseRowSerializer(UseSumsSerializer):
    doctor = NamedRowSerializer()


class UtilisationSerializer(serializers.Serializer[Any]):
    rows = UseRowSerializer(many=True)
    total = UseSumsSerializer()


class MoneySumsSerializer(serializers.Serializer[Any]):
    """doctor_share + clinic_share = taken − refunded + transferred; amounts have the decimals of their currency."""

    currency = serializers.CharField()
    taken = serializers.CharField()
    refunded = serializers.CharField()
    transferred = serializers.CharField()
    doctor_share = serializers.CharField()
    clinic_share = serializers.CharField()


class DoctorMoneySerializer(MoneySumsSerializer):
    doctor = NamedRowSerializer()


class MoneyRowSerializer(DoctorMoneySerializer):
    service = NamedRowSerializer()
    visits = serializers.IntegerField(help_text="Of how many visits money was taken or given back.")


class RevenueSerializer(serializers.Serializer[Any]):
    rows = MoneyRowSerializer(many=True)
    doctors = DoctorMoneySerializer(many=True)
    totals = MoneySumsSerializer(many=True)
