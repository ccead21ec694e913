"""What visits say of a patient whose data is erased."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from clinics.exceptions import DomainError
from patients.actions import forget_answers_of, rename_in_admin_log
from patients.models import Patient
from queue.models import Visit, VisitNote, VisitStep

FREE_TEXT = ("priority_reason",)
"""Where people write what they like, about a patient too."""


class StillInQueue(DomainError):
    """The patient is in today's queue, so the file can't be erased."""

    code = "still_in_queue"


def erase(patient: Patient, *, exchanged: Collection[int] = ()) -> None:
    """Empty what was written about an erased patient, in notes and the steps of history too; call it within ``guards.erasing()``.

    ``exchanged``: visits that ever came from or went to another file; what was told of them there goes too. Each visit's
    version rises, since it shows the name; tickets, times and who did what stay. Raises ``StillInQueue``.
    """
    numbers = list(Visit.objects.select_for_update().filter(patient=patient).order_by("pk").values_list("pk", flat=True))
    visits = list(Visit.objects.shown().filter(pk__in=numbers).order_by("pk"))
    if any(visit.is_in_queue and visit.date >= visit.clinic.today() for visit in visits):
        raise StillInQueue(_("This patient is in today's queue. Complete or cancel the visit first."), current=patient)
    for visit in visits:
        for name in FREE_TEXT:
            setattr(visit, name, "")
        if changed := list(visit.changes()):
            visit.save(update_fields=changed)
    for step in VisitStep.objects.filter(visit__in=numbers).order_by("pk"):
        before = {name: "" if name in FREE_TEXT else value for name, value in step.before.items()}
        if step.reason or before != step.before:
            VisitStep.objects.filter(pk=step.pk).update(reason="", before=before)
    VisitNote.objects.filter(visit__in=numbers).update(text="")
    forget_answers_of(set(numbers) & set(exchanged), told_with="visit_type")
    shown = Visit.objects.shown().filter(pk__in={*numbers, *exchanged})
    rename_in_admin_log(Visit, {visit.pk: str(visit) for visit in shown})
