"""A real server process on the database of the test, to be asked, killed and started again.

    with running_server("uvicorn") as server:
        httpx_or_websockets(server.url, server.ws_url)
        server.kill()     # kill -9
        server.start()    # same port

The test has to commit what the server shall see: ``transactional_db``.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connections

Kind = Literal["daphne", "uvicorn"]
ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 30

# Runs the server's own module, and ends with the test process whatever becomes of that: its end closes our input.
_RUN = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
del sys.argv[0]
sys.path[0] = os.getcwd()
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def arguments(kind: Kind, port: int) -> list[str]:
    """The server's module and its flags, as docs/operations.md recommends them."""
    if kind == "daphne":
        return ["daphne", "-b", "127.0.0.1", "-p", str(port), "clinic_project.asgi:application"]
    fast = ["--ws", "websockets-sansio", "--loop", "uvloop", "--http", "httptools"]
    plain = ["--ws-per-message-deflate", "false", "--lifespan", "off", "--timeout-graceful-shutdown", "5"]
    return ["uvicorn", "--host", "127.0.0.1", "--port", str(port), *fast, *plain, "clinic_project.asgi:application"]


def database_url() -> str:
    """The test database as another process reaches it."""
    name = connections["default"].settings_dict["NAME"]
    if connections["default"].vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


class Server:
    """One server process and its port, which stays the same over restarts."""

    def __init__(self, kind: Kind, env: dict[str, str], log: Path) -> None:
        self.kind = kind
        self.port = _free_port()
        self.root = ROOT
        """Where its code is; a copy that says another version is another release."""
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._env = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "CHANNEL_PREFIX": settings.CHANNEL_PREFIX,
            "SECRET_KEY": settings.SECRET_KEY,
            "DEBUG": "true",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "PYTHONUNBUFFERED": "1",
            **env,
        }

    @property
    def url(self) -> str:
        """Address of the site, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """Address for sockets, without a path."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        return self._running().pid

    @property
    def is_running(self) -> bool:
        """Was it started, and neither stopped nor killed since?"""
        return self._process is not None

    def log(self) -> str:
        """All that the server has printed, over all its starts."""
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        """Start on the same port; returns when the server answers."""
        assert self._process is None, "The server runs already."
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _RUN, *arguments(self.kind, self.port)],
                cwd=self.root,
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.kind} did not start:\n{self.log()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it as an operator would (SIGTERM); by force if it takes more than ten seconds."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """``kill -9``: sockets break, nothing is said or saved."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze the process: connections stay open, nobody answers."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after ``pause``."""
        self._running().send_signal(signal.SIGCONT)

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "The server does not run."
        return self._process

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdin is not None
        process.stdin.close()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/favicon.ico")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True


COLLECTED = "COLLECTED_STATIC_FILES"
"""Names a folder of static files that were collected before, for a run whose workers would each collect them."""


def as_released(folder: Path) -> dict[str, str]:
    """Environment of a server without DEBUG; its static files, shortened and cached for ever, are collected into ``folder``."""
    if COLLECTED in os.environ:
        return {"DEBUG": "false", "STATIC_ROOT": os.environ[COLLECTED]}
    env = {"DEBUG": "false", "STATIC_ROOT": str(folder)}
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"],
        cwd=ROOT,
        env={**os.environ, "SECRET_KEY": settings.SECRET_KEY, **env},
        check=True,
    )
    return env


@contextlib.contextmanager
def running_server(kind: Kind = "daphne", *, env: dict[str, str] | None = None) -> Iterator[Server]:
    """A server that answers, with ``env`` on top of the environment; stopped at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="clinic-server-") as folder:
        server = Server(kind, env or {}, Path(folder) / "log")
        try:
            try:
                server.start()
            except RuntimeError:
                if "in use" not in server.log():
                    raise
                server.port = _free_port()  # another program took it in between
                server.start()
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
