"""What an export of one patient's data has of appointments."""

from __future__ import annotations

from typing import Any

from appointments.models import Appointment
from appointments.serializers import AppointmentDetailSerializer
from appointments.serializers.bookings import moves


def appointments_of(files: list[int], clinics: list[int] | None) -> list[dict[str, Any]]:
    """The appointments, the earliest first; ``clinics``: of these alone."""
    rows = Appointment.objects.filter(patient__in=files).select_related("clinic", "doctor", "patient", "service", "visit")
    shown = rows if clinics is None else rows.filter(clinic__in=clinics)
    found = list(shown.prefetch_related(moves()).order_by("start", "pk"))
    shapes = AppointmentDetailSerializer(found, many=True).data
    return [{**shape, "clinic": row.clinic.name} for shape, row in zip(shapes, found, strict=True)]
