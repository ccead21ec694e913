"""axe finds nothing on any page and in any state, in both languages and both themes: neither against WCAG 2.2 AA nor against
what axe calls good practice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests import chromium
from tests.demo import demo_server
from tests.e2e.views import VIEWS, View, log_in, show
from tests.servers import Server

AT_ONCE = 3
LOOKS = [("desktop", "light"), ("desktop", "dark"), ("phone", "light"), ("phone", "dark")]
LANGUAGES = ("en", "ar")
# What lies behind a modal dialog is a view of its own.
RUN = """async () => {
    const dialog = document.querySelector('dialog:modal');
    return (await axe.run(dialog ?? document, {resultTypes: ['violations']})).violations;
}"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo clinic, as ``make run`` shows it."""
    with demo_server(tmp_path_factory.mktemp("demo")) as server:
        yield server


def _found(page: Page) -> Iterator[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    for violation in page.evaluate(RUN):
        for node in violation["nodes"]:
            yield f"{violation['id']} ({violation['help']}): {node['target']} {node['failureSummary']}"


Seen = list[tuple[View, list[tuple[str, str]]]]
"""Views, and how each is looked at."""


def _seen(language: str, once: bool) -> Iterator[tuple[View, list[tuple[str, str]]]]:
    """With --once each view in one of them, the next one in the next, so that all of them see what the pages have in common."""
    for number, view in enumerate(VIEWS):
        if not once:
            yield view, LOOKS
        elif LANGUAGES[number % len(LANGUAGES)] == language:
            yield view, [LOOKS[number // len(LANGUAGES) % len(LOOKS)]]


def _batches(language: str, once: bool) -> Iterator[Seen]:
    """A few views of one person at a time: a test is over in seconds, and two workers share them."""
    for who in dict.fromkeys(view.who for view in VIEWS):
        seen = [each for each in _seen(language, once) if each[0].who == who]
        yield from (seen[place : place + AT_ONCE] for place in range(0, len(seen), AT_ONCE))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seen" in metafunc.fixturenames:
        once = metafunc.config.getoption("once")
        cases = [(language, seen) for language in LANGUAGES for seen in _batches(language, once)]
        names = [f"{language}-{'+'.join(view.name for view, _ in seen)}" for language, seen in cases]
        metafunc.parametrize(("language", "seen"), cases, ids=names)


def test_axe_finds_nothing(new_page: Callable[..., Page], console: Any, demo: Server, language: str, seen: Seen) -> None:
    # Pages that refuse are among them.
    console.expect(r"status of (400|403)")
    page = new_page(base_url=demo.url, locale=language, reduced_motion="reduce")
    if seen[0][0].who:
        log_in(page, seen[0][0].who)
    findings = []
    for view, looks in seen:
        page.set_viewport_size(chromium.SIZES["desktop"]["viewport"])
        show(page, view)
        for size, theme in looks:
            page.set_viewport_size(chromium.SIZES[size]["viewport"])
            page.emulate_media(color_scheme=theme)
            findings += [f"{view.name}, {size}, {theme}: {what}" for what in _found(page)]

    assert findings == []


def test_axe_sees_what_is_wrong(page: Page) -> None:
    page.goto("/login/")
    page.evaluate(
        """() => {
            document.querySelector('label').remove();
            document.querySelector('h1').style.color = '#ccc';
        }"""
    )

    rules = {finding.split(" ")[0] for finding in _found(page)}

    assert {"label", "color-contrast"} <= rules
