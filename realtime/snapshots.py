"""The state of a room's day: what a client starts from, and what events lead to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils import timezone

from appointments.models import Appointment
from appointments.serializers import AppointmentSerializer
from clinics.models import Clinic, Doctor
from queue.models import Visit
from queue.presence import DoctorState, with_presence
from queue.serializers import DoctorStateSerializer, VisitSerializer
from realtime.frames import event_frame, json_text
from realtime.groups import parse


def _scope(room: str) -> tuple[Q, dt.date, Iterable[Doctor]]:
    """Which rows are the room's today, today's date there (for a doctor: of the first of their clinics), and who works there."""
    kind, number = parse(room) or ("", 0)
    if kind == "clinic":
        today = Clinic.objects.get(pk=number).today()
        at_work = with_presence(Doctor.objects.filter(clinics=number, is_active=True)).order_by("pk")
        return Q(clinic_id=number, date=today), today, at_work
    clinics = list(Clinic.objects.filter(doctors=number).order_by("pk"))
    days = Q(pk__in=())
    for clinic in clinics:
        days |= Q(clinic_id=clinic.pk, date=clinic.today())
    today = clinics[0].today() if clinics else timezone.now().date()
    doctor = with_presence(Doctor.objects.all()).get(pk=number)
    return Q(doctor_id=doctor.pk) & days, today, [doctor]


def state_of(room: str) -> dict[str, Any]:
    """``{date, visits, appointments, doctors}`` of the room's day: every visit with a ticket, whatever its status."""
    scope, today, doctors = _scope(room)
    visits = Visit.objects.filter(scope).ticketed().shown().in_order()
    appointments = Appointment.objects.filter(scope).select_related("doctor", "patient", "service", "visit")
    return {
        "date": today.isoformat(),
        "visits": VisitSerializer(visits, many=True).data,
        "appointments": AppointmentSerializer(appointments.order_by("start", "pk"), many=True).data,
        "doctors": DoctorStateSerializer([DoctorState(doctor) for doctor in doctors], many=True).data,
    }


def snapshot_data(room: str) -> dict[str, Any]:
    """The ``data`` of a snapshot frame."""
    state = state_of(room)
    return {
        "date": state["date"],
        "visits": state["visits"],
        "snapshot": True,
        "appointments": state["appointments"],
        "doctors": state["doctors"],
    }


def snapshot_frame(room: str, seq: int) -> str:
    """A snapshot as a frame; ``seq`` is the room's head, read before this is called."""
    return event_frame("queue_updated", room, seq, timezone.now(), json_text(snapshot_data(room)))
