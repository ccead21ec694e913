"""Visits (FHIR Encounter): from the plan, through the queue, to the end; and every step with who and when."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from appointments.models import Appointment
from clinics.commands import command
from clinics.guards import Guard
from clinics.language import change
from clinics.models import Clinic, Doctor, Service
from clinics.versioned import Versioned, WatchedQuerySet
from patients.models import Patient
from queue import signals


class VisitQuerySet(WatchedQuerySet["Visit"]):
    """The desk's words for sets of visits."""

    def ticketed(self) -> VisitQuerySet:
        """Those that hold a ticket, whatever became of them; a planned visit isn't in the queue."""
        return self.filter(queue_number__isnull=False).exclude(status=Visit.Status.PLANNED)

    def on(self, day: dt.date) -> VisitQuerySet:
        return self.filter(date=day)

    def waiting(self) -> VisitQuerySet:
        return self.filter(status=Visit.Status.WAITING)

    def in_order(self) -> VisitQuerySet:
        return self.order_by("rank", "queue_number", "pk")

    def shown(self) -> VisitQuerySet:
        """With all that a screen shows, in one query."""
        return self.select_related("clinic", "doctor", "patient", "service", "appointment")

    def follow_up_open(self) -> VisitQuerySet:
        """Whose patient should come again, and nobody has booked it."""
        return self.filter(follow_up_on__isnull=False, follow_up_appointment=None)


class Visit(Versioned):
    """One patient's coming to one doctor on one day."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        WAITING = "waiting", _("waiting")
        CALLED = "called", _("called")
        IN_PROGRESS = "in_progress", _("with the doctor")
        SKIPPED = "skipped", _("skipped")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")
        LEFT = "left", _("left")
        NO_SHOW = "no_show", _("no-show")

    class Type(models.TextChoices):
        APPOINTMENT = "appointment", _("appointment")
        WALK_IN = "walk_in", _("walk-in")

    class Priority(models.TextChoices):
        NORMAL = "normal", _("normal")
        URGENT = "urgent", _("urgent")
        EMERGENCY = "emergency", _("emergency")

    class Basis(models.TextChoices):
        """Why a visit stands where it does (order.py)."""

        BOOKED = "booked", _("booked")
        EARLY = "early", _("came on an earlier day")
        LATE = "late", _("came late")
        WALK_IN = "walk_in", _("walk-in")
        RETURNED = "returned", _("back after a skip")
        MOVED = "moved", _("moved by hand")

    IN_QUEUE = (Status.WAITING, Status.CALLED, Status.SKIPPED, Status.IN_PROGRESS)
    OPEN = (Status.PLANNED, *IN_QUEUE)

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="visits", verbose_name=_("clinic"))
    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="visits", verbose_name=_("doctor"))
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="visits", verbose_name=_("patient"))
    service = models.ForeignKey(Service, models.PROTECT, related_name="visits", verbose_name=_("service"))
    appointment = models.OneToOneField(
        Appointment, models.PROTECT, null=True, blank=True, related_name="visit", verbose_name=_("appointment")
    )
    visit_type = models.CharField(_("type"), max_length=12, choices=Type.choices)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.PLANNED)
    date = models.DateField(_("day"), help_text=_("The clinic's own date."))
    queue_number = models.PositiveIntegerField(_("number"), null=True, editable=False)
    ticket_text = models.CharField(_("ticket"), max_length=12, blank=True, editable=False)

    priority = models.CharField(_("priority"), max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    priority_reason = models.CharField(_("reason of the priority"), max_length=200, blank=True)
    # The order (order.py): the sort key, why, and the two facts that a clock or an appointment can't tell.
    rank = models.BigIntegerField(_("rank"), default=0, editable=False)
    rank_basis = models.CharField(_("placed as"), max_length=10, choices=Basis.choices, default=Basis.BOOKED, editable=False)
    behind_at = models.DateTimeField(null=True, editable=False, help_text=_("Back after a skip: queues behind this time."))
    moved_rank = models.BigIntegerField(null=True, editable=False, help_text=_("Set by hand; holds until the call."))

    call_count = models.PositiveSmallIntegerField(_("calls"), default=0, editable=False)
    checked_in_at = models.DateTimeField(_("checked in"), null=True, editable=False)
    called_at = models.DateTimeField(_("called"), null=True, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    completed_at = models.DateTimeField(_("completed"), null=True, editable=False)
    # What the doctor wishes for the patient: to come again about then. The desk books it; that answers the wish.
    follow_up_on = models.DateField(_("to come again on"), null=True, editable=False)
    follow_up_service = models.ForeignKey(
        Service, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("to come again for")
    )
    follow_up_appointment = models.ForeignKey(
        Appointment,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="follows_up",
        verbose_name=_("follow-up appointment"),
    )
    # A copy for the screens, kept by payments.actions; the truth is the payment and its ledger.
    payment_status = models.CharField(_("payment"), max_length=16, default="pending", editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)

    objects: ClassVar[Any] = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["-date", "rank", "queue_number", "pk"]
        indexes = [
            models.Index(fields=["clinic", "date", "rank"]),
            models.Index(fields=["doctor", "date", "rank"]),
            models.Index(fields=["patient", "-date"]),
            # Days that are left open are looked for all the time, and there are hardly any.
            models.Index(
                fields=["clinic", "date"],
                condition=models.Q(status__in=["planned", "waiting", "called", "skipped", "in_progress"]),
                name="open_visits",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "date", "queue_number"], name="ticket_once_per_clinic_and_day"),
            models.UniqueConstraint(
                fields=["doctor"], condition=models.Q(status="in_progress"), name="one_visit_in_progress_per_doctor"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["planned", "cancelled", "no_show"]) | models.Q(queue_number__isnull=False),
                name="visit_in_queue_has_ticket",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket or self.date} {self.patient.full_name}"

    def save(self, **kwargs: Any) -> None:
        """A new one gets its payment in the same transaction, whoever saves it."""
        is_new = self._state.adding
        if is_new:
            self.date = self.date or self.clinic.today()
        with command():
            super().save(**kwargs)
            if is_new:
                signals.opened.send(sender=Visit, visit=self, by=self.created_by)

    @property
    def ticket(self) -> str | None:
        """What is printed on the slip; none while the visit is only planned."""
        return None if self.status == self.Status.PLANNED else (self.ticket_text or None)

    @property
    def shown_number(self) -> int | None:
        """The number of the ticket; none while the visit is only planned."""
        return None if self.status == self.Status.PLANNED else self.queue_number

    @property
    def is_in_queue(self) -> bool:
        return self.status in self.IN_QUEUE

    @property
    def call_limit_reached(self) -> bool:
        """Called as often as the clinic calls anybody: the desk is offered to skip. Nothing is refused for it."""
        return self.status == self.Status.CALLED and self.call_count >= self.clinic.call_limit


class VisitStep(models.Model):
    """One step of a visit's history: who did what and when, and what is needed to take it back. Never changed."""

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="steps", verbose_name=_("visit"))
    action = models.CharField(_("step"), max_length=12)
    from_status = models.CharField(_("from"), max_length=12, blank=True)
    to_status = models.CharField(_("to"), max_length=12)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    details: models.JSONField[Any, Any] = models.JSONField(_("details"), default=dict, blank=True)
    # The fields as they were, so that undo can put them back.
    before: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    undoes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="undone_by", verbose_name=_("undoes")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    guard = Guard.ERASABLE

    class Meta:
        verbose_name = _("step of a visit")
        verbose_name_plural = _("steps of visits")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.action} {change(self.from_status, self.to_status)}"


class VisitNote(models.Model):
    """What a doctor wrote about a visit: medical text, for doctors alone. Never changed: who corrects it writes another.

    A table of its own, so that what saves, shows or sends a visit can't take the text along.
    """

    visit = models.ForeignKey(Visit, models.PROTECT, related_name="notes", verbose_name=_("visit"))
    text = models.TextField(_("note"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    guard = Guard.ERASABLE

    class Meta:
        verbose_name = _("note of a visit")
        verbose_name_plural = _("notes of visits")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.at:%Y-%m-%d %H:%M}"


class Presence(Versioned):
    """Whether a doctor is there to see patients, as somebody said today. Who said nothing is available."""

    class State(models.TextChoices):
        AVAILABLE = "available", _("available")
        BREAK = "break", _("on a break")
        GONE = "gone", _("gone")

    doctor = models.OneToOneField(Doctor, models.PROTECT, primary_key=True, related_name="presence", verbose_name=_("doctor"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.AVAILABLE)
    until = models.DateTimeField(_("back at"), null=True, blank=True)
    valid_until = models.DateTimeField(
        _("holds until"), null=True, editable=False, help_text=_("The end of the day it was said on; then available again.")
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("doctor's state")
        verbose_name_plural = _("doctors' states")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(state="break"), name="only_a_break_has_an_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.doctor.name}: {self.get_state_display()}"

    @property
    def is_away(self) -> bool:
        """On a break or gone, and that was said today. A break whose end is past is one until somebody says otherwise."""
        return self.state != self.State.AVAILABLE and self.valid_until is not None and timezone.now() < self.valid_until


class DayClose(models.Model):
    """That a clinic's day was closed, and its figures then. Closed again after more work it gets another row."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="day_closes", verbose_name=_("clinic"))
    date = models.DateField(_("day"), help_text=_("The clinic's own date."))
    number = models.PositiveSmallIntegerField(_("number"), help_text=_("Counts a day's closings from 1."))
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("by"),
        help_text=_("None: by itself, after the day was over."),
    )
    figures: models.JSONField[Any, Any] = models.JSONField(_("figures"))

    guard = Guard.APPEND_ONLY

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        ordering = ["-date", "clinic", "-number"]
        constraints = [models.UniqueConstraint(fields=["clinic", "date", "number"], name="closing_number_once")]

    def __str__(self) -> str:
        return f"{self.clinic_id} {self.date} #{self.number}"


class ClosingTurn(models.Model):
    """One row: when a process last took it upon itself to look for days to close."""

    taken_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.taken_at}"
