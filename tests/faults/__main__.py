"""The fault laboratory: breaks things while people work, and prints what that showed.

    python -m tests.faults [--short] [--servers daphne,uvicorn] [EXPERIMENT …]
    python -m tests.faults --list

Without names all are run. Ends with 1 if one has shown something else than it must.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any


def main() -> int:
    """The command line."""
    words = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__, add_help=True)
    words.formatter_class = argparse.RawDescriptionHelpFormatter
    words.add_argument("experiments", nargs="*", metavar="EXPERIMENT")
    words.add_argument("--short", action="store_true", help="few clients and events, as in make test")
    words.add_argument("--servers", default="daphne,uvicorn", help="which servers, separated by commas")
    words.add_argument("--list", action="store_true", help="name the experiments")
    given = words.parse_args()

    from tests.services import Postgres, Redis

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="clinic-services-") as folder:
        postgres = Postgres(Path(folder), durable=True)
        try:
            redis = Redis(Path(folder))
            try:
                os.environ |= {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url, "ACCESS_TOKEN_SECONDS": "86400"}
                return _run(given, postgres, redis)
            finally:
                redis.stop()
        finally:
            postgres.stop()


def _run(given: argparse.Namespace, postgres: Any, redis: Any) -> int:
    import tests.environment  # noqa: F401 (before Django reads its settings)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)

    from tests.faults.experiments import TABLE
    from tests.faults.laboratory import FULL, SHORT, Failed, Lab

    chosen = given.experiments or list(TABLE)
    if unknown := set(chosen) - set(TABLE):
        print(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join(TABLE)}", file=sys.stderr)
        return 2
    lab = Lab(postgres, redis, SHORT if given.short else FULL)
    failed = 0
    for name in chosen:
        for kind in given.servers.split(","):
            began = time.monotonic()
            try:
                figures = asyncio.run(TABLE[name].work(lab, kind))
                verdict = ", ".join(f"{what} {value}" for what, value in figures.items())
            except Failed as failure:
                verdict, failed = f"FAILED: {failure}", failed + 1
            except Exception:  # noqa: BLE001 (the others are still worth running)
                traceback.print_exc()
                verdict, failed = "FAILED: see above", failed + 1
            print(f"| {TABLE[name].fault} | {kind} | {verdict} | {time.monotonic() - began:.0f} s |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
