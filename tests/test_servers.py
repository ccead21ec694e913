"""The helper that runs real servers."""

from __future__ import annotations

import json
import socket
from http.client import HTTPConnection

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from tests.servers import Kind, Server, running_server


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


NOWHERE = {"DATABASE_URL": "sqlite:////nowhere/there.sqlite3"}


def test_without_its_database_everything_says_so_and_nothing_breaks(transactional_db: None, real_time: None) -> None:
    """For whoever has a session, which can't be looked up, too."""
    with running_server("daphne", env=NOWHERE) as server:
        answers = {path: asked(server, path) for path in ("/reception/", "/api/visits/", "/admin/", "/healthz", "/readyz")}

    assert {path: (status, kind) for path, (status, kind, _) in answers.items()} == {
        "/reception/": (503, "text/html"),
        "/api/visits/": (503, "application/json"),
        "/admin/": (503, "text/html"),
        "/healthz": (200, "application/json"),
        "/readyz": (503, "application/json"),
    }
    assert json.loads(answers["/api/visits/"][2])["code"] == "unavailable"
    assert json.loads(answers["/readyz"][2])["database"] == "cannot be reached"
    assert "try again in a moment" in answers["/reception/"][2]


def asked(server: Server, path: str) -> tuple[int, str, str]:
    """Status, kind and text of an answer to a browser that has a session."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("GET", path, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={'s' * 32}"})
        response = connection.getresponse()
        return response.status, str(response.headers.get_content_type()), response.read().decode()
    finally:
        connection.close()
