"""Patients in the API. Every reading of a file is noted in the access log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.exceptions import DomainError
from clinics.permissions import DESK
from clinics.viewsets import ApiViewSet
from patients import actions
from patients.models import FileAccess, Patient
from patients.search import search
from patients.serializers import MergeSerializer, PatientSerializer

_TRUE = frozenset({"true", "1", "yes"})


class PatientViewSet(mixins.ListModelMixin, ApiViewSet):
    """One registry for all clinics of the installation."""

    queryset = Patient.objects.select_related("merged_into")
    serializer_class = PatientSerializer
    request_serializers = {"merge": MergeSerializer}
    roles = {"create": DESK, "partial_update": DESK, "merge": DESK}

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = super().filter_queryset(queryset)
        if self.action == "list":
            # A NUL can't be stored, so it can't be found either; PostgreSQL would refuse the question.
            text = self.request.query_params.get("search", "").replace("\0", "")[:200]
            return search(found.filter(merged_into=None), text)
        return found

    @extend_schema(parameters=[OpenApiParameter("search", str, description="Parts of name, phone or record number.")])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        # Numbers first: an index has those of any page, however deep, and only the page's rows are read whole.
        found = self.filter_queryset(self.get_queryset())
        numbers = self.paginate_queryset(found.order_by(*found.query.order_by).values_list("pk", flat=True))
        assert numbers is not None
        by_number = self.get_queryset().in_bulk(numbers)
        page = [by_number[number] for number in numbers if number in by_number]
        actions.log_access(page, by=self.user, how=FileAccess.How.FOUND)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        patient = self.get_object()
        patient = patient.merged_into or patient
        actions.log_access([patient], by=self.user, how=FileAccess.How.OPENED)
        return self.answer(patient)

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

    @extend_schema(request=MergeSerializer, responses=PatientSerializer)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        with self._noting_what_is_shown():
            return self.answer(actions.merge(self.get_object(), by=self.user, **self.validated()))

    @contextmanager
    def _noting_what_is_shown(self) -> Iterator[None]:
        """A refusal that shows the file as it is now is a reading of it."""
        try:
            yield
        except DomainError as refusal:
            if isinstance(refusal.current, Patient):
                actions.log_access([refusal.current], by=self.user, how=FileAccess.How.OPENED)
            raise
