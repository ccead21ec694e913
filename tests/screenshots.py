"""Pictures of every page and state: ``make screenshots``. They are for looking at, and for the documents.

python -m tests.screenshots [NAME …]      those whose name begins so; all, if none is named
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests import chromium
from tests.demo import demo_server
from tests.e2e.views import VIEWS, View, log_in, show

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")
os.environ.setdefault("DEBUG", "true")

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {**chromium.SIZES["desktop"], "locale": "en-GB"},
    "dark": {**chromium.SIZES["desktop"], "locale": "en-GB", "color_scheme": "dark"},
    "arabic": {**chromium.SIZES["desktop"], "locale": "ar"},
    "phone": {**chromium.SIZES["phone"], "locale": "en-GB"},
    "phone-arabic": {**chromium.SIZES["phone"], "locale": "ar"},
}


def main(wanted: list[str]) -> int:
    """Take them; says where they are."""
    program = chromium.program()
    if program is None:
        print(chromium.MISSING)
        return 1
    views = [view for view in VIEWS if not wanted or view.name.startswith(tuple(wanted))]
    if not views:
        print("There is no such page. There are: " + ", ".join(view.name for view in VIEWS))
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demo_server(Path(folder)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS)
        for look, options in LOOKS.items():
            for who in dict.fromkeys(view.who for view in views):
                _take(browser, look, {**options, "base_url": server.url}, who, [view for view in views if view.who == who])
        browser.close()
    print(f"{len(views) * len(LOOKS)} pictures in {FOLDER}")
    return 0


def _take(browser: Browser, look: str, options: dict[str, Any], who: str, views: list[View]) -> None:
    context = browser.new_context(**options, reduced_motion="reduce")
    page = context.new_page()
    if who:
        log_in(page, who)
    for view in views:
        show(page, view)
        page.screenshot(path=FOLDER / f"{view.name}-{look}.jpg", type="jpeg", quality=70, scale="css")
    context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
