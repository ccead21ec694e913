"""From a visit to the facts that order.py wants, and back."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils import translation

from queue import order
from queue.models import Visit


def facts_of(visit: Visit) -> order.Facts:
    """What is known of the visit that decides its place. It must have arrived."""
    assert visit.checked_in_at is not None
    clinic = visit.clinic
    day_start, day_end = clinic.day_bounds(visit.date)
    return order.Facts(
        priority=visit.priority,
        day_start=day_start,
        day_end=day_end,
        arrived_at=visit.checked_in_at,
        slot_start=visit.appointment.start if visit.appointment is not None else None,
        late_after=dt.timedelta(minutes=clinic.late_after_minutes),
        walk_in_offset=dt.timedelta(minutes=clinic.walk_in_offset_minutes),
        behind=visit.behind_at,
        moved_rank=visit.moved_rank,
    )


def put_in_place(visit: Visit) -> None:
    """Set rank and basis from what is known now; doesn't save."""
    placed = order.place(facts_of(visit))
    visit.rank, visit.rank_basis = placed.rank, placed.basis


def reason_of(visit: Visit) -> str | None:
    """Why the row stands where it does; none for a visit that isn't in the queue."""
    if visit.checked_in_at is None or visit.status == Visit.Status.PLANNED:
        return None
    zone = visit.clinic.zone
    # One event goes to people of all languages: pages write their own from `rank_basis` and `slot_start`.
    with translation.override(settings.LANGUAGE_CODE):
        return order.reason(
            visit.rank_basis,
            visit.priority,
            slot=f"{visit.appointment.start.astimezone(zone):%H:%M}" if visit.appointment else "",
            arrived=f"{visit.checked_in_at.astimezone(zone):%H:%M}",
        )
