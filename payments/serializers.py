"""Shapes of payments and cashiers' shifts on the wire, and what may be sent. Money is a decimal string in its currency."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from clinics.serializers import NamedSerializer, OwnClinicField, OwnDoctorField, VersionSerializer
from payments.cash import Tally, tallies
from payments.models import CashMovement, CashShift, LedgerEntry, Payment
from payments.money import as_text


@extend_schema_field(OpenApiTypes.DECIMAL)
class MoneyField(serializers.Field[Any, Any, str | None, Any]):
    """An amount with the decimals of its currency."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> tuple[Any, Decimal | None]:
        amount: Any = super().get_attribute(instance)
        return instance, amount

    def to_representation(self, value: tuple[Any, Decimal | None]) -> str | None:
        instance, amount = value
        return None if amount is None else as_text(amount, instance.money_decimals)


class LedgerEntrySerializer(serializers.ModelSerializer[LedgerEntry]):
    amount = MoneyField()
    discount = MoneyField()
    by = serializers.CharField(source="by.get_username", default=None)
    by_name = serializers.CharField(source="by.name", default=None)

    class Meta:
        model = LedgerEntry
        fields = ["id", "kind", "amount", "discount", "method", "reason", "receipt_number", "by", "by_name", "at"]
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


# Digits of any script, as the keyboard has them, and the Arabic decimal sign. Python would read 1e5 and 1_000 as numbers too.
_WRITTEN = re.compile(r"[+-]?(\d+[.٫]?\d*|[.٫]\d+)")


class AmountField(serializers.DecimalField):
    """An amount as sent; how many decimals the currency has is checked with the payment."""

    default_error_messages = {"invalid": _("Write the amount as a number in digits, like 12.50.")}

    def __init__(self, *, max_digits: int = 12, **kwargs: Any) -> None:
        super().__init__(max_digits=max_digits, decimal_places=3, min_value=Decimal(0), **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, str):
            if not _WRITTEN.fullmatch(data.strip()):
                self.fail("invalid")
            data = data.replace("٫", ".")
        return super().to_internal_value(data)


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


# --- The doctors' shares ------------------------------------------------------------------------------------------------

_EARLIEST, _LATEST = dt.date(2000, 1, 1), dt.date(2199, 12, 31)


class SharesQuerySerializer(serializers.Serializer[Any]):
    """The query of a report of shares."""

    clinic = OwnClinicField(required=False, help_text="Of one clinic alone.")
    doctor = OwnDoctorField(required=False, help_text="Of one doctor alone.")
    to = serializers.DateField(help_text="The last day, by the clinic's own calendar.")

    def get_fields(self) -> dict[str, Any]:
        # ``from`` is a word of Python.
        first = serializers.DateField(source="first", help_text="The first day, by the clinic's own calendar.")
        return {**super().get_fields(), "from": first}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name, day in (("from", attrs["first"]), ("to", attrs["to"])):
            if not _EARLIEST <= day <= _LATEST:
                raise serializers.ValidationError(
                    {name: gettext("Write a day from %(earliest)s to %(latest)s.") % {"earliest": _EARLIEST, "latest": _LATEST}}
                )
        if attrs["to"] < attrs["first"]:
            raise serializers.ValidationError({"to": _("The last day comes before the first. Change one of them.")})
        return attrs


class ShareSumsSerializer(serializers.Serializer[Any]):
    """doctor_share + clinic_share = taken − refunded + transferred, to the last digit."""

    currency = serializers.CharField()
    taken = MoneyField()
    refunded = MoneyField()
    transferred = MoneyField(help_text="Money that came with visits from other doctors, or went with them (below zero).")
    doctor_share = MoneyField()
    clinic_share = MoneyField()


class ShareLineSerializer(ShareSumsSerializer):
    doctor = NamedSerializer()
    service = NamedSerializer()
    visits = serializers.IntegerField(help_text="Of how many visits money was taken or given back.")


class SharesSerializer(serializers.Serializer[Any]):
    """What was taken, by doctor and service, and the sums of each currency."""

    lines = ShareLineSerializer(many=True)
    totals = ShareSumsSerializer(many=True)


# --- Cashiers' shifts ---------------------------------------------------------------------------------------------------


class MethodSumsSerializer(serializers.Serializer[Any]):
    taken = serializers.DecimalField(max_digits=18, decimal_places=3)
    refunded = serializers.DecimalField(max_digits=18, decimal_places=3)
    rows = serializers.IntegerField(help_text="Rows of the ledger.")


class ByMethodSerializer(serializers.Serializer[Any]):
    cash = MethodSumsSerializer()
    card = MethodSumsSerializer()
    transfer = MethodSumsSerializer()


class _CashShifts(serializers.ListSerializer[Any]):
    """Many shifts, with the sums of all of them asked for at once."""

    def to_representation(self, data: Any) -> list[Any]:
        shifts = list(data)
        sums = tallies(shifts)
        for shift in shifts:
            shift.tally = sums[shift.pk]
        return super().to_representation(shifts)


class CashShiftSerializer(serializers.ModelSerializer[CashShift]):
    """A cashier's shift, with what its rows of the ledger and its movements add up to so far."""

    clinic_id = serializers.IntegerField(read_only=True)
    cashier_id = serializers.IntegerField(read_only=True)
    cashier = serializers.CharField(source="cashier.get_username", read_only=True)
    status = serializers.ChoiceField(choices=CashShift.Status.choices, read_only=True)
    opening_cash = MoneyField()
    closed_by = serializers.CharField(source="closed_by.get_username", default=None, allow_null=True, read_only=True)
    counted_cash = MoneyField(allow_null=True)
    expected_cash = MoneyField(source="tally.expected", help_text="What should be in the till.")
    difference = MoneyField(allow_null=True, help_text="Counted less expected.")
    put_in = MoneyField(source="tally.put_in", help_text="Cash that was put in without a payment.")
    taken_out = MoneyField(source="tally.taken_out", help_text="Cash that was taken out without a refund.")
    by_method = serializers.SerializerMethodField()

    class Meta:
        model = CashShift
        list_serializer_class = _CashShifts
        fields = [
            "id",
            "version",
            "clinic_id",
            "cashier_id",
            "cashier",
            "currency",
            "status",
            "opened_at",
            "opening_cash",
            "closed_at",
            "closed_by",
            "counted_cash",
            "expected_cash",
            "difference",
            "note",
            "put_in",
            "taken_out",
            "by_method",
        ]
        read_only_fields = fields

    def to_representation(self, instance: CashShift) -> dict[str, Any]:
        if not hasattr(instance, "tally"):
            instance.tally = tallies([instance])[instance.pk]  # type: ignore[attr-defined]
        shape: dict[str, Any] = super().to_representation(instance)
        return shape

    @extend_schema_field(ByMethodSerializer)
    def get_by_method(self, instance: Any) -> dict[str, Any]:
        tally: Tally = instance.tally
        return {
            method: {
                "taken": as_text(sums.taken, instance.money_decimals),
                "refunded": as_text(sums.refunded, instance.money_decimals),
                "rows": sums.rows,
            }
            for method, sums in tally.by_method.items()
        }


class CashRowSerializer(LedgerEntrySerializer):
    """A row of the ledger on a shift's slip."""

    payment_id = serializers.IntegerField(read_only=True)

    class Meta(LedgerEntrySerializer.Meta):
        fields = ["payment_id", *LedgerEntrySerializer.Meta.fields]
        read_only_fields = fields


class CashMovementSerializer(serializers.ModelSerializer[CashMovement]):
    amount = MoneyField()
    by = serializers.CharField(source="by.get_username", default=None)

    class Meta:
        model = CashMovement
        fields = ["id", "kind", "amount", "reason", "by", "at"]
        read_only_fields = fields


class CashShiftDetailSerializer(CashShiftSerializer):
    """A cashier's shift as its slip shows it: with all its rows."""

    rows = CashRowSerializer(source="entries", many=True, read_only=True)
    movements = CashMovementSerializer(many=True, read_only=True)

    class Meta(CashShiftSerializer.Meta):
        fields = [*CashShiftSerializer.Meta.fields, "rows", "movements"]
        read_only_fields = fields


class TillField(AmountField):
    """Cash in a till: more digits than a single payment has."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=15, **kwargs)


class OpenShiftSerializer(serializers.Serializer[Any]):
    clinic = OwnClinicField()
    opening_cash = TillField()


class CloseShiftSerializer(VersionSerializer):
    counted_cash = TillField()
    note = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Required if there is a difference: why."
    )


class MoveCashSerializer(VersionSerializer):
    kind = serializers.ChoiceField(choices=CashMovement.Kind.choices)
    amount = AmountField()
    reason = serializers.CharField(max_length=200)
