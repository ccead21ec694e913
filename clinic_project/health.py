"""Is the process alive; is it ready to serve, and if not, why."""

from __future__ import annotations

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from clinics.middleware import for_machines


@for_machines
@never_cache
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def _database() -> dict[str, str]:
    try:
        executor = MigrationExecutor(connection)
        unapplied = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return {"database": "cannot be reached", "migrations": "unknown while the database is away"}
    return {"database": "ok", "migrations": f"{len(unapplied)} to apply: run migrate" if unapplied else "ok"}


@async_to_sync
async def _layer() -> str:
    try:
        await get_channel_layer().group_send("readiness", {"type": "readiness"})
    except Exception:  # noqa: BLE001  (whatever a layer raises, it isn't there)
        return "cannot be reached; events are delivered from the log, later"
    return "ok"


@for_machines
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Each part with its reason. Without its channel layer the desk still works, slower: that is not "not ready"."""
    parts = _database()
    is_ready = set(parts.values()) == {"ok"}
    return JsonResponse({**parts, "channel_layer": _layer()}, status=200 if is_ready else 503)
