"""What an export of one patient's data has of visits."""

from __future__ import annotations

from typing import Any

from queue.models import Visit
from queue.serializers import NoteSerializer, StepSerializer, VisitSerializer


def visits_of(files: list[int], clinics: list[int] | None) -> list[dict[str, Any]]:
    """The visits with their steps and notes, the earliest first; ``clinics``: of these alone."""
    rows = (
        Visit.objects.shown()
        .filter(patient__in=files)
        .prefetch_related("steps__by", "notes__by__doctor")
        .order_by("date", "pk")
    )
    visits = list(rows if clinics is None else rows.filter(clinic__in=clinics))
    return [
        {
            **VisitSerializer(visit).data,
            "clinic": visit.clinic.name,
            "priority_reason": visit.priority_reason,
            "notes": NoteSerializer(visit.notes.all(), many=True).data,
            "steps": StepSerializer(visit.steps.all(), many=True).data,
        }
        for visit in visits
    ]
