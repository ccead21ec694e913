"""Patients in the API. Every reading of a file is noted in the access log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.exceptions import DomainError
from clinics.permissions import ADMINS, DESK
from clinics.viewsets import ApiViewSet
from patients import actions
from patients.duplicates import similar_files
from patients.exporting import accesses_to, export
from patients.filters import AccessFilter
from patients.models import FileAccess, Patient, PatientMerge
from patients.search import search
from patients.serializers import (
    AccessSerializer,
    EraseSerializer,
    LookalikesAnswerSerializer,
    LookalikesSerializer,
    MergeRecordSerializer,
    MergeSerializer,
    PatientSerializer,
    UnmergeSerializer,
)

_TRUE = frozenset({"true", "1", "yes"})
_FOR_ACCESSES = [
    OpenApiParameter("user", int, description="Who: the id of a member of staff."),
    OpenApiParameter("how", str, enum=FileAccess.How.values, many=True),
    OpenApiParameter("at_after", OpenApiTypes.DATETIME, description="From this moment on, with its offset."),
    OpenApiParameter("at_before", OpenApiTypes.DATETIME, description="Before this moment, with its offset."),
]


class PatientViewSet(mixins.ListModelMixin, ApiViewSet):
    """One registry for all clinics of the installation."""

    queryset = Patient.objects.select_related("merged_into")
    serializer_class = PatientSerializer
    request_serializers = {
        "merge": MergeSerializer,
        "unmerge": UnmergeSerializer,
        "erase": EraseSerializer,
        "duplicates": LookalikesSerializer,
    }
    answers_not_kept = frozenset({"duplicates"})
    roles = {
        **dict.fromkeys(["create", "partial_update", "merge", "unmerge", "merges", "duplicates"], DESK),
        **dict.fromkeys(["accesses", "export", "erase"], ADMINS),
    }

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found: QuerySet[Any] = super().filter_queryset(queryset)
        if self.action == "list":
            return search(found.filter(merged_into=None, erased_at=None), self.request.query_params.get("search", "")[:200])
        return found

    @extend_schema(
        parameters=[
            OpenApiParameter("search", str, description="Parts of name, phone or record number, in any order and notation.")
        ]
    )
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        # Numbers first: an index has those of any page, however deep, and only the page's rows are read whole.
        numbers = self.paginate_queryset(self.filter_queryset(self.get_queryset()).values_list("pk", flat=True))
        assert numbers is not None
        by_number = Patient.objects.in_bulk(numbers)
        page = [by_number[number] for number in numbers]
        actions.log_access(page, by=self.user, how=FileAccess.How.FOUND)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        patient = self._standing_for()
        actions.log_access([patient], by=self.user, how=FileAccess.How.OPENED)
        return self.answer(patient)

    def _standing_for(self) -> Patient:
        """The file of the address, or the one it was merged into."""
        patient: Patient = self.get_object()
        return patient.merged_into or patient

    @extend_schema(parameters=[OpenApiParameter("force", bool, description="Register although somebody looks the same.")])
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        fields = self.validated()
        fields.pop("version", None)
        force = request.query_params.get("force", "").lower() in _TRUE
        try:
            patient = actions.register(by=self.user, force=force, **fields)
        except actions.PossibleDuplicate as refusal:
            # The answer shows their files.
            candidates = [candidate.patient for candidate in refusal.extra["candidates"]]
            actions.log_access(candidates, by=self.user, how=FileAccess.How.FOUND)
            raise
        return self.answer(patient, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        patient = self.get_object()
        serializer = self.get_serializer(patient, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        with self._noting_what_is_shown():
            return self.answer(actions.change(patient, by=self.user, **serializer.validated_data))

    @extend_schema(request=LookalikesSerializer, responses=LookalikesAnswerSerializer)
    @action(detail=False, methods=["post"])
    def duplicates(self, request: Request) -> Response:
        """Whoever may be the same person, with why, the likeliest first: to be shown before saving. A POST since names don't belong
        into addresses; it changes nothing but the access log."""
        asked = self.validated()
        itself: Patient | None = asked.pop("patient")
        candidates = similar_files(**asked, exclude=None if itself is None else itself.pk)
        actions.log_access([each.patient for each in candidates], by=self.user, how=FileAccess.How.FOUND)
        return Response(LookalikesAnswerSerializer({"candidates": candidates}).data)

    @extend_schema(request=MergeSerializer, responses=PatientSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """All that refers to ``duplicate`` moves here, and its id stands for this file from now on."""
        with self._noting_what_is_shown():
            return self.answer(actions.merge(self.get_object(), by=self.user, **self.validated()))

    @extend_schema(request=UnmergeSerializer, responses=PatientSerializer)
    @action(detail=True, methods=["post"])
    def unmerge(self, request: Request, pk: str) -> Response:
        """They were two people's after all: what the merge moved goes back, and both files stand again."""
        with self._noting_what_is_shown():
            return self.answer(actions.unmerge(self.get_object(), by=self.user, **self.validated()))

    @extend_schema(responses=MergeRecordSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def merges(self, request: Request, pk: str) -> Response:
        """Merges into this file, and of it, the latest first; those without ``unmerged_at`` can be taken back."""
        patient = self.get_object()
        rows = PatientMerge.objects.filter(Q(survivor=patient) | Q(duplicate=patient))
        merges = list(rows.select_related("survivor", "duplicate", "by", "unmerged_by").order_by("-pk"))
        shown = {file.pk: file for each in merges for file in (each.survivor, each.duplicate)}
        actions.log_access(shown.values(), by=self.user, how=FileAccess.How.FOUND)
        return Response(MergeRecordSerializer(merges, many=True).data)

    @extend_schema(responses=AccessSerializer(many=True), parameters=_FOR_ACCESSES)
    @action(detail=True, methods=["get"])
    def accesses(self, request: Request, pk: str) -> Response:
        """Who read this file (and those merged into it), how and when, the latest first."""
        patient = self._standing_for()
        files = Patient.objects.filter(Q(pk=patient.pk) | Q(merged_into=patient)).values_list("pk", flat=True)
        asked = AccessFilter(request.query_params, accesses_to(list(files)).order_by("-at", "-pk"))
        if not asked.is_valid():
            raise ValidationError(asked.errors)
        page = self.paginate_queryset(asked.qs)
        assert page is not None
        return self.get_paginated_response(AccessSerializer(page, many=True).data)

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    @action(detail=True, methods=["get"], renderer_classes=[JSONRenderer])
    def export(self, request: Request, pk: str) -> Response:
        """All that is stored about this person, as a file: for the person, who may ask for it."""
        patient = self._standing_for()
        name = f'attachment; filename="patient-{patient.record_number}.json"'
        return Response(export(patient, by=self.user), headers={"Content-Disposition": name})

    @extend_schema(request=EraseSerializer, responses=PatientSerializer)
    @action(detail=True, methods=["post"])
    def erase(self, request: Request, pk: str) -> Response:
        """Overwrite all that says who this person is, for good; money, and who did what when, stays."""
        with self._noting_what_is_shown():
            return self.answer(actions.erase(self.get_object(), by=self.user, **self.validated()))

    @contextmanager
    def _noting_what_is_shown(self) -> Iterator[None]:
        """A refusal that shows the file as it is now is a reading of it."""
        try:
            yield
        except DomainError as refusal:
            if isinstance(refusal.current, Patient):
                actions.log_access([refusal.current], by=self.user, how=FileAccess.How.OPENED)
            raise
