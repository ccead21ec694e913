"""What stands where at the desk: news that covers nothing for good, and the present hour of a long day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from tests.e2e.pages import in_queue
from tests.e2e.test_reception import put_back
from tests.factories import World, as_if, book, walk_in

Do = Callable[..., Any]
At = Callable[..., Page]

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 720}}


@pytest.fixture(autouse=True)
def _noon(world: World, do: Do) -> None:
    """It is noon at the clinic, so that there is room for a day before and behind."""
    ahead = 12 - timezone.now().hour
    do(as_if, world.here, timezone=f"Etc/GMT{-ahead:+d}")


def top_of(place: Locator) -> float:
    box = place.bounding_box()
    assert box
    return box["y"]


def bottom_of(place: Locator) -> float:
    box = place.bounding_box()
    assert box
    return box["y"] + box["height"]


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_last_rows_can_be_scrolled_above_the_news(at: At, world: World, do: Do, size: dict[str, Any]) -> None:
    other = do(walk_in, world, doctor=world.colleague)
    visits = [do(walk_in, world) for _ in range(9)]
    for number in range(9):
        do(book, world, minutes=30 + 20 * number, doctor=world.colleague)
    desk = at(world.receptionist, **size)
    for visit in (other, visits[0]):
        in_queue(desk, str(visit.ticket)).get_by_role("button", name="Call").click()
        expect(desk.locator(".toast").filter(has_text=str(visit.ticket))).to_be_visible()
    news = desk.locator("#toasts")

    for row in (desk.locator("#appointment-list > .slot").last, in_queue(desk, str(visits[-1].ticket))):
        row.evaluate(
            """(row) => {
              for (let up = row.parentElement; up; up = up.parentElement) up.scrollTop = up.scrollHeight;
            }"""
        )
        # The phone's page is one column: its last rows are the appointments'.
        if size is DESK or row.evaluate("(row) => row.matches('.slot')"):
            assert bottom_of(row) <= top_of(news)
        # By keyboard it comes above them by itself.
        row.evaluate("(row) => { row.scrollIntoView({block: 'end'}); row.tabIndex = -1; row.focus(); }")
        assert bottom_of(row) <= top_of(news)
    # Nothing is wider for it.
    assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_news_goes_while_one_of_them_is_read(at: At, world: World, do: Do) -> None:
    first, second = do(walk_in, world), do(walk_in, world, doctor=world.colleague)
    desk = at(world.receptionist)
    desk.clock.install()
    for visit in (first, second):
        in_queue(desk, str(visit.ticket)).get_by_role("button", name="Call").click()
        expect(desk.locator(".toast").filter(has_text=str(visit.ticket))).to_be_visible()
    toasts = desk.locator(".toast")
    toasts.nth(1).get_by_role("button", name="Undo").focus()

    desk.clock.fast_forward(9_000)
    expect(toasts).to_have_count(2)

    desk.locator("#search-input").focus()
    desk.clock.fast_forward(9_000)
    expect(toasts).to_have_count(0)


def test_a_long_day_opens_at_the_present_hour_and_the_page_stays_where_it_is(at: At, world: World, do: Do) -> None:
    appointments = [do(book, world, minutes=10 + 20 * number) for number in range(24)]
    for appointment in appointments:
        do(put_back, appointment, 240, "start", "end")
    desk = at(world.receptionist, **DESK)
    panel, rows = desk.locator("#appointments"), desk.locator("#appointment-list > .slot")
    now = rows.nth(12)

    expect(now).to_be_in_viewport(ratio=1)
    expect(rows.first).not_to_be_in_viewport()
    assert top_of(panel) < top_of(now) < bottom_of(panel)
    assert desk.evaluate("[document.scrollingElement.scrollTop, document.querySelector('main').scrollTop]") == [0, 0]
    assert desk.evaluate("document.activeElement === document.body")

    phone = at(world.receptionist, **PHONE)
    expect(phone.locator("#appointment-list > .slot").first).to_be_attached()
    assert phone.evaluate("document.scrollingElement.scrollTop") == 0
