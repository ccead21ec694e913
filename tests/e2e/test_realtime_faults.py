"""The pages' own connection on a network that fails: real cuts of the real WebSockets of a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any
from urllib import request as http
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Browser, Page, Request, Response, expect

from queue.models import Visit
from tests.e2e.line import Line
from tests.e2e.pages import AWAY, in_queue, mark
from tests.factories import World, walk_in
from tests.servers import Server, running_server

REFUSED = AWAY + r"|status of 502"
# Everything that the live region was given, whether or not it is still seen.
LISTEN = """() => {
  window.announced = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const toast of addedNodes) announced.push(toast.querySelector('[data-slot=text]').textContent);
  }).observe(document.getElementById('toasts'), { childList: true });
}"""
# A browser says "online" when the cable is in again; here it is in again at once.
COME_BACK_AT_ONCE = """() => {
  const light = document.getElementById('light');
  new MutationObserver(() => light.dataset.state === 'connecting' && dispatchEvent(new Event('online')))
    .observe(light, { attributes: true, attributeFilter: ['data-state'] });
}"""
LIVE_AGAIN = """(reconnects) => {
  const stats = frontDesk.stats();
  return stats.state === 'live' && stats.reconnects >= reconnects && stats;
}"""


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    with Line(server.port) as line:
        yield line


@pytest.fixture
def at(line: Line, at: Callable[..., Page]) -> Callable[..., Page]:
    """In this order: pages are closed before their line is, or they would complain of that on their console."""
    return at


def stats(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("frontDesk.stats()")
    return found


def live(page: Page) -> None:
    expect(page.locator("#light-text")).to_have_text("Live", timeout=40_000)


def shows_what_the_server_holds(page: Page, world: World) -> None:
    """The page's store is what a fresh snapshot would make it."""
    answer = page.request.get(f"/api/queue/clinics/{world.here.pk}/").json()
    held = page.evaluate("frontDesk.snapshot()")
    for table in ("visits", "appointments"):
        assert held[table] == sorted(answer[table], key=lambda each: each["id"])


def arrive(page: Page, world: World, do: Callable[..., Any]) -> Visit:
    """Somebody arrives, written by another process, and is seen on the page once."""
    visit: Visit = do(walk_in, world)
    expect(in_queue(page, visit.patient.full_name)).to_have_count(1)
    return visit


def test_a_hundred_cuts_leave_one_connection_and_one_announcement_per_check_in(
    at: Callable[..., Page], line: Line, world: World, console: Any, do: Callable[..., Any]
) -> None:
    console.expect(REFUSED)
    desk = at(world.receptionist, base_url=line.url)
    for script in (LISTEN, COME_BACK_AT_ONCE):
        desk.evaluate(script)

    line.cut()
    before = desk.wait_for_function(LIVE_AGAIN, arg=1).json_value()
    for number in range(2, 101):
        line.cut()
        after = desk.wait_for_function(LIVE_AGAIN, arg=number).json_value()

    assert after["reconnects"] == 100
    assert [after[name] for name in ("listeners", "rooms", "timers")] == [
        before[name] for name in ("listeners", "rooms", "timers")
    ]
    line.wait(lambda: line.open == 1)
    visit = arrive(desk, world, do)
    expect(desk.locator(".toast").filter(has_text=visit.patient.full_name)).to_have_count(1)
    arrive(desk, world, do)
    expect(desk.locator(".toast")).to_have_count(2)
    assert sum(visit.patient.full_name in text for text in desk.evaluate("announced")) == 1
    shows_what_the_server_holds(desk, world)


@pytest.mark.parametrize("how", ["refused", "cut"])
def test_where_only_http_gets_through_the_page_polls_and_goes_back_to_the_socket(
    at: Callable[..., Page], line: Line, world: World, console: Any, do: Callable[..., Any], how: Any
) -> None:
    console.expect(REFUSED)
    desk = at(world.receptionist, base_url=line.url)
    mark(desk)
    desk.evaluate(LISTEN)

    waiting: set[Any] = set()  # polls without an answer yet

    def asked(request: Request) -> None:
        if "/realtime/events/" in request.url:
            waiting.add(request)

    def ended(request: Request) -> None:
        waiting.discard(request)

    desk.on("request", asked)
    for end in ("requestfinished", "requestfailed"):
        desk.on(end, ended)  # type: ignore[call-overload]

    line.sockets = how
    line.cut()
    meanwhile = [do(walk_in, world)]
    expect(desk.locator("#light")).to_have_attribute("data-state", "polling", timeout=30_000)
    expect(desk.locator("#light-text")).to_have_text("Polling (slower)")
    meanwhile += [arrive(desk, world, do), arrive(desk, world, do)]
    for visit in meanwhile:
        expect(in_queue(desk, visit.patient.full_name)).to_have_count(1)
    shows_what_the_server_holds(desk, world)

    line.sockets = "open"
    desk.evaluate("dispatchEvent(new Event('online'))")
    live(desk)
    polls = stats(desk)["polls"]
    while waiting:
        desk.wait_for_event("requestfailed")  # given up, not answered
    last = arrive(desk, world, do)
    expect(desk.locator(".toast").filter(has_text=last.patient.full_name)).to_have_count(1)

    assert stats(desk)["polls"] == polls
    assert (stats(desk)["reconnects"], line.open) == (1, 1)
    told = desk.evaluate("announced")
    for visit in [*meanwhile, last]:
        assert sum(visit.patient.full_name in text for text in told) <= 1
    assert desk.evaluate("window.notReloaded") is True
    shows_what_the_server_holds(desk, world)


@pytest.mark.parametrize("kept", [True, False], ids=["kept by the browser", "loaded anew"])
def test_away_to_another_page_and_back(
    at: Callable[..., Page], line: Line, world: World, windowed_browser: Browser, do: Callable[..., Any], kept: bool
) -> None:
    """Chromium keeps no page with ``no-store`` that used a WebSocket, so ours are loaded anew; others may be kept."""
    first = do(walk_in, world)
    desk = at(world.receptionist, base_url=line.url, browser=windowed_browser)
    if kept:
        line.replaces = (b"no-store", b"no-cache")
        desk.reload()
        live(desk)
    mark(desk)
    before, upgrades = stats(desk), line.upgrades

    desk.goto(f"/reception/visits/{first.pk}/payment/")
    line.wait(lambda: line.open == 0)
    meanwhile = do(walk_in, world)
    desk.go_back(wait_until="commit")

    live(desk)
    expect(in_queue(desk, meanwhile.patient.full_name)).to_have_count(1)
    assert desk.evaluate("window.notReloaded") == (True if kept else None)
    after = stats(desk)
    assert [after[name] for name in ("listeners", "rooms")] == [before[name] for name in ("listeners", "rooms")]
    assert (line.open, line.upgrades) == (1, upgrades + 1)
    shows_what_the_server_holds(desk, world)


def test_without_network_it_says_since_when_and_is_live_again_with_what_happened_meanwhile(
    at: Callable[..., Page], line: Line, world: World, console: Any, do: Callable[..., Any]
) -> None:
    console.expect(REFUSED + "|ERR_INTERNET_DISCONNECTED")
    desk = at(world.receptionist, base_url=line.url)
    mark(desk)

    line.is_down = True
    desk.context.set_offline(True)
    line.cut(everything=True)
    expect(desk.locator("#light")).to_contain_text("Stale since", timeout=20_000)
    expect(desk.locator("#banner")).to_contain_text("Shown as of")
    meanwhile = do(walk_in, world)
    line.is_down = False
    desk.context.set_offline(False)

    live(desk)
    expect(in_queue(desk, meanwhile.patient.full_name)).to_have_count(1)
    expect(desk.locator("#banner")).to_be_hidden()
    assert desk.evaluate("window.notReloaded") is True
    shows_what_the_server_holds(desk, world)


def test_each_tab_has_one_connection_whatever_it_does(
    at: Callable[..., Page], line: Line, world: World, do: Callable[..., Any]
) -> None:
    desk = at(world.receptionist, base_url=line.url)
    tab = desk.context.new_page()
    tab.goto(desk.url)
    with desk.context.expect_page() as opened:
        tab.evaluate("window.open(location.href)")
    double = opened.value
    tabs = [desk, tab, double]
    for each in tabs:
        live(each)
    line.wait(lambda: line.open == 3)

    # A second one in the same page is the first; a copy of the module from another address knows it too.
    assert (
        desk.evaluate(
            """async () => {
          const script = document.querySelector('script[type=module]').src;
          const address = new URL('../realtime/index.js', script).href;
          const made = [];
          for (const from of [address, `${address}?copy`, '/realtime/client.js']) {
            const { QueueSocket } = await import(from);
            made.push(new QueueSocket({ url: '/ws/queue/', getToken: () => { throw new Error('not asked'); } }));
          }
          return made.every((each) => each === made[0]) && made[0].stats().rooms;
        }"""
        )
        == 1
    )
    tab.reload()
    live(tab)
    for each in tabs:
        arrive(each, world, do)
    line.wait(lambda: line.open == 3)
    double.close()
    line.wait(lambda: line.open == 2)
    assert line.upgrades == 4


def test_the_token_is_renewed_on_the_same_connection_and_after_a_sleep_past_its_end(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    console.expect(AWAY)
    tokens: list[str] = []
    frames: list[str] = []

    def note(response: Response) -> None:
        if response.url.endswith("/api/auth/token/session/"):
            tokens.append(response.json()["access"])

    with running_server("daphne", env={"ACCESS_TOKEN_SECONDS": "2"}) as server, Line(server.port) as line:
        desk = at(world.receptionist, base_url=line.url)
        desk.on("response", note)
        desk.on("websocket", lambda socket: socket.on("framereceived", lambda text: frames.append(json.loads(text)["event"])))
        desk.reload()
        live(desk)
        mark(desk)
        upgrades = line.upgrades
        # Three lives of a token.
        while frames.count("authenticated") < 6:
            with desk.expect_response("**/api/auth/token/session/"):
                pass
        assert not _is_accepted(line.url, tokens[0])
        arrive(desk, world, do)
        assert (stats(desk)["reconnects"], line.upgrades) == (0, upgrades)

        with _asleep(desk):
            line.cut()
            meanwhile = do(walk_in, world)
            while _is_accepted(line.url, tokens[-1]):
                pass

        live(desk)
        expect(in_queue(desk, meanwhile.patient.full_name)).to_have_count(1)
        assert (stats(desk)["reconnects"], line.open) == (1, 1)
        assert desk.evaluate("window.notReloaded") is True
        shows_what_the_server_holds(desk, world)


@contextlib.contextmanager
def _asleep(page: Page) -> Iterator[None]:
    """The processes that run pages stand still, as with the lid closed."""
    assert page.context.browser is not None
    devtools = page.context.browser.new_browser_cdp_session()
    processes = devtools.send("SystemInfo.getProcessInfo")["processInfo"]
    pages = [process["id"] for process in processes if process["type"] == "renderer"]
    for process in pages:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in pages:
            os.kill(process, signal.SIGCONT)
        devtools.detach()


def _is_accepted(url: str, token: str) -> bool:
    request = http.Request(f"{url}/api/realtime/events/?room=broadcast", headers={"Authorization": f"Bearer {token}"})
    try:
        with http.urlopen(request, timeout=10):
            return True
    except HTTPError as error:
        status = error.code
    assert status == 401
    return False
