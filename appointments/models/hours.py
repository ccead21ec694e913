"""The hours in which a doctor can be booked: shifts with breaks, and when neither doctor nor clinic is there."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from appointments.slots import ends_after
from clinics.guards import Guard
from clinics.models import Clinic, Doctor
from clinics.versioned import Versioned, WatchedQuerySet

T = TypeVar("T", bound=models.Model)


class HoursQuerySet(WatchedQuerySet[T]):
    """Rows that were ended stay, and count no more."""

    def in_force(self) -> Self:
        return self.filter(is_active=True)


class Shift(Versioned):
    """Hours of one weekday in which a doctor sees patients at a clinic, in the clinic's own time. Midnight as the end is the
    day's end, so a night is two shifts that touch."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="shifts", verbose_name=_("doctor"))
    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="shifts", verbose_name=_("clinic"))
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    start_time = models.TimeField(_("from"))
    end_time = models.TimeField(_("until"), help_text=_("00:00 is midnight at the end of the day."))
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    is_active = models.BooleanField(_("in force"), default=True, editable=False)

    history = HistoricalRecords()

    objects: ClassVar[Any] = HoursQuerySet.as_manager()

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["doctor", "weekday", "start_time", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_time__gt=models.F("start_time")) | models.Q(end_time=dt.time(0)),
                name="shift_ends_after_start",
                violation_error_message=_("A shift must end after it starts."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.doctor} {self.get_weekday_display()} {self.start_time:%H:%M}-{self.end_time:%H:%M}"

    def clean(self) -> None:
        if self.doctor_id and self.clinic_id and not self.doctor.clinics.filter(pk=self.clinic_id).exists():
            raise ValidationError({"doctor": _("This doctor doesn't work at this clinic.")})

    @property
    def breaks(self) -> list[ShiftBreak]:
        """Those in force, in order; read by one query for many shifts with ``prefetch_related("all_breaks")``."""
        return sorted((each for each in self.all_breaks.all() if each.is_active), key=lambda each: each.start_time)

    def meets(self, other: Shift) -> bool:
        """Is there a day on which both hold, and a time that is in both?"""
        days = (self.valid_from or dt.date.min, self.valid_until or dt.date.max)
        others = (other.valid_from or dt.date.min, other.valid_until or dt.date.max)
        return (
            self.weekday == other.weekday
            and max(days[0], others[0]) <= min(days[1], others[1])
            and ends_after(self.end_time, other.start_time)
            and ends_after(other.end_time, self.start_time)
        )


class ShiftBreak(models.Model):
    """A time of a shift in which the doctor sees nobody."""

    shift = models.ForeignKey(Shift, models.PROTECT, related_name="all_breaks", verbose_name=_("shift"))
    start_time = models.TimeField(_("from"))
    end_time = models.TimeField(_("until"))
    is_active = models.BooleanField(_("in force"), default=True, editable=False)

    history = HistoricalRecords()
    guard = Guard.NEVER_DELETED

    class Meta:
        verbose_name = _("break")
        verbose_name_plural = _("breaks")
        ordering = ["start_time", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end_time__gt=models.F("start_time")) | models.Q(end_time=dt.time(0)),
                name="break_ends_after_start",
            )
        ]

    def __str__(self) -> str:
        return f"{self.start_time:%H:%M}-{self.end_time:%H:%M}"


class TimeOff(Versioned):
    """A time in which a doctor can't be booked anywhere, whichever of their clinics has entered it."""

    doctor = models.ForeignKey(Doctor, models.PROTECT, related_name="time_off", verbose_name=_("doctor"))
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name=_("entered by")
    )
    is_active = models.BooleanField(_("in force"), default=True, editable=False)

    history = HistoricalRecords()

    objects: ClassVar[Any] = HoursQuerySet.as_manager()

    class Meta:
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        ordering = ["start", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(end__gt=models.F("start")),
                name="time_off_ends_after_start",
                violation_error_message=_("Time off must end after it starts."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.doctor} {self.start:%Y-%m-%d %H:%M}"

    def was_entered_by(self, users: set[int]) -> bool:
        """Did one of these enter it? What nobody is known to have entered is everybody's."""
        return self.created_by_id is None or self.created_by_id in users


class ClosingDay(Versioned):
    """Days, the clinic's own, on which nobody can be booked there: a holiday, a repair."""

    clinic = models.ForeignKey(Clinic, models.PROTECT, related_name="closing_days", verbose_name=_("clinic"))
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    is_active = models.BooleanField(_("in force"), default=True, editable=False)

    history = HistoricalRecords()

    objects: ClassVar[Any] = HoursQuerySet.as_manager()

    class Meta:
        verbose_name = _("closing days")
        verbose_name_plural = _("closing days")
        ordering = ["first_day", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")),
                name="closing_days_in_order",
                violation_error_message=_("The last day is before the first."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.clinic} {self.first_day}–{self.last_day}"
