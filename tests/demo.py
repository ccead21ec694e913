"""The demo clinic on a server of its own (SQLite, as ``make run`` makes it), for those who only look."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import ROOT, Server, as_released, running_server

SEED = ["seed_demo", "--past-days=7"]
MADE = "DEMO_DATABASE"
"""Names a database that was made before, for a run whose workers would each make one."""


def make_demo(file: Path) -> None:
    """Makes the database of the demo, with a week behind it."""
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{file}", "REDIS_URL": "", "DEBUG": "true"}
    for words in (["migrate", "-v0"], [*SEED, "-v0"]):
        subprocess.run([sys.executable, "manage.py", *words], cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def demo_server(folder: Path) -> Iterator[Server]:
    """Serves a demo clinic of its own, in ``folder``; over when the block ends."""
    file = folder / "demo.sqlite3"
    if MADE in os.environ:
        shutil.copy(os.environ[MADE], file)
    else:
        make_demo(file)
    env = {"DATABASE_URL": f"sqlite:///{file}", "REDIS_URL": "", **as_released(folder / "static")}
    with running_server("daphne", env=env) as server:
        yield server
