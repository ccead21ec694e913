"""The ASGI entry point, as a server loads it."""

from __future__ import annotations

import subprocess
import sys

from django.conf import settings

LOADED = "import clinic_project.asgi, gc; print(gc.get_freeze_count(), len(gc.get_objects()))"


def test_what_is_loaded_is_not_looked_through_by_the_collector() -> None:
    """In a process of its own: a test may have changed what this one does."""
    command = [sys.executable, "-c", LOADED]
    printed = subprocess.run(command, cwd=settings.BASE_DIR, check=True, capture_output=True, text=True).stdout

    frozen, left = map(int, printed.split())

    assert frozen > 100_000
    assert left < frozen / 50
