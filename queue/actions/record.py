"""Locking a visit, and saving what was changed with a step of its history."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments import actions as appointment_actions
from appointments.models import Appointment
from clinics.commands import command
from clinics.exceptions import DomainError, StaleVersion
from clinics.models import User
from queue.models import Visit, VisitStep


class DoctorBusy(DomainError):
    """The doctor already has a patient inside."""

    code = "doctor_busy"


# What a step may change and undo puts back. A ticket is never among it: it stays the patient's.
STATE_FIELDS = (
    "status",
    "date",
    "doctor_id",
    "priority",
    "priority_reason",
    "rank",
    "rank_basis",
    "behind_at",
    "moved_rank",
    "call_count",
    "checked_in_at",
    "called_at",
    "started_at",
    "completed_at",
    "follow_up_on",
    "follow_up_service_id",
    "follow_up_appointment_id",
)


def lock(visit: Visit, version: int | None = None, *, with_appointment: bool = False) -> Visit:
    """The visit as it is now, locked until the command ends (its appointment before it, if wanted: the order of locks).

    Raises ``StaleVersion`` if ``version`` isn't current.
    """
    locked = None
    if with_appointment and visit.appointment_id is not None:
        locked = appointment_actions.lock(Appointment(pk=visit.appointment_id))
    # Locked first, joined after: PostgreSQL drops a row from a locking join if another command has just given it another doctor.
    Visit.objects.select_for_update().values_list("pk").get(pk=visit.pk)
    fresh: Visit = Visit.objects.shown().get(pk=visit.pk)
    if locked is not None:
        fresh.appointment = locked
    if version is not None and version != fresh.version:
        raise StaleVersion(_("This visit has changed since you last saw it. Look at it again."), current=fresh)
    return fresh


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else value


def record(
    visit: Visit, action: str, by: User | None, reason: str = "", undoes: VisitStep | None = None, **details: Any
) -> None:
    """Save what was changed, and the step with what was there before."""
    changes = visit.changes()
    before = {name: _as_json(old) for name, (old, _new) in changes.items() if name in STATE_FIELDS}
    from_status = changes["status"][0] if "status" in changes else visit.status
    try:
        with command():
            visit.save(update_fields=list(changes))
    except IntegrityError as error:
        if "one_visit_in_progress_per_doctor" in str(error) or "queue_visit.doctor_id" in str(error):
            current = Visit.objects.shown().get(pk=visit.pk)
            raise DoctorBusy(_busy_with(visit), current=current) from error
        raise
    note(visit, action, by, reason, from_status=from_status, before=before, undoes=undoes, **details)


def _busy_with(visit: Visit) -> str:
    inside = Visit.objects.shown().filter(doctor=visit.doctor_id, status=Visit.Status.IN_PROGRESS).exclude(pk=visit.pk).first()
    if inside is None or inside.date == visit.date or inside.clinic_id != visit.clinic_id:
        return _("The doctor has another patient inside. Complete that visit first.")
    # No screen of the new day shows that one; the doctor's page does, when it is loaded.
    return _("%(who)s is still inside since yesterday. Load the doctor's page anew and complete that visit first.") % {
        "who": f"{inside.ticket} {inside.patient.full_name}"
    }


def note(
    visit: Visit,
    action: str,
    by: User | None,
    reason: str = "",
    *,
    from_status: str | None = None,
    before: dict[str, Any] | None = None,
    undoes: VisitStep | None = None,
    **details: Any,
) -> None:
    """Write a step of the history, for what changed nothing of the visit itself or is saved already."""
    VisitStep.objects.create(
        visit=visit,
        action=action,
        from_status=visit.status if from_status is None else from_status,
        to_status=visit.status,
        reason=reason,
        details=details,
        before=before or {},
        undoes=undoes,
        by=by,
        at=timezone.now(),
    )
