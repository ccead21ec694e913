"""The tests of the pages' modules, in Node."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

MISSING = "Node 20 or newer is missing: make clean test brings it"
_FILES = Path(__file__).resolve().parent / "js"


def program() -> str | None:
    """Path of a Node that is new enough, of this machine or of our environment."""
    beside = Path(sys.executable).parent
    for candidate in filter(None, (shutil.which("node"), shutil.which("node", path=beside))):
        version = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False).stdout
        if (match := re.match(r"v(\d+)", version)) and int(match[1]) >= 20:
            return candidate
    return None


def command(node: str, report: Path, at_once: str) -> list[str]:
    """Runs all of them, ``at_once`` files at the same time, and writes ``report`` (TAP)."""
    files = sorted(map(str, _FILES.rglob("*.test.js")))
    reporter = ["--test-reporter=tap", f"--test-reporter-destination={report}"]
    return [node, "--test", f"--test-concurrency={at_once}", *reporter, *files]


def counts(text: str) -> dict[str, float]:
    """The numbers at the end of a report: pass, fail, cancelled, skipped, todo, duration_ms."""
    return {name: float(number) for name, number in re.findall(r"^# (\w+) ([\d.]+)$", text, re.MULTILINE)}
