"""Payments in the API: read, take, give back, print."""

from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.permissions import ADMINS, DESK, READING
from clinics.viewsets import ApiViewSet, IdFilter
from patients.actions import log_access
from patients.models import FileAccess
from payments import actions
from payments.models import Payment
from payments.serializers import PaymentSerializer, ProcessSerializer, ReceiptSerializer, RefundSerializer


class PaymentFilter(filters.FilterSet):
    visit = IdFilter()
    clinic = IdFilter()
    date = filters.DateFilter(field_name="visit__date")
    status = filters.MultipleChoiceFilter(choices=Payment.Status.choices)

    class Meta:
        model = Payment
        fields = ["visit", "clinic", "date", "status"]


class PaymentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Payments of the caller's clinics."""

    queryset = Payment.objects.all()
    serializer_class = PaymentSerializer
    filterset_class = PaymentFilter
    request_serializers = {"process": ProcessSerializer, "refund": RefundSerializer}
    roles = {**dict.fromkeys([*READING, "process", "receipt"], DESK), "refund": ADMINS}

    def get_queryset(self) -> QuerySet[Payment]:
        rows = super().get_queryset().filter(clinic__in=self.user.clinic_ids()).select_related("clinic")
        if self.action == "receipt":
            rows = rows.select_related("visit__patient", "visit__doctor", "visit__service")
        return rows.prefetch_related("entries__by").order_by("-created_at", "-pk")

    def _as_it_is(self, payment: Payment) -> Response:
        # Read again, for the rows of the ledger.
        return self.answer(self.get_queryset().get(pk=payment.pk))

    @extend_schema(responses=PaymentSerializer)
    @action(detail=True, methods=["post"])
    def process(self, request: Request, pk: str) -> Response:
        """Take money; what is due, was taken and is granted can't get out of step."""
        return self._as_it_is(actions.process(self.get_object(), by=self.user, **self.validated()))

    @extend_schema(responses=PaymentSerializer)
    @action(detail=True, methods=["post"])
    def refund(self, request: Request, pk: str) -> Response:
        """Give money back."""
        return self._as_it_is(actions.refund(self.get_object(), by=self.user, **self.validated()))

    @extend_schema(responses=ReceiptSerializer)
    @action(detail=True, methods=["get"])
    def receipt(self, request: Request, pk: str) -> Response:
        """All that a receipt shows; noted in the patient's access log, since it is printed."""
        payment = self.get_object()
        log_access([payment.visit.patient], by=self.user, how=FileAccess.How.PRINTED)
        return Response(ReceiptSerializer(payment).data)
