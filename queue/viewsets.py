"""Visits in the API: each verb is one action."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from appointments.viewsets import BookableClinicViewSet, BookableDoctorViewSet
from clinics.models import Clinic, Doctor
from clinics.permissions import CLINICIANS, DESK, DOCTOR, DOCTORS, EVERYONE, READING
from clinics.serializers import VersionSerializer
from clinics.viewsets import ApiViewSet, IdFilter
from patients.actions import log_access
from patients.filters import PatientFilter
from patients.models import FileAccess
from queue import actions, signals
from queue.models import DayClose, Visit, VisitNote
from queue.presence import DoctorState, with_presence
from queue.serializers import (
    CloseDaySerializer,
    CompleteSerializer,
    DayCloseSerializer,
    MoveSerializer,
    NoteSerializer,
    PresenceSerializer,
    PrioritySerializer,
    ReasonSerializer,
    SetFollowUpSerializer,
    SetStateSerializer,
    StepSerializer,
    TransferSerializer,
    VisitSerializer,
    WalkInSerializer,
    WriteNoteSerializer,
)

_WIRE_TIME = serializers.DateTimeField()


class VisitFilter(filters.FilterSet):
    clinic = IdFilter()
    doctor = IdFilter()
    patient = PatientFilter()
    date = filters.DateFilter()
    status = filters.MultipleChoiceFilter(choices=Visit.Status.choices)

    class Meta:
        model = Visit
        fields = ["clinic", "doctor", "patient", "date", "status"]


def _verb(name: str, path: str | None = None) -> Callable[..., Any]:
    """``POST /{id}/<verb>/``: validate, one action, the visit as it is now."""

    def view(self: VisitViewSet, request: Request, pk: str) -> Response:
        return self.answer(getattr(actions, name)(self.get_object(), by=self.user, **self.validated()))

    view.__name__ = name
    view.__doc__ = getattr(actions, name).__doc__
    described = extend_schema(responses=VisitSerializer)(view)
    return action(detail=True, methods=["post"], url_path=path or name)(described)


class VisitViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Visits of the caller's clinics. Everybody there may read them, as in the clinic's room; a doctor acts on their own."""

    queryset = Visit.objects.all()
    serializer_class = VisitSerializer
    filterset_class = VisitFilter
    request_serializers = {
        "create": WalkInSerializer,
        "cancel": ReasonSerializer,
        "move": MoveSerializer,
        "set_priority": PrioritySerializer,
        "transfer": TransferSerializer,
        "complete": CompleteSerializer,
        "write_note": WriteNoteSerializer,
        "set_follow_up": SetFollowUpSerializer,
        **dict.fromkeys(["call", "start", "skip", "put_back", "leave", "undo"], VersionSerializer),
    }
    roles = {
        "history": EVERYONE,
        **dict.fromkeys(["create", "cancel", "leave", "move"], DESK),
        **dict.fromkeys(["call", "skip", "put_back", "undo", "set_priority", "transfer", "set_follow_up"], EVERYONE),
        **dict.fromkeys(["start", "complete"], CLINICIANS),
        "write_note": DOCTORS,
    }

    def get_queryset(self) -> QuerySet[Visit]:
        rows = super().get_queryset().filter(clinic__in=self.user.clinic_ids())
        if self.user.effective_role == DOCTOR and self.action not in {*READING, "history"}:
            rows = rows.filter(doctor_id=self.user.doctor_id)
        return rows.select_related("clinic", "doctor", "patient", "service", "appointment").order_by(
            "-date", "rank", "queue_number", "pk"
        )

    @extend_schema(responses={201: VisitSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A walk-in: somebody without an appointment joins the queue."""
        return self.answer(actions.walk_in(by=self.user, **self.validated()), status.HTTP_201_CREATED)

    call = _verb("call")
    start = _verb("start")
    complete = _verb("complete")
    skip = _verb("skip")
    put_back = _verb("put_back", "return")
    cancel = _verb("cancel")
    leave = _verb("leave")
    undo = _verb("undo")
    move = _verb("move")
    set_priority = _verb("set_priority", "priority")
    transfer = _verb("transfer")
    write_note = _verb("write_note", "note")
    set_follow_up = _verb("set_follow_up", "follow-up")

    @extend_schema(responses={200: StepSerializer(many=True)})
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def history(self, request: Request, pk: str) -> Response:
        """Every step of the visit, with who and when; for the desk also the money that was taken and given back."""
        visit = self.get_object()
        steps = visit.steps.select_related("by").order_by("pk")
        rows: list[tuple[dt.datetime, dict[str, Any]]] = [(step.at, dict(StepSerializer(step).data)) for step in steps]
        for _receiver, more in signals.history_gathered.send(sender=Visit, visit=visit, user=self.user):
            added: list[dict[str, Any]] = more  # type: ignore[assignment]
            rows += [(row["at"], {**row, "at": _WIRE_TIME.to_representation(row["at"])}) for row in added]
        return Response([row for _at, row in sorted(rows, key=lambda pair: pair[0])])


class NoteFilter(filters.FilterSet):
    patient = PatientFilter(field_name="visit__patient")
    visit = IdFilter()

    class Meta:
        model = VisitNote
        fields = ["patient", "visit"]


class NoteViewSet(mixins.ListModelMixin, ApiViewSet):
    """What doctors wrote about the visits at the caller's clinics, the latest first, with what was written before it was
    corrected. For doctors alone; each reading is noted in the access log."""

    queryset = VisitNote.objects.all()
    serializer_class = NoteSerializer
    filterset_class = NoteFilter
    roles = dict.fromkeys(READING, DOCTORS)

    def get_queryset(self) -> QuerySet[VisitNote]:
        rows = super().get_queryset().filter(visit__clinic__in=self.user.clinic_ids())
        return rows.select_related("by__doctor", "visit__patient").order_by("-pk")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        assert page is not None
        read = {note.visit.patient_id: note.visit.patient for note in page}
        log_access(read.values(), by=self.user, how=FileAccess.How.OPENED)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class PresentDoctorViewSet(BookableDoctorViewSet):
    """Doctors, with whether they are there."""

    request_serializers = {**BookableDoctorViewSet.request_serializers, "set_state": SetStateSerializer}
    roles = {**BookableDoctorViewSet.roles, **dict.fromkeys(["state", "set_state"], EVERYONE)}

    def get_queryset(self) -> QuerySet[Doctor]:
        rows = super().get_queryset()
        if self.action == "set_state" and self.user.effective_role == DOCTOR:
            rows = rows.filter(user=self.user)
        return with_presence(rows) if self.action == "state" else rows

    @extend_schema(responses=PresenceSerializer)
    @action(detail=True, methods=["get"], filterset_class=None)
    def state(self, request: Request, pk: str) -> Response:
        """Available, with a patient, on a break or gone."""
        return Response(PresenceSerializer(DoctorState(self.get_object()), context=self.get_serializer_context()).data)

    @extend_schema(responses=PresenceSerializer)
    @state.mapping.post
    def set_state(self, request: Request, pk: str) -> Response:
        """Say so for the rest of the day: a doctor for themself, a desk for the doctors of its clinic."""
        said = actions.set_state(self.get_object(), by=self.user, **self.validated())
        return Response(PresenceSerializer(said, context=self.get_serializer_context()).data)


class ClosableClinicViewSet(BookableClinicViewSet):
    """Clinics, whose days are closed."""

    request_serializers = {**BookableClinicViewSet.request_serializers, "close_day": CloseDaySerializer}
    roles = {**BookableClinicViewSet.roles, "close_day": DESK}

    @extend_schema(responses=DayCloseSerializer)
    @action(detail=True, methods=["post"], url_path="close-day")
    def close_day(self, request: Request, pk: str) -> Response:
        """End the day: who still waits has left, who didn't come is a no-show, and the figures are kept."""
        clinic: Clinic = self.get_object()
        closed = actions.close_day(clinic, by=self.user, day=self.validated().get("date"))
        return Response(DayCloseSerializer(closed, context=self.get_serializer_context()).data)


class DayCloseFilter(filters.FilterSet):
    clinic = IdFilter()
    date = filters.DateFilter()

    class Meta:
        model = DayClose
        fields = ["clinic", "date"]


class DayCloseViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Closed days of the caller's clinics, the latest first. Nobody writes here: a clinic is told to close its day."""

    queryset = DayClose.objects.all()
    serializer_class = DayCloseSerializer
    filterset_class = DayCloseFilter
    roles = dict.fromkeys(READING, DESK)

    def get_queryset(self) -> QuerySet[DayClose]:
        rows = super().get_queryset().filter(clinic__in=self.user.clinic_ids())
        return rows.select_related("by").order_by("-date", "clinic", "-number")
