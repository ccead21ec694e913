"""All that is stored about one person, as one JSON document."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from clinics.commands import command
from clinics.models import Clinic, User
from patients import signals
from patients.actions import log_access
from patients.models import FileAccess, Patient, PatientMerge
from patients.serializers import AccessSerializer, MergeRecordSerializer, PastVersionSerializer, PatientSerializer


def export(patient: Patient, *, by: User) -> dict[str, Any]:
    """The person's file with those merged into it, their past versions, and what each app above knows of them.

    What happened at clinics that aren't ``by``'s is left out, and ``complete`` says whether anything can have been; superusers get
    all. Noted in the access log of each file.
    """
    with command():
        files = list(Patient.objects.filter(Q(pk=patient.pk) | Q(merged_into=patient)).order_by("pk"))
        log_access(files, by=by, how=FileAccess.How.EXPORTED)
        numbers = [file.pk for file in files]
        clinics = None if by.is_superuser else by.clinic_ids()
        merges = PatientMerge.objects.filter(Q(survivor__in=numbers) | Q(duplicate__in=numbers))
        past = Patient.history.filter(id__in=numbers).select_related("history_user")
        document: dict[str, Any] = {
            "exported_at": timezone.now(),
            "exported_by": by.get_username(),
            "clinics": list(by.visible_clinics().order_by("name").values_list("name", flat=True)),
            "complete": clinics is None or not Clinic.objects.exclude(pk__in=clinics).exists(),
            "patient": PatientSerializer(next(file for file in files if file.pk == patient.pk)).data,
            "merged_files": PatientSerializer([file for file in files if file.pk != patient.pk], many=True).data,
            "past_versions": PastVersionSerializer(past.order_by("history_date", "history_id"), many=True).data,
            "merges": MergeRecordSerializer(
                merges.select_related("survivor", "duplicate", "by", "unmerged_by").order_by("pk"), many=True
            ).data,
            "accesses": AccessSerializer(accesses_to(numbers).order_by("at", "pk"), many=True).data,
        }
        document |= signals.collect(signals.exporting, sender=Patient, files=numbers, clinics=clinics)
    return document


def accesses_to(files: list[int]) -> QuerySet[FileAccess]:
    """The access log of these files, whoever it was: the registry is everybody's, and usernames of staff are no secret among admins."""
    return FileAccess.objects.filter(patient__in=files).select_related("user", "patient")
