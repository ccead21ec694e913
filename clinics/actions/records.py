"""Clinics, doctors and services: records without rules between them."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from clinics.commands import command
from clinics.models import Clinic, User


def save_record(record: Any) -> Model:
    """Write what a serializer has validated, as one command; what changes nothing must not make others' open forms stale."""
    before = record.instance
    if before is not None and all(_held(before, name) == value for name, value in record.validated_data.items()):
        return before  # type: ignore[no-any-return]
    with command():
        return record.save()  # type: ignore[no-any-return]


def open_clinic(record: Any, *, by: User) -> Clinic:
    """A new clinic. Who opens one works there; else it would be gone from their sight at once."""
    with command():
        clinic: Clinic = record.save()
        if not by.is_superuser:
            by.clinics.add(clinic)
    return clinic


def _held(instance: Any, name: str) -> Any:
    held = getattr(instance, name)
    return list(held.all()) if hasattr(held, "all") else held
