"""The directory that all others refer to: clinics, staff, doctors, services."""

from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from clinics import signals
from clinics.commands import command
from clinics.guards import Guard
from clinics.versioned import Versioned

NO_REGIONS = frozenset({"localtime", "posixrules", "Factory"})
"""Names that some systems have beside the regions: what they mean depends on the machine."""


def validate_timezone(value: str) -> None:
    """Refuse what the time zone database doesn't know."""
    if value not in zoneinfo.available_timezones() - NO_REGIONS:
        raise ValidationError(_("Unknown time zone. Write one like Europe/Berlin or Asia/Baghdad."))


class Clinic(Versioned):
    """One place with its own desk, queue, day (time zone) and currency."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    code = models.CharField(
        _("code"),
        max_length=4,
        unique=True,
        help_text=_("Begins the tickets: A gives A-001."),
        validators=[RegexValidator(r"^[A-Z0-9]+$", _("Capital letters and digits only."))],
    )
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_timezone])
    currency = models.CharField(
        _("currency"), max_length=3, default="USD", validators=[RegexValidator(r"^[A-Z]{3}$", _("Three letters (ISO 4217)."))]
    )
    late_after_minutes = models.PositiveSmallIntegerField(
        _("late after, minutes"),
        default=10,
        validators=[MaxValueValidator(24 * 60)],
        help_text=_("Who arrives later than this queues from arrival, not from the slot."),
    )
    walk_in_offset_minutes = models.PositiveSmallIntegerField(
        _("walk-in offset, minutes"),
        default=0,
        validators=[MaxValueValidator(24 * 60)],
        help_text=_("Added to a walk-in's arrival before it is placed."),
    )
    call_limit = models.PositiveSmallIntegerField(
        _("calls before a skip is offered"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text=_("After so many calls without the patient coming the desk is offered to skip them."),
    )
    wait_alarm_minutes = models.PositiveSmallIntegerField(
        _("a long wait, minutes"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 60)],
        help_text=_("Who has waited so long stands out on the desk's screen."),
    )
    booking_horizon_days = models.PositiveSmallIntegerField(
        _("bookable ahead, days"),
        default=730,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("Nothing can be booked later than this many days from today."),
    )
    day_ends_at = models.TimeField(
        _("a day is closed at"),
        default=dt.time(3),
        help_text=_(
            "When the day before is closed by itself, in the clinic's own time. It is no longer day: at midnight a new "
            "queue begins, with tickets from 1, and who still waits stays in that of the day before."
        ),
    )
    is_active = models.BooleanField(_("active"), default=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("clinic")
        verbose_name_plural = _("clinics")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def save(self, **kwargs: Any) -> None:
        """Whoever saves it: what relies on the clinic is asked before (signals.clinic_changing)."""
        with command():
            was: dict[str, Any] = {}
            if not self._state.adding:
                # Before all that a receiver may lock, as whoever closes a day does.
                Clinic.objects.select_for_update(no_key=True).get(pk=self.pk)
                was = {name: before for name, (before, _now) in self.changes(kwargs.get("update_fields")).items()}
            signals.clinic_changing.send(sender=Clinic, clinic=self, was=was)
            super().save(**kwargs)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    def day_of(self, moment: dt.datetime) -> dt.date:
        """The clinic's own date at ``moment``."""
        return moment.astimezone(self.zone).date()

    def today(self) -> dt.date:
        return self.day_of(timezone.now())

    def day_bounds(self, day: dt.date) -> tuple[dt.datetime, dt.datetime]:
        """First moment of ``day`` and of the day after, as the clinic's clock shows them."""
        start = dt.datetime.combine(day, dt.time.min, self.zone)
        return start, dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, self.zone)

    @property
    def money_decimals(self) -> int:
        """How many decimals the clinic's currency has (CLDR: USD 2, KWD 3, JPY 0)."""
        return get_currency_precision(self.currency)


class Role(models.TextChoices):
    RECEPTIONIST = "receptionist", _("receptionist")
    DOCTOR = "doctor", _("doctor")
    ADMIN = "admin", _("admin")


class Digits(models.TextChoices):
    """Scripts of digits by their names in Unicode's locale data."""

    LATIN = "latn", "0123456789"
    ARABIC = "arab", "٠١٢٣٤٥٦٧٨٩"


def languages() -> list[tuple[str, str]]:
    """The languages the product speaks; as a function, so that another one is no migration."""
    return [(code, str(name)) for code, name in settings.LANGUAGES]


class User(AbstractUser):
    """A member of staff. What they may do comes from ``role``; where, from ``clinics`` (contract/api.md, section 1)."""

    role = models.CharField(_("role"), max_length=12, choices=Role.choices, default=Role.RECEPTIONIST)
    clinics: models.ManyToManyField[Clinic, Any] = models.ManyToManyField(
        Clinic, verbose_name=_("clinics"), related_name="staff", blank=True
    )
    language = models.CharField(
        _("language"), max_length=8, choices=languages, blank=True, help_text=_("Empty: what their browser prefers.")
    )
    digits = models.CharField(
        _("digits"), max_length=4, choices=Digits.choices, blank=True, help_text=_("Empty: those of the language.")
    )

    guard = Guard.NEVER_DELETED
    # What signing in writes is no change of the person.
    history = HistoricalRecords(excluded_fields=["password", "last_login"], m2m_fields=["clinics"])

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A command of its own: open sockets hear of changed rights if and only if they are stored."""
        signs_in = set(kwargs.get("update_fields") or ()) == {"last_login"}  # no change of the person
        with command(), self._without_history() if signs_in else nullcontext():
            super().save(*args, **kwargs)

    @contextmanager
    def _without_history(self) -> Iterator[None]:
        self.skip_history_when_saving = True
        try:
            yield
        finally:
            del self.skip_history_when_saving

    @property
    def name(self) -> str:
        """As people call them; who has no name, by the user name."""
        return self.get_full_name() or self.get_username()

    @property
    def effective_role(self) -> str:
        return Role.ADMIN.value if self.is_superuser else self.role

    @property
    def own_doctor(self) -> Doctor | None:
        """The doctor that this login is linked to, whatever its role."""
        return getattr(self, "doctor", None)

    @property
    def doctor_id(self) -> int | None:
        """The doctor this login is, if any."""
        doctor = self.own_doctor
        return doctor.pk if doctor and self.effective_role == Role.DOCTOR else None

    def visible_clinics(self) -> models.QuerySet[Clinic]:
        """The clinics this person works for; all of them for a superuser."""
        return Clinic.objects.all() if self.is_superuser else self.clinics.all()

    @property
    def version(self) -> int:
        """Rises with each change of the person, of where they work too; 0 for who was never saved one by one."""
        known = getattr(self, "latest_version", None)
        if known is None:
            known = User.history.filter(id=self.pk).aggregate(latest=models.Max("history_id"))["latest"]
        return known or 0

    def clinic_ids(self) -> list[int]:
        """Ids of ``visible_clinics``, read once per object and so once per request."""
        if not hasattr(self, "_clinic_ids"):
            self._clinic_ids = sorted(self.visible_clinics().values_list("pk", flat=True))
        return self._clinic_ids

    def rights(self) -> dict[str, Any]:
        """What decides on what this person sees."""
        return {"role": self.effective_role, "doctor": self.doctor_id, "clinics": self.clinic_ids()}

    def colleagues(self) -> models.QuerySet[User]:
        """Whoever works for one of this person's clinics, superusers and themself among them."""
        if self.is_superuser:
            return User.objects.all()
        near = models.Q(clinics__in=self.clinic_ids()) | models.Q(is_superuser=True) | models.Q(pk=self.pk)
        return User.objects.filter(near)

    def colleague_ids(self) -> set[int]:
        """Ids of ``colleagues``, read once per object and so once per request."""
        if not hasattr(self, "_colleague_ids"):
            self._colleague_ids = set(self.colleagues().values_list("pk", flat=True))
        return self._colleague_ids


class Login(models.Model):
    """One log-in of one person on one device: every token of it carries ``sid``, and ending it ends them all at once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="logins", verbose_name=_("member of staff"))
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("login")
        verbose_name_plural = _("logins")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A command of its own: its sockets are closed if and only if the end is stored."""
        with command():
            super().save(*args, **kwargs)


class Doctor(Versioned):
    """A practitioner that patients queue for; may have a login of their own."""

    user = models.OneToOneField(User, models.PROTECT, null=True, blank=True, related_name="doctor", verbose_name=_("login"))
    name = models.CharField(_("name"), max_length=100)
    speciality = models.CharField(_("speciality"), max_length=100, blank=True)
    clinics: models.ManyToManyField[Clinic, Any] = models.ManyToManyField(
        Clinic, verbose_name=_("clinics"), related_name="doctors"
    )
    is_active = models.BooleanField(_("active"), default=True)

    history = HistoricalRecords(m2m_fields=["clinics"])

    class Meta:
        verbose_name = _("doctor")
        verbose_name_plural = _("doctors")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Service(Versioned):
    """What a visit is for, with its length and price at one clinic."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="services", verbose_name=_("clinic"))
    name = models.CharField(_("name"), max_length=100)
    duration_minutes = models.PositiveSmallIntegerField(
        _("length, minutes"), validators=[MinValueValidator(5), MaxValueValidator(480)]
    )
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=3, validators=[MinValueValidator(Decimal(0))])
    doctor_share_percent = models.DecimalField(
        _("doctor's share, %"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        help_text=_("Of what is taken for this service; for visits that are made from now on."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "name"], name="service_name_once_per_clinic"),
            models.CheckConstraint(condition=models.Q(price__gte=0), name="service_price_not_negative"),
            models.CheckConstraint(
                condition=models.Q(doctor_share_percent__gte=0, doctor_share_percent__lte=100), name="service_share_is_a_part"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def duration(self) -> dt.timedelta:
        return dt.timedelta(minutes=self.duration_minutes)


class Counter(models.Model):
    """Numbers without gaps: the row is locked until the document that took the number is committed."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    period = models.CharField(max_length=10)
    last = models.PositiveIntegerField(default=0)

    guard = Guard.NEVER_DELETED

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "kind", "period"], name="counter_once")]

    def __str__(self) -> str:
        return f"{self.clinic_id} {self.kind} {self.period}: {self.last}"


def next_number(clinic_id: int, kind: str, period: str) -> int:
    """The next number of its kind, from 1, without gaps or repeats. Call it last: it locks until the commit."""
    counter, _created = Counter.objects.select_for_update().get_or_create(clinic_id=clinic_id, kind=kind, period=period)
    counter.last += 1
    counter.save(update_fields=["last"])
    return counter.last


class ErasurePermit(models.Model):
    """Its presence, seen by no other transaction, lets personal data in old rows be overwritten (clinics.guards.erasing)."""

    # To nothing: a deferred foreign key that is broken at the commit, unless the permit is gone by then.
    never = models.ForeignKey("self", models.DO_NOTHING, default=0, related_name="+", db_index=False)

    def __str__(self) -> str:
        return "erasing"


class IdempotencyKey(models.Model):
    """A POST that was or is being answered: the same key and body within a day gets the same answer and does nothing."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    # None while the first call is still running.
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)
    # The caller's rights at that time: whoever has lost some of them is not told again what they were told then.
    rights: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["started_at"])]

    def __str__(self) -> str:
        return self.key
