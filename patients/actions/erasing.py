"""Erasing a person: the file keeps its number, and money and who did what stay; who it was is gone (ADR 30)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clinics.exceptions import InvalidInput
from clinics.guards import erasing
from clinics.models import IdempotencyKey, User
from clinics.text import written
from patients import signals
from patients.actions.files import lock, lock_as_it_is, log_access, one_at_a_time
from patients.actions.merging import ONE_MERGE
from patients.models import FileAccess, Patient, PatientErasure, PatientMerge, Sex

EMPTY = {"phone": "", "email": "", "address": "", "notes": "", "birth_date": None, "sex": Sex.UNKNOWN}
_NO_LONGER_TOLD = json.dumps({"detail": "This answer named a person whose data was erased since.", "code": "erased"})


def erase(patient: Patient, *, by: User | None, reason: str, version: int | None = None) -> Patient:
    """Overwrite all that says who the person is, in the file, in those merged into it, in their past versions, and in what the
    other apps hold (``signals.erased``). It can't be taken back.

    Raises ``InvalidInput``, ``StaleVersion``, ``AlreadyMerged``, ``Erased``, and what the receivers refuse: somebody who is expected or in the queue.
    """
    reason = written(reason)
    if not reason:
        raise InvalidInput(reason=_("Write the reason."))
    with erasing():
        one_at_a_time(ONE_MERGE)
        fresh = lock(patient, version)
        merged = Patient.objects.filter(merged_into=fresh).order_by("pk").values_list("pk", flat=True)
        files = [fresh, *(lock_as_it_is(number) for number in merged)]
        names = {str(name) for file in files for name in _names(file)}
        for file in files:
            _overwrite(file)
        numbers = [file.pk for file in files]
        _overwrite_past(files)
        PatientErasure.objects.create(patient=fresh, by=by, reason=reason)
        signals.erased.send(sender=Patient, patient=fresh, files=numbers, exchanged=_exchanged(numbers), by=by)
        _forget_answers(files, names)
        log_access([fresh], by=by, how=FileAccess.How.CHANGED)
    return fresh


def pseudonym(patient: Patient) -> str:
    """What stands where the name was."""
    return f"Erased {patient.record_number}"


def _names(file: Patient) -> set[str]:
    """All that the file was ever called."""
    past = Patient.history.filter(id=file.pk)
    return {file.full_name, *past.values_list("full_name", flat=True)}


def _overwrite(file: Patient) -> None:
    file.full_name, file.erased_at = pseudonym(file), timezone.now()
    for name, value in EMPTY.items():
        setattr(file, name, value)
    file.save(update_fields=["full_name", "erased_at", *EMPTY])


def _overwrite_past(files: list[Patient]) -> None:
    for file in files:
        past = Patient.history.filter(id=file.pk)
        past.update(full_name=file.full_name, name_key=file.name_key, phone_key="", **EMPTY)
        rename_in_admin_log(Patient, {file.pk: str(file)})


def _exchanged(files: list[int]) -> dict[str, set[int]]:
    """Rows that a merge gave to or took from these files: they were told of under another's number, or other people's under ours."""
    rows: dict[str, set[int]] = defaultdict(set)
    merges = PatientMerge.objects.filter(Q(survivor__in=files) | Q(duplicate__in=files))
    for moved in merges.values_list("moved", flat=True):
        for label, numbers in moved.items():
            rows[label].update(numbers)
    return rows


def rename_in_admin_log(model: type[Model], names: dict[int, str]) -> None:
    """Admin's own log of changes has each object's name; it is told by its number from now on."""
    kind = ContentType.objects.get_for_model(model)
    for number, name in names.items():
        LogEntry.objects.filter(content_type=kind, object_id=str(number)).update(object_repr=name[:200])


def _forget_answers(files: list[Patient], names: set[str]) -> None:
    """Answers that are kept for a day, for calls that are sent again: those that name the person say so no more."""
    words = [f":{json.dumps(name, ensure_ascii=False)}" for name in names]
    words += [f'"record_number":"{file.record_number}"' for file in files]
    words += [f'"patient":{{"id":{file.pk},' for file in files]
    named = Q(pk__in=())
    for word in words:
        named |= Q(body__contains=word)
    IdempotencyKey.objects.filter(named, status__isnull=False).update(status=409, body=_NO_LONGER_TOLD)


def forget_answers_of(numbers: Collection[int], *, told_with: str) -> None:
    """The same for answers in which rows of these numbers, known by a field that they alone have, stand under another's name."""
    if not numbers:
        return
    wanted, kept = set(numbers), IdempotencyKey.objects.filter(status__isnull=False, body__contains=f'"{told_with}":')
    for pk, body in kept.values_list("pk", "body").iterator():
        if _tells_of(json.loads(body), wanted, told_with):
            IdempotencyKey.objects.filter(pk=pk).update(status=409, body=_NO_LONGER_TOLD)


def _tells_of(data: Any, numbers: set[int], told_with: str) -> bool:
    if isinstance(data, list):
        return any(_tells_of(part, numbers, told_with) for part in data)
    if not isinstance(data, dict):
        return False
    return (told_with in data and data.get("id") in numbers) or _tells_of(list(data.values()), numbers, told_with)
