"""The event log: what happened, for which rooms, in which order."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Log(models.Model):
    """One row: the identity of this log, and what all processes share about it."""

    # Another one after a restore from a backup: what clients remember counts for nothing then.
    epoch = models.UUIDField(default=uuid.uuid4)
    # Where the log was when it got its epoch (log.Place): a restored log is somewhere else.
    place = models.CharField(max_length=60, default="", editable=False)
    # When a process last took it upon itself to forget old events.
    pruned_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("event log")
        verbose_name_plural = _("event log")

    def __str__(self) -> str:
        return str(self.epoch)


class Room(models.Model):
    """A stream of events. ``head`` is the last number given, ``floor`` the last one no longer kept."""

    name = models.CharField(_("room"), primary_key=True, max_length=40)
    head = models.BigIntegerField(_("last number given"), default=0)
    floor = models.BigIntegerField(_("last number no longer kept"), default=0)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")

    def __str__(self) -> str:
        return f"{self.name} at {self.head}"


class Event(models.Model):
    """One event, stored in the transaction of the change that it reports. ``data`` is JSON text, sent as it is."""

    name = models.CharField(_("event"), max_length=40)
    at = models.DateTimeField(_("at"), db_index=True)
    data = models.TextField(_("data"))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.pk} {self.name}"


class Delivery(models.Model):
    """One event in one room. ``seq`` is given after the commit (log.number); ``id`` is the order of storing."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    room = models.CharField(_("room"), max_length=40)
    seq = models.BigIntegerField(_("number"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["room", "seq"], name="one_event_per_number")]
        indexes = [models.Index(fields=["room", "id"], condition=models.Q(seq__isnull=True), name="unnumbered")]

    def __str__(self) -> str:
        return f"{self.room}:{self.seq}"
