"""Appointments in the API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from appointments import actions
from appointments.models import Appointment
from appointments.serializers import (
    AppointmentDetailSerializer,
    BookedSeriesSerializer,
    BookOneSerializer,
    CancelledSerializer,
    CancelSerializer,
    ChangeSerializer,
    SeriesSerializer,
)
from appointments.serializers.bookings import moves
from clinics.permissions import DESK, DOCTOR
from clinics.serializers import VersionSerializer
from clinics.viewsets import ApiViewSet, IdFilter
from patients.filters import PatientFilter


class AppointmentFilter(filters.FilterSet):
    clinic = IdFilter()
    doctor = IdFilter()
    patient = PatientFilter()
    series = IdFilter()
    date = filters.DateFilter()
    date_after = filters.DateFilter(field_name="date", lookup_expr="gte", help_text="From this day on.")
    date_before = filters.DateFilter(field_name="date", lookup_expr="lte", help_text="Until this day, itself included.")
    status = filters.MultipleChoiceFilter(choices=Appointment.Status.choices)

    class Meta:
        model = Appointment
        fields = ["clinic", "doctor", "patient", "series", "date", "date_after", "date_before", "status"]


class AppointmentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Appointments of the caller's clinics; a doctor sees their own."""

    queryset = Appointment.objects.all()
    serializer_class = AppointmentDetailSerializer
    filterset_class = AppointmentFilter
    request_serializers = {
        "create": BookOneSerializer,
        "partial_update": ChangeSerializer,
        "cancel": CancelSerializer,
        "check_in": VersionSerializer,
        "no_show": VersionSerializer,
        "series": SeriesSerializer,
        "cancel_following": CancelSerializer,
    }
    roles = dict.fromkeys(["create", "partial_update", "cancel", "check_in", "no_show", "series", "cancel_following"], DESK)

    def get_queryset(self) -> QuerySet[Appointment]:
        rows = super().get_queryset().filter(clinic__in=self.user.clinic_ids())
        if self.user.effective_role == DOCTOR:
            rows = rows.filter(doctor_id=self.user.doctor_id)
        rows = rows.select_related("clinic", "doctor", "patient", "service", "visit").prefetch_related(moves())
        return rows.order_by("start", "pk")

    @extend_schema(responses={201: AppointmentDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(actions.book(by=self.user, **self.validated()), status.HTTP_201_CREATED)

    @extend_schema(responses=AppointmentDetailSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        appointment = self.get_object()
        return self.answer(actions.change(appointment, by=self.user, **self.validated(appointment)))

    @extend_schema(responses=AppointmentDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        return self.answer(actions.cancel(self.get_object(), by=self.user, **self.validated()))

    @extend_schema(responses=AppointmentDetailSerializer)
    @action(detail=True, methods=["post"], url_path="check-in")
    def check_in(self, request: Request, pk: str) -> Response:
        return self.answer(actions.check_in(self.get_object(), by=self.user, **self.validated()))

    @extend_schema(responses=AppointmentDetailSerializer)
    @action(detail=True, methods=["post"], url_path="no-show")
    def no_show(self, request: Request, pk: str) -> Response:
        return self.answer(actions.mark_no_show(self.get_object(), by=self.user, **self.validated()))

    @extend_schema(request=SeriesSerializer, responses={201: BookedSeriesSerializer})
    @action(detail=False, methods=["post"], filterset_class=None)
    def series(self, request: Request) -> Response:
        """Book the same time of the clinic's clock on several dates, weeks apart: all of them, or those that are free."""
        series, booked, conflicts = actions.book_series(by=self.user, **self.validated())
        shape = BookedSeriesSerializer({"series": series.pk, "appointments": booked, "conflicts": conflicts})
        return Response(shape.data, status=status.HTTP_201_CREATED)

    @extend_schema(request=CancelSerializer, responses=CancelledSerializer)
    @action(detail=True, methods=["post"], url_path="cancel-following")
    def cancel_following(self, request: Request, pk: str) -> Response:
        """Cancel this appointment of a series, and those after it that are still booked."""
        cancelled = actions.cancel_following(self.get_object(), by=self.user, **self.validated())
        return Response({"cancelled": [row.pk for row in cancelled]})
