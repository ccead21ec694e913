"""Shapes of payments on the wire, and what may be sent. Money is a decimal string in the clinic's currency."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinics.serializers import VersionSerializer
from payments.models import LedgerEntry, Payment
from payments.money import as_text


@extend_schema_field(OpenApiTypes.DECIMAL)
class MoneyField(serializers.Field[Any, Any, str, Any]):
    """An amount with the decimals of its currency."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> tuple[Any, Decimal]:
        amount: Any = super().get_attribute(instance)
        return instance, amount

    def to_representation(self, value: tuple[Any, Decimal]) -> str:
        instance, amount = value
        return as_text(amount, instance.money_decimals)


class LedgerEntrySerializer(serializers.ModelSerializer[LedgerEntry]):
    amount = MoneyField()
    discount = MoneyField()
    by = serializers.CharField(source="by.get_username", default=None)

    class Meta:
        model = LedgerEntry
        fields = ["id", "kind", "amount", "discount", "method", "reason", "receipt_number", "by", "at"]
        read_only_fields = fields


class PaymentSerializer(serializers.ModelSerializer[Payment]):
    """What a visit costs and what has come in."""

    visit_id = serializers.IntegerField(read_only=True)
    clinic_id = serializers.IntegerField(read_only=True)
    amount_due = MoneyField()
    discount = MoneyField()
    amount_paid = MoneyField()
    amount_refunded = MoneyField()
    balance = MoneyField(help_text="What the clinic holds: paid less refunded.")
    outstanding = MoneyField(help_text="What can still be taken.")
    entries = LedgerEntrySerializer(many=True, read_only=True)

    class Meta:
        model = Payment
        fields = [
            "id",
            "version",
            "visit_id",
            "clinic_id",
            "status",
            "currency",
            "amount_due",
            "discount",
            "amount_paid",
            "amount_refunded",
            "balance",
            "outstanding",
            "entries",
        ]
        read_only_fields = fields


class AmountField(serializers.DecimalField):
    """An amount as sent; how many decimals the currency has is checked with the payment."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=12, decimal_places=3, min_value=Decimal(0), **kwargs)


class ProcessSerializer(VersionSerializer):
    amount = AmountField()
    method = serializers.ChoiceField(choices=LedgerEntry.Method.choices)
    discount = AmountField(required=False)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True)


class RefundSerializer(VersionSerializer):
    amount = AmountField()
    reason = serializers.CharField(max_length=200)
    method = serializers.ChoiceField(choices=LedgerEntry.Method.choices, required=False)


class ReceiptSerializer(PaymentSerializer):
    """A payment with all that is printed on its receipt."""

    clinic = serializers.CharField(source="clinic.name", read_only=True)
    patient = serializers.CharField(source="visit.patient.full_name", read_only=True)
    record_number = serializers.CharField(source="visit.patient.record_number", read_only=True)
    doctor = serializers.CharField(source="visit.doctor.name", read_only=True)
    service = serializers.CharField(source="visit.service.name", read_only=True)
    date = serializers.DateField(source="visit.date", read_only=True)
    ticket = serializers.CharField(source="visit.ticket", read_only=True, allow_null=True)

    class Meta(PaymentSerializer.Meta):
        fields = [*PaymentSerializer.Meta.fields, "clinic", "patient", "record_number", "doctor", "service", "date", "ticket"]
        read_only_fields = fields
