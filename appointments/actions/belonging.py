"""Appointments go with their patient's file: merged, parted again, erased."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from appointments.actions import rules
from appointments.models import Appointment, Reschedule
from clinics.commands import command
from clinics.exceptions import DomainError
from patients.actions import forget_answers_of, rename_in_admin_log
from patients.models import Patient


class StillExpected(DomainError):
    """The patient is still expected, so the file can't be erased."""

    code = "still_expected"


def give_to(patient: Patient, *, of: Patient, only: list[int] | None = None) -> list[int]:
    """All appointments of ``of`` (of those in ``only``, if given) become ``patient``'s; returns which.

    Raises ``PatientBusy`` if two of them overlap.
    """
    with command():
        rows = Appointment.objects.select_for_update(of=("self",)).filter(patient=of).order_by("pk")
        moved = list(rows if only is None else rows.filter(pk__in=only))
        for appointment in moved:
            appointment.patient = patient
            if appointment.is_active:
                rules.require_still_free(appointment)
            rules.save(appointment, ["patient"])
    return [appointment.pk for appointment in moved]


FREE_TEXT = ("notes", "cancel_reason", "overbook_reason")
"""Where people write what they like, about a patient too: overwritten when the patient is erased."""


def erase(patient: Patient, *, exchanged: Collection[int] = ()) -> None:
    """Empty what was written about an erased patient, in past versions too; call it within ``guards.erasing()``.

    ``exchanged``: appointments that ever came from or went to another file; what was told of them there goes too. Raises ``StillExpected`` if the patient has an appointment to come.
    """
    rows = list(Appointment.objects.select_for_update(of=("self",)).filter(patient=patient).order_by("pk"))
    for appointment in Appointment.objects.filter(
        pk__in=[row.pk for row in rows], status__in=Appointment.ACTIVE
    ).select_related("clinic"):
        if appointment.status != Appointment.Status.FULFILLED and appointment.date >= appointment.clinic.today():
            raise StillExpected(_("This patient has an appointment to come. Cancel it first."), current=patient)
    for appointment in rows:
        for name in FREE_TEXT:
            setattr(appointment, name, "")
        if changed := list(appointment.changes()):
            appointment.save(update_fields=changed)
    numbers = [row.pk for row in rows]
    Appointment.history.filter(id__in=numbers).update(**dict.fromkeys(FREE_TEXT, ""))
    Reschedule.objects.filter(appointment__in=numbers).update(reason="")
    forget_answers_of(set(numbers) & set(exchanged), told_with="booking_source")
    shown = Appointment.objects.filter(pk__in={*numbers, *exchanged}).select_related("clinic", "patient")
    rename_in_admin_log(Appointment, {row.pk: str(row) for row in shown})
