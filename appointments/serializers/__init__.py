"""Shapes of appointments and hours on the wire, and what may be sent. Nothing here writes."""

from appointments.serializers.bookings import (
    AffectedSerializer,
    AppointmentDetailSerializer,
    AppointmentSerializer,
    BookOneSerializer,
    BookSerializer,
    CancelledSerializer,
    CancelSerializer,
    ChangeSerializer,
    RescheduleSerializer,
)
from appointments.serializers.hours import (
    ClosingDaySerializer,
    ClosingDayWithAffectedSerializer,
    DaysQuerySerializer,
    DaysSerializer,
    ShiftSerializer,
    ShiftWithAffectedSerializer,
    SlotSerializer,
    SlotsQuerySerializer,
    TimeOffSerializer,
    TimeOffWithAffectedSerializer,
)
from appointments.serializers.series import BookedSeriesSerializer, ConflictSerializer, SeriesSerializer

__all__ = [
    "AffectedSerializer",
    "AppointmentDetailSerializer",
    "AppointmentSerializer",
    "BookOneSerializer",
    "BookSerializer",
    "BookedSeriesSerializer",
    "CancelSerializer",
    "CancelledSerializer",
    "ChangeSerializer",
    "ClosingDaySerializer",
    "ClosingDayWithAffectedSerializer",
    "ConflictSerializer",
    "DaysQuerySerializer",
    "DaysSerializer",
    "RescheduleSerializer",
    "SeriesSerializer",
    "ShiftSerializer",
    "ShiftWithAffectedSerializer",
    "SlotSerializer",
    "SlotsQuerySerializer",
    "TimeOffSerializer",
    "TimeOffWithAffectedSerializer",
]
