"""``manage.py close_days``: close the days that are over, as the server does by itself."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from queue.actions import close_over_days


class Command(BaseCommand):
    help = "Closes every clinic's days that are over: who still waits has left, who didn't come is a no-show, figures are kept."

    def handle(self, *args: Any, **options: Any) -> None:
        for closed in close_over_days():
            self.stdout.write(f"{closed.clinic.name} {closed.date}: closed ({closed.number}).")
