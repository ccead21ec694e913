"""Django's PostgreSQL with a pool that hands out no dead connection and has patience with a crowd (ADR 18)."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool, PoolTimeout

PATIENCE = 15.0
"""Seconds that a request waits for a connection at most, while others get theirs; as long as a statement may take (settings)."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks a connection of the pool whether it lives before a request gets it.

    ``CONN_HEALTH_CHECKS`` does that too, but the pool pauses after each dead one, longer each time: a request that met a few of
    them, after the database was restarted, would end without any.
    """

    # When a request of this process last got a living connection (time.monotonic); whichever thread writes, it is about now.
    last_given: ClassVar[float] = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        began = asked = time.monotonic()
        while True:
            try:
                connection = super().get_new_connection(conn_params)
            except PoolTimeout:
                # A crowd, and not a database that is away: others were served while this one waited.
                if DatabaseWrapper.last_given < asked or time.monotonic() - began > PATIENCE:
                    raise
                asked = time.monotonic()
                continue
            if self.pool is None or _lives(connection):
                DatabaseWrapper.last_given = time.monotonic()
                return connection
            # The pool throws it away and opens another; if it can't, the next turn waits for it in vain and raises.
            self.pool.putconn(connection)


def _lives(connection: Any) -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        return False
    return True
