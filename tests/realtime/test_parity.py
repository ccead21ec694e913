"""State before + events = state after, for every write path: what a screen shows by events is what the database holds."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from appointments import actions as appointments
from appointments.models import Appointment
from clinics.exceptions import DomainError, InvalidInput
from clinics.models import Doctor, Service
from patients import actions as patients
from patients.models import Patient
from payments import actions as payments
from payments.models import Payment
from queue import actions as queue
from queue.models import Visit
from tests.factories import PatientFactory, ServiceFactory, World, book, walk_in
from tests.realtime.flows import FLOWS, Flow, checked_in, shown_patient
from tests.realtime.test_flows import SAVES, admin, submit
from tests.realtime.watching import Watcher, screens_of

__all__ = ["admin"]


@pytest.mark.parametrize("flow", FLOWS, ids=str)
def test_action_leads_screens_to_what_the_database_holds(world: World, flow: Flow) -> None:
    before = flow.prepare(world)
    watcher = Watcher(screens_of(world))
    watcher.check()

    flow.act(world, before)

    news = watcher.catch_up()
    watcher.check()
    # At-least-once on the wire, exactly-once in the state: the version alone decides.
    for room, screen in watcher.screens.items():
        screen.apply_all([*reversed(news[room]), *news[room], *news[room]])
    watcher.check()


@pytest.mark.parametrize("name", SAVES)
def test_saved_model_leads_screens_to_what_the_database_holds(world: World, name: str) -> None:
    act = SAVES[name][0](world)
    watcher = Watcher(screens_of(world))

    act()

    watcher.catch_up()
    watcher.check()


def test_admin_in_another_time_zone_leads_screens_to_what_the_database_holds(world: World, admin: Browser) -> None:
    world.here.timezone = "Asia/Baghdad"
    world.here.save()
    visit = checked_in(world)
    patient = shown_patient(world)
    watcher = Watcher(screens_of(world))

    submit(
        admin, f"/admin/appointments/appointment/{visit.appointment_id}/change/", zone="Asia/Baghdad", doctor=world.colleague.pk
    )
    submit(admin, f"/admin/patients/patient/{patient.pk}/change/", full_name="Other Name")
    submit(admin, f"/admin/clinics/doctor/{world.doctor.pk}/change/", name="Other")

    watcher.catch_up()
    watcher.check()


def test_versions_only_rise_and_no_two_states_share_one(world: World) -> None:
    """Of one version there is one truth: two events with the same version of an entity hold the same entity."""
    seen: dict[tuple[str, int, int], Any] = {}
    watcher = Watcher(screens_of(world))
    for flow in FLOWS:
        with contextlib.suppress(DomainError):  # the slot of the one before
            flow.act(world, flow.prepare(world))
            # One visit at a time can be with a doctor.
            for visit in Visit.objects.filter(status="in_progress"):
                queue.complete(visit, by=world.doctor_user)

    for frames in watcher.catch_up().values():
        for frame in frames:
            data = frame["data"]
            found = [("visit", v) for v in [*data.get("visits", []), *([data["visit"]] if "visit" in data else [])]]
            found += [("appointment", data["appointment"])] if "appointment" in data else []
            for kind, entity in found:
                key = (kind, entity["id"], entity["version"])
                assert seen.setdefault(key, entity) == entity
    assert len(seen) > 100


# --- A long random day ------------------------------------------------------------------------------------------------

COMMANDS = 150


class Day:
    """Commands picked at random, by several people, on whatever is there."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.pick = random.Random(seed)
        self.services = [world.service, ServiceFactory(clinic=world.here, price=Decimal(0))]
        self.doctors = [world.doctor, world.colleague]
        self.desk = [world.receptionist, world.admin, world.superuser]
        self.verbs: dict[str, Callable[[], Any]] = {
            "book": self.book,
            "book again": self.book,
            "check in": lambda: appointments.check_in(self.any(Appointment), by=self.by),
            "check in soon": lambda: appointments.check_in(self.any(Appointment, status="booked"), by=self.by),
            "no-show": lambda: appointments.mark_no_show(self.any(Appointment), by=self.by),
            "cancel appointment": lambda: appointments.cancel(self.any(Appointment), by=self.by, reason="r"),
            "change appointment": self.change,
            "walk in": lambda: walk_in(
                world,
                by=self.by,
                doctor=self.pick.choice(self.doctors),
                service=self.pick.choice(self.services),
                patient=self.patient(),
                priority=self.pick.choice(["normal", "urgent", "emergency"]),
            ),
            "call": lambda: queue.call(self.any(Visit), by=self.by),
            "call next": lambda: queue.call_next(self.pick.choice(self.doctors), by=self.by),
            "start": lambda: queue.start(self.any(Visit, status="called"), by=self.by),
            "complete": lambda: queue.complete(self.any(Visit, status="in_progress"), by=self.by),
            "skip": lambda: queue.skip(self.any(Visit), by=self.by),
            "return": lambda: queue.put_back(self.any(Visit), by=self.by),
            "cancel": lambda: queue.cancel(self.any(Visit), by=self.by),
            "leave": lambda: queue.leave(self.any(Visit), by=self.by),
            "undo": lambda: queue.undo(self.any(Visit), by=self.by),
            "undo twice": lambda: queue.undo(self.any(Visit), by=self.by),
            "move": self.move,
            "priority": lambda: queue.set_priority(
                self.any(Visit), by=self.by, priority=self.pick.choice(["normal", "urgent", "emergency"])
            ),
            "transfer": lambda: queue.transfer(self.any(Visit), by=self.by, doctor=self.pick.choice(self.doctors)),
            "pay": lambda: payments.process(
                self.any(Payment), by=self.by, amount=Decimal(self.pick.choice([10, 20, 50])), method="card"
            ),
            "refund": lambda: payments.refund(self.any(Payment), by=self.by, amount=Decimal(10), reason="r"),
            "rename patient": lambda: patients.change(self.any(Patient), by=self.by, full_name=f"Name {self.pick.random()}"),
            "change patient": lambda: patients.change(self.any(Patient), by=self.by, notes=f"{self.pick.random()}"),
            "merge": lambda: patients.merge(self.any(Patient), duplicate=self.any(Patient), by=self.by),
            "rename doctor": lambda: rename_uniquely(self.any(Doctor), "Dr", self.pick.random()),
            "rename service": lambda: rename_uniquely(self.any(Service), "Service", self.pick.random()),
            "save visit": lambda: Visit.objects.get(pk=self.any(Visit).pk).save(),
            "save appointment": lambda: Appointment.objects.get(pk=self.any(Appointment).pk).save(),
        }

    @property
    def by(self) -> Any:
        return self.pick.choice(self.desk)

    def any(self, model: Any, **filters: Any) -> Any:
        rows = model.objects.filter(**filters).order_by("pk")
        if not rows:
            raise InvalidInput(nothing="there")
        return self.pick.choice(list(rows))

    def patient(self) -> Patient:
        known = list(Patient.objects.filter(merged_into=None).order_by("pk"))
        return self.pick.choice(known) if len(known) > 12 and self.pick.random() < 0.6 else PatientFactory()

    def book(self) -> Any:
        start = timezone.now().replace(second=0, microsecond=0) + dt.timedelta(minutes=self.pick.randrange(5, 600, 5))
        return book(
            self.world,
            by=self.by,
            patient=self.patient(),
            doctor=self.pick.choice(self.doctors),
            service=self.pick.choice(self.services),
            start=start + dt.timedelta(days=self.pick.choice([0, 0, 0, 1])),
        )

    def change(self) -> Any:
        field = self.pick.choice(["doctor", "service", "start", "booking_source", "notes"])
        values: dict[str, Callable[[], Any]] = {
            "doctor": lambda: self.pick.choice(self.doctors),
            "service": lambda: self.pick.choice(self.services),
            "start": lambda: timezone.now() + dt.timedelta(minutes=self.pick.randrange(5, 600), days=self.pick.choice([0, 1])),
            "booking_source": lambda: self.pick.choice(["desk", "phone", "online"]),
            "notes": lambda: f"{self.pick.random()}",
        }
        return appointments.change(self.any(Appointment), by=self.by, **{field: values[field]()})

    def move(self) -> Any:
        visit = self.any(Visit, status="waiting")
        others = list(Visit.objects.filter(status="waiting", doctor=visit.doctor).exclude(pk=visit.pk).order_by("pk"))
        return queue.move(visit, by=self.by, after=self.pick.choice([None, *others]))


def rename_uniquely(named: Doctor | Service, title: str, number: float) -> None:
    named.name = f"{title} {number}"
    named.save()


@pytest.mark.parametrize("seed", [1, 2])
def test_random_day_keeps_every_screen_right(world: World, seed: int) -> None:
    day = Day(world, seed)
    watcher = Watcher(screens_of(world))
    done: Counter[str] = Counter()
    tries = 0
    while done.total() < COMMANDS // 2:
        tries += 1
        assert tries < 10 * COMMANDS, done
        verb = day.pick.choice(list(day.verbs))
        try:
            day.verbs[verb]()
        except (DomainError, InvalidInput):
            watcher.catch_up()
            continue
        done[verb] += 1
        watcher.catch_up()
        watcher.check()

    assert len(done) > len(day.verbs) * 2 // 3, f"too few verbs ever succeeded: {done}"
