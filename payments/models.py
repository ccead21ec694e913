"""Payments, and the ledger in which each receipt of money is a row that is never edited or deleted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NoReturn

from babel.numbers import get_currency_precision
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from clinics.guards import Guard
from clinics.models import Clinic
from clinics.versioned import Versioned, WatchedQuerySet
from queue.models import Visit


def money_field(label: Any, **kwargs: Any) -> models.DecimalField[Any, Any]:
    """Twelve digits, three of them decimals: enough for every currency (KWD has three)."""
    return models.DecimalField(label, max_digits=12, decimal_places=3, **kwargs)


class Payment(Versioned):
    """What one visit costs and how much of it has come in (FHIR Invoice and PaymentReconciliation in one)."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        PARTIALLY_PAID = "partially_paid", _("partially paid")
        PAID = "paid", _("paid")
        REFUNDED = "refunded", _("refunded")
        VOID = "void", _("void")

    visit = models.OneToOneField(Visit, models.PROTECT, related_name="payment", verbose_name=_("visit"))
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="payments", verbose_name=_("clinic"))
    status = models.CharField(_("status"), max_length=16, choices=Status.choices, default=Status.PENDING)
    currency = models.CharField(_("currency"), max_length=3)
    amount_due = money_field(_("due"))
    discount = money_field(_("discount"), default=Decimal(0))
    amount_paid = money_field(_("paid"), default=Decimal(0))
    amount_refunded = money_field(_("refunded"), default=Decimal(0))
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("payment")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount_due__gte=0, discount__gte=0, amount_paid__gte=0, amount_refunded__gte=0),
                name="payment_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_due__gte=models.F("amount_paid") + models.F("discount")), name="payment_not_over_due"
            ),
            models.CheckConstraint(
                condition=models.Q(amount_refunded__lte=models.F("amount_paid")), name="refunds_not_over_paid"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_due} {self.currency} ({self.get_status_display()})"

    @property
    def money_decimals(self) -> int:
        """How many decimals its currency has; the clinic may have another by now."""
        return get_currency_precision(self.currency)

    @property
    def outstanding(self) -> Decimal:
        """What can still be taken."""
        if self.status in (self.Status.VOID, self.Status.REFUNDED):
            return Decimal(0)
        return Decimal(self.amount_due - self.discount - self.amount_paid)

    @property
    def balance(self) -> Decimal:
        """What the clinic holds: paid less refunded."""
        return Decimal(self.amount_paid - self.amount_refunded)


class LedgerEntry(models.Model):
    """Money that came in or went out, once and for all."""

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("payment")
        REFUND = "refund", _("refund")

    class Method(models.TextChoices):
        CASH = "cash", _("cash")
        CARD = "card", _("card")
        TRANSFER = "transfer", _("transfer")

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="entries", verbose_name=_("payment"))
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+", verbose_name=_("clinic"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    amount = money_field(_("amount"))
    discount = money_field(_("discount"), default=Decimal(0))
    method = models.CharField(_("method"), max_length=10, choices=Method.choices)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    year = models.PositiveSmallIntegerField(_("year"))
    number = models.PositiveIntegerField(_("number"))
    receipt_number = models.CharField(_("receipt"), max_length=24)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    guard = Guard.APPEND_ONLY

    objects = WatchedQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger row")
        verbose_name_plural = _("ledger")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "year", "number"], name="receipt_number_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0, discount__gte=0), name="ledger_amounts_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_number} {self.kind} {self.amount}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A ledger row is never edited; write a refund.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A ledger row is never deleted; write a refund.")

    @property
    def money_decimals(self) -> int:
        return self.payment.money_decimals
