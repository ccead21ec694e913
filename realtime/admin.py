"""The event log, to be looked at when a screen and the facts seem to differ. It holds all clinics' events: superusers only."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from clinics.admin import ReadOnlyAdmin, ReadOnlyInline
from realtime.models import Delivery, Event, Room


@admin.register(Room)
class RoomAdmin(ReadOnlyAdmin):
    superusers_only = True
    clinic_lookup = None
    list_display = ["name", "head", "floor"]
    search_fields = ["name"]
    ordering = ["name"]
    fields = ["name", "head", "floor"]


class DeliveryInline(ReadOnlyInline):
    model = Delivery
    fields = ["room", "seq"]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    superusers_only = True
    clinic_lookup = None
    list_display = ["id", "name", "at", "rooms"]
    list_filter = ["name"]
    search_fields = ["deliveries__room"]
    search_help_text = _("A room: clinic_1, doctor_2, broadcast.")
    date_hierarchy = "at"
    ordering = ["-pk"]
    fields = ["name", "at", "content"]
    inlines = [DeliveryInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).prefetch_related("deliveries")

    @admin.display(description=_("rooms and numbers"))
    def rooms(self, obj: Event) -> str:
        return ", ".join(str(delivery) for delivery in obj.deliveries.all())

    @admin.display(description=_("data"))
    def content(self, obj: Event) -> Any:
        return format_html("<pre>{}</pre>", json.dumps(json.loads(obj.data), indent=2, ensure_ascii=False))
