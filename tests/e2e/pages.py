"""What tests look for on the pages of the desk."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from tests.factories import World

# What a browser writes by itself when the server is away.
AWAY = r"ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET|WebSocket connection|ERR_INCOMPLETE"


# How many forms are half filled in.
DRAFTS = "Object.keys(sessionStorage).filter((key) => key.startsWith('front-desk.draft.')).length"


def in_queue(page: Page, name: str) -> Locator:
    """The row of a patient among those in the queue."""
    return page.locator("[data-list=active] .visit, #queue-active .visit").filter(has_text=name)


def mark(page: Page) -> None:
    """So that a reload would be noticed."""
    page.evaluate("window.notReloaded = true")


def name_doctors(world: World) -> None:
    """Lists are by name, and those of the factories count up."""
    for doctor, name in ((world.doctor, "Dr Alpha"), (world.colleague, "Dr Beta")):
        doctor.name = name
        doctor.save(update_fields=["name"])
