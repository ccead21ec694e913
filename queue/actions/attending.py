"""Whether a doctor is there: said by themself or by the desk, and shown by whoever calls a patient in."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from clinics.commands import command
from clinics.exceptions import InvalidInput, StaleVersion
from clinics.models import Doctor, User
from queue.models import Presence
from queue.presence import DoctorState, with_presence


def _end_of_day(doctor: Doctor) -> dt.datetime:
    """When the doctor's day is over: where they work first, as in the snapshot of their room."""
    clinic = doctor.clinics.order_by("pk").first()
    if clinic is None:
        raise InvalidInput(state=_("This doctor works at no clinic any more."))
    return clinic.day_bounds(clinic.today())[1]


def _require_until(state: str, until: dt.datetime | None, end_of_day: dt.datetime) -> None:
    if until is None:
        return
    if state != Presence.State.BREAK:
        raise InvalidInput(until=_("Only a break has an end. Leave this out."))
    if until <= timezone.now():
        raise InvalidInput(until=_("This time is past. Write when the doctor will be back."))
    if until >= end_of_day:
        raise InvalidInput(until=_("A break ends on the same day. For longer, say that the doctor is gone."))


def set_state(
    doctor: Doctor, *, by: User | None, state: str, until: dt.datetime | None = None, version: int | None = None
) -> DoctorState:
    """Say that the doctor is ``available``, on a ``break`` (back at ``until``, to the minute, if known) or ``gone``.

    Holds for the rest of the day. Raises ``InvalidInput``, ``StaleVersion``.
    """
    with command():
        fresh = _lock(doctor, version)
        end = _end_of_day(fresh)
        if until is not None:
            until = until.replace(second=0, microsecond=0)
        _require_until(state, until, end)
        before = DoctorState(fresh)
        if (before.state, before.until) != (state, until):
            presence = before.presence or Presence(doctor=fresh)
            _say(presence, by, state=state, until=until, valid_until=end)
            fresh.presence = presence
    return DoctorState(fresh)


def _lock(doctor: Doctor, version: int | None) -> Doctor:
    # The doctor's row too: what isn't there yet can't be locked.
    Doctor.objects.select_for_update(no_key=True).get(pk=doctor.pk)
    list(Presence.objects.select_for_update().filter(pk=doctor.pk).values_list("pk"))
    fresh = with_presence(Doctor.objects.all()).get(pk=doctor.pk)
    state = DoctorState(fresh)
    if version is not None and version != state.version:
        current = state.presence or Presence(doctor=fresh)
        raise StaleVersion(_("The doctor's state has changed since you last saw it. Look at it again."), current=current)
    return fresh


def _say(
    presence: Presence, by: User | None, *, state: str, until: dt.datetime | None, valid_until: dt.datetime | None
) -> None:
    presence.state, presence.until, presence.valid_until, presence.by = state, until, valid_until, by
    if presence._state.adding:
        presence.save(force_insert=True)
    else:
        presence.save(update_fields=["state", "until", "valid_until", "by"])


def be_back(doctor_id: int, *, by: User | None) -> None:
    """Who calls or sees a patient is there, whatever was said before; nothing for a doctor who is.

    The presence is locked after the visit, and by nobody who goes on to lock anything else.
    """
    away = Presence.objects.select_for_update().filter(pk=doctor_id).exclude(state=Presence.State.AVAILABLE).first()
    if away is not None and away.is_away:
        _say(away, by, state=Presence.State.AVAILABLE, until=None, valid_until=None)


def tell_name(doctor: Doctor) -> None:
    """The doctor's name was changed, and screens show it with the state: its version rises, so they hear of it.

    Called in the command that changes the doctor, whose row is locked by it, and after all visits are locked.
    """
    presence = Presence.objects.select_for_update().filter(pk=doctor.pk).first()
    if presence is None:
        Presence(doctor=doctor).save(force_insert=True)
    else:
        presence.save(update_fields=[])
