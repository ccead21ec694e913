"""What one person does at the clinic, as a thread of the story: yields when the next step is, then takes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from appointments import actions as appointments
from appointments.models import Appointment
from clinic_project.demo.clock import Thread, acting
from clinic_project.demo.notes import ending
from clinics.exceptions import DomainError, InvalidInput
from clinics.models import Clinic, Doctor, Service, User
from patients.models import Patient
from payments import actions as payments
from queue import actions as queue
from queue.models import Visit

REFUSED = (DomainError, InvalidInput)
"""Somebody has used the demo meanwhile and is in the way: then this person simply doesn't come."""

Step = tuple[str, dt.datetime]

# What a step's name stands for, by who does it.
_BY_DOCTOR: dict[str, Callable[..., object]] = {"call": queue.call, "start": queue.start, "complete": queue.complete}
_BY_DESK: dict[str, Callable[..., object]] = {"skip": queue.skip, "return": queue.put_back, "leave": queue.leave}
_TO_APPOINTMENT: dict[str, Callable[..., object]] = {
    "arrive": appointments.check_in,
    "no_show": appointments.mark_no_show,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happens and who works there."""

    clinic: Clinic
    doctor: Doctor
    login: User
    desk: User
    manager: User


@dataclass(frozen=True, slots=True)
class Coming:
    """One person's way: booked at ``booked_at`` for ``slot`` (none: a walk-in), then the steps, then what they pay."""

    place: Place
    patient: Patient
    service: Service
    slot: dt.datetime | None = None
    booked_at: dt.datetime | None = None
    source: str = Appointment.Source.DESK
    priority: str = Visit.Priority.NORMAL
    steps: list[Step] = field(default_factory=list)
    pays: str = ""
    """``full``, ``part``, ``discount`` (10 % less), ``back`` (paid, then given back); nothing: not yet."""
    method: str = "cash"
    reason: str = ""

    def thread(self) -> Thread:
        """Book, then go the steps."""
        place, appointment = self.place, None
        if self.slot is not None:
            assert self.booked_at is not None
            yield self.booked_at
            try:
                with acting(place.desk):
                    appointment = appointments.book(
                        by=place.desk,
                        clinic=place.clinic,
                        doctor=place.doctor,
                        patient=self.patient,
                        service=self.service,
                        start=self.slot,
                        booking_source=self.source,
                    )
            except REFUSED:
                return
        yield from self.come(appointment)

    def come(self, appointment: Appointment | None) -> Thread:
        """Go the steps; the appointment may have been booked by anybody."""
        visit = appointment.visit if appointment is not None else None
        for name, moment in self.steps:
            yield moment
            try:
                with acting(self._who(name)):
                    visit = self._take(name, appointment, visit)
            except REFUSED:
                return

    def _who(self, name: str) -> User:
        if name == "refund":
            return self.place.manager
        return self.place.login if name in _BY_DOCTOR else self.place.desk

    def _take(self, name: str, appointment: Appointment | None, visit: Visit | None) -> Visit:
        place = self.place
        if visit is None:
            return queue.walk_in(
                by=place.desk,
                clinic=place.clinic,
                doctor=place.doctor,
                patient=self.patient,
                service=self.service,
                priority=self.priority,
            )
        if name in _BY_DOCTOR:
            _BY_DOCTOR[name](visit, by=place.login, **(ending(visit) if name == "complete" else {}))
        elif name in _BY_DESK:
            _BY_DESK[name](visit, by=place.desk)
        elif name in _TO_APPOINTMENT:
            _TO_APPOINTMENT[name](appointment, by=place.desk)
        else:
            {"cancel": self._cancel, "emergency": self._hurry, "pay": self._pay, "refund": self._refund}[name](visit)
        return visit

    def _cancel(self, visit: Visit) -> None:
        assert visit.appointment is not None
        appointments.cancel(visit.appointment, by=self.place.desk, reason=self.reason)

    def _hurry(self, visit: Visit) -> None:
        queue.set_priority(visit, by=self.place.desk, priority=Visit.Priority.EMERGENCY, reason=self.reason)

    def _pay(self, visit: Visit) -> None:
        due = self.service.price
        amount, discount = due, Decimal(0)
        if self.pays == "part":
            amount = (due / 2).quantize(Decimal("0.01"))
        elif self.pays == "discount":
            discount = (due / 10).quantize(Decimal("0.01"))
            amount = due - discount
        payments.process(
            visit.payment,
            by=self.place.desk,
            amount=amount,
            method=self.method,
            discount=discount,
            reason="Family discount" if discount else "",
        )

    def _refund(self, visit: Visit) -> None:
        payments.refund(visit.payment, by=self.place.manager, amount=self.service.price, reason="Charged by mistake")


def end_of_day(visit: Visit, by: User, moment: dt.datetime) -> Thread:
    """What was left open on an earlier day is closed: no patient is with the doctor overnight."""
    yield moment
    with acting(by):
        _close(visit, by)


def _close(visit: Visit, by: User) -> None:
    if visit.status == Visit.Status.PLANNED:
        assert visit.appointment is not None
        appointments.mark_no_show(visit.appointment, by=by)
    elif visit.status == Visit.Status.IN_PROGRESS:
        queue.complete(visit, by=by)
    else:
        queue.leave(visit, by=by)
