"""Appointments, the series they were booked in, and where they were moved from."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from appointments import signals
from clinics.commands import command
from clinics.guards import Guard
from clinics.language import change
from clinics.models import Clinic, Doctor, Service
from clinics.versioned import Versioned
from patients.models import Patient


class TsTzRange(models.Func):
    """The half-open range [start, end) that the exclusion constraint compares."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class PostgresExclusionConstraint(ExclusionConstraint):
    """An exclusion constraint that does nothing on other databases, so that one migration serves both (ADR 6)."""

    def _is_postgres(self, schema_editor: Any) -> bool:
        return bool(schema_editor.connection.vendor == "postgresql")

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        return super().constraint_sql(model, schema_editor) if self._is_postgres(schema_editor) else None

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return super().create_sql(model, schema_editor) if self._is_postgres(schema_editor) else None

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return super().remove_sql(model, schema_editor) if self._is_postgres(schema_editor) else None

    def check(self, model: Any, connection: Any) -> list[Any]:
        return []

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Actions check overlaps under a lock and say which appointment is in the way; forms needn't do it again."""


class AppointmentSeries(models.Model):
    """Appointments that were booked together, every so many weeks at the same time of the clinic's clock."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="+", verbose_name=_("clinic"))
    count = models.PositiveSmallIntegerField(_("how many were wanted"))
    interval_weeks = models.PositiveSmallIntegerField(_("weeks between two"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("booked by")
    )
    created_at = models.DateTimeField(_("booked at"), auto_now_add=True)

    guard = Guard.APPEND_ONLY

    class Meta:
        verbose_name = _("series of appointments")
        verbose_name_plural = _("series of appointments")

    def __str__(self) -> str:
        return f"Series {self.pk}"


class Appointment(Versioned):
    """A patient's booking with a doctor (FHIR Appointment)."""

    class Status(models.TextChoices):
        BOOKED = "booked", _("booked")
        CHECKED_IN = "checked_in", _("checked in")
        FULFILLED = "fulfilled", _("fulfilled")
        CANCELLED = "cancelled", _("cancelled")
        NO_SHOW = "no_show", _("no-show")

    class Source(models.TextChoices):
        DESK = "desk", _("at the desk")
        PHONE = "phone", _("by phone")
        ONLINE = "online", _("online")
        REFERRAL = "referral", _("by referral")

    # A cancelled or missed appointment frees its time.
    ACTIVE = (Status.BOOKED, Status.CHECKED_IN, Status.FULFILLED)

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="appointments", verbose_name=_("clinic"))
    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="appointments", verbose_name=_("doctor"))
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="appointments", verbose_name=_("patient"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="appointments", verbose_name=_("service"))
    start = models.DateTimeField(_("start"))
    end = models.DateTimeField(_("end"))
    date = models.DateField(_("day"), editable=False, help_text=_("The clinic's own date of the start."))
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.BOOKED)
    booking_source = models.CharField(_("booked"), max_length=10, choices=Source.choices, default=Source.DESK)
    notes = models.TextField(_("notes"), max_length=2000, blank=True)
    cancel_reason = models.CharField(_("reason of cancelling"), max_length=200, blank=True)
    series = models.ForeignKey(
        AppointmentSeries,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="appointments",
        verbose_name=_("series"),
    )
    overbooked = models.BooleanField(
        _("overbooked"), default=False, help_text=_("An admin has booked it although the doctor was taken then.")
    )
    overbook_reason = models.CharField(_("reason of overbooking"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("booked by")
    )
    created_at = models.DateTimeField(_("booked at"), auto_now_add=True)

    history = HistoricalRecords()
    history_erasable = True  # notes and reasons may be about the patient

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ["start", "pk"]
        indexes = [
            models.Index(fields=["clinic", "date"]),
            models.Index(fields=["doctor", "date"]),
            models.Index(fields=["patient", "start"]),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="appointment_ends_after_start"),
            *(
                PostgresExclusionConstraint(
                    name=f"{who}_has_one_appointment_at_a_time",
                    expressions=[
                        (TsTzRange("start", "end", RangeBoundary()), RangeOperators.OVERLAPS),
                        (who, RangeOperators.EQUAL),
                    ],
                    condition=models.Q(status__in=["booked", "checked_in", "fulfilled"], **unless),
                )
                # What an admin has overbooked may meet others of the doctor, never of the patient.
                for who, unless in (("doctor", {"overbooked": False}), ("patient", {}))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start.astimezone(self.clinic.zone):%Y-%m-%d %H:%M} {self.patient.full_name}"

    def save(self, **kwargs: Any) -> None:
        """A new one gets its planned visit and pending payment in the same transaction, whoever saves it."""
        is_new = self._state.adding
        if is_new:
            self.end = self.end or self.start + self.service.duration
            self.date = self.date or self.clinic.day_of(self.start)
        with command():
            super().save(**kwargs)
            if is_new:
                signals.booked.send(sender=Appointment, appointment=self, by=self.created_by)

    @property
    def is_active(self) -> bool:
        return self.status in self.ACTIVE

    @property
    def duration(self) -> dt.timedelta:
        return self.end - self.start


class Reschedule(models.Model):
    """An appointment was given another time or doctor: what it was before. Never changed."""

    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="reschedules", verbose_name=_("appointment"))
    from_start = models.DateTimeField(_("from"))
    from_end = models.DateTimeField(_("until"))
    from_doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="+", verbose_name=_("with"))
    to_start = models.DateTimeField(_("moved to"))
    to_doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="+", verbose_name=_("now with"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    guard = Guard.ERASABLE  # the reason may be about the patient

    class Meta:
        verbose_name = _("move of an appointment")
        verbose_name_plural = _("moves of appointments")
        ordering = ["pk"]

    def __str__(self) -> str:
        moved = change(*(f"{start:%Y-%m-%d %H:%M}" for start in (self.from_start, self.to_start)))
        return f"{self.appointment_id} {moved}"
