"""What is done in the background of one run: PostgreSQL, Redis, databases that are migrated once and then copied, the static
files of a release; and the tests that need none of it.

All of it is made for the run and deleted with it, so no copy is older than the migrations.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import psycopg

from tests import javascript
from tests.demo import MADE, SEED
from tests.servers import COLLECTED
from tests.services import dump, running_services

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "TEMPLATE_DATABASE"
"""Names what a worker copies instead of migrating: a file, or a database beside the one of DATABASE_URL."""
DUMP = "MIGRATED_DUMP"
"""Names a dump of a migrated database, for a PostgreSQL of one's own."""
# As much as the machine has, but never more workers than a PostgreSQL for tests has connections for.
WORKERS = str(min(max(os.cpu_count() or 1, 2), 8))


class Prepared:
    """Each property is made in the background from when it is first asked for; most hold what pytest's environment needs."""

    def __init__(self, javascript_report: Path) -> None:
        self._javascript_report = javascript_report

    def __enter__(self) -> Self:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._lock, self._is_over = threading.Lock(), False
        self._stack = contextlib.ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-prepared-")))
        self._services = self._stack.enter_context(contextlib.ExitStack())
        # The services end after the threads that use them, and those once their processes have ended.
        self._pool = self._stack.enter_context(ThreadPoolExecutor(6))
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
    def dump(self) -> Future[dict[str, str]]:
        """A migrated PostgreSQL, as text."""
        return self._pool.submit(self._make_dump, self.servers)

    @cached_property
    def javascript(self) -> Future[int]:
        """The tests in Node; their exit code."""
        node = javascript.program()
        assert node is not None
        return self._pool.submit(self._run, javascript.command(node, self._javascript_report, WORKERS))

    @cached_property
    def demo(self) -> Future[dict[str, str]]:
        """The demo clinic."""
        return self._pool.submit(self._make_demo, self.sqlite)

    @cached_property
    def static(self) -> Future[dict[str, str]]:
        """The static files of a release."""
        return self._pool.submit(self._make_static)

    def _make_sqlite(self) -> dict[str, str]:
        url, file = f"sqlite:///{self._folder / 'db.sqlite3'}", self._folder / "migrated.sqlite3"
        self._manage(f"sqlite:///{file}", "migrate")
        return {"DATABASE_URL": url, "REDIS_URL": "", TEMPLATE: str(file)}

    def _make_servers(self) -> dict[str, str]:
        urls = self._services.enter_context(running_services())
        with psycopg.connect(urls["DATABASE_URL"], autocommit=True) as connection:
            # Beside the one that a test might be connected to: such a one can't be copied.
            connection.execute("CREATE DATABASE migrated")
        self._manage(urlsplit(urls["DATABASE_URL"])._replace(path="/migrated").geturl(), "migrate")
        return {**urls, TEMPLATE: "migrated"}

    def _make_dump(self, servers: Future[dict[str, str]]) -> dict[str, str]:
        url = urlsplit(servers.result()["DATABASE_URL"])._replace(path="/migrated").geturl()
        file = self._folder / "migrated.sql"
        file.write_bytes(dump(url))
        return {DUMP: str(file)}

    def _make_demo(self, migrated: Future[dict[str, str]]) -> dict[str, str]:
        file = self._folder / "demo.sqlite3"
        shutil.copyfile(migrated.result()[TEMPLATE], file)
        self._manage(f"sqlite:///{file}", *SEED)
        return {MADE: str(file)}

    def _make_static(self) -> dict[str, str]:
        folder = self._folder / "static"
        self._manage(
            "sqlite://", "collectstatic", "--noinput", DEBUG="false", SECRET_KEY="of-no-server", STATIC_ROOT=str(folder)
        )
        return {COLLECTED: str(folder)}

    def _manage(self, url: str, *words: str, **env: str) -> None:
        env = {**os.environ, "DATABASE_URL": url, "REDIS_URL": "", "DEBUG": "true", **env}
        if self._run([sys.executable, "manage.py", *words, "-v0"], env):
            raise RuntimeError(f"manage.py {' '.join(words)} failed; the reason stands above.")

    def _run(self, command: list[str], env: dict[str, str] | None = None) -> int:
        with self._lock:
            if self._is_over:
                raise RuntimeError("The run has ended.")
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
            self._processes.append(process)
        # What runs meanwhile goes first: some of it has clocks.
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, 10)
        return process.wait()

    def _end_processes(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._is_over = True
            for process in self._processes:
                process.terminate()
