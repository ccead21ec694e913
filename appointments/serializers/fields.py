"""Days, moments and times of a clock, as they may be written."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

Day = TypeVar("Day", bound=dt.date)


def require_near(day: Day) -> Day:
    """Beyond, sums with days and time zones leave the calendar."""
    if not 1900 <= day.year <= 2900:
        raise serializers.ValidationError(_("Write a year between 1900 and 2900."))
    return day


class NearDateField(serializers.DateField):
    """A day between the years 1900 and 2900."""

    def to_internal_value(self, value: Any) -> dt.date:
        day: dt.date = super().to_internal_value(value)
        return require_near(day)


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
                raise serializers.ValidationError(
                    _("There is no such day or time. Write one that the calendar has.")
                ) from error
            if parsed is not None and parsed.tzinfo is None:
                raise serializers.ValidationError(_("Write the offset too, as in 2026-11-23T09:30:00+01:00 or …Z."))
        moment: dt.datetime = super().to_internal_value(value)
        return require_near(moment)


class ClockTimeField(serializers.TimeField):
    """A time of the clinic's clock; Python would read "1000" as ten o'clock and cut a number of twenty digits short."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%H:%M", "%H:%M:%S", "%H:%M:%S.%f"], **kwargs)


class BreakSerializer(serializers.Serializer[Any]):
    """A time of a shift in which nobody is seen; 00:00 as the end is midnight."""

    start_time = ClockTimeField()
    end_time = ClockTimeField()


@extend_schema_field(BreakSerializer(many=True))
class BreaksField(serializers.Field[Any, Any, Any, Any]):
    """All breaks of a shift at once; what is wrong with one is told as sentences of this field (contract/api.md, section 4)."""

    MOST = 24

    def to_internal_value(self, data: Any) -> list[tuple[dt.time, dt.time]]:
        if not isinstance(data, list) or len(data) > self.MOST:
            raise serializers.ValidationError(
                _("Write a list of up to %(most)s breaks, each with start_time and end_time.") % {"most": self.MOST}
            )
        breaks = [BreakSerializer(data=each) for each in data]
        wrong = [(number, each) for number, each in enumerate(breaks, 1) if not each.is_valid()]
        if wrong:
            raise serializers.ValidationError(
                [
                    _("Break %(number)s, %(name)s: %(sentence)s") % {"number": number, "name": name, "sentence": sentence}
                    for number, each in wrong
                    for name, sentences in each.errors.items()
                    for sentence in sentences
                ]
            )
        return sorted((each.validated_data["start_time"], each.validated_data["end_time"]) for each in breaks)

    def to_representation(self, value: Any) -> Any:
        return BreakSerializer(value, many=True).data
