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
    DoctorWithAffectedSerializer,
    ShiftSerializer,
    ShiftWithAffectedSerializer,
    SlotSerializer,
    SlotsQuerySerializer,
    TimeOffSerializer,
    TimeOffWithAffectedSerializer,
    may_read_reason,
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
    "DoctorWithAffectedSerializer",
    "RescheduleSerializer",
    "SeriesSerializer",
    "ShiftSerializer",
    "ShiftWithAffectedSerializer",
    "SlotSerializer",
    "SlotsQuerySerializer",
    "TimeOffSerializer",
    "TimeOffWithAffectedSerializer",
    "may_read_reason",
]
