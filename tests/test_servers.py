"""The helper that runs real servers."""

from __future__ import annotations

import socket
from http.client import HTTPConnection

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from tests.servers import Kind, Server, running_server

pytestmark = pytest.mark.once("postgresql")


def status_of_the_admin(server: Server, session: str = "") -> int:
    """What the admin's first page answers to whoever has this session."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", "/admin/", headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"})
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_server_answers_dies_and_comes_back_on_its_port(transactional_db: None, real_time: None, kind: Kind) -> None:
    with running_server(kind) as server:
        assert status_of_the_admin(server) == 302
        first, port = server.pid, server.port

        server.kill()

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)

        server.start()

        assert status_of_the_admin(server) == 302
        assert (server.pid != first, server.port) == (True, port)
        assert "Traceback" not in server.log()


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
def test_server_uses_the_database_of_the_test(transactional_db: None, real_time: None, client: Client, kind: Kind) -> None:
    client.force_login(get_user_model().objects.create_superuser(username="seen", password="long-enough-2026"))

    with running_server(kind) as server:
        assert status_of_the_admin(server, client.cookies[settings.SESSION_COOKIE_NAME].value) == 200
