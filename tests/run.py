"""All tests, one part after the other; what ``make test`` runs. Says at the end what passed, failed and was not run.

    python -m tests.run [PART …]    parts: faults javascript embedded postgres browser

With CI=true nothing may be left out: what can't run, or is skipped, fails. With EVERYTHING=1 both databases get all tests,
also those that `once` gives to one of them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests import chromium, javascript
from tests.prepared import WORKERS, Prepared

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "var" / "test-results"
JAVASCRIPT = RESULTS / "javascript.tap"
CI = os.environ.get("CI") == "true"
BROWSER = "tests/e2e"
ONCE = [] if os.environ.get("EVERYTHING") else ["--once"]
# A module's tests stay together, in their order: what they share is made once.
SPREAD = ["-n", WORKERS, "--dist", "loadscope", "--no-loadscope-reorder"]


@dataclass
class Result:
    """What came of one part."""

    part: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    not_run: str = ""  # why the whole part did not run
    seconds: float = 0

    @property
    def is_good(self) -> bool:
        """May the whole run pass with this?"""
        return not self.failed and not (CI and (self.skipped or self.not_run))

    def __str__(self) -> str:
        if self.not_run:
            return f"{self.part} NOT RUN ({self.not_run})"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.part} {self.passed} passed, {self.failed} failed{skipped} in {self.seconds:.0f} s"


def postgres(prepared: Prepared) -> Result:
    """The Python tests on PostgreSQL and Redis."""
    return _pytest("PostgreSQL + Redis", prepared.servers.result(), f"--ignore={BROWSER}", *SPREAD, *ONCE)


def embedded(prepared: Prepared) -> Result:
    """The Python tests on SQLite and the in-memory layer, backwards: no test may need another one before it."""
    return _pytest("SQLite", prepared.sqlite.result(), f"--ignore={BROWSER}", *SPREAD, *ONCE, "--order=reversed")


def browser(prepared: Prepared) -> Result:
    """Pages in Chromium, on PostgreSQL and Redis."""
    if chromium.program() is None:
        return Result("browser", not_run=chromium.MISSING)
    return _pytest(
        "browser",
        {**prepared.servers.result(), **prepared.static.result(), **prepared.demo.result()},
        BROWSER,
        "-n",
        WORKERS,
        *ONCE,
    )


def faults(prepared: Prepared) -> Result:
    """Real servers, PostgreSQL and Redis broken in every way, in short: a third on one server, the rest on the other, all at the
    same time."""
    env = {**os.environ, **prepared.dump.result()}
    servers = ("uvicorn", "daphne", "uvicorn")
    reports = [RESULTS / f"faults-{number}.json" for number, _ in enumerate(servers, 1)]
    parts = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.faults", "--short"),
                *("--servers", server, "--share", f"{number}/{len(servers)}", "--results", str(report)),
            ],
            cwd=ROOT,
            env=env,
        )
        for number, (server, report) in enumerate(zip(servers, reports, strict=True), 1)
    ]
    try:
        codes = [part.wait() for part in parts]
    finally:
        for part in parts:
            part.terminate()
    outcomes = [passed for report in reports if report.exists() for passed in json.loads(report.read_text()).values()]
    failed = outcomes.count(False)
    return Result("faults", outcomes.count(True), failed or int(any(codes) or not outcomes))


def in_node(prepared: Prepared) -> Result:
    """The modules of the pages, in Node; begun with the first part."""
    if javascript.program() is None:
        return Result("JavaScript", not_run=javascript.MISSING)
    code = prepared.javascript.result()
    text = JAVASCRIPT.read_text() if JAVASCRIPT.exists() else ""
    count = Counter(javascript.counts(text))
    if code:
        print(text)
    return Result(
        "JavaScript",
        passed=int(count["pass"]),
        failed=int(count["fail"] + count["cancelled"]) or int(bool(code)),
        skipped=int(count["skipped"] + count["todo"]),
        seconds=count["duration_ms"] / 1000,
    )


def _pytest(part: str, env: dict[str, str], *words: str) -> Result:
    report = RESULTS / f"{re.sub(r'[^a-z]+', '-', part.lower())}.xml"
    code = subprocess.call(
        [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *words], cwd=ROOT, env={**os.environ, **env}
    )
    result = Result(part)
    if report.exists():
        for case in ET.parse(report).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                result.failed += 1
            elif (skipped := case.find("skipped")) is not None and skipped.get("type") != "pytest.xfail":
                result.skipped += 1
            else:
                result.passed += 1
    # No tests at all, or an end without a report, is a failure too.
    result.failed = result.failed or int(code != 0)
    return result


# The laboratory comes first: it waits much, and what the others need is made meanwhile.
PARTS: dict[str, Callable[[Prepared], Result]] = {
    "faults": faults,
    "javascript": in_node,
    "embedded": embedded,
    "postgres": postgres,
    "browser": browser,
}


def _needs(chosen: list[str]) -> list[str]:
    """What is made for these parts, the first needed first."""
    needs = {
        "faults": ["dump"],
        "javascript": ["javascript"] if javascript.program() else [],
        "embedded": ["sqlite"],
        "postgres": ["servers"],
        "browser": ["servers", "static", "demo"] if chromium.program() else [],
    }
    return [need for name in PARTS if name in chosen for need in needs[name]]


def _result_of(name: str, prepared: Prepared) -> Result:
    try:
        return PARTS[name](prepared)
    except Exception:  # noqa: BLE001 (what can't be prepared fails this part, not the others)
        traceback.print_exc()
        return Result(name, failed=1)


def main() -> int:
    """Run the parts and say what came of them."""
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        print(f"Unknown: {', '.join(sorted(unknown))}\n{__doc__}", file=sys.stderr)
        return 2
    # Each worker, and each server that a test starts, would compile all modules for itself.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    results = []
    with Prepared(JAVASCRIPT) as prepared:
        for need in _needs(chosen):
            getattr(prepared, need)  # begun now, while earlier parts run
        for name in filter(chosen.__contains__, PARTS):
            print(f"\n== {PARTS[name].__doc__}", flush=True)
            started = time.monotonic()
            result = _result_of(name, prepared)
            result.seconds = result.seconds or time.monotonic() - started
            results.append(result)
    good = all(result.is_good for result in results)
    print(f"\ntest: {'passed' if good else 'FAILED'}: {'; '.join(map(str, results))}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ntest: stopped")
