"""A page that stays open while the server gets another release."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from clinic_project import __version__
from tests.e2e.pages import AWAY, in_queue, mark
from tests.factories import World, walk_in
from tests.servers import ROOT, running_server

CODE = [
    "appointments",
    "clinic_project",
    "clinics",
    "locale",
    "patients",
    "payments",
    "queue",
    "realtime",
    "static",
    "templates",
]


def another_release(folder: Path) -> Path:
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    package = folder / "clinic_project/__init__.py"
    package.write_text(package.read_text().replace(f'"{__version__}"', '"9.9.9"'))
    return folder


def back(page: Page) -> None:
    """Wait until the page, whose server was started anew, is live and has asked which release that is."""
    with page.expect_response(lambda response: "/realtime/index.js" in response.url and response.request.method == "HEAD"):
        pass
    expect(page.locator("#light-text")).to_have_text("Live")


def test_a_page_over_another_release_offers_to_be_loaded_anew(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any], tmp_path: Path
) -> None:
    console.expect(AWAY)
    with running_server("daphne") as server:
        desk = at(world.receptionist, base_url=server.url)
        mark(desk)
        # Those who are back at the same moment ask at different ones.
        desk.evaluate("Math.random = () => 0")
        offer = desk.locator(".toast", has_text="There is a new version of this page.")

        server.stop()
        server.start()
        back(desk)

        expect(offer).to_have_count(0)

        server.stop()
        server.root = another_release(tmp_path)
        server.start()
        back(desk)

        expect(offer).to_have_count(1)
        # It stays, however much else there is to tell, and the page goes on meanwhile.
        arrived = [do(walk_in, world) for _ in range(5)]
        for visit in arrived:
            expect(in_queue(desk, visit.patient.full_name)).to_have_count(1)
        expect(offer).to_have_count(1)
        assert desk.evaluate("window.notReloaded") is True

        offer.get_by_role("button", name="Load it").click()

        expect(desk.locator("script[src^='/static/9.9.9/']").first).to_be_attached()
        expect(desk.locator("#light-text")).to_have_text("Live")
        expect(in_queue(desk, arrived[0].patient.full_name)).to_have_count(1)
        expect(offer).to_have_count(0)
