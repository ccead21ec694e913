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
# Not Axe().run(): it brings everything that is right, too, which is half a megabyte for the reception.
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


def _batches() -> Iterator[list[View]]:
    """A few views of one person at a time: a test is over in seconds, and two workers share them."""
    for who in dict.fromkeys(view.who for view in VIEWS):
        views = [view for view in VIEWS if view.who == who]
        yield from (views[place : place + AT_ONCE] for place in range(0, len(views), AT_ONCE))


def _looks(view: View, language: str, once: bool) -> list[tuple[str, str]]:
    """With --once another one for each view, and in Arabic what it isn't in English: it is seen in both sizes and both themes."""
    number = VIEWS.index(view) % len(LOOKS)
    return [LOOKS[number if language == "en" else -1 - number]] if once else LOOKS


@pytest.mark.parametrize("views", list(_batches()), ids=lambda views: "+".join(view.name for view in views))
@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing(
    new_page: Callable[..., Page], console: Any, demo: Server, language: str, views: list[View], pytestconfig: pytest.Config
) -> None:
    # Pages that refuse are among them.
    console.expect(r"status of (400|403)")
    page = new_page(base_url=demo.url, locale=language, reduced_motion="reduce")
    if views[0].who:
        log_in(page, views[0].who)
    findings = []
    for view in views:
        page.set_viewport_size(chromium.SIZES["desktop"]["viewport"])
        show(page, view)
        for size, theme in _looks(view, language, pytestconfig.getoption("once")):
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
