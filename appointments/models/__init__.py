"""Appointments, and the hours in which a doctor can be booked."""

from appointments.models.bookings import Appointment, AppointmentSeries, PostgresExclusionConstraint, Reschedule, TsTzRange
from appointments.models.hours import ClosingDay, Shift, ShiftBreak, TimeOff

__all__ = [
    "Appointment",
    "AppointmentSeries",
    "ClosingDay",
    "PostgresExclusionConstraint",
    "Reschedule",
    "Shift",
    "ShiftBreak",
    "TimeOff",
    "TsTzRange",
]
