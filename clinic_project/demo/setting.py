"""Makes the clinics, the staff, the hours and the patients of the demo, whatever of it isn't there yet."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from appointments import actions as appointment_actions
from appointments.models import Shift
from clinic_project.demo.clock import Story, Thread, acting
from clinic_project.demo.directory import CLINICS, HOURS, PASSWORD, STAFF, ClinicData, StaffData
from clinic_project.demo.people import PEOPLE, Person
from clinic_project.demo.visits import Place
from clinics.models import Clinic, Counter, Doctor, Service, User
from patients import actions
from patients.folding import fold_name
from patients.models import Patient


def make(zone: str) -> list[Place]:
    """The places where the story happens: each doctor of each clinic, with the people at the desk."""
    clinics = {data.code: _clinic(data, zone) for data in CLINICS}
    # Hashed once: the same password for all, and each hash takes a third of a second.
    is_complete = User.objects.filter(username__in=[member.username for member in STAFF]).count() == len(STAFF)
    password = "" if is_complete else make_password(PASSWORD)
    staff = {member.username: _member(member, clinics, password) for member in STAFF}
    desks = {member.clinic: staff[member.username] for member in STAFF if member.role == "receptionist"}
    return [
        Place(
            clinic=clinics[member.clinic],
            doctor=_doctor(member, staff, clinics),
            login=staff[member.username],
            desk=desks[member.clinic],
            manager=staff["admin"],
        )
        for member in STAFF
        if member.doctor
    ]


def _clinic(data: ClinicData, zone: str) -> Clinic:
    clinic = Clinic.objects.filter(code=data.code).first()
    if clinic is None:
        clinic = Clinic(name=data.name, code=data.code, currency=data.currency, timezone=zone)
        clinic.save()
        for name, minutes, price, share in data.services:
            Service(clinic=clinic, name=name, duration_minutes=minutes, price=price, doctor_share_percent=share).save()
    return clinic


def _member(member: StaffData, clinics: dict[str, Clinic], password: str) -> User:
    user, is_new = User.objects.get_or_create(
        username=member.username,
        defaults={
            "first_name": member.first_name,
            "last_name": member.last_name,
            "email": f"{member.username}@example.org",
            "password": password,
            "role": member.role,
            "is_staff": member.role == "admin",
            "is_superuser": member.role == "admin" and not member.clinic,
        },
    )
    if is_new and member.clinic:
        user.clinics.add(clinics[member.clinic])
    return user


def _doctor(member: StaffData, staff: dict[str, User], clinics: dict[str, Clinic]) -> Doctor:
    assert member.doctor is not None
    login, clinic = staff[member.username], clinics[member.clinic]
    doctor = Doctor.objects.filter(user=login).first()
    if doctor is None:
        name, speciality = member.doctor
        doctor = Doctor(user=login, name=name, speciality=speciality)
        doctor.save()
        doctor.clinics.add(clinic)
        for weekday in Shift.Weekday.values:
            for start, end in HOURS:
                hours: dict[str, Any] = {"weekday": weekday, "start_time": start, "end_time": end}
                appointment_actions.add_shift(by=None, doctor=doctor, clinic=clinic, **hours)
    return doctor


def register_patients(places: list[Place]) -> list[Patient]:
    """The people of the demo, registered over the last year; those who were merged away or renamed since play no part."""
    clinic = places[0].clinic
    if Counter.objects.get_or_create(clinic=clinic, kind="demo", period="patients")[1]:
        rng, story, now = random.Random("patients"), Story(), timezone.now()  # noqa: S311
        desks = list(dict.fromkeys(place.desk for place in places))
        for person in PEOPLE:
            moment = now - dt.timedelta(days=rng.randint(45, 400), minutes=rng.randint(0, 500))
            story.add(_registering(person, rng.choice(desks), moment))
        story.tell()
    names = [fold_name(person.name) for person in PEOPLE]
    return list(Patient.objects.filter(name_key__in=names, merged_into=None).order_by("pk"))


def _registering(person: Person, desk: User, moment: dt.datetime) -> Thread:
    yield moment
    with acting(desk):
        actions.register(
            by=desk,
            force=True,  # families share phones and parts of names
            full_name=person.name,
            phone=person.phone,
            birth_date=person.birth_date,
            sex=person.sex,
            email=person.email,
            address=person.address,
            notes=person.notes,
        )
