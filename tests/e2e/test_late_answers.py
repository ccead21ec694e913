"""Answers that come when somebody else is at hand already, or not at all; and what is left for whoever logs in next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route, expect

from clinics.logins import end
from clinics.models import Login
from queue import actions as queue_actions
from queue.models import Visit
from tests.e2e.pages import in_queue
from tests.factories import PatientFactory, World, walk_in

At = Callable[..., Page]
Do = Callable[..., Any]


class Held:
    """The first call to an address waits until it is let go; the others don't."""

    def __init__(self, page: Page, address: str) -> None:
        self._routes: list[Route] = []
        self._is_first = True
        page.route(address, self._take)

    def _take(self, route: Route) -> None:
        if not self._is_first:
            route.continue_()
            return
        self._is_first = False
        self._routes.append(route)

    def let_go(self, page: Page) -> None:
        """Returns when the answer is there."""
        route = self._routes.pop()
        with page.expect_response(route.request.url):
            route.continue_()


def two(do: Do, world: World) -> list[Visit]:
    return [do(walk_in, world, patient=do(PatientFactory, full_name=name)) for name in ("First One", "Second One")]


def test_a_late_payment_never_stands_under_another_name(at: At, world: World, do: Do) -> None:
    first, second = two(do, world)
    desk = at(world.receptionist)
    held = Held(desk, f"**/api/payments/?visit={first.pk}")
    dialog = desk.get_by_role("dialog", name="Payment")

    in_queue(desk, "First One").get_by_role("link", name="Unpaid").click()
    expect(dialog).to_contain_text("First One")
    desk.keyboard.press("Escape")
    in_queue(desk, "Second One").get_by_role("link", name="Unpaid").click()
    expect(dialog.get_by_role("button", name="Take")).to_be_visible()
    held.let_go(desk)
    dialog.get_by_role("button", name="Take").click()
    expect(dialog.get_by_role("link", name="Print receipt")).to_be_focused()

    paid = {visit.pk: Visit.objects.get(pk=visit.pk).payment.status for visit in (first, second)}
    assert paid == {first.pk: "pending", second.pk: "paid"}


def test_a_note_that_is_saved_late_leaves_the_next_one_open(at: At, world: World, do: Do) -> None:
    first, second = two(do, world)
    for visit in (first, second):
        do(queue_actions.complete, do(queue_actions.start, visit, by=world.doctor_user), by=world.doctor_user)
    room = at(world.doctor_user)
    held = Held(room, f"**/api/visits/{first.pk}/note/")
    room.get_by_text("Finished today").click()
    dialog, note = room.get_by_role("dialog", name="Note"), room.get_by_label("Note for doctors")

    room.locator(".visit").filter(has_text="First One").get_by_role("button", name="Note…").click()
    note.fill("Of the first")
    dialog.get_by_role("button", name="Save").click()
    room.keyboard.press("Escape")
    room.locator(".visit").filter(has_text="Second One").get_by_role("button", name="Note…").click()
    note.fill("Of the second")
    held.let_go(room)
    expect(room.locator(".toast").filter(has_text="First One")).to_be_visible()

    expect(dialog).to_contain_text("Second One")
    expect(note).to_have_value("Of the second")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert [visit.notes.get().text for visit in (first, second)] == ["Of the first", "Of the second"]


def test_a_late_walk_in_leaves_the_next_patient_at_the_desk(at: At, world: World, do: Do) -> None:
    for name in ("Early Bird", "Other Person"):
        do(PatientFactory, full_name=name)
    desk = at(world.receptionist)
    held = Held(desk, "**/api/visits/")

    def choose(name: str) -> None:
        desk.get_by_role("combobox", name="Find a patient").fill(name)
        desk.get_by_role("option", name=name).first.click()
        expect(desk.locator("#chosen-name")).to_have_text(name)

    choose("Early Bird")
    desk.get_by_role("button", name="Add to the queue of").click()
    choose("Other Person")
    held.let_go(desk)
    expect(in_queue(desk, "Early Bird")).to_be_visible()

    expect(desk.locator("#chosen-name")).to_have_text("Other Person")


def test_who_is_logged_out_with_a_dialog_open_gets_to_the_way_back(at: At, world: World, do: Do, console: Any) -> None:
    do(walk_in, world, patient=do(PatientFactory, full_name="Somebody"))
    desk = at(world.receptionist)
    console.expect(r"status of (401|403)")
    in_queue(desk, "Somebody").get_by_role("link", name="Unpaid").click()
    expect(desk.get_by_role("dialog", name="Payment")).to_be_visible()

    do(end, do(Login.objects.get, user=world.receptionist, ended_at=None))
    desk.get_by_role("link", name="Log in again").click(timeout=20_000)

    expect(desk.get_by_label("User name")).to_be_visible()


def test_whoever_logs_in_next_finds_nothing_of_the_one_before(at: At, world: World, do: Do, session_of: Any) -> None:
    desk = at(world.receptionist)
    desk.get_by_role("combobox", name="Find a patient").fill("Zzyx Secretname")
    desk.get_by_role("option", name="Register “Zzyx Secretname”").click()
    desk.get_by_label("Phone").fill("0501234567")
    desk.context.add_cookies([do(session_of, world.admin)])

    desk.reload()

    expect(desk.locator("#light-text")).to_have_text("Live")
    expect(desk.locator("#register")).to_be_hidden()
    assert "Secretname" not in desk.evaluate("JSON.stringify(sessionStorage)")


def test_call_next_after_an_answer_that_was_lost_calls_the_next(at: At, world: World, do: Do, console: Any) -> None:
    first, second = two(do, world)
    room = at(world.doctor_user)
    console.expect(r"ERR_FAILED|ERR_CONNECTION")
    lost: list[Route] = []

    def lose(route: Route) -> None:
        if not lost:
            lost.append(route)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    room.route("**/call-next/", lose)
    with room.expect_event("requestfailed"):
        room.get_by_role("button", name="Call next").click()
    expect(room.locator("#current")).to_contain_text("First One")
    do(queue_actions.skip, Visit.objects.get(pk=first.pk), by=world.receptionist)
    expect(in_queue(room, "First One")).to_contain_text("Skipped")

    room.get_by_role("button", name="Call next").click()

    expect(room.locator(".toast").filter(has_text="Second One")).to_be_visible()
    assert Visit.objects.get(pk=second.pk).status == "called"


def test_one_walk_in_after_the_other_by_keyboard(at: At, world: World, do: Do) -> None:
    """The first has been here before: what is suggested for them, and why, isn't the next one's."""
    known, new = (do(PatientFactory, full_name=name) for name in ("Known Before", "Never Here"))
    visit = do(queue_actions.start, do(walk_in, world, patient=known, doctor=world.colleague), by=world.superuser)
    do(queue_actions.complete, visit, by=world.superuser)
    desk = at(world.receptionist)
    keys, chosen = desk.keyboard, desk.locator("#chosen-name")

    keys.press("/")
    keys.type("Known")
    expect(desk.get_by_role("option", name="Known Before")).to_be_visible()
    keys.press("Enter")
    expect(chosen).to_have_text("Known Before")
    expect(desk.get_by_role("radio", name=world.colleague.name)).to_be_focused()
    # A change of mind: on a radio button the key is one of the page's.
    keys.press("/")
    expect(desk.get_by_role("combobox", name="Find a patient")).to_be_focused()
    keys.type("Never")
    expect(desk.get_by_role("option", name="Never Here")).to_be_visible()
    keys.press("Enter")
    expect(chosen).to_have_text("Never Here")
    expect(desk.get_by_role("radio", name=world.doctor.name)).to_be_focused()
    expect(desk.locator("#walk-in")).not_to_contain_text("last visit")
    keys.press("Enter")

    expect(in_queue(desk, "Never Here")).to_be_visible()
    assert list(Visit.objects.filter(status="waiting").values_list("patient", flat=True)) == [new.pk]


def test_a_second_enter_does_nothing_to_the_next_in_line(at: At, world: World, do: Do) -> None:
    for name in ("Called First", "Called Then"):
        visit = do(queue_actions.call, do(walk_in, world, patient=do(PatientFactory, full_name=name)), by=world.receptionist)
        visit.called_at -= dt.timedelta(minutes=4)
        do(visit.save, update_fields=["called_at"])
    desk = at(world.receptionist)
    strip = desk.locator("#attention-list .alert")
    expect(strip).to_have_count(2)
    strip.filter(has_text="Called First").get_by_role("button", name="Skip").focus()

    desk.keyboard.press("Enter")
    expect(strip.filter(has_text="Called Then").get_by_role("button", name="Skip")).to_be_focused()
    desk.keyboard.press("Enter")

    expect(in_queue(desk, "Called First")).to_contain_text("Skipped")
    desk.reload()
    expect(in_queue(desk, "Called Then")).to_contain_text("Called")
    assert sorted(Visit.objects.values_list("status", flat=True)) == ["called", "skipped"]
