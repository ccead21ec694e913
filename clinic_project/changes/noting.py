"""Whoever reads what was changed in a patient's file reads the file."""

from __future__ import annotations

from collections.abc import Iterable

from clinic_project.changes.reading import Change
from clinics.models import User
from patients import actions
from patients.models import FileAccess, Patient


def note_shown(changes: Iterable[Change], *, by: User) -> None:
    """Note in the access log whose files these changes have shown."""
    ids = {change.object_id for change in changes if change.kind == "patient"}
    if ids:
        actions.log_access(Patient.objects.filter(pk__in=ids).order_by("pk"), by=by, how=FileAccess.How.OPENED)
