"""The connections to PostgreSQL: none that died is handed to a request."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

REQUESTS = 8


def at_once() -> list[int]:
    """As many requests as there are threads, each with a connection of its own; the connections' process ids."""
    together = threading.Barrier(REQUESTS)

    def request() -> int:
        try:
            with connection.cursor() as cursor:
                together.wait(20)
                cursor.execute("SELECT pg_backend_pid()")
                return int(cursor.fetchone()[0])
        finally:
            connection.close()

    with ThreadPoolExecutor(REQUESTS) as pool:
        return [future.result() for future in [pool.submit(request) for _ in range(REQUESTS)]]


def test_a_crowd_waits_its_turn() -> None:
    """Three times as many as there are connections, each busy for longer than a third of what a request waits in vain."""
    options = connection.settings_dict["OPTIONS"]["pool"]
    busy = options["timeout"] * 0.6

    def request() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(%s)", [busy])
        finally:
            connection.close()

    with ThreadPoolExecutor(3 * options["max_size"]) as pool:
        for future in [pool.submit(request) for _ in range(3 * options["max_size"])]:
            future.result()


def end_all_connections() -> None:
    """As a restart of the database does."""
    connection.close()
    database = connection.settings_dict
    address = {"host": database["HOST"], "port": database["PORT"], "user": database["USER"], "password": database["PASSWORD"]}
    address = {name: value for name, value in address.items() if value}
    options = database["OPTIONS"]
    address |= {name: options[name] for name in ("host",) if name in options}
    with psycopg.connect(dbname=database["NAME"], autocommit=True, **address) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [database["NAME"]],
        )


def test_requests_after_a_restart_of_the_database_meet_no_dead_connection() -> None:
    before = at_once()
    assert len(set(before)) == REQUESTS

    end_all_connections()

    after = at_once()
    assert len(set(after)) == REQUESTS
    assert not set(after) & set(before)


def test_living_connections_are_used_again() -> None:
    """The pool gives the one that was idle the longest, so a few rounds go through all it has."""
    most = connection.settings_dict["OPTIONS"]["pool"]["max_size"]
    rounds = 2 * most // REQUESTS

    seen = [pid for _ in range(rounds) for pid in at_once()]

    assert len(seen) > most
    assert len(set(seen)) <= most
