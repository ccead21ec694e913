"""Payments with their ledger. Money is taken and given back through payments.actions; no row of the ledger is ever edited."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from clinics.admin import DeskForm, HistoryAdmin, ReadOnlyAdmin, ReadOnlyInline, become, local_time, viewer_of
from patients.admin import FoldedSearch
from payments import actions
from payments.models import LedgerEntry, Payment
from payments.money import ZERO, as_text

ENTRY = ("at", "receipt_number", "kind", "sum", "rebate", "method", "reason", "by")


class MoneyForm(DeskForm):
    """What the desk does with a payment: take money, or give some back."""

    operation = forms.ChoiceField(label="What to do", choices=[("process", "Take money"), ("refund", "Give money back")])
    amount = forms.DecimalField(max_digits=12, decimal_places=3, min_value=ZERO)
    rebate = forms.DecimalField(
        label="Discount", max_digits=12, decimal_places=3, min_value=ZERO, required=False, help_text="With a payment only."
    )
    method = forms.ChoiceField(
        choices=[("", "as it was paid (when giving back)"), *LedgerEntry.Method.choices], initial="cash", required=False
    )
    reason = forms.CharField(max_length=200, required=False, help_text="Why money is given back or less is taken.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if (cleaned.get("operation") == "refund" or cleaned.get("rebate")) and not cleaned.get("reason"):
            self.add_error("reason", "Write the reason.")
        if cleaned.get("operation") == "refund" and cleaned.get("rebate"):
            self.add_error("rebate", "There is no discount on money that is given back.")
        if cleaned.get("operation") == "process" and not cleaned.get("method"):
            self.add_error("method", "Choose how it is paid.")
        return cleaned


class LedgerColumns:
    """The amounts of a row of the ledger, with the decimals of its clinic's currency."""

    @admin.display(description="amount", ordering="amount")
    def sum(self, obj: LedgerEntry) -> str:
        return as_text(obj.amount, obj.clinic.money_decimals)

    @admin.display(description="discount")
    def rebate(self, obj: LedgerEntry) -> str:
        return as_text(obj.discount, obj.clinic.money_decimals)


class LedgerInline(LedgerColumns, ReadOnlyInline):
    model = LedgerEntry
    fields = readonly_fields = ENTRY

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        return super().get_queryset(request).select_related("by", "clinic")


@admin.register(Payment)
class PaymentAdmin(FoldedSearch, HistoryAdmin):
    form = MoneyForm
    list_display = ["patient", "made", "clinic", "status", "currency", "due", "taken", "open"]
    list_filter = ["status", ("clinic", admin.RelatedOnlyFieldListFilter), "currency"]
    list_select_related = ["clinic", "visit__patient"]
    search_fields = [
        "visit__patient__name_key",
        "visit__patient__record_number",
        "visit__ticket_text",
        "entries__receipt_number",
    ]
    date_hierarchy = "created_at"
    readonly_fields = ["visit", "clinic", "status", "currency", "due", "granted", "taken", "returned", "open", "created_at"]
    inlines = [LedgerInline]

    def get_fieldsets(self, request: HttpRequest, obj: Payment | None = None) -> Any:
        shown = (None, {"fields": self.readonly_fields})
        if not self.has_change_permission(request, obj):
            return [shown]
        work = ["operation", "amount", "rebate", "method", "reason", "seen"]
        return [shown, ("Take money or give it back", {"fields": work})]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # every visit has its payment from the start

    def has_change_permission(self, request: HttpRequest, obj: Payment | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.outstanding > ZERO or obj.balance > ZERO)

    def save_model(self, request: HttpRequest, obj: Payment, form: Any, change: bool) -> None:
        by, given = viewer_of(request), form.cleaned_data
        common = {"amount": given["amount"], "reason": given["reason"], "version": form.seen_version}
        if given["operation"] == "refund":
            become(obj, actions.refund(obj, by=by, method=given["method"] or None, **common))
        else:
            become(obj, actions.process(obj, by=by, method=given["method"], discount=given["rebate"] or ZERO, **common))

    def _money(self, obj: Payment, amount: Decimal) -> str:
        return as_text(amount, obj.clinic.money_decimals)

    @admin.display(description="patient", ordering="visit__patient__full_name")
    def patient(self, obj: Payment) -> str:
        return str(obj.visit.patient)

    @admin.display(description="made", ordering="created_at")
    def made(self, obj: Payment) -> str:
        return local_time(obj.created_at, obj.clinic)

    @admin.display(description="due", ordering="amount_due")
    def due(self, obj: Payment) -> str:
        return self._money(obj, obj.amount_due)

    @admin.display(description="discount")
    def granted(self, obj: Payment) -> str:
        return self._money(obj, obj.discount)

    @admin.display(description="paid", ordering="amount_paid")
    def taken(self, obj: Payment) -> str:
        return self._money(obj, obj.amount_paid)

    @admin.display(description="given back")
    def returned(self, obj: Payment) -> str:
        return self._money(obj, obj.amount_refunded)

    @admin.display(description="still owed")
    def open(self, obj: Payment) -> str:
        return self._money(obj, obj.outstanding)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LedgerColumns, FoldedSearch, ReadOnlyAdmin):
    list_display = ["receipt_number", "time", "kind", "sum", "currency", "method", "patient", "clinic", "by"]
    list_filter = ["kind", "method", ("clinic", admin.RelatedOnlyFieldListFilter), ("by", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["clinic", "payment__visit__patient", "by"]
    search_fields = ["receipt_number", "payment__visit__patient__name_key", "payment__visit__patient__record_number"]
    date_hierarchy = "at"
    fields = ("payment", "clinic", *ENTRY)
    ordering = ["-pk"]

    @admin.display(description="at", ordering="at")
    def time(self, obj: LedgerEntry) -> str:
        return local_time(obj.at, obj.clinic)

    @admin.display(description="currency")
    def currency(self, obj: LedgerEntry) -> str:
        return obj.payment.currency

    @admin.display(description="patient")
    def patient(self, obj: LedgerEntry) -> str:
        return str(obj.payment.visit.patient)
