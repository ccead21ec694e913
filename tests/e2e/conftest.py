"""Browser tests: Debian's Chromium, driven by Playwright, on a real server and the test database.

    def test_queue(new_page, server):
        page = new_page()                   # or new_page("phone"), new_page(locale="ar")
        page.goto("/")

Whatever a page reports as an error fails the test, unless the test said before that it belongs there:
``console.expect(r"WebSocket connection .* failed")``.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

from clinics.models import User
from tests.e2e.pages import FLAGS, SIZES
from tests.factories import World
from tests.factories.directory import PASSWORD
from tests.servers import Server, running_server

HERE = Path(__file__).parent
FAILED: pytest.StashKey[bool] = pytest.StashKey()


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.path.is_relative_to(HERE):
        item.add_marker("e2e")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        missing = "Chromium is missing (apt-get install chromium fonts-noto-core)"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    with sync_playwright() as playwright:
        # With the back/forward cache, as people have it; Playwright takes it away.
        chromium = playwright.chromium.launch(
            executable_path=program, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(autouse=True)
def _database(monkeypatch: pytest.MonkeyPatch, transactional_db: None, real_time: None) -> None:
    """Tests use the database directly, although Playwright's event loop runs in their thread."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture
def server(_database: None) -> Iterator[Server]:
    """The site, in a process of its own."""
    with running_server("daphne") as running:
        yield running


class Console:
    """What pages reported as errors, and what of it the test expects."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """Errors with this regular expression in them are part of the test."""
        self._expected.append(pattern)

    def watch(self, page: Page) -> None:
        """Collect the page's errors from now on."""
        page.on("pageerror", lambda error: self._lines.append(f"uncaught: {error}"))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        # The browser asks for /favicon.ico of its own accord.
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):
            self._lines.append(f"{message.text} ({message.location['url']})")

    @property
    def unexpected(self) -> list[str]:
        """The errors that the test didn't announce."""
        return [line for line in self._lines if not any(re.search(pattern, line) for pattern in self._expected)]


@pytest.fixture
def console() -> Console:
    """Errors of all pages of the test."""
    return Console()


@pytest.fixture
def new_page(
    request: pytest.FixtureRequest, browser: Browser, server: Server, console: Console
) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a context (cookies, storage) of its own: one per person at the desk."""
    pages: list[Page] = []

    def open_page(size: str = "desktop", **options: Any) -> Page:
        context = browser.new_context(**{"base_url": server.url, "locale": "en-GB", **SIZES[size], **options})
        context.set_default_timeout(10_000)
        page = context.new_page()
        console.watch(page)
        context.on("page", console.watch)
        pages.append(page)
        return page

    yield open_page
    if request.node.stash.get(FAILED, False):
        _picture(pages, request.node.name)
    for page in pages:
        page.context.close()
    assert console.unexpected == []


def _picture(pages: list[Page], name: str) -> None:
    folder = HERE.parent.parent / "var" / "e2e"
    stem = re.sub(r"[^\w.-]+", "_", name)
    for number, page in enumerate(pages):
        try:
            page.screenshot(path=folder / f"{stem}-{number}.png")
        except Error as error:
            print(f"No picture of page {number}: {error}")


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page of desktop size."""
    return new_page()


@pytest.fixture
def phone(new_page: Callable[..., Page]) -> Page:
    """A page of phone size, with touch."""
    return new_page("phone")


@pytest.fixture
def do(_database: None) -> Iterator[Callable[..., Any]]:
    """Runs what writes in a thread of its own: in the test's runs Playwright's event loop, where no command may end."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda work, *args, **kwargs: pool.submit(work, *args, **kwargs).result()
        pool.submit(connections.close_all).result()


@pytest.fixture
def world(do: Callable[..., Any]) -> World:
    made: World = do(World)
    return made


@pytest.fixture
def at(new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens the page of somebody who logs in, and waits until it is live."""

    def open_page(user: User, **options: Any) -> Page:
        page = new_page(**options)
        page.goto("/")
        page.get_by_label("User name").fill(user.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("#light-text")).to_have_text("Live")
        return page

    return open_page
