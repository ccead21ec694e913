"""``manage.py messages``: the catalogues of what people read."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic_project import catalogues


class Command(BaseCommand):
    help = "Collects all sentences from code and templates into locale/, and compiles what is translated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="Change nothing; fail if something is missing or old.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            for path in catalogues.renew():
                self.stdout.write(f"{path}")
        gaps = catalogues.gaps()
        for gap in gaps:
            self.stdout.write(gap)
        if gaps:
            raise CommandError(f"{len(gaps)} sentences are not translated.")
