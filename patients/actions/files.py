"""Registering and changing, and the log of who read whose file."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput, StaleVersion
from clinics.models import User
from clinics.text import TURNING, turns_around, written
from patients.duplicates import possible_duplicates
from patients.models import FileAccess, Patient

FEWEST_DIGITS = 3
"""Of a phone: "-", "none" and "00" are no number, and would make all who have none look like one family."""


class PossibleDuplicate(DomainError):
    """Somebody who is already registered looks like this person; ``extra["candidates"]`` says who and why."""

    code = "possible_duplicate"


class AlreadyMerged(DomainError):
    """One of the records is merged already."""

    code = "already_merged"


class Erased(DomainError):
    """The person's data was erased: nothing is done with this file any more."""

    code = "erased"


def _check(patient: Patient) -> None:
    patient.full_name = " ".join(patient.full_name.split())
    patient.fold()
    if not patient.name_key or not written(patient.full_name):
        raise InvalidInput(full_name=_("Write the patient's name."))
    if turns_around(patient.full_name) and "full_name" in patient.changes():
        raise InvalidInput(full_name=str(TURNING))
    # What was stored before the rule doesn't stand in the way of changing something else.
    if patient.phone.strip() and "phone" in patient.changes() and sum(c.isdecimal() for c in patient.phone) < FEWEST_DIGITS:
        raise InvalidInput(phone=_("Write a phone number with its digits, or leave it empty if there is none."))


def one_at_a_time(*keys: str) -> None:
    """Commands with a key in common wait for each other, before they lock anything. SQLite has one writer at a time anyhow."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # In one order, so that two of these can't block each other.
            for number in sorted({zlib.crc32(key.encode()) for key in keys}):
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def register(*, by: User | None, force: bool = False, **fields: Any) -> Patient:
    """Open a file; raises ``PossibleDuplicate`` unless ``force`` says that this is somebody else."""
    with command():
        patient = Patient(**fields)
        _check(patient)
        if not force:
            # Two desks that register the same person at the same moment: the second one finds the first one's file.
            one_at_a_time(f"name {patient.name_key}", *([f"phone {patient.phone_key}"] if patient.phone_key else []))
            candidates = possible_duplicates(full_name=patient.full_name, phone=patient.phone, birth_date=patient.birth_date)
            if candidates:
                raise PossibleDuplicate(
                    _("A patient like this is already registered. Use that file, or confirm that this is somebody else."),
                    extra={"candidates": candidates},
                )
        patient.save()
        log_access([patient], by=by, how=FileAccess.How.CHANGED)
    return patient


def change(patient: Patient, *, by: User | None, version: int | None = None, **fields: Any) -> Patient:
    """Change the file; raises ``StaleVersion``, ``AlreadyMerged``, ``Erased``."""
    with command():
        fresh = lock(patient, version)
        for name, value in fields.items():
            setattr(fresh, name, value)
        _check(fresh)
        changed = list(fresh.changes())
        if changed:
            fresh.save(update_fields=changed)
        log_access([fresh], by=by, how=FileAccess.How.CHANGED)
    return fresh


def lock_as_it_is(patient_id: int) -> Patient:
    """The file, whatever became of it, locked until the command ends."""
    # Without the key: the access log may refer to a file that is being changed.
    patient: Patient = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient_id)
    return patient


def require_standing(patient: Patient) -> None:
    """Raises ``AlreadyMerged`` or ``Erased``."""
    if patient.merged_into_id is not None:
        raise AlreadyMerged(_("This file was merged into another; change that one."), current=patient.merged_into)
    refuse_erased(patient)


def refuse_erased(patient: Patient) -> None:
    """Raises ``Erased``."""
    if patient.erased_at is not None:
        raise Erased(_("This person's data was erased. Register them anew if they come again."), current=patient)


def require_version(patient: Patient, version: int | None) -> None:
    """Raises ``StaleVersion`` if ``version`` is given and isn't the current one."""
    if version is not None and version != patient.version:
        raise StaleVersion(_("This patient's file has changed since you last saw it. Look at it again."), current=patient)


def lock(patient: Patient, version: int | None = None) -> Patient:
    """The file as it is now, locked until the command ends; raises ``StaleVersion``, ``AlreadyMerged``, ``Erased``."""
    fresh = lock_as_it_is(patient.pk)
    require_version(fresh, version)
    require_standing(fresh)
    return fresh


def lock_current(patient_id: int) -> Patient:
    """The file, locked until the command ends; if it was merged, the one that stands for it. Raises ``Erased``."""
    while True:
        standing_for = _survivor(patient_id)
        # One lock alone: who holds a file and waits for another one could wait for a merge that waits for him.
        with contextlib.suppress(_Overtaken), transaction.atomic():
            patient = lock_as_it_is(standing_for)
            if _survivor(patient_id) != standing_for:
                raise _Overtaken  # which gives the lock back
            refuse_erased(patient)
            return patient


class _Overtaken(Exception):
    """The file was merged or un-merged before it could be locked."""


def _survivor(patient_id: int) -> int:
    merged_into: int | None = Patient.objects.values_list("merged_into_id", flat=True).get(pk=patient_id)
    return patient_id if merged_into is None else _survivor(merged_into)


def log_access(patients: Iterable[Patient], *, by: User | None, how: str) -> None:
    """Note who read (found, changed) these files."""
    if by is not None:
        FileAccess.objects.bulk_create([FileAccess(patient=patient, user=by, how=how) for patient in patients])
