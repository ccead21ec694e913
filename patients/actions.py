"""All writes to patients' files, and the log of who read them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from django.db import connection

from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput, StaleVersion
from clinics.models import User
from patients import signals
from patients.models import FileAccess, Patient
from patients.search import possible_duplicates


class PossibleDuplicate(DomainError):
    """Somebody who is already registered looks like this person; ``extra["candidates"]`` says who and why."""

    code = "possible_duplicate"


class AlreadyMerged(DomainError):
    """One of the records is merged already."""

    code = "already_merged"


def _set_keys(patient: Patient) -> None:
    patient.full_name = " ".join(patient.full_name.split())
    patient.fold()
    if not patient.name_key:
        raise InvalidInput(full_name="Write the patient's name.")


def _one_at_a_time(*keys: str) -> None:
    """Two desks that register the same person at the same moment: the second one finds the first one's file. SQLite has one
    writer at a time anyhow."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # In one order, so that two of these can't block each other.
            for number in sorted({zlib.crc32(key.encode()) for key in keys}):
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def register(*, by: User | None, force: bool = False, **fields: Any) -> Patient:
    """Open a file; raises ``PossibleDuplicate`` unless ``force`` says that this is somebody else."""
    with command():
        patient = Patient(**fields)
        _set_keys(patient)
        if not force:
            _one_at_a_time(f"name {patient.name_key}", *([f"phone {patient.phone_key}"] if patient.phone_key else []))
            candidates = possible_duplicates(full_name=patient.full_name, phone=patient.phone, birth_date=patient.birth_date)
            if candidates:
                raise PossibleDuplicate(
                    "A patient like this is already registered. Use that file, or confirm that this is somebody else.",
                    extra={"candidates": candidates},
                )
        patient.save()
        log_access([patient], by=by, how=FileAccess.How.CHANGED)
    return patient


def change(patient: Patient, *, by: User | None, version: int | None = None, **fields: Any) -> Patient:
    """Change the file; raises ``StaleVersion``, ``AlreadyMerged``."""
    with command():
        fresh = lock(patient, version)
        for name, value in fields.items():
            setattr(fresh, name, value)
        _set_keys(fresh)
        changed = list(fresh.changes())
        if changed:
            fresh.save(update_fields=changed)
        log_access([fresh], by=by, how=FileAccess.How.CHANGED)
    return fresh


def lock(patient: Patient, version: int | None = None) -> Patient:
    """The file as it is now, locked until the command ends."""
    # Without the key: the access log may refer to a file that is being changed.
    fresh = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient.pk)
    if version is not None and version != fresh.version:
        raise StaleVersion("This patient's file has changed since you last saw it. Look at it again.", current=fresh)
    if fresh.merged_into_id is not None:
        raise AlreadyMerged("This file was merged into another; change that one.", current=fresh.merged_into)
    return fresh


def lock_current(patient_id: int) -> Patient:
    """The file, locked until the command ends; if it was merged meanwhile, the one that stands for it."""
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).get(pk=patient_id)
    return patient if patient.merged_into_id is None else lock_current(patient.merged_into_id)


def merge(survivor: Patient, *, duplicate: Patient, by: User | None, version: int | None = None) -> Patient:
    """Two files are one person's: all that refers to ``duplicate`` moves to ``survivor``, and the duplicate points there.

    Raises ``InvalidInput``, ``AlreadyMerged``, and whatever forbids a move (``PatientBusy``).
    """
    if survivor.pk == duplicate.pk:
        raise InvalidInput(duplicate="This is the same file. Name the other one.")
    with command():
        # By number, so that two merges of the same pair can't block each other.
        locked = {p.pk: lock(p) for p in sorted([survivor, duplicate], key=lambda p: p.pk)}
        kept, gone = locked[survivor.pk], locked[duplicate.pk]
        if version is not None and version != kept.version:
            raise StaleVersion("This patient's file has changed since you last saw it. Look at it again.", current=kept)
        for earlier in Patient.objects.select_for_update(of=("self",)).filter(merged_into=gone).order_by("pk"):
            earlier.merged_into = kept
            earlier.save(update_fields=["merged_into"])
        gone.merged_into = kept
        gone.save(update_fields=["merged_into"])
        kept.save(update_fields=[])
        signals.merged.send(sender=Patient, survivor=kept, duplicate=gone, by=by)
        log_access([kept, gone], by=by, how=FileAccess.How.CHANGED)
    return kept


def log_access(patients: Iterable[Patient], *, by: User | None, how: str) -> None:
    """Note who read (found, changed) these files."""
    if by is not None:
        FileAccess.objects.bulk_create([FileAccess(patient=patient, user=by, how=how) for patient in patients])
