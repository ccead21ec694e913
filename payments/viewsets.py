"""Payments in the API: read, take, give back, print; what of it is whose; and the cashiers' shifts."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clinics.exceptions import NotAllowed
from clinics.permissions import ADMINS, CLINICIANS, DESK, DOCTOR, READING, RECEPTIONIST
from clinics.viewsets import ApiViewSet, IdFilter
from patients.actions import log_access
from patients.models import FileAccess
from payments import actions, shares
from payments.models import CashShift, LedgerEntry, Payment
from payments.serializers import (
    CashShiftDetailSerializer,
    CashShiftSerializer,
    CloseShiftSerializer,
    MoveCashSerializer,
    OpenShiftSerializer,
    PaymentSerializer,
    ProcessSerializer,
    ReceiptSerializer,
    RefundSerializer,
    SharesQuerySerializer,
    SharesSerializer,
)


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
    roles = {**dict.fromkeys([*READING, "process", "receipt"], DESK), "refund": ADMINS, "shares": CLINICIANS}

    def get_queryset(self) -> QuerySet[Payment]:
        rows = super().get_queryset().filter(clinic__in=self.user.clinic_ids()).select_related("clinic", "visit")
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

    @extend_schema(parameters=[SharesQuerySerializer], responses={200: SharesSerializer})
    @action(detail=False, methods=["get"], pagination_class=None, filterset_class=None)
    def shares(self, request: Request) -> Response:
        """What was taken from one day to another, and how much of it is each doctor's; a doctor sees their own."""
        query = SharesQuerySerializer(data=request.query_params, context=self.get_serializer_context())
        query.is_valid(raise_exception=True)
        given = query.validated_data
        doctor_id = given["doctor"].pk if "doctor" in given else None
        if self.user.effective_role == DOCTOR:
            own = self.user.doctor_id
            if own is None or doctor_id not in (None, own):
                raise NotAllowed(_("You see your own shares only."))
            doctor_id = own
        clinics = [given["clinic"]] if "clinic" in given else self.user.visible_clinics()
        found = shares.report(clinics=clinics, first=given["first"], last=given["to"], doctor_id=doctor_id)
        return Response(SharesSerializer(found).data)


class CashShiftFilter(filters.FilterSet):
    clinic = IdFilter()
    cashier = IdFilter()
    status = filters.ChoiceFilter(choices=CashShift.Status.choices, method="in_state")

    class Meta:
        model = CashShift
        fields = ["clinic", "cashier", "status"]

    def in_state(self, rows: QuerySet[CashShift], name: str, value: str) -> QuerySet[CashShift]:
        return rows.filter(closed_at__isnull=value == CashShift.Status.OPEN)


class CashShiftViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Cashiers' shifts: one's own at the desk, all of their clinics for an admin."""

    queryset = CashShift.objects.all()
    serializer_class = CashShiftDetailSerializer
    filterset_class = CashShiftFilter
    request_serializers = {"create": OpenShiftSerializer, "close": CloseShiftSerializer, "movements": MoveCashSerializer}
    roles = dict.fromkeys([*READING, "create", "close", "movements"], DESK)

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return CashShiftSerializer if self.action == "list" else super().get_serializer_class()

    def get_queryset(self) -> QuerySet[CashShift]:
        rows = super().get_queryset().filter(clinic__in=self.user.clinic_ids())
        if self.user.effective_role == RECEPTIONIST:
            rows = rows.filter(cashier=self.user)
        if self.action != "list":
            entries = LedgerEntry.objects.select_related("payment", "by").order_by("pk")
            rows = rows.prefetch_related(Prefetch("entries", entries), "movements__by")
        return rows.select_related("cashier", "closed_by").order_by("-opened_at", "-pk")

    def _as_it_is(self, shift: CashShift, code: int = 200) -> Response:
        # Read again, for its rows.
        return self.answer(self.get_queryset().get(pk=shift.pk), code)

    @extend_schema(responses={201: CashShiftDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Open a shift of one's own: what one takes and gives back at the clinic belongs to it until it is closed."""
        return self._as_it_is(actions.open_shift(by=self.user, **self.validated()), status.HTTP_201_CREATED)

    @extend_schema(responses=CashShiftDetailSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Close it with the cash that was counted; a difference wants a note."""
        return self._as_it_is(actions.close_shift(self.get_object(), by=self.user, **self.validated()))

    @extend_schema(responses=CashShiftDetailSerializer)
    @action(detail=True, methods=["post"])
    def movements(self, request: Request, pk: str) -> Response:
        """Note cash that is put in or taken out without a payment."""
        return self._as_it_is(actions.move_cash(self.get_object(), by=self.user, **self.validated()))
