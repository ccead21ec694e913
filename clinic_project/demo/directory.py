"""Clinics, staff, doctors, services and hours of the demo. Pure data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

PASSWORD = "demo-clinic-2026"  # noqa: S105  (printed by the command and in the README)


class ClinicData(NamedTuple):
    name: str
    code: str
    currency: str
    services: tuple[tuple[str, int, Decimal, int], ...]  # name, minutes, price, the doctor's share in percent


class StaffData(NamedTuple):
    username: str
    first_name: str
    last_name: str
    role: str
    clinic: str  # code; none for the superuser
    doctor: tuple[str, str] | None = None  # name as patients know it, speciality


CLINICS = (
    ClinicData(
        "Main Street",
        "A",
        "USD",
        (
            ("Consultation", 15, Decimal("45.00"), 40),
            ("Extended consultation", 30, Decimal("80.00"), 45),
            ("Vaccination", 15, Decimal("25.50"), 20),
            ("Blood test", 15, Decimal("38.25"), 15),
            ("Minor procedure", 45, Decimal("140.00"), 50),
        ),
    ),
    ClinicData(
        "Harbour",
        "B",
        "EUR",
        (
            ("Consultation", 15, Decimal("40.00"), 40),
            ("Child check-up", 30, Decimal("55.00"), 45),
            ("Vaccination", 15, Decimal("22.00"), 20),
            ("ECG", 30, Decimal("62.50"), 30),
        ),
    ),
)
STAFF = (
    StaffData("admin", "Robin", "Keller", "admin", ""),
    StaffData("manager", "Grace", "Okafor", "admin", "A"),
    StaffData("reception", "Maya", "Lindqvist", "receptionist", "A"),
    StaffData("reception2", "Tomás", "Rivera", "receptionist", "B"),
    StaffData("doctor1", "Amira", "Haddad", "doctor", "A", ("Dr. Amira Haddad", "General practice")),
    StaffData("doctor2", "Piotr", "Zieliński", "doctor", "A", ("Dr. Piotr Zieliński", "Internal medicine")),
    StaffData("doctor3", "Mei", "Tanaka", "doctor", "B", ("Dr. Mei Tanaka", "Paediatrics")),
)

# The demo must work at whatever hour it is tried, so these clinics never close; half an hour's break divides the day.
# They all begin on a half hour and services last quarters of an hour, so that slots of all lengths lie on one grid.
HOURS = (
    (dt.time(0, 0), dt.time(6, 0)),
    (dt.time(6, 30), dt.time(12, 0)),
    (dt.time(12, 30), dt.time(18, 0)),
    (dt.time(18, 30), dt.time(23, 55)),
)
