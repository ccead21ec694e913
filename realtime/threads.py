"""Database work for the event loop, in threads of its own.

``database_sync_to_async`` would run it all in the one thread that the whole process shares, behind every request's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, reset_queries

P = ParamSpec("P")
R = TypeVar("R")

_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="realtime-db")


async def in_db(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run ``work`` in a thread that may use the ORM; the connection goes back afterwards."""

    def run() -> R:
        # What Django does when a request begins; with DEBUG it would keep the last 9,000 statements of each thread.
        reset_queries()
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_pool, run)
