"""The demo clinic on a server of its own (SQLite, as ``make run`` starts it), for those who only look."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import ROOT, Server, running_server


@contextmanager
def demo_server(folder: Path) -> Iterator[Server]:
    """Makes the database in ``folder`` and serves it; over when the block ends."""
    env = {"DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite3'}", "REDIS_URL": "", "DEBUG": "true"}
    for words in (["migrate", "-v0"], ["seed_demo", "-v0"]):
        subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env={**os.environ, **env}, check=True, stdout=subprocess.DEVNULL
        )
    with running_server("daphne", env=env) as server:
        yield server
