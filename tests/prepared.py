"""What the parts of one run share: PostgreSQL, Redis, and databases that are migrated once and then copied.

All of it is made for the run and deleted with it, so no copy is older than the migrations.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import psycopg

from tests.demo import MADE
from tests.services import running_services

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "TEMPLATE_DATABASE"
"""Names what a worker copies instead of migrating: a file, or a database beside the one of DATABASE_URL."""


class Prepared:
    """Each property is made in the background from when it is first asked for, and holds what pytest's environment needs."""

    def __enter__(self) -> Self:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stack = contextlib.ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-prepared-")))
        self._services = self._stack.enter_context(contextlib.ExitStack())
        # The services end after the threads that use them, and those once their processes have ended.
        self._pool = self._stack.enter_context(ThreadPoolExecutor(3))
        self._stack.callback(self._end_processes)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @cached_property
    def sqlite(self) -> Future[dict[str, str]]:
        """SQLite and the in-memory layer; a migrated file."""
        return self._pool.submit(self._make_sqlite)

    @cached_property
    def servers(self) -> Future[dict[str, str]]:
        """PostgreSQL and Redis; a migrated database."""
        return self._pool.submit(self._make_servers)

    @cached_property
    def demo(self) -> Future[dict[str, str]]:
        """The demo clinic."""
        return self._pool.submit(self._make_demo, self.sqlite)

    def _make_sqlite(self) -> dict[str, str]:
        url, file = f"sqlite:///{self._folder / 'db.sqlite3'}", self._folder / "migrated.sqlite3"
        self._manage("migrate", f"sqlite:///{file}")
        return {"DATABASE_URL": url, "REDIS_URL": "", TEMPLATE: str(file)}

    def _make_servers(self) -> dict[str, str]:
        urls = self._services.enter_context(running_services())
        with psycopg.connect(urls["DATABASE_URL"], autocommit=True) as connection:
            # Beside the one that a test might be connected to: such a one can't be copied.
            connection.execute("CREATE DATABASE migrated")
        self._manage("migrate", urlsplit(urls["DATABASE_URL"])._replace(path="/migrated").geturl())
        return {**urls, TEMPLATE: "migrated"}

    def _make_demo(self, migrated: Future[dict[str, str]]) -> dict[str, str]:
        file = self._folder / "demo.sqlite3"
        shutil.copyfile(migrated.result()[TEMPLATE], file)
        self._manage("seed_demo", f"sqlite:///{file}")
        return {MADE: str(file)}

    def _manage(self, command: str, url: str) -> None:
        env = {**os.environ, "DATABASE_URL": url, "REDIS_URL": "", "DEBUG": "true"}
        process = subprocess.Popen([sys.executable, "manage.py", command, "-v0"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
        self._processes.append(process)
        if process.wait():
            raise RuntimeError(f"manage.py {command} failed; the reason stands above.")

    def _end_processes(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.terminate()
