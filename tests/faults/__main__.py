"""The fault laboratory: breaks things while people work, and prints what that showed.

    python -m tests.faults [EXPERIMENT …] [--servers daphne,uvicorn] [--short]
    python -m tests.faults --list

Without names all are run. Prints a row for each experiment and server; ends with 1 if one has shown something else than it must.
"""

from __future__ import annotations

import argparse
import asyncio
import json
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
    words = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("experiments", nargs="*", metavar="EXPERIMENT")
    words.add_argument("--servers", default="daphne,uvicorn", help="which servers, separated by commas")
    words.add_argument("--short", action="store_true", help="few clients and events, as in make test")
    words.add_argument("--share", default="1/1", help="2/3: every third experiment, beginning with the second")
    words.add_argument("--results", type=Path, help="also write what passed and failed to this file, as JSON")
    words.add_argument("--list", action="store_true", help="only name the experiments")
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
    # Django's settings read the environment: it has to be complete before.
    import tests.environment  # noqa: F401

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")
    import django
    from django.core.management import call_command

    django.setup()
    from tests.faults.experiments import TABLE
    from tests.faults.laboratory import FULL, SHORT, Lab
    from tests.prepared import DUMP
    from tests.services import load

    if given.list:
        for name, row in TABLE.items():
            print(f"{name:24} {row.fault}: {row.shows}")
        return 0
    if unknown := set(given.experiments) - set(TABLE):
        print(f"Unknown: {', '.join(sorted(unknown))}. There are: {', '.join(TABLE)}", file=sys.stderr)
        return 2
    if DUMP in os.environ:
        load(postgres.url, Path(os.environ[DUMP]).read_bytes())
    else:
        call_command("migrate", verbosity=0)
    lab = Lab(postgres, redis, SHORT if given.short else FULL)
    first, every = map(int, given.share.split("/"))
    results = {}
    print("| experiment | server | what it showed | took |\n|---|---|---|---|", flush=True)
    for name in (given.experiments or list(TABLE))[first - 1 :: every]:
        for kind in given.servers.split(","):
            began = time.monotonic()
            passed, told = _conduct(TABLE[name].work, lab, kind)
            results[f"{name} on {kind}"] = passed
            print(f"| {name} | {kind} | {told} | {time.monotonic() - began:.0f} s |", flush=True)
    if given.results:
        given.results.write_text(json.dumps(results))
    return int(not all(results.values()))


def _conduct(work: Any, lab: Any, kind: str) -> tuple[bool, str]:
    from tests.faults.laboratory import Failed

    try:
        figures = asyncio.run(work(lab, kind))
    except Failed as failure:
        return False, f"FAILED: {failure}"
    except Exception:  # noqa: BLE001 (the others are still worth running)
        traceback.print_exc()
        return False, "FAILED: see above"
    return True, ", ".join(f"{what} {value}" for what, value in figures.items())


if __name__ == "__main__":
    sys.exit(main())
