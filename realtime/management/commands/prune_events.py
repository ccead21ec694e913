"""``manage.py prune_events``: forget events that nobody may ask for any more."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from realtime import retention


class Command(BaseCommand):
    help = "Deletes events older than the retention (7 days). Clients that were away for longer get a snapshot."

    def handle(self, *args: Any, **options: Any) -> None:
        gone = retention.prune(settings.REALTIME["RETENTION"])
        self.stdout.write(f"{gone} deliveries deleted.")
