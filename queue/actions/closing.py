"""The end of a clinic's day: nobody stays in its queue, and its figures are kept (ADR 26)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error as DatabaseError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments import actions as appointment_actions
from appointments.models import Appointment
from appointments.slots import ONE_DAY, moment_of
from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput
from clinics.models import Clinic, User
from queue.actions.record import lock, record
from queue.actions.stepping import go_unseen
from queue.figures import figures_of
from queue.models import ClosingTurn, DayClose, Visit

logger = logging.getLogger(__name__)


class StillWithDoctor(DomainError):
    """Somebody is with a doctor."""

    code = "still_with_doctor"


class StillToCome(DomainError):
    """Somebody is booked for later today."""

    code = "still_to_come"


# --- By hand ----------------------------------------------------------------------------------------------------------


def close_day(clinic: Clinic, *, by: User, day: dt.date | None = None) -> DayClose:
    """Close the clinic's ``day`` (today, if none is given): who still waits has left, who didn't come is a no-show.

    Closed again after more work it gets a further row of figures; with nothing new it answers the last one. Raises
    ``InvalidInput`` for a coming or an empty day, ``StillWithDoctor``, ``StillToCome``.
    """
    with command():
        _one_at_a_time(clinic)
        today = clinic.today()
        day = day or today
        if day > today:
            raise InvalidInput(date=_("This day is still to come. Close it when it is over."))
        if day < today and not Visit.objects.filter(clinic=clinic, date=day).exists():
            raise InvalidInput(date=_("Nobody was booked or came on this day."))
        appointments, visits = _lock_open(clinic, day)
        _require_over(appointments, visits)
        changed = _end(appointments, visits, by)
        return _keep_figures(clinic, day, by, changed)


def _require_over(appointments: list[Appointment], visits: list[Visit]) -> None:
    inside = [visit for visit in visits if visit.status == Visit.Status.IN_PROGRESS]
    if inside:
        tickets = ", ".join(str(visit.ticket) for visit in inside)
        raise StillWithDoctor(
            _("Still with a doctor: %(tickets)s. Complete that first, then close the day.") % {"tickets": tickets},
            current=inside[0],
        )
    now = timezone.now()
    to_come = [appointment for appointment in appointments if appointment.start > now]
    if to_come:
        first = min(to_come, key=lambda appointment: appointment.start)
        raise StillToCome(
            _("Somebody is booked for %(time)s. Cancel or move what won't take place, or close the day later.")
            % {"time": f"{first.start.astimezone(first.clinic.zone):%H:%M}"},
            current=first,
        )


# --- By itself --------------------------------------------------------------------------------------------------------


def close_over_day(clinic: Clinic, day: dt.date) -> DayClose:
    """Close a day that is over, whatever state it was left in; who is still with a doctor was seen."""
    with command():
        _one_at_a_time(clinic)
        appointments, visits = _lock_open(clinic, day)
        return _keep_figures(clinic, day, None, _end(appointments, visits, None))


def last_end(clinic: Clinic) -> tuple[dt.date, dt.datetime]:
    """The last day of the clinic that is over, and when it ended: at ``day_ends_at`` of the day after, by the clinic's clock.

    By moments and not by what the clock shows, which on one night of the year shows an hour twice, and on another skips one.
    """
    ended_on = clinic.today()
    ended_at = moment_of(ended_on, clinic.day_ends_at, clinic.zone)
    if timezone.now() < ended_at:
        ended_on -= ONE_DAY
        ended_at = moment_of(ended_on, clinic.day_ends_at, clinic.zone)
    return ended_on - ONE_DAY, ended_at


def days_to_close(clinic: Clinic) -> list[dt.date]:
    """Days that are over and were not closed by themselves yet, oldest first; and those that hold something open again, once
    after every end of a day, so that who takes back a closing has until the next to put things right."""
    over, ended_at = last_end(clinic)
    past = Visit.objects.filter(clinic=clinic, date__lte=over)
    open_again = set(past.filter(status__in=Visit.OPEN).values_list("date", flat=True).distinct().order_by())
    open_again -= set(
        DayClose.objects.filter(clinic=clinic, date__in=open_again, at__gte=ended_at).values_list("date", flat=True)
    )
    # Each day by itself, and not all after the last one that was closed: one that failed then is tried until it succeeds.
    settled = DayClose.objects.filter(clinic=clinic, by=None).values("date")
    never = past.exclude(date__in=settled)
    return sorted(open_again | set(never.values_list("date", flat=True).distinct().order_by()))


def close_over_days() -> Iterator[DayClose]:
    """Close whatever days are over at any clinic, each as a command of its own; a day that fails stops no other.

    Raises a ``DatabaseError`` only when the database doesn't answer at all.
    """
    for clinic in list(Clinic.objects.order_by("pk")):
        days: list[dt.date] = []
        with _failing_alone("The days of clinic %s can't be looked at; the next turn tries again", clinic.pk):
            days = days_to_close(clinic)
        for day in days:
            closed = None
            with _failing_alone("Day %s of clinic %s can't be closed; the next turn tries again", day, clinic.pk):
                closed = close_over_day(clinic, day)
            if closed is not None:
                yield closed


@contextmanager
def _failing_alone(sentence: str, *names: object) -> Iterator[None]:
    """What fails within is a line in the log, unless the database is away: then nothing else could be done either."""
    try:
        yield
    except Exception as error:
        if isinstance(error, DatabaseError) and not _database_answers():
            raise
        logger.exception(sentence, *names)


def _database_answers() -> bool:
    try:
        Clinic.objects.exists()
    except DatabaseError:
        return False
    return True


def take_turn(every: dt.timedelta) -> bool:
    """Is it time again to look for days, and this process the one to do it? One UPDATE decides (ADR 13)."""
    now = timezone.now()
    ClosingTurn.objects.get_or_create(pk=1)
    due = ClosingTurn.objects.filter(Q(taken_at=None) | Q(taken_at__lte=now - every), pk=1)
    return bool(due.update(taken_at=now))


# --- Both -------------------------------------------------------------------------------------------------------------


def _one_at_a_time(clinic: Clinic) -> None:
    # Before all other locks, and taken by nothing else: of two that close a day the second one sees what the first one did.
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)


def _lock_open(clinic: Clinic, day: dt.date) -> tuple[list[Appointment], list[Visit]]:
    """All that is open on the day as it is now, locked: appointments before visits, and each by number."""
    unfinished = Visit.objects.filter(clinic=clinic, date=day, status__in=Visit.OPEN)
    booked = Appointment.objects.filter(pk__in=unfinished.values("appointment"))
    ids = list(booked.select_for_update().order_by("pk").values_list("pk", flat=True))
    locked = list(unfinished.select_for_update().order_by("pk").values_list("pk", flat=True))
    visits = Visit.objects.filter(pk__in=locked, status__in=Visit.OPEN).shown().order_by("pk")
    expected = Appointment.objects.filter(pk__in=ids, date=day, status=Appointment.Status.BOOKED)
    return list(expected.select_related("clinic").order_by("pk")), list(visits)


def _end(appointments: list[Appointment], visits: list[Visit], by: User | None) -> bool:
    """Bring everything to its end; was there anything?"""
    for appointment in appointments:
        appointment_actions.mark_no_show(appointment, by=by, step="close_day")
    ended = [visit for visit in visits if visit.is_in_queue]
    for visit in ended:
        fresh = lock(visit, with_appointment=True)
        if fresh.status == Visit.Status.IN_PROGRESS:
            fresh.status, fresh.completed_at = Visit.Status.COMPLETED, timezone.now()
            record(fresh, "close_day", by, "day closed")
            if fresh.appointment is not None:
                appointment_actions.follow(fresh.appointment, Appointment.Status.FULFILLED)
        else:
            go_unseen(fresh, "close_day", Visit.Status.LEFT, by)
    return bool(appointments or ended)


def _keep_figures(clinic: Clinic, day: dt.date, by: User | None, changed: bool) -> DayClose:
    last = DayClose.objects.filter(clinic=clinic, date=day).order_by("-number").first()
    figures = figures_of(clinic, day)
    # The end of a day by itself is kept even if nothing came after it was closed by hand: once, so that it isn't looked at again.
    if last is not None and not changed and last.figures == figures and (by is not None or last.by_id is None):
        return last
    number = 1 if last is None else last.number + 1
    return DayClose.objects.create(clinic=clinic, date=day, number=number, at=timezone.now(), by=by, figures=figures)
