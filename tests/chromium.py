"""Debian's Chromium, for tests and pictures."""

from __future__ import annotations

import shutil
from typing import Any

_WINDOWED = ("chromium", "chromium-browser", "google-chrome")
# The same engine without windows, for half the processor time.
_SHELL = "chromium-headless-shell"
MISSING = "Chromium is missing: apt-get install chromium chromium-headless-shell fonts-noto-core"
FLAGS = [
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True},
}


def program(*, windowed: bool = False) -> str | None:
    """Path of the Chromium of this machine, if there is one; the quickest, unless it has to be one with windows."""
    return next(filter(None, map(shutil.which, _WINDOWED if windowed else (_SHELL, *_WINDOWED))), None)
