"""Quick hands at the desk: what is typed while a dialog is on its way, or after it has closed, does nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from patients.models import Patient
from queue.models import Visit
from tests.e2e.pages import in_queue
from tests.factories import PatientFactory, World, walk_in

Do = Callable[..., Any]
At = Callable[..., Page]


def hold(page: Page, path: str) -> list[Route]:
    """What of the site's files doesn't come yet."""
    held: list[Route] = []
    page.route(re.compile(path), lambda route: held.append(route))  # noqa: PLW0108 (Playwright keeps a mark on it)
    return held


def test_what_is_typed_while_a_dialog_is_on_its_way_is_no_shortcut(at: At, world: World, do: Do) -> None:
    visit = do(walk_in, world)
    desk = at(world.receptionist)
    held = hold(desk, r"visit-dialogs\.js")
    in_queue(desk, str(visit.ticket)).locator("summary").focus()
    with desk.expect_request(re.compile(r"visit-dialogs\.js")):
        desk.keyboard.press("!")

    # A reason that is begun too early: to skip, to call, has left.
    desk.keyboard.type("scl")
    held[0].continue_()

    expect(desk.get_by_role("dialog", name="Priority")).to_be_visible()
    assert Visit.objects.get(pk=visit.pk).status == "waiting"
    desk.keyboard.press("Escape")
    desk.keyboard.press("c")
    expect(in_queue(desk, str(visit.ticket))).to_contain_text("Called")


def test_a_dialog_that_does_not_come_says_so_and_is_asked_for_again(at: At, world: World, do: Do, console: Any) -> None:
    visit = do(walk_in, world)
    desk = at(world.receptionist)
    console.expect(r"ERR_FAILED")
    desk.route(re.compile(r"visit-dialogs\.js"), lambda route: route.abort())
    row = in_queue(desk, str(visit.ticket))
    row.locator("summary").focus()

    desk.keyboard.press("t")
    expect(row.get_by_role("alert")).to_contain_text("No answer from the server")
    desk.unroute(re.compile(r"visit-dialogs\.js"))
    desk.keyboard.press("t")

    expect(desk.get_by_role("dialog", name="To another doctor")).to_be_visible()


def test_letters_behind_the_enter_that_saved_a_dialog_are_no_shortcuts(at: At, world: World, do: Do) -> None:
    visit = do(walk_in, world)
    desk = at(world.receptionist)
    in_queue(desk, str(visit.ticket)).locator("summary").focus()
    desk.keyboard.press("!")
    dialog = desk.get_by_role("dialog", name="Priority")
    dialog.get_by_role("radio", name="Urgent").check()
    dialog.get_by_label("Reason").focus()
    desk.keyboard.type("fell")
    # In the page itself, in the moment in which the dialog has closed: no test is as quick as a typist.
    desk.evaluate(
        """() => document.querySelector('#priority-dialog').addEventListener('close', () => {
          for (const key of 'cs') document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, code: `Key${key.toUpperCase()}`, bubbles: true }));
          document.documentElement.dataset.typed = 'cs';
        })"""
    )
    desk.keyboard.press("Enter")

    expect(desk.locator("html[data-typed=cs]")).to_be_attached()
    expect(in_queue(desk, str(visit.ticket))).to_contain_text("Urgent")
    expect(desk.locator(".is-pending")).to_have_count(0)
    assert Visit.objects.get(pk=visit.pk).status == "waiting"


def test_a_patient_is_registered_although_half_of_the_form_comes_late(at: At, world: World) -> None:
    desk = at(world.receptionist)
    held = hold(desk, r"registering\.js")
    search = desk.get_by_role("combobox", name="Find a patient")
    search.press("ArrowDown")
    desk.get_by_role("option", name="Register").click()

    # The fields are there, and what is typed into them stays.
    expect(desk.get_by_label("Full name")).to_be_focused()
    desk.keyboard.type("Quick Newcomer")
    desk.keyboard.press("Enter")
    expect(desk.locator("#register-submit")).to_have_attribute("aria-busy", "true")
    desk.keyboard.press("Enter")
    held[0].continue_()

    expect(desk.locator("#chosen-name")).to_have_text("Quick Newcomer")
    assert Patient.objects.filter(full_name="Quick Newcomer").count() == 1


def test_times_that_could_not_be_loaded_are_asked_for_again(at: At, world: World, do: Do, console: Any) -> None:
    do(PatientFactory, full_name="Books Later")
    desk = at(world.receptionist)
    console.expect(r"ERR_FAILED")
    desk.route(re.compile(r"reception/booking\.js"), lambda route: route.abort())
    desk.get_by_role("combobox", name="Find a patient").fill("books later")
    desk.get_by_role("option", name=re.compile("Books Later")).click()
    desk.get_by_label("Book a time").check()
    expect(desk.locator("#booking").get_by_role("alert")).to_contain_text("No answer from the server")

    desk.unroute(re.compile(r"reception/booking\.js"))
    desk.get_by_role("button", name="Book", exact=True).click()

    expect(desk.locator("#slots-status")).not_to_be_empty()
    expect(desk.locator("#booking .form-message")).to_be_empty()
