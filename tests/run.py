"""All tests, one part after the other; what ``make test`` runs. Says at the end what passed, failed and was not run.

    python -m tests.run [PART …]    parts: postgres embedded javascript browser faults

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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tests import chromium
from tests.prepared import Prepared

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "var" / "test-results"
CI = os.environ.get("CI") == "true"
BROWSER = "tests/e2e"
# As much as the machine has, but never more workers than a PostgreSQL for tests has connections for.
WORKERS = str(min(max(os.cpu_count() or 1, 2), 8))
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
    return _pytest("browser", {**prepared.servers.result(), **prepared.demo.result()}, BROWSER, "-n", WORKERS, *ONCE)


def faults(_: Prepared) -> Result:
    """Real servers, PostgreSQL and Redis broken in every way, in short: half of it on each server, at the same time."""
    reports = [RESULTS / f"faults-{number}.json" for number in (1, 2)]
    halves = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults", "--short", "--servers", server, "--share", share, "--results", str(report)],
            cwd=ROOT,
        )
        for server, share, report in zip(("daphne", "uvicorn"), ("1/2", "2/2"), reports, strict=True)
    ]
    try:
        codes = [half.wait() for half in halves]
    finally:
        for half in halves:
            half.terminate()
    outcomes = [passed for report in reports if report.exists() for passed in json.loads(report.read_text()).values()]
    failed = outcomes.count(False)
    return Result("faults", outcomes.count(True), failed or int(any(codes) or not outcomes))


def javascript(_: Prepared) -> Result:
    """The modules of the pages, in Node."""
    node = _node()
    if node is None:
        return Result("JavaScript", not_run="Node 20 or newer is missing: make clean test brings it")
    files = sorted(map(str, (ROOT / "tests/js").rglob("*.test.js")))
    report = RESULTS / "javascript.tap"
    reporters = ["--test-reporter=dot", "--test-reporter-destination=stdout"]
    reporters += ["--test-reporter=tap", f"--test-reporter-destination={report}"]
    code = subprocess.call([node, "--test", f"--test-concurrency={WORKERS}", *reporters, *files], cwd=ROOT)
    text = report.read_text() if report.exists() else ""
    count = {name: int(number) for name, number in re.findall(r"^# (\w+) (\d+)$", text, re.MULTILINE)}
    failed = count.get("fail", 0) + count.get("cancelled", 0)
    if code:
        print(text)
    return Result("JavaScript", count.get("pass", 0), failed or int(bool(code)), count.get("skipped", 0) + count.get("todo", 0))


def _node() -> str | None:
    beside = Path(sys.executable).parent
    for candidate in filter(None, (shutil.which("node"), shutil.which("node", path=beside))):
        version = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False).stdout
        if (match := re.match(r"v(\d+)", version)) and int(match[1]) >= 20:
            return candidate
    return None


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


PARTS: dict[str, Callable[[Prepared], Result]] = {
    "javascript": javascript,
    "embedded": embedded,
    "postgres": postgres,
    "browser": browser,
    "faults": faults,
}


def _needs(chosen: list[str]) -> list[str]:
    """What is made for these parts, the first needed first."""
    needs = {"embedded": ["sqlite"], "postgres": ["servers"], "browser": ["servers", "demo"] if chromium.program() else []}
    return [need for name in chosen for need in needs.get(name, [])]


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
    with Prepared() as prepared:
        for need in _needs(chosen):
            getattr(prepared, need)  # begun now, while earlier parts run
        for name in chosen:
            print(f"\n== {PARTS[name].__doc__}", flush=True)
            started = time.monotonic()
            result = PARTS[name](prepared)
            result.seconds = time.monotonic() - started
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
