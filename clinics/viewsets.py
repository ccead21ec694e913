"""The directory in the API: reading for all staff, writing for the admins of a clinic."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator
from django.db.models import Model, QuerySet
from django_filters import rest_framework as filters
from rest_framework import mixins, serializers, viewsets
from rest_framework.response import Response

from clinics.actions import open_clinic, save_record
from clinics.authentication import caller
from clinics.idempotency import IdempotentPostMixin
from clinics.models import Clinic, Doctor, Service, User
from clinics.permissions import ADMINS
from clinics.serializers import ClinicSerializer, DoctorSerializer, ServiceSerializer

WRITING_BY_ADMINS = dict.fromkeys(["create", "update", "partial_update", "destroy"], ADMINS)


class ApiViewSet(IdempotentPostMixin, viewsets.GenericViewSet[Any]):
    """What all our viewsets share: repeatable POSTs, ids that are numbers, PATCH and no PUT."""

    # What an action takes; the browsable API shows a form of it. All actions answer with ``serializer_class``.
    request_serializers: ClassVar[dict[str, type[serializers.Serializer[Any]]]] = {}
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    @property
    def user(self) -> User:
        return caller(self.request)

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return self.request_serializers.get(self.action) or super().get_serializer_class()

    def validated(self, instance: Model | None = None) -> dict[str, Any]:
        """The request's body as the action's serializer understands it (for a change of ``instance``); 400 if it doesn't."""
        checked = self.get_serializer(instance, data=self.request.data, partial=instance is not None)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def answer(self, instance: Model, code: int = 200) -> Response:
        """The object as it is now."""
        assert self.serializer_class is not None
        return Response(self.serializer_class(instance, context=self.get_serializer_context()).data, status=code)


class DirectoryViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    ApiViewSet,
):
    """Simple records without rules between them: the serializer validates and saves, as one command."""

    roles = WRITING_BY_ADMINS

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        save_record(serializer)

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        save_record(serializer)


class ClinicViewSet(DirectoryViewSet):
    """Clinics the caller works for."""

    queryset = Clinic.objects.all()
    serializer_class = ClinicSerializer

    def get_queryset(self) -> QuerySet[Clinic]:
        return self.user.visible_clinics().order_by("name", "pk")

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        open_clinic(serializer, by=self.user)


class IdFilter(filters.NumberFilter):
    """Rows that refer to the id; a number that no id can be is refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, **kwargs})

    def get_max_validator(self) -> MaxValueValidator:
        return MaxValueValidator(2**63 - 1)


class ServiceFilter(filters.FilterSet):
    clinic = IdFilter()

    class Meta:
        model = Service
        fields = ["clinic", "is_active"]


class ServiceViewSet(DirectoryViewSet):
    """Services of the caller's clinics."""

    queryset = Service.objects.all()
    serializer_class = ServiceSerializer
    filterset_class = ServiceFilter

    def get_queryset(self) -> QuerySet[Service]:
        return super().get_queryset().filter(clinic__in=self.user.clinic_ids()).select_related("clinic").order_by("name", "pk")


class DoctorFilter(filters.FilterSet):
    clinic = IdFilter(field_name="clinics")

    class Meta:
        model = Doctor
        fields = ["clinic", "is_active"]


class DoctorViewSet(DirectoryViewSet):
    """Doctors who work at one of the caller's clinics."""

    queryset = Doctor.objects.all()
    serializer_class = DoctorSerializer
    filterset_class = DoctorFilter

    def get_queryset(self) -> QuerySet[Doctor]:
        ours = Doctor.clinics.through.objects.filter(clinic__in=self.user.clinic_ids()).values("doctor_id")
        return super().get_queryset().filter(pk__in=ours).prefetch_related("clinics").order_by("name", "pk")
