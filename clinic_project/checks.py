"""System checks of our own: what would fail at the desk is said at the start, with what to do."""

from __future__ import annotations

import sqlite3
import sysconfig
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connection

import queue
from clinics.guards import permits_left


@register(Tags.compatibility)
def check_queue_folder(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """``import queue`` must stay the standard library's (ADR 1)."""
    if (
        not str(queue.__file__).startswith(sysconfig.get_path("stdlib"))
        or Path(settings.BASE_DIR, "queue/__init__.py").exists()
    ):
        return [
            Error(
                "The folder `queue` hides the standard library's module.",
                hint="Delete queue/__init__.py; docs/adr/0001-the-name-queue.md says why.",
                id="clinic.E001",
            )
        ]
    return []


@register(Tags.database)
def check_sqlite(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Numbering events (realtime.log) takes ``UPDATE … FROM``, which is newer than what Django asks of SQLite."""
    if connection.vendor != "sqlite" or sqlite3.sqlite_version_info >= (3, 33):
        return []
    return [
        Error(
            f"SQLite {sqlite3.sqlite_version} is too old: events would get no numbers, and no screen would hear of anything.",
            hint="Use a Python with SQLite 3.33 or newer, or PostgreSQL (DATABASE_URL).",
            id="clinic.E003",
        )
    ]


@register(Tags.security, deploy=True)
def check_channel_layer(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """More than one process needs Redis to be woken at once."""
    if not settings.REDIS_URL:
        return [
            Warning(
                "No REDIS_URL: other server processes learn of events only when they look at the log.",
                hint="Set REDIS_URL, or run exactly one process.",
                id="clinic.W001",
            )
        ]
    return []


@register(Tags.database)
def check_permits(app_configs: Any, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Nobody may have left a permit to overwrite histories (``check --database``, and before each ``migrate``)."""
    return [
        Warning(  # not an error: that would stop the migrate which takes it away
            f"A permit to erase was left in the database {alias!r}: until it is gone, histories can be overwritten.",
            hint="Run `manage.py migrate`, which takes it away; docs/adr/0022-what-the-database-refuses.md says what it is.",
            id="clinic.W002",
        )
        for alias in databases or ()
        if permits_left(alias)
    ]


@register(Tags.compatibility)
def check_versions(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """Servers with known holes (docs/operations.md)."""
    least = {"daphne": (4, 2, 2), "uvicorn": (0, 52, 1)}
    return [
        Error(
            f"{name} {version(name)} has known security or flow-control faults.",
            hint=f"Install {name} {'.'.join(map(str, wanted))} or newer.",
            id="clinic.E002",
        )
        for name, wanted in least.items()
        if tuple(int(part) for part in version(name).split(".")[:3]) < wanted
    ]
