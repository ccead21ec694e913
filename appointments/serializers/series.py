"""Shapes of appointments that are booked together."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from appointments.serializers.bookings import AppointmentDetailSerializer, BookSerializer


class SeriesSerializer(BookSerializer):
    """What a series needs: a booking, how many of them, and how many weeks lie between two."""

    count = serializers.IntegerField(min_value=2, max_value=52)
    interval_weeks = serializers.IntegerField(min_value=1, max_value=12, default=1)
    skip_conflicts = serializers.BooleanField(
        default=False, help_text="Book the dates that are free, and tell of the others; else it is all or none."
    )

    class Meta(BookSerializer.Meta):
        fields = [
            *("clinic", "doctor", "patient", "service", "start", "booking_source", "notes"),
            *("count", "interval_weeks", "skip_conflicts"),
        ]


class ConflictSerializer(serializers.Serializer[Any]):
    """A date of a series that can't be booked, and why; ``start`` is none if the clock skips the time that day."""

    date = serializers.DateField()
    start = serializers.DateTimeField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.CharField()


class BookedSeriesSerializer(serializers.Serializer[Any]):
    """What was booked of a series, and what was not."""

    series = serializers.IntegerField()
    appointments = AppointmentDetailSerializer(many=True)
    conflicts = ConflictSerializer(many=True)
