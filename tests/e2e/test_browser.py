"""The browser fixtures themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_log_in_page_of_the_admin_opens_without_errors_and_without_scrolling_sideways(
    new_page: Callable[..., Page], size: str
) -> None:
    page = new_page(size)

    page.goto("/admin/login/")

    assert page.locator("#id_username").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_server_sees_what_the_test_stores(page: Page) -> None:
    get_user_model().objects.create_superuser(username="root", password="demo-clinic-2026")

    page.goto("/admin/login/")
    page.fill("#id_username", "root")
    page.fill("#id_password", "demo-clinic-2026")
    page.click("[type=submit]")

    page.wait_for_url("**/admin/")


def test_errors_of_a_page_are_noticed(page: Page, console: object) -> None:
    page.goto("/admin/login/")
    page.evaluate("setTimeout(() => { throw new Error('by the test') })")
    page.evaluate("console.error('said by the test')")
    page.wait_for_function("true")

    lines = console.unexpected  # type: ignore[attr-defined]
    console.expect("by the test")  # type: ignore[attr-defined]

    assert sorted(line.split(" (")[0] for line in lines) == ["said by the test", "uncaught: by the test"]
    assert console.unexpected == []  # type: ignore[attr-defined]
