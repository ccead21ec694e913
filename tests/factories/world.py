"""A small world: two clinics that must not see each other, each with a desk, an admin and doctors."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinics.commands import command
from clinics.models import Clinic, Doctor, Role, Service, User
from patients.models import Patient
from queue import actions as queue_actions
from queue.models import Visit
from tests.factories.directory import ClinicFactory, DoctorFactory, ServiceFactory, UserFactory
from tests.factories.patients import PatientFactory


@dataclass
class World:
    """``here`` is the clinic of the test, ``there`` the other one, with everything in it that could leak."""

    here: Clinic = field(default_factory=ClinicFactory)
    there: Clinic = field(default_factory=ClinicFactory)

    def __post_init__(self) -> None:
        with command():  # one transaction and not thirty
            self._fill()

    def _fill(self) -> None:
        self.doctor: Doctor = DoctorFactory(clinics=[self.here])
        self.colleague: Doctor = DoctorFactory(clinics=[self.here])
        self.stranger: Doctor = DoctorFactory(clinics=[self.there])
        self.service: Service = ServiceFactory(clinic=self.here)
        self.service_there: Service = ServiceFactory(clinic=self.there)
        self.receptionist: User = UserFactory(role=Role.RECEPTIONIST, clinics=[self.here])
        self.admin: User = UserFactory(role=Role.ADMIN, clinics=[self.here])
        self.receptionist_there: User = UserFactory(role=Role.RECEPTIONIST, clinics=[self.there])
        self.admin_there: User = UserFactory(role=Role.ADMIN, clinics=[self.there])
        self.superuser: User = UserFactory(role=Role.ADMIN, is_superuser=True, is_staff=True)
        self.patient: Patient = PatientFactory()

    @property
    def doctor_user(self) -> User:
        assert self.doctor.user is not None
        return self.doctor.user


def soon(minutes: int = 30) -> dt.datetime:
    """A whole minute ahead of now."""
    return (timezone.now() + dt.timedelta(minutes=minutes)).replace(second=0, microsecond=0)


def book(world: World, *, minutes: int = 30, **overrides: Any) -> Appointment:
    """An appointment at ``here``, ``minutes`` from now; a new patient unless one is given."""
    fields: dict[str, Any] = {
        "by": world.receptionist,
        "clinic": world.here,
        "doctor": world.doctor,
        "service": world.service,
        "start": soon(minutes),
        **overrides,
    }
    fields.setdefault("patient", None)
    if fields["patient"] is None:
        fields["patient"] = PatientFactory()
    return appointment_actions.book(**fields)


def walk_in(world: World, **overrides: Any) -> Visit:
    """A walk-in at ``here``; a new patient unless one is given."""
    fields: dict[str, Any] = {
        "by": world.receptionist,
        "clinic": world.here,
        "doctor": world.doctor,
        "service": world.service,
        **overrides,
    }
    fields.setdefault("patient", None)
    if fields["patient"] is None:
        fields["patient"] = PatientFactory()
    return queue_actions.walk_in(**fields)
