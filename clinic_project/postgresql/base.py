"""Django's PostgreSQL with a pool that hands out no dead connection (ADR 18)."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks a connection of the pool whether it lives before a request gets it.

    ``CONN_HEALTH_CHECKS`` does that too, but the pool pauses after each dead one, longer each time: a request that met a few of
    them, after the database was restarted, would end without any.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        while True:
            connection = super().get_new_connection(conn_params)
            if self.pool is None or _lives(connection):
                return connection
            # The pool throws it away and opens another; if it can't, the next turn waits for it in vain and raises.
            self.pool.putconn(connection)


def _lives(connection: Any) -> bool:
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        return False
    return True
