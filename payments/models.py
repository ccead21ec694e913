"""Payments, the ledger in which each receipt of money is a row that is never edited or deleted, and the cashier's shifts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NoReturn

from babel.numbers import get_currency_precision
from django.conf import settings
from django.db import models
from django.db.models.functions import Round
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from clinics.guards import Guard
from clinics.language import change
from clinics.models import Clinic, Doctor
from clinics.versioned import Versioned, WatchedQuerySet
from payments.money import as_text
from queue.models import Visit


def money_field(label: Any, **kwargs: Any) -> models.DecimalField[Any, Any]:
    """Twelve digits, three of them decimals: enough for every currency (KWD has three)."""
    return models.DecimalField(label, max_digits=12, decimal_places=3, **kwargs)


def sum_field(label: Any, **kwargs: Any) -> models.DecimalField[Any, Any]:
    """A sum of amounts: more digits than any of them."""
    return models.DecimalField(label, max_digits=18, decimal_places=3, **kwargs)


def exactly(sum_of: models.expressions.Combinable) -> Round:
    """The sum of columns, to be compared: SQLite's decimals are binary fractions, and to it 0.1 + 0.2 is more than 0.3."""
    return Round(sum_of, precision=3)


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
    share_percent = models.DecimalField(
        _("doctor's share, %"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        help_text=_("As it was when the visit was made, like the price."),
    )
    discount = money_field(_("discount"), default=Decimal(0))
    amount_paid = money_field(_("paid"), default=Decimal(0))
    amount_refunded = money_field(_("refunded"), default=Decimal(0))
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount_due__gte=0, discount__gte=0, amount_paid__gte=0, amount_refunded__gte=0),
                name="payment_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_due__gte=exactly(models.F("amount_paid") + models.F("discount"))),
                name="payment_not_over_due",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_refunded__lte=models.F("amount_paid")), name="refunds_not_over_paid"
            ),
            models.CheckConstraint(
                condition=models.Q(share_percent__gte=0, share_percent__lte=100), name="payment_share_is_a_part"
            ),
        ]

    def __str__(self) -> str:
        return f"{as_text(self.amount_due, self.money_decimals)} {self.currency} ({self.get_status_display()})"

    @property
    def money_decimals(self) -> int:
        """How many decimals its currency has; the clinic may have another by now."""
        return get_currency_precision(self.currency)

    @property
    def outstanding(self) -> Decimal:
        """What can still be taken: of a cancelled visit nothing, even if a part was paid."""
        if self.status == self.Status.VOID or self.visit.status == Visit.Status.CANCELLED:
            return Decimal(0)
        return Decimal(self.amount_due - self.discount - self.amount_paid)

    @property
    def balance(self) -> Decimal:
        """What the clinic holds: paid less refunded."""
        return Decimal(self.amount_paid - self.amount_refunded)


class AppendOnly(models.Model):
    """A row of a history: written once. The database refuses the rest too (clinics.guards)."""

    guard = Guard.APPEND_ONLY

    objects = WatchedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"A {self._meta.verbose_name} is never edited; write another.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"A {self._meta.verbose_name} is never deleted; write another.")


class LedgerEntry(AppendOnly):
    """Money that came in or went out, once and for all; amounts and shares are positive, ``kind`` says which way they went."""

    class Kind(models.TextChoices):
        PAYMENT = "payment", _("payment")
        REFUND = "refund", _("refund")

    class Method(models.TextChoices):
        CASH = "cash", _("cash")
        CARD = "card", _("card")
        TRANSFER = "transfer", _("transfer")

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="entries", verbose_name=_("payment"))
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+", verbose_name=_("clinic"))
    doctor = models.ForeignKey(
        Doctor, models.PROTECT, related_name="+", verbose_name=_("doctor"), help_text=_("Whose visit it was at that moment.")
    )
    cash_shift = models.ForeignKey(
        "CashShift", models.PROTECT, null=True, related_name="entries", verbose_name=_("cashier's shift")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    amount = money_field(_("amount"))
    doctor_share = money_field(_("doctor's share"))
    clinic_share = money_field(_("clinic's share"))
    discount = money_field(_("discount"), default=Decimal(0))
    method = models.CharField(_("method"), max_length=10, choices=Method.choices)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    year = models.PositiveSmallIntegerField(_("year"))
    number = models.PositiveIntegerField(_("number"))
    receipt_number = models.CharField(_("receipt"), max_length=24)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("ledger row")
        verbose_name_plural = _("ledger")
        ordering = ["pk"]
        indexes = [models.Index(fields=["clinic", "at"], name="ledger_of_a_day")]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "year", "number"], name="receipt_number_once"),
            # Also if another clinic once had this one's code.
            models.UniqueConstraint(fields=["receipt_number"], name="receipt_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0, discount__gte=0), name="ledger_amounts_not_negative"),
            models.CheckConstraint(
                condition=models.Q(
                    doctor_share__gte=0,
                    clinic_share__gte=0,
                    amount=exactly(models.F("doctor_share") + models.F("clinic_share")),
                ),
                name="ledger_shares_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_number} {self.kind} {self.amount}"

    @property
    def money_decimals(self) -> int:
        return self.payment.money_decimals


class ShareMove(AppendOnly):
    """Money already taken goes with a visit that is given to another doctor: what the one held is the other's from then on."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="share_moves", verbose_name=_("payment"))
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+", verbose_name=_("clinic"))
    from_doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="+", verbose_name=_("from"))
    to_doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="+", verbose_name=_("to"))
    amount = money_field(_("amount"))
    doctor_share = money_field(_("doctor's share"))
    clinic_share = money_field(_("clinic's share"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("move of a share")
        verbose_name_plural = _("moves of shares")
        ordering = ["pk"]
        indexes = [models.Index(fields=["clinic", "at"], name="share_moves_of_a_day")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    amount__gt=0,
                    doctor_share__gte=0,
                    clinic_share__gte=0,
                    amount=exactly(models.F("doctor_share") + models.F("clinic_share")),
                ),
                name="moved_shares_add_up",
            ),
            models.CheckConstraint(condition=~models.Q(from_doctor=models.F("to_doctor")), name="share_moves_to_another"),
        ]

    def __str__(self) -> str:
        return f"{self.doctor_share}: {change(self.from_doctor_id, self.to_doctor_id)}"


class CashShift(Versioned):
    """One cashier's time at one till: the cash it began with, what was counted at the end, and the difference."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="cash_shifts", verbose_name=_("clinic"))
    cashier = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="cash_shifts", verbose_name=_("cashier"))
    currency = models.CharField(_("currency"), max_length=3)
    opened_at = models.DateTimeField(_("opened at"))
    opening_cash = sum_field(_("cash at the start"))
    closed_at = models.DateTimeField(_("closed at"), null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("closed by")
    )
    counted_cash = sum_field(_("counted"), null=True)
    expected_cash = sum_field(_("expected"), null=True)
    difference = sum_field(_("difference"), null=True, help_text=_("Counted less expected."))
    note = models.CharField(_("note"), max_length=200, blank=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("cashier's shift")
        verbose_name_plural = _("cashiers' shifts")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "cashier"], condition=models.Q(closed_at=None), name="one_open_cash_shift_per_cashier"
            ),
            models.CheckConstraint(condition=models.Q(opening_cash__gte=0), name="opening_cash_not_negative"),
            models.CheckConstraint(
                condition=models.Q(closed_at=None, counted_cash=None, expected_cash=None, difference=None)
                | models.Q(
                    # Said one by one: a comparison with nothing is no refusal.
                    closed_at__isnull=False,
                    counted_cash__isnull=False,
                    expected_cash__isnull=False,
                    difference__isnull=False,
                    closed_at__gte=models.F("opened_at"),
                    counted_cash__gte=0,
                    difference=exactly(models.F("counted_cash") - models.F("expected_cash")),
                ),
                name="closed_cash_shift_is_counted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cashier}, {self.opened_at:%Y-%m-%d %H:%M}"

    def save(self, **kwargs: Any) -> None:
        if self._loaded.get("closed_at") is not None:
            raise TypeError("A closed shift never changes.")
        super().save(**kwargs)

    @property
    def status(self) -> Status:
        return self.Status.OPEN if self.closed_at is None else self.Status.CLOSED

    @property
    def money_decimals(self) -> int:
        """How many decimals its currency has; the clinic may have another by now."""
        return get_currency_precision(self.currency)


class CashMovement(AppendOnly):
    """Cash put into the till or taken out of it without a payment: change that was fetched, money that went to the bank."""

    class Kind(models.TextChoices):
        IN = "in", _("put in")
        OUT = "out", _("taken out")

    cash_shift = models.ForeignKey(CashShift, models.PROTECT, related_name="movements", verbose_name=_("cashier's shift"))
    kind = models.CharField(_("kind"), max_length=3, choices=Kind.choices)
    amount = money_field(_("amount"))
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("cash movement")
        verbose_name_plural = _("cash movements")
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=models.Q(amount__gt=0), name="cash_movement_above_zero")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"

    @property
    def money_decimals(self) -> int:
        return self.cash_shift.money_decimals
