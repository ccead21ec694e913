"""What the tests of booking send, and the hours they start from."""

from __future__ import annotations

import datetime as dt
from typing import Any

from appointments import actions
from appointments.models import Shift
from tests.factories import World, no_hours


def body(world: World, **overrides: Any) -> dict[str, Any]:
    """A booking at ten on the Monday of the tests."""
    return {
        "clinic": world.here.pk,
        "doctor": world.doctor.pk,
        "patient": world.patient.pk,
        "service": world.service.pk,
        "start": "2026-03-02T10:00:00Z",
        **overrides,
    }


def hours(world: World, weekday: int, start: str, end: str, *breaks: tuple[str, str], **fields: Any) -> Shift:
    """One more shift of the doctor."""
    return actions.add_shift(
        by=None,
        doctor=world.doctor,
        clinic=world.here,
        weekday=weekday,
        start_time=dt.time.fromisoformat(start),
        end_time=dt.time.fromisoformat(end),
        breaks=[(dt.time.fromisoformat(one), dt.time.fromisoformat(other)) for one, other in breaks],
        **fields,
    )


def only_hours(world: World, start: str, end: str, *breaks: tuple[str, str], weekday: int = 0, **fields: Any) -> Shift:
    """The doctor's only shift."""
    no_hours(world.doctor)
    return hours(world, weekday, start, end, *breaks, **fields)


def in_zone(world: World, zone: str) -> None:
    world.here.timezone = zone
    world.here.save(update_fields=["timezone"])


def slots_path(world: World, day: str, **query: Any) -> str:
    given = {"clinic": world.here.pk, "service": world.service.pk, "date": day, **query}
    return f"doctors/{world.doctor.pk}/slots/?" + "&".join(f"{name}={value}" for name, value in given.items())
