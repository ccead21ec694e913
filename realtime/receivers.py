"""From saved models to events: ``post_save`` notes the change, the end of the command stores the events in its transaction,
and the commit numbers them and rings. No rules here: flows.py says which change is told how."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from typing import Any

from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import Q
from django.db.models.signals import m2m_changed, post_save
from django.dispatch import receiver
from django.utils import timezone

from appointments.models import Appointment
from clinics.commands import Command, before_commit, command, current_command
from clinics.models import Clinic, Doctor, Login, Service, User
from clinics.versioned import Versioned
from patients.models import Patient
from payments.models import Payment
from queue.actions import tell_name
from queue.models import Presence, Visit
from realtime import doorbell, log
from realtime.flows import Change, RightsChange, events_of

logger = logging.getLogger(__name__)

_IGNORED = frozenset({"version", "created_at"})


def _note(change: Change | RightsChange) -> None:
    running = current_command()
    assert running is not None, "a watched model is always saved within a command (clinics.versioned)"
    running.note(change)


@receiver(post_save, sender=Appointment, dispatch_uid="realtime.appointment")
@receiver(post_save, sender=Visit, dispatch_uid="realtime.visit")
@receiver(post_save, sender=Payment, dispatch_uid="realtime.payment")
@receiver(post_save, sender=Patient, dispatch_uid="realtime.patient")
@receiver(post_save, sender=Presence, dispatch_uid="realtime.presence")
@receiver(post_save, sender=Doctor, dispatch_uid="realtime.doctor")
@receiver(post_save, sender=Service, dispatch_uid="realtime.service")
def note_change(
    sender: type[Versioned], instance: Versioned, created: bool, raw: bool, update_fields: Iterable[str] | None, **_: Any
) -> None:
    """Remember what was saved until the command ends; ``raw`` (loaddata) is a restore and tells nothing."""
    if raw:
        return
    names = None if update_fields is None else frozenset(update_fields)
    fields = {name: values for name, values in instance.changes(names).items() if name not in _IGNORED}
    named = (names or frozenset()) - _IGNORED
    _note(Change(sender, instance.pk, created, fields, named))
    if not created and {"full_name", "name"} & set(fields):
        _touch_rows_that_show(instance)


def _touch_rows_that_show(instance: Versioned) -> None:
    """A name changed: the versions of today's tickets and coming appointments that show it rise, and of a doctor's state; so
    screens hear of it.

    Locked before saving, appointments first and each by number: the order in which every command locks.
    """
    shows = Q(**{instance._meta.model_name or "": instance})
    today = Q(pk__in=())
    for clinic in Clinic.objects.all():
        today |= Q(clinic=clinic, date__gte=clinic.today())
    appointments = list(Appointment.objects.select_for_update(of=("self",)).filter(shows & today).order_by("pk"))
    shown = Visit.objects.ticketed().filter(shows & today)
    locked = list(shown.select_for_update().order_by("pk").values_list("pk", flat=True))
    visits = list(Visit.objects.filter(pk__in=locked).order_by("clinic_id", "doctor_id", "pk"))
    for row in [*visits, *appointments]:
        row.save(update_fields=[instance._meta.model_name or ""])
    if isinstance(instance, Doctor):
        tell_name(instance)


@receiver(before_commit, dispatch_uid="realtime.store")
def store_events(command: Command, **_: Any) -> None:
    """Turn the command's changes into events of its own transaction."""
    # Admin shows times in a clinic's zone: frames hold them as the API and snapshots do, whoever writes.
    with timezone.override(dt.UTC):
        events = events_of(command.changes)
    if events:
        log.store(events)
        rooms = sorted({room for event in events for room in event.rooms})
        # robust: the change is committed; whatever fails from here on is made good by the next number() or the timer.
        # A function and not a partial: Django logs a robust callback's failure by its __qualname__.
        transaction.on_commit(lambda: deliver(rooms), robust=True)


def deliver(rooms: list[str]) -> None:
    """Number what was committed and wake the hubs; what the database won't number now, a hub's timer does later."""
    try:
        frames = log.number(rooms)
    except DatabaseError as error:
        logger.warning("Events of %s have no numbers yet (%s); they follow.", ", ".join(rooms), error)
    else:
        doorbell.ring(frames)


# --- Rights: open sockets must follow them --------------------------------------------------------------------------

_RIGHTS_FIELDS = frozenset({"is_active", "is_superuser", "role", "password"})


@receiver(post_save, sender=User, dispatch_uid="realtime.user")
def note_user(instance: User, created: bool, raw: bool, update_fields: Iterable[str] | None, **_: Any) -> None:
    """A member of staff was changed."""
    if not raw and not created and (update_fields is None or _RIGHTS_FIELDS & set(update_fields)):
        _note(RightsChange(frozenset({instance.pk})))


@receiver(post_save, sender=Login, dispatch_uid="realtime.login")
def note_login(instance: Login, created: bool, raw: bool, **_: Any) -> None:
    """A login was ended."""
    if not created and not raw:
        _note(RightsChange(frozenset({instance.user_id})))


@receiver(post_save, sender=Doctor, dispatch_uid="realtime.doctor_rights")
def note_doctor(instance: Doctor, raw: bool, **_: Any) -> None:
    """A doctor got or lost a login."""
    if raw:
        return
    users = {user_id for user_id in instance.changes().get("user_id", ()) if user_id is not None}
    if users:
        _note(RightsChange(frozenset(users)))


@receiver(m2m_changed, sender=User.clinics.through, dispatch_uid="realtime.user_clinics")
def note_user_clinics(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any) -> None:
    """Somebody was assigned to a clinic or taken away from it."""
    if action.startswith("post_"):
        users = pk_set if reverse else {instance.pk}
        with command():
            _note(RightsChange(frozenset(users) if users else None))


@receiver(m2m_changed, sender=Doctor.clinics.through, dispatch_uid="realtime.doctor_clinics")
def note_doctor_clinics(action: str, **_: Any) -> None:
    """A doctor began or ceased to work at a clinic: whoever watches the doctor's room may lose it."""
    if action.startswith("post_"):
        with command():
            _note(RightsChange(None))
