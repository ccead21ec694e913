"""Fill the database with a demo: two clinics with their staff, a month behind them, and a queue that is moving now.

All of it is done by the real actions, as of the moments at which it happened, so every rule holds and every event is there.
Run again on the same day it changes nothing; on a later day it closes what was left open and tells the days since.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import time
import zoneinfo
from argparse import ArgumentTypeError
from collections import Counter as Tally
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from appointments.models import Appointment
from clinic_project.demo import setting
from clinic_project.demo.clock import Story
from clinic_project.demo.days import Cast, coming_days, past_day, today
from clinic_project.demo.directory import PASSWORD, STAFF
from clinic_project.demo.visits import Place, end_of_day
from clinics.models import Clinic, Counter, Service
from patients.models import Patient
from payments.models import LedgerEntry, Payment
from queue.models import Visit

OPEN = [Visit.Status.PLANNED, *Visit.IN_QUEUE]


class Command(BaseCommand):
    help = "Make, or bring up to date, the data of the demo. Needs DEBUG=true."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--past-days", type=_days, default=30, help="days of the past that are told, 0 to 365 (30)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError(
                "seed_demo makes accounts with a password that everybody knows, so it runs with DEBUG=true only. "
                "This installation has DEBUG off: nothing was changed."
            )
        began, before = time.monotonic(), _counts()
        zone = _zone()
        with transaction.atomic():
            places = setting.make(zone)
            patients = setting.register_patients(places)
            story, now = Story(), timezone.now()
            cast = cache(partial(Cast, patients))
            for places_of_clinic in _by_clinic(places):
                _tell_clinic(story, places_of_clinic, cast, now, options["past_days"])
            story.tell()
        self._report(before, time.monotonic() - began)

    def _report(self, before: Tally[str], seconds: float) -> None:
        made = {name: count - before[name] for name, count in _counts().items()}
        if not any(made.values()):
            self.stdout.write("The demo is up to date; nothing was changed.")
        else:
            self.stdout.write(f"Made in {seconds:.0f} s: " + ", ".join(f"{n} {name}" for name, n in made.items() if n) + ".")
        statuses = Tally(Visit.objects.filter(date=Clinic.objects.earliest("pk").today()).values_list("status", flat=True))
        self.stdout.write("Visits of today: " + ", ".join(f"{n} {status}" for status, n in sorted(statuses.items())) + ".")
        self.stdout.write(f"Log in with the password {PASSWORD} (unless it was changed):")
        for member in STAFF:
            clinic = f"clinic {member.clinic}" if member.clinic else "all clinics"
            self.stdout.write(f"  {member.username:<11} {member.first_name} {member.last_name}, {member.role}, {clinic}")


def _days(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > 365:
        raise ArgumentTypeError(f"{text!r} is not a number of days from 0 to 365")
    return int(text)


def _zone() -> str:
    name = os.environ.get("DEMO_TIMEZONE", "UTC")
    if name not in zoneinfo.available_timezones():
        raise CommandError(f"DEMO_TIMEZONE is {name!r}, which is no time zone. Write one like Europe/Berlin.")
    return name


def _counts() -> Tally[str]:
    return Tally(
        {
            "clinics": Clinic.objects.count(),
            "services": Service.objects.count(),
            "patients": Patient.objects.count(),
            "appointments": Appointment.objects.count(),
            "visits": Visit.objects.count(),
            "payments": Payment.objects.count(),
            "receipts": LedgerEntry.objects.count(),
        }
    )


def _by_clinic(places: list[Place]) -> list[list[Place]]:
    return [[place for place in places if place.clinic == clinic] for clinic in dict.fromkeys(p.clinic for p in places)]


def _tell_clinic(story: Story, places: list[Place], cast: Callable[[dt.date], Cast], now: dt.datetime, past_days: int) -> None:
    """Add what happened at one clinic on each day that was not told yet."""
    clinic = places[0].clinic
    day_now = clinic.day_of(now)
    services = list(clinic.services.filter(is_active=True))
    days = [day_now - dt.timedelta(days=back) for back in range(past_days, -1, -1)]
    new_days = [day for day in days if _first_time(clinic, day)]
    for visit in Visit.objects.filter(clinic=clinic, date__lt=day_now, status__in=OPEN).exclude(
        date__in=new_days, status=Visit.Status.PLANNED
    ):
        last = visit.steps.order_by("-pk").values_list("at", flat=True)[0]
        evening = clinic.day_bounds(visit.date)[1] - dt.timedelta(minutes=5)
        story.add(end_of_day(visit, places[0].desk, max(evening, last + dt.timedelta(seconds=1))))
    for day in new_days:
        for place in places:
            if day == day_now:
                ahead = coming_days(place, day, services, cast(day + dt.timedelta(days=1)))
                for coming in [*today(place, now, services, cast(day)), *ahead]:
                    story.add(coming.thread())
                continue
            booked = list(
                Appointment.objects.filter(
                    clinic=clinic, doctor=place.doctor, date=day, status=Appointment.Status.BOOKED
                ).select_related("patient", "service", "visit")
            )
            for coming, appointment in past_day(place, day, services, cast(day), booked):
                story.add(coming.come(appointment) if appointment else coming.thread())


def _first_time(clinic: Clinic, day: dt.date) -> bool:
    """Note that the day is told; true if it wasn't yet. The table of counters keeps the note, in the same transaction."""
    return Counter.objects.get_or_create(clinic=clinic, kind="demo_day", period=day.isoformat())[1]
