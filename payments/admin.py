"""Payments with their ledger, and cashiers' shifts. Money is taken and given back, and a till is closed, through
payments.actions; no row of the ledger is ever edited."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clinics.admin import NOTHING, DeskForm, HistoryAdmin, ReadOnlyAdmin, ReadOnlyInline, become, local_time, viewer_of
from clinics.models import Clinic
from clinics.text import written
from patients.admin import FoldedSearch
from payments import actions
from payments.cash import Tally, tallies
from payments.models import CashMovement, CashShift, LedgerEntry, Payment, ShareMove
from payments.money import ZERO, as_text

ENTRY = ("at", "receipt_number", "kind", "sum", "rebate", "doctor", "share", "rest", "method", "reason", "by")


class MoneyForm(DeskForm):
    """What the desk does with a payment: take money, or give some back."""

    operation = forms.ChoiceField(
        label=_("What to do"), choices=[("process", _("Take money")), ("refund", _("Give money back"))]
    )
    amount = forms.DecimalField(label=_("Amount"), max_digits=12, decimal_places=3, min_value=ZERO)
    rebate = forms.DecimalField(
        label=_("Discount"),
        max_digits=12,
        decimal_places=3,
        min_value=ZERO,
        required=False,
        help_text=_("With a payment only."),
    )
    method = forms.ChoiceField(
        label=_("Method"),
        choices=[("", _("as it was paid (when giving back)")), *LedgerEntry.Method.choices],
        initial="cash",
        required=False,
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, required=False, help_text=_("Why money is given back or less is taken.")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["reason"] = written(cleaned.get("reason", ""))
        if (cleaned.get("operation") == "refund" or cleaned.get("rebate")) and not cleaned.get("reason"):
            self.add_error("reason", _("Write the reason."))
        if cleaned.get("operation") == "refund" and cleaned.get("rebate"):
            self.add_error("rebate", _("There is no discount on money that is given back."))
        if cleaned.get("operation") == "process" and not cleaned.get("method"):
            self.add_error("method", _("Choose how it is paid."))
        return cleaned


class ShareColumns:
    """Whose the amount of a row is, with the decimals of its payment's currency."""

    @admin.display(description=_("amount"), ordering="amount")
    def sum(self, obj: LedgerEntry | ShareMove) -> str:
        return as_text(obj.amount, obj.payment.money_decimals)

    @admin.display(description=_("doctor's share"))
    def share(self, obj: LedgerEntry | ShareMove) -> str:
        return as_text(obj.doctor_share, obj.payment.money_decimals)

    @admin.display(description=_("clinic's share"))
    def rest(self, obj: LedgerEntry | ShareMove) -> str:
        return as_text(obj.clinic_share, obj.payment.money_decimals)


class LedgerColumns(ShareColumns):
    """The amounts of a row of the ledger."""

    @admin.display(description=_("discount"))
    def rebate(self, obj: LedgerEntry) -> str:
        return as_text(obj.discount, obj.payment.money_decimals)


class LedgerInline(LedgerColumns, ReadOnlyInline):
    model = LedgerEntry
    fields = readonly_fields = ENTRY

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        return super().get_queryset(request).select_related("by", "doctor", "payment")


class ShareMoveInline(ShareColumns, ReadOnlyInline):
    model = ShareMove
    fields = readonly_fields = ("at", "from_doctor", "to_doctor", "sum", "share", "rest")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShareMove]:
        return super().get_queryset(request).select_related("from_doctor", "to_doctor", "payment")


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
    readonly_fields = [
        *(
            "visit",
            "clinic",
            "status",
            "currency",
            "due",
            "granted",
            "taken",
            "returned",
            "open",
            "share_percent",
            "created_at",
        ),
    ]
    inlines = [LedgerInline, ShareMoveInline]

    def get_fieldsets(self, request: HttpRequest, obj: Payment | None = None) -> Any:
        shown = (None, {"fields": self.readonly_fields})
        if not self.has_change_permission(request, obj):
            return [shown]
        work = ["operation", "amount", "rebate", "method", "reason", "seen"]
        return [shown, (_("Take money or give it back"), {"fields": work})]

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
        return as_text(amount, obj.money_decimals)

    @admin.display(description=_("patient"), ordering="visit__patient__full_name")
    def patient(self, obj: Payment) -> str:
        return str(obj.visit.patient)

    @admin.display(description=_("made"), ordering="created_at")
    def made(self, obj: Payment) -> str:
        return local_time(obj.created_at, obj.clinic)

    @admin.display(description=_("due"), ordering="amount_due")
    def due(self, obj: Payment) -> str:
        return self._money(obj, obj.amount_due)

    @admin.display(description=_("discount"))
    def granted(self, obj: Payment) -> str:
        return self._money(obj, obj.discount)

    @admin.display(description=_("paid"), ordering="amount_paid")
    def taken(self, obj: Payment) -> str:
        return self._money(obj, obj.amount_paid)

    @admin.display(description=_("given back"))
    def returned(self, obj: Payment) -> str:
        return self._money(obj, obj.amount_refunded)

    @admin.display(description=_("still owed"))
    def open(self, obj: Payment) -> str:
        return self._money(obj, obj.outstanding)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(LedgerColumns, FoldedSearch, ReadOnlyAdmin):
    list_display = ["receipt_number", "time", "kind", "sum", "currency", "method", "patient", "clinic", "by"]
    list_filter = [
        "at",
        "kind",
        "method",
        ("clinic", admin.RelatedOnlyFieldListFilter),
        ("by", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["clinic", "doctor", "payment__visit__patient", "by"]
    search_fields = ["receipt_number", "payment__visit__patient__name_key", "payment__visit__patient__record_number"]
    date_hierarchy = "at"
    fields = ("payment", "clinic", "cash_shift", *ENTRY)
    ordering = ["-pk"]

    @admin.display(description=_("at"), ordering="at")
    def time(self, obj: LedgerEntry) -> str:
        return local_time(obj.at, obj.clinic)

    @admin.display(description=_("currency"))
    def currency(self, obj: LedgerEntry) -> str:
        return obj.payment.currency

    @admin.display(description=_("patient"))
    def patient(self, obj: LedgerEntry) -> str:
        return str(obj.payment.visit.patient)


class CloseForm(DeskForm):
    """What ends a shift: the cash that was counted."""

    counted = forms.DecimalField(label=_("Counted cash"), max_digits=15, decimal_places=3, min_value=ZERO)
    why = forms.CharField(label=_("Note"), max_length=200, required=False, help_text=_("If it isn't what is expected: why."))


class CashRowInline(LedgerColumns, ReadOnlyInline):
    """The rows of the ledger of one shift."""

    model = LedgerEntry
    fields = readonly_fields = ("at", "receipt_number", "kind", "sum", "method", "reason", "payment")
    verbose_name_plural = _("money taken and given back")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        return super().get_queryset(request).select_related("payment")


class CashMovementInline(ReadOnlyInline):
    model = CashMovement
    fields = readonly_fields = ("at", "kind", "sum", "reason", "by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[CashMovement]:
        return super().get_queryset(request).select_related("by", "cash_shift")

    @admin.display(description=_("amount"))
    def sum(self, obj: CashMovement) -> str:
        return as_text(obj.amount, obj.money_decimals)


class OpenFilter(admin.SimpleListFilter):
    """Shifts whose till is still open, or those that are counted."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(CashShift.Status.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[CashShift]) -> QuerySet[CashShift]:
        if self.value() not in CashShift.Status.values:
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == CashShift.Status.OPEN)


@admin.register(CashShift)
class CashShiftAdmin(HistoryAdmin):
    form = CloseForm
    list_display = ["cashier", "clinic", "began", "began_with", "ended", "counted_sum", "wrong_by", "currency"]
    list_filter = [
        OpenFilter,
        ("clinic", admin.RelatedOnlyFieldListFilter),
        ("cashier", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["clinic", "cashier"]
    search_fields = ["cashier__username", "note"]
    date_hierarchy = "opened_at"
    ordering = ["-opened_at", "-pk"]
    readonly_fields = [
        *("cashier", "clinic", "currency", "opened_at", "began_with", "came", "went", "expected", "by_card", "by_transfer"),
        *("closed_at", "closed_by", "counted_sum", "wrong_by", "note"),
    ]
    inlines = [CashRowInline, CashMovementInline]

    def get_fieldsets(self, request: HttpRequest, obj: CashShift | None = None) -> Any:
        shown = (None, {"fields": self.readonly_fields})
        if not self.has_change_permission(request, obj):
            return [shown]
        return [shown, (_("Close it"), {"fields": ["counted", "why", "seen"]})]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # whoever stands at the till opens it

    def has_change_permission(self, request: HttpRequest, obj: CashShift | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.closed_at is None)

    def save_model(self, request: HttpRequest, obj: CashShift, form: Any, change: bool) -> None:
        given = form.cleaned_data
        shift = actions.close_shift(
            obj, by=viewer_of(request), counted_cash=given["counted"], note=given["why"], version=form.seen_version
        )
        become(obj, shift)

    def _money(self, obj: CashShift, amount: Decimal | None) -> str:
        return NOTHING if amount is None else as_text(amount, obj.money_decimals)

    def _tally(self, obj: Any) -> Tally:
        if not hasattr(obj, "tally"):
            obj.tally = tallies([obj])[obj.pk]  # once for all columns of the page
        tally: Tally = obj.tally
        return tally

    @admin.display(description=pgettext_lazy("till", "opened"), ordering="opened_at")
    def began(self, obj: CashShift) -> str:
        return local_time(obj.opened_at, obj.clinic)

    @admin.display(description=pgettext_lazy("till", "closed"), ordering="closed_at")
    def ended(self, obj: CashShift) -> str:
        return local_time(obj.closed_at, obj.clinic)

    @admin.display(description=_("began with"), ordering="opening_cash")
    def began_with(self, obj: CashShift) -> str:
        return self._money(obj, obj.opening_cash)

    @admin.display(description=_("put in or taken in"))
    def came(self, obj: CashShift) -> str:
        tally = self._tally(obj)
        return self._money(obj, tally.put_in + tally.by_method[LedgerEntry.Method.CASH].taken)

    @admin.display(description=_("taken out or given back"))
    def went(self, obj: CashShift) -> str:
        tally = self._tally(obj)
        return self._money(obj, tally.taken_out + tally.by_method[LedgerEntry.Method.CASH].refunded)

    @admin.display(description=_("expected"))
    def expected(self, obj: CashShift) -> str:
        return self._money(obj, self._tally(obj).expected)

    @admin.display(description=_("by card, less refunds"))
    def by_card(self, obj: CashShift) -> str:
        return self._not_cash(obj, LedgerEntry.Method.CARD)

    @admin.display(description=_("by transfer, less refunds"))
    def by_transfer(self, obj: CashShift) -> str:
        return self._not_cash(obj, LedgerEntry.Method.TRANSFER)

    def _not_cash(self, obj: CashShift, method: str) -> str:
        sums = self._tally(obj).by_method[method]
        return self._money(obj, sums.taken - sums.refunded)

    @admin.display(description=_("counted"), ordering="counted_cash")
    def counted_sum(self, obj: CashShift) -> str:
        return self._money(obj, obj.counted_cash)

    @admin.display(description=_("difference"), ordering="difference")
    def wrong_by(self, obj: CashShift) -> str:
        return self._money(obj, obj.difference)


@admin.register(CashMovement)
class CashMovementAdmin(ReadOnlyAdmin):
    """Cash that was put into tills or taken out of them without a payment."""

    clinic_lookup = "cash_shift__clinic"
    list_display = ["at", "by", "kind", "sum", "currency", "reason", "cash_shift"]
    list_filter = [
        "at",
        "kind",
        ("cash_shift__clinic", admin.RelatedOnlyFieldListFilter),
        ("by", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["cash_shift__cashier", "cash_shift__clinic", "by"]
    search_fields = ["reason"]
    date_hierarchy = "at"
    fields = ("at", "by", "kind", "sum", "currency", "reason", "cash_shift")
    ordering = ["-pk"]

    def clinic_of(self, obj: CashMovement) -> Clinic:
        return obj.cash_shift.clinic

    @admin.display(description=_("amount"), ordering="amount")
    def sum(self, obj: CashMovement) -> str:
        return as_text(obj.amount, obj.money_decimals)

    @admin.display(description=_("currency"))
    def currency(self, obj: CashMovement) -> str:
        return obj.cash_shift.currency


@admin.register(ShareMove)
class ShareMoveAdmin(ShareColumns, ReadOnlyAdmin):
    """Money that went to another doctor with its visit."""

    list_display = ["at", "payment", "from_doctor", "to_doctor", "sum", "share", "rest", "clinic"]
    list_filter = [
        "at",
        ("clinic", admin.RelatedOnlyFieldListFilter),
        ("from_doctor", admin.RelatedOnlyFieldListFilter),
        ("to_doctor", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["payment", "from_doctor", "to_doctor", "clinic"]
    date_hierarchy = "at"
    fields = ("at", "clinic", "payment", "from_doctor", "to_doctor", "sum", "share", "rest")
    ordering = ["-pk"]
