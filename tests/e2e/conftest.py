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
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.db import OperationalError, connections
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright, expect, sync_playwright

from clinics.models import User
from tests import chromium
from tests.factories import World
from tests.servers import Server, as_released, running_server

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
def _playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(_playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for the whole run."""
    yield from _launched(_playwright, chromium.program())


@pytest.fixture(scope="session")
def windowed_browser(_playwright: Playwright) -> Iterator[Browser]:
    """The Chromium that people have, with its back/forward cache: ``new_page(browser=windowed_browser)``."""
    yield from _launched(_playwright, chromium.program(windowed=True))


def _launched(playwright: Playwright, program: str | None) -> Iterator[Browser]:
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(chromium.MISSING)
    # Playwright takes the back/forward cache away.
    kept = ["--disable-back-forward-cache"]
    running = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS, ignore_default_args=kept)
    yield running
    running.close()


_flush = BaseDatabaseOperations.execute_sql_flush


# A server that goes on takes a log without its identity, or with lower numbers, for a restored one, and sends all pages away.
_LOG = re.compile(r'DELETE FROM "realtime_(log|room)";')


def _flush_at_last(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
    """The server may still be at what a page asked before it was closed: where both want the same rows, PostgreSQL ends one."""
    kept = [sql for sql in (_LOG.sub("", sql) for sql in sql_list) if sql]
    try:
        _flush(self, kept)
    except OperationalError as error:
        if "deadlock" not in str(error):
            raise
        _flush_at_last(self, sql_list)


@pytest.fixture(scope="session", autouse=True)
def _flushes_at_last(django_db_setup: None) -> Iterator[None]:
    with mock.patch.object(BaseDatabaseOperations, "execute_sql_flush", _flush_at_last):
        yield


@pytest.fixture(autouse=True)
def _database(monkeypatch: pytest.MonkeyPatch, transactional_db: None, real_time: None) -> None:
    """Tests use the database directly, although Playwright's event loop runs in their thread."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@pytest.fixture(scope="session")
def _server(django_db_setup: None) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder, running_server("daphne", env=as_released(Path(folder))) as running:
        yield running


@pytest.fixture
def server(_database: None, _server: Server) -> Iterator[Server]:
    """The site, in a process of its own; whoever kills it leaves the next test a new one."""
    yield _server
    if not _server.is_running:
        _server.start()


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
        opened_in = options.pop("browser", browser)
        context = opened_in.new_context(**{"base_url": server.url, "locale": "en-GB", **chromium.SIZES[size], **options})
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
def session_of(_database: None) -> Callable[[User], Any]:
    """Logs somebody in: the cookie of it, for a browser."""

    def make(user: User) -> dict[str, str]:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        return {"name": name, "value": client.cookies[name].value, "domain": "127.0.0.1", "path": "/"}

    return make


@pytest.fixture
def at(new_page: Callable[..., Page], do: Callable[..., Any], session_of: Callable[[User], Any]) -> Callable[..., Page]:
    """Opens the page of somebody who is logged in, and waits until it is live."""

    def open_page(user: User, **options: Any) -> Page:
        page = new_page(**options)
        page.context.add_cookies([do(session_of, user)])
        page.goto("/")
        expect(page.locator("#light-text")).to_have_text("Live")
        return page

    return open_page
