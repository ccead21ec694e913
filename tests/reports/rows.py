"""Days that are over, written as rows: no clock has to be turned for them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from appointments.models import Appointment
from clinics.models import Doctor
from payments.models import Payment
from queue.models import Visit, VisitStep
from tests.factories import World

DAY = dt.date(2026, 2, 16)  # a Monday, two weeks before the tests' day


def at(day: dt.date, hour: int, minute: int = 0, second: int = 0) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=dt.UTC)


def visit(
    world: World,
    *,
    day: dt.date = DAY,
    status: str = "completed",
    arrived: dt.datetime | None = None,
    waited: int | None = None,
    inside: int | None = None,
    booked: dt.datetime | None = None,
    doctor: Doctor | None = None,
    **more: Any,
) -> Visit:
    """A visit that ended as ``status``: ``waited`` seconds from check-in to the call, ``inside`` minutes with the doctor."""
    doctor, clinic, service = doctor or world.doctor, more.pop("clinic", world.here), more.pop("service", world.service)
    patient = more.pop("patient", world.patient)
    people = {"clinic": clinic, "doctor": doctor, "service": service, "patient": patient}
    appointment = None
    if booked is not None:
        word = {"completed": "fulfilled", "no_show": "no_show", "cancelled": "cancelled", "planned": "booked"}.get(
            status, "checked_in"
        )
        appointment = Appointment(
            **people, version=1, start=booked, end=booked + service.duration, date=day, status=word, overbooked=True
        )
        Appointment._base_manager.bulk_create([appointment])
    called = arrived + dt.timedelta(seconds=waited) if arrived and waited is not None else None
    number = 1 + Visit.objects.filter(clinic=clinic, date=day).count()
    made = Visit(
        **people,
        version=1,
        appointment=appointment,
        visit_type="walk_in" if booked is None else "appointment",
        status=status,
        date=day,
        queue_number=number,
        checked_in_at=arrived,
        called_at=called,
        started_at=called if inside is not None else None,
        completed_at=called + dt.timedelta(minutes=inside) if called and inside is not None else None,
        **more,
    )
    Visit._base_manager.bulk_create([made])
    if called is not None:
        VisitStep._base_manager.bulk_create(
            [VisitStep(visit=made, action=action, to_status=action, at=called) for action in ("call", "start")]
        )
    payment = Payment(version=1, visit=made, clinic=clinic, currency=clinic.currency, amount_due=service.price)
    Payment._base_manager.bulk_create([payment])
    return made


def asked(world: World, **more: Any) -> dict[str, Any]:
    """The query of a report of the week of ``DAY``."""
    return {"clinic": world.here.pk, "from": DAY.isoformat(), "to": (DAY + dt.timedelta(days=6)).isoformat(), **more}
