"""Appointments, shifts and slots in the API."""

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
from appointments.models import Appointment, Shift, TimeOff
from appointments.serializers import (
    AppointmentDetailSerializer,
    BookSerializer,
    CancelSerializer,
    ChangeSerializer,
    ShiftSerializer,
    SlotSerializer,
    SlotsQuerySerializer,
    TimeOffSerializer,
)
from clinics.models import Doctor
from clinics.permissions import DESK, DOCTOR, EVERYONE
from clinics.serializers import VersionSerializer
from clinics.viewsets import ApiViewSet, DirectoryViewSet, DoctorViewSet, IdFilter
from patients.filters import PatientFilter


class AppointmentFilter(filters.FilterSet):
    clinic = IdFilter()
    doctor = IdFilter()
    patient = PatientFilter()
    date = filters.DateFilter()
    status = filters.MultipleChoiceFilter(choices=Appointment.Status.choices)

    class Meta:
        model = Appointment
        fields = ["clinic", "doctor", "patient", "date", "status"]


class AppointmentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Appointments of the caller's clinics; a doctor sees their own."""

    queryset = Appointment.objects.all()
    serializer_class = AppointmentDetailSerializer
    filterset_class = AppointmentFilter
    request_serializers = {
        "create": BookSerializer,
        "partial_update": ChangeSerializer,
        "cancel": CancelSerializer,
        "check_in": VersionSerializer,
        "no_show": VersionSerializer,
    }
    roles = dict.fromkeys(["create", "partial_update", "cancel", "check_in", "no_show"], DESK)

    def get_queryset(self) -> QuerySet[Appointment]:
        rows = super().get_queryset().filter(clinic__in=self.user.clinic_ids())
        if self.user.effective_role == DOCTOR:
            rows = rows.filter(doctor_id=self.user.doctor_id)
        return rows.select_related("clinic", "doctor", "patient", "service", "visit").order_by("start", "pk")

    @extend_schema(responses={201: AppointmentDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(actions.book(by=self.user, **self.validated()), status.HTTP_201_CREATED)

    @extend_schema(responses=AppointmentDetailSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(actions.change(self.get_object(), by=self.user, **self.validated()))

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


class ShiftFilter(filters.FilterSet):
    clinic = IdFilter()
    doctor = IdFilter()

    class Meta:
        model = Shift
        fields = ["clinic", "doctor", "weekday"]


class ShiftViewSet(mixins.DestroyModelMixin, DirectoryViewSet):
    """Working hours at the caller's clinics."""

    queryset = Shift.objects.all()
    serializer_class = ShiftSerializer
    filterset_class = ShiftFilter

    def get_queryset(self) -> QuerySet[Shift]:
        return (
            super().get_queryset().filter(clinic__in=self.user.clinic_ids()).order_by("doctor", "weekday", "start_time", "pk")
        )


class TimeOffFilter(filters.FilterSet):
    doctor = IdFilter()

    class Meta:
        model = TimeOff
        fields = ["doctor"]


class TimeOffViewSet(mixins.DestroyModelMixin, DirectoryViewSet):
    """Absences of the doctors of the caller's clinics."""

    queryset = TimeOff.objects.all()
    serializer_class = TimeOffSerializer
    filterset_class = TimeOffFilter

    def get_queryset(self) -> QuerySet[TimeOff]:
        ours = Doctor.clinics.through.objects.filter(clinic__in=self.user.clinic_ids()).values("doctor_id")
        return super().get_queryset().filter(doctor__in=ours).order_by("start", "pk")


class BookableDoctorViewSet(DoctorViewSet):
    """Doctors, with the times at which they can be booked."""

    roles = {**DoctorViewSet.roles, "slots": EVERYONE}

    @extend_schema(parameters=[SlotsQuerySerializer], responses={200: SlotSerializer(many=True)})
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def slots(self, request: Request, pk: str) -> Response:
        query = SlotsQuerySerializer(data=request.query_params, context=self.get_serializer_context())
        query.is_valid(raise_exception=True)
        given = query.validated_data
        slots = actions.free_slots(
            doctor=self.get_object(), clinic=given["clinic"], service=given["service"], day=given["date"]
        )
        return Response(SlotSerializer(slots, many=True).data)
