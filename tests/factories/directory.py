"""Clinics, staff, doctors with hours, services."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from appointments import actions
from appointments.models import Shift
from clinics.models import Clinic, Doctor, Role, Service, User

PASSWORD = "correct horse battery"


@functools.cache
def hashed_password() -> str:
    """Made once: hashing is slow on purpose, and a world has ten users."""
    return make_password(PASSWORD)


def _code(number: int) -> str:
    """Up to four letters and digits for more than a million clinics."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = f"{digit:X}{digits}" if digit < 16 else f"{chr(55 + digit)}{digits}"
    return digits or "0"


def morning_zone() -> str:
    """Where no midnight is near: a test may book and check in at whatever hour it is run."""
    hour = timezone.now().hour
    if 6 <= hour < 20:
        return "UTC"
    return f"Etc/GMT{hour - 9:+d}" if hour < 6 else "Etc/GMT+12"  # named the other way round: twelve hours behind


class ClinicFactory(factory.django.DjangoModelFactory[Clinic]):
    class Meta:
        model = Clinic

    name = factory.Sequence(lambda n: f"Clinic {n}")
    code = factory.Sequence(_code)
    timezone = factory.LazyFunction(morning_zone)


def as_if(clinic: Clinic, **fields: Any) -> None:
    """The clinic as if it had always been so: past the rules that keep what others rely on from changing."""
    Clinic._base_manager.filter(pk=clinic.pk).update(**fields)
    clinic.refresh_from_db()


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    role = Role.RECEPTIONIST
    password = factory.LazyFunction(hashed_password)

    @factory.post_generation
    def clinics(self: Any, create: bool, extracted: Iterable[Clinic] | None, **_: Any) -> None:
        if extracted:
            self.clinics.add(*extracted)


class DoctorFactory(factory.django.DjangoModelFactory[Doctor]):
    """A doctor with a login, working all day every day at ``clinics``."""

    class Meta:
        model = Doctor
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Dr Number {n:04}")
    user = factory.SubFactory(UserFactory, role=Role.DOCTOR)

    @factory.post_generation
    def clinics(self: Any, create: bool, extracted: Iterable[Clinic] | None, **_: Any) -> None:
        if extracted:
            self.clinics.add(*extracted)
            if self.user is not None:
                self.user.clinics.add(*extracted)
            for clinic in extracted:
                work_all_day(self, clinic)


class ServiceFactory(factory.django.DjangoModelFactory[Service]):
    class Meta:
        model = Service

    clinic = factory.SubFactory(ClinicFactory)
    name = factory.Sequence(lambda n: f"Consultation {n}")
    duration_minutes = 20
    price = Decimal("50.00")


def work_all_day(doctor: Doctor, clinic: Clinic) -> None:
    """Hours from midnight to the last minute of every weekday."""
    # Past the queryset that refuses it: seven actions for each doctor of each test would take longer than the test.
    Shift._base_manager.bulk_create(
        Shift(version=1, doctor=doctor, clinic=clinic, weekday=weekday, start_time=dt.time(0), end_time=dt.time(23, 59, 59))
        for weekday in range(7)
    )


def no_hours(doctor: Doctor) -> None:
    """All the doctor's hours end."""
    for shift in doctor.shifts.filter(is_active=True):
        actions.end_shift(shift, by=None)
