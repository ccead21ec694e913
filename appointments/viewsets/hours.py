"""Shifts, time off and closing days in the API, and the slots that they leave. Reading for all staff, writing for admins."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from appointments import actions
from appointments.models import Appointment, ClosingDay, Shift, TimeOff
from appointments.serializers import (
    AffectedSerializer,
    ClosingDaySerializer,
    ClosingDayWithAffectedSerializer,
    DaysQuerySerializer,
    DaysSerializer,
    DoctorWithAffectedSerializer,
    ShiftSerializer,
    ShiftWithAffectedSerializer,
    SlotSerializer,
    SlotsQuerySerializer,
    TimeOffSerializer,
    TimeOffWithAffectedSerializer,
)
from clinics.commands import command
from clinics.models import Clinic, Doctor
from clinics.permissions import ADMINS, EVERYONE
from clinics.serializers import VersionSerializer
from clinics.viewsets import WRITING_BY_ADMINS, ApiViewSet, ClinicViewSet, DoctorViewSet, IdFilter


class HoursViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Rows that say when nobody or somebody can be booked; each write is one action, and answers with the row as it is now and
    the booked appointments that it leaves without a place."""

    roles = WRITING_BY_ADMINS

    def checked(self, instance: Any = None) -> dict[str, Any]:
        """The body as the row's serializer understands it; a new row has no version to be stale."""
        serializer = self.get_serializer(instance, data=self.request.data, partial=instance is not None)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        if instance is None:
            fields.pop("version", None)
        return fields

    def answer_with(self, instance: Any, affected: list[Appointment], code: int = 200) -> Response:
        """The row, and of the affected appointments those at the caller's clinics."""
        own = set(self.user.clinic_ids())
        seen = [row for row in affected if row.clinic_id in own]
        answer = self.answer(instance, code)
        answer.data["affected_appointments"] = AffectedSerializer(seen, many=True).data
        if isinstance(instance, TimeOff):
            answer.data["affected_elsewhere"] = len(affected) - len(seen)
        return answer


class ShiftFilter(filters.FilterSet):
    clinic = IdFilter()
    doctor = IdFilter()

    class Meta:
        model = Shift
        fields = ["clinic", "doctor", "weekday"]


class ShiftViewSet(HoursViewSet):
    """Working hours at the caller's clinics."""

    queryset = Shift.objects.in_force()
    serializer_class = ShiftSerializer
    filterset_class = ShiftFilter
    request_serializers = {"end": VersionSerializer}
    roles = {**HoursViewSet.roles, "end": ADMINS}

    def get_queryset(self) -> QuerySet[Shift]:
        rows = super().get_queryset().filter(clinic__in=self.user.clinic_ids()).prefetch_related("all_breaks")
        return rows.order_by("doctor", "weekday", "start_time", "pk")

    @extend_schema(responses={201: ShiftWithAffectedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer_with(actions.add_shift(by=self.user, **self.checked()), [], status.HTTP_201_CREATED)

    @extend_schema(responses=ShiftWithAffectedSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        shift = self.get_object()
        fresh, affected = actions.change_shift(shift, by=self.user, **self.checked(shift))
        return self.answer_with(fresh, affected)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """End the shift; the row stays in the history. ``/end/`` does the same and tells who is affected."""
        actions.end_shift(self.get_object(), by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=VersionSerializer, responses=ShiftWithAffectedSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End the shift, and tell which booked appointments lie in no shift any more."""
        fresh, affected = actions.end_shift(self.get_object(), by=self.user, **self.validated())
        return self.answer_with(fresh, affected)


class TimeOffFilter(filters.FilterSet):
    doctor = IdFilter()
    # Not BooleanFilter: that takes anything else for no question at all.
    current = filters.ChoiceFilter(
        choices=[("true", "true"), ("false", "false")],
        method="as_it_is_now",
        help_text="Those that hold at this moment, or `false`: all others.",
    )

    class Meta:
        model = TimeOff
        fields = ["doctor"]

    def as_it_is_now(self, rows: QuerySet[TimeOff], _name: str, value: str) -> QuerySet[TimeOff]:
        now = Q(start__lte=timezone.now(), end__gt=timezone.now())
        return rows.filter(now if value == "true" else ~now)


class TimeOffViewSet(HoursViewSet):
    """Absences of the doctors of the caller's clinics."""

    queryset = TimeOff.objects.in_force()
    serializer_class = TimeOffSerializer
    filterset_class = TimeOffFilter

    def get_queryset(self) -> QuerySet[TimeOff]:
        ours = Doctor.clinics.through.objects.filter(clinic__in=self.user.clinic_ids()).values("doctor_id")
        return super().get_queryset().filter(doctor__in=ours).order_by("start", "pk")

    @extend_schema(responses={201: TimeOffWithAffectedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        away, affected = actions.add_time_off(by=self.user, **self.checked())
        return self.answer_with(away, affected, status.HTTP_201_CREATED)

    @extend_schema(responses=TimeOffWithAffectedSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        away = self.get_object()
        fresh, affected = actions.change_time_off(away, by=self.user, **self.checked(away))
        return self.answer_with(fresh, affected)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The doctor is there after all; the row stays in the history."""
        actions.cancel_time_off(self.get_object(), by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ClosingDayFilter(filters.FilterSet):
    clinic = IdFilter()
    date = filters.DateFilter(method="on", help_text="Closing days that this day is one of.")

    class Meta:
        model = ClosingDay
        fields = ["clinic", "date"]

    def on(self, rows: QuerySet[ClosingDay], _name: str, day: Any) -> QuerySet[ClosingDay]:
        return rows.filter(first_day__lte=day, last_day__gte=day)


class ClosingDayViewSet(HoursViewSet):
    """Days on which nobody can be booked at the caller's clinics; who stands at the desk may still walk in."""

    queryset = ClosingDay.objects.in_force()
    serializer_class = ClosingDaySerializer
    filterset_class = ClosingDayFilter

    def get_queryset(self) -> QuerySet[ClosingDay]:
        rows = super().get_queryset().filter(clinic__in=self.user.clinic_ids())
        return rows.select_related("clinic").order_by("first_day", "pk")

    @extend_schema(responses={201: ClosingDayWithAffectedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        closing, affected = actions.add_closing_days(by=self.user, **self.checked())
        return self.answer_with(closing, affected, status.HTTP_201_CREATED)

    @extend_schema(responses=ClosingDayWithAffectedSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        closing = self.get_object()
        fields = self.checked(closing)
        fields.pop("clinic", None)
        fresh, affected = actions.change_closing_days(closing, by=self.user, **fields)
        return self.answer_with(fresh, affected)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The clinic is open after all; the row stays in the history."""
        actions.cancel_closing_days(self.get_object(), by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class BookableDoctorViewSet(DoctorViewSet):
    """Doctors, with the times at which they can be booked."""

    roles = {**DoctorViewSet.roles, "slots": EVERYONE}

    @extend_schema(responses=DoctorWithAffectedSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change a doctor; the answer tells who is booked, at the caller's clinics, where the doctor isn't any more."""
        doctor = self.get_object()
        with command():
            actions.lock_doctors({doctor.pk})
            answer = super().partial_update(request, *args, **kwargs)
            affected = actions.left_without_a_doctor(Doctor.objects.get(pk=doctor.pk))
        seen = [row for row in affected if row.clinic_id in self.user.clinic_ids()]
        answer.data["affected_appointments"] = AffectedSerializer(seen, many=True).data
        return answer

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


class BookableClinicViewSet(ClinicViewSet):
    """Clinics, with the hours of their doctors."""

    roles = {**ClinicViewSet.roles, "hours": EVERYONE}

    @extend_schema(parameters=[DaysQuerySerializer], responses={200: DaysSerializer})
    @action(detail=True, methods=["get"], pagination_class=None)
    def hours(self, request: Request, pk: str) -> Response:
        """What a calendar shows beside the appointments: working hours, breaks, absences and closing days of each day."""
        clinic: Clinic = self.get_object()
        query = DaysQuerySerializer(data=request.query_params, context=self.get_serializer_context())
        query.is_valid(raise_exception=True)
        given = query.validated_data
        doctors = Doctor.objects.filter(clinics=clinic, is_active=True).order_by("name", "pk")
        if "doctor" in given:
            doctors = doctors.filter(pk=given["doctor"].pk)
        days = actions.hours_of(clinic=clinic, doctors=list(doctors), first=given["date_after"], last=given["date_before"])
        return Response(DaysSerializer(days).data)
