"""Two files that are one person's become one, and two again if that was a mistake."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext as _

from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput
from clinics.models import User
from patients import signals
from patients.actions.files import lock_as_it_is, log_access, one_at_a_time, require_standing, require_version
from patients.models import FileAccess, Patient, PatientMerge

FILES = "patients.patient"
"""Under which ``PatientMerge.moved`` has the files that pointed to the duplicate."""


class NotMerged(DomainError):
    """The file isn't merged into the one that was named."""

    code = "not_merged"


class MergeUnknown(DomainError):
    """What went with the file wasn't written down at the time."""

    code = "merge_unknown"


ONE_MERGE = "merges"
"""Commands that lock several files take their turns: all others lock one, so nobody can block anybody."""


def _lock_by_number(numbers: Iterable[int]) -> dict[int, Patient]:
    return {number: lock_as_it_is(number) for number in sorted(set(numbers))}


def merge(survivor: Patient, *, duplicate: Patient, by: User | None, version: int | None = None) -> Patient:
    """Two files are one person's: all that refers to ``duplicate`` moves to ``survivor``, and the duplicate points there.

    Raises ``InvalidInput``, ``AlreadyMerged``, ``Erased``, ``StaleVersion``, and whatever forbids a move (``PatientBusy``).
    """
    if survivor.pk == duplicate.pk:
        raise InvalidInput(duplicate=_("This is the same file. Name the other one."))
    with command():
        one_at_a_time(ONE_MERGE)
        locked = _lock_by_number([survivor.pk, duplicate.pk])
        kept, gone = locked[survivor.pk], locked[duplicate.pk]
        require_standing(kept)
        require_standing(gone)
        require_version(kept, version)
        pointing = _point(Patient.objects.filter(merged_into=gone), to=kept)
        gone.merged_into = kept
        gone.save(update_fields=["merged_into"])
        kept.save(update_fields=[])
        moved = signals.collect(signals.merged, sender=Patient, survivor=kept, duplicate=gone, by=by)
        moved[FILES] = pointing
        PatientMerge.objects.create(survivor=kept, duplicate=gone, by=by, moved=moved)
        log_access([kept, gone], by=by, how=FileAccess.How.CHANGED)
    return kept


def unmerge(survivor: Patient, *, duplicate: Patient, by: User | None, version: int | None = None) -> Patient:
    """They were two people's after all: what the merge moved goes back, unless it has been moved on since, and both files
    stand again. What was booked, taken or written on the survivor after the merge stays there.

    Raises ``NotMerged``, ``AlreadyMerged`` (the survivor was merged on: that one first), ``Erased``, ``MergeUnknown``,
    ``StaleVersion``, and whatever forbids a move (``PatientBusy``).
    """
    with command():
        one_at_a_time(ONE_MERGE)
        locked = _lock_by_number([survivor.pk, duplicate.pk])
        kept, gone = locked[survivor.pk], locked[duplicate.pk]
        require_standing(kept)
        require_version(kept, version)
        if gone.merged_into_id != kept.pk:
            raise NotMerged(_("That file isn't merged into this one."), current=kept)
        done = PatientMerge.objects.select_for_update().filter(duplicate=gone, unmerged_at=None).first()
        if done is None:
            raise MergeUnknown(_("What was moved by this merge wasn't written down then. Move it by hand."), current=kept)
        if done.survivor_id != kept.pk:
            between = done.survivor
            raise NotMerged(
                _("That file was merged into %(between)s, and %(between)s into this one. Un-merge %(between)s first.")
                % {"between": between.record_number},
                current=kept,
            )
        _point(Patient.objects.filter(pk__in=done.moved.get(FILES, []), merged_into=kept), to=gone)
        gone.merged_into = None
        gone.save(update_fields=["merged_into"])
        kept.save(update_fields=[])
        signals.unmerged.send(sender=Patient, survivor=kept, duplicate=gone, moved=done.moved, by=by)
        done.unmerged_at, done.unmerged_by = timezone.now(), by
        done.save(update_fields=["unmerged_at", "unmerged_by"])
        log_access([kept, gone], by=by, how=FileAccess.How.CHANGED)
    return kept


def _point(files: Iterable[Patient], *, to: Patient) -> list[int]:
    """Files that are merged point to another survivor; returns their numbers."""
    moved = _lock_by_number([file.pk for file in files])
    for file in moved.values():
        file.merged_into = to
        file.save(update_fields=["merged_into"])
    return list(moved)
