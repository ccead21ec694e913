"""``manage.py new_epoch``: after a restore from a backup, numbers that clients hold mean something else."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from realtime import log


class Command(BaseCommand):
    help = "Gives the event log a new identity, so that every client takes a snapshot. Run it after restoring a backup."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"New epoch {log.begin_epoch()}.")
