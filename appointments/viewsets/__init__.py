"""Appointments, shifts and slots in the API."""

from appointments.viewsets.bookings import AppointmentViewSet
from appointments.viewsets.hours import (
    BookableClinicViewSet,
    BookableDoctorViewSet,
    ClosingDayViewSet,
    ShiftViewSet,
    TimeOffViewSet,
)

__all__ = [
    "AppointmentViewSet",
    "BookableClinicViewSet",
    "BookableDoctorViewSet",
    "ClosingDayViewSet",
    "ShiftViewSet",
    "TimeOffViewSet",
]
