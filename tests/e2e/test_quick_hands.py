"""Quick hands at the desk: what is typed while a dialog is on its way, or after it has closed, does nothing else; and calls that
are asked about or made once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from patients.models import Patient
from queue import actions as queue_actions
from queue.models import Visit
from queue.presence import DoctorState
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
    expect(row.get_by_role("alert")).to_contain_text("This part of the page did not come")
    desk.unroute(re.compile(r"visit-dialogs\.js"))
    desk.keyboard.press("t")

    expect(desk.get_by_role("dialog", name="To another doctor")).to_be_visible()


def test_what_is_rarely_opened_is_there_before_the_line_is_cut(at: At, world: World, do: Do, console: Any) -> None:
    visit = do(walk_in, world)
    desk = at(world.receptionist)
    desk.clock.install()
    desk.reload()
    expect(desk.locator("#light")).to_have_attribute("data-state", "live")
    with desk.expect_response(re.compile(r"visit-dialogs\.js")):
        desk.clock.fast_forward(31_000)
    console.expect(r"ERR_FAILED|ERR_INTERNET_DISCONNECTED")
    desk.wait_for_load_state("networkidle")
    desk.route(re.compile(r"\.js"), lambda route: route.abort())

    in_queue(desk, str(visit.ticket)).locator("summary").focus()
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


def test_who_is_not_registered_after_all_is_not_saved_when_the_rest_of_the_form_comes(at: At, world: World) -> None:
    desk = at(world.receptionist)
    held = hold(desk, r"registering\.js")
    search = desk.get_by_role("combobox", name="Find a patient")
    search.press("ArrowDown")
    desk.get_by_role("option", name="Register").click()
    desk.get_by_label("Full name").fill("Goes Again")
    desk.keyboard.press("Enter")
    expect(desk.locator("#register-submit")).to_have_attribute("aria-busy", "true")
    desk.locator("#register-close").click()
    search.press("ArrowDown")
    desk.get_by_role("option", name="Register").click()
    desk.get_by_label("Full name").fill("Half Typ")

    with desk.expect_response(re.compile(r"duplicates")):
        held[0].continue_()

    expect(desk.get_by_label("Full name")).to_have_value("Half Typ")
    assert not Patient.objects.filter(full_name__in=["Goes Again", "Half Typ"]).exists()


def test_of_two_dialogs_that_are_on_their_way_the_last_one_opens(at: At, world: World, do: Do) -> None:
    """A payment under the name of another would be the worst that could happen here."""
    first, second = do(walk_in, world), do(walk_in, world)
    desk = at(world.receptionist)
    held = hold(desk, r"reception/payment\.js")
    for visit in (first, second):
        in_queue(desk, str(visit.ticket)).locator("[data-do=pay]").click()
    held[0].continue_()

    dialog = desk.get_by_role("dialog", name="Payment")
    expect(dialog).to_contain_text(second.patient.full_name)
    expect(dialog).not_to_contain_text(first.patient.full_name)
    dialog.locator("[data-slot=submit]").click()
    expect(in_queue(desk, str(second.ticket)).locator("[data-paid=paid]")).to_be_attached()
    assert {visit.pk: visit.payment.status for visit in Visit.objects.all()} == {first.pk: "pending", second.pk: "paid"}


def test_times_that_could_not_be_loaded_are_asked_for_again(at: At, world: World, do: Do, console: Any) -> None:
    do(PatientFactory, full_name="Books Later")
    desk = at(world.receptionist)
    console.expect(r"ERR_FAILED")
    desk.route(re.compile(r"reception/booking\.js"), lambda route: route.abort())
    desk.get_by_role("combobox", name="Find a patient").fill("books later")
    desk.get_by_role("option", name=re.compile("Books Later")).click()
    desk.get_by_label("Book a time").check()
    expect(desk.locator("#booking").get_by_role("alert")).to_contain_text("This part of the page did not come")

    desk.unroute(re.compile(r"reception/booking\.js"))
    desk.get_by_role("button", name="Book", exact=True).click()

    expect(desk.locator("#slots-status")).not_to_be_empty()
    expect(desk.locator("#booking .form-message")).to_be_empty()


def test_who_is_called_in_for_a_doctor_who_is_gone_is_asked_about_first(at: At, world: World, do: Do) -> None:
    first, second = do(walk_in, world), do(walk_in, world)
    do(queue_actions.set_state, world.doctor, by=world.doctor_user, state="gone")
    desk = at(world.receptionist)
    row = in_queue(desk, str(first.ticket))
    asks = desk.get_by_role("dialog", name="Call all the same?")

    row.get_by_role("button", name="Call").click()
    expect(asks).to_contain_text(f"{world.doctor.name} is gone for today.")
    expect(asks.get_by_role("button", name="Don't call")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(asks).to_have_count(0)
    assert Visit.objects.get(pk=first.pk).status == "waiting"

    desk.mouse.move(2, 2)
    row.locator("summary").focus()
    desk.keyboard.press("n")
    asks.get_by_role("button", name="Other doctor…").click()
    desk.get_by_role("dialog", name="To another doctor").get_by_role("button", name="Hand over").click()
    expect(desk.locator(".toast").filter(has_text=f"now with {world.colleague.name}")).to_be_visible()

    in_queue(desk, str(second.ticket)).get_by_role("button", name="Call").click()
    asks.get_by_role("button", name="Call anyway").click()
    expect(in_queue(desk, str(second.ticket))).to_contain_text("Called")
    expect(desk.locator(".doctor-queue").filter(has_text=world.doctor.name).locator("[data-slot=presence]")).to_have_text(
        "Available"
    )
    assert DoctorState(type(world.doctor).objects.get(pk=world.doctor.pk)).state == "available"


def test_the_question_goes_when_somebody_else_has_called(at: At, world: World, do: Do) -> None:
    visit = do(walk_in, world)
    do(queue_actions.set_state, world.doctor, by=world.doctor_user, state="break")
    desk = at(world.receptionist)
    in_queue(desk, str(visit.ticket)).get_by_role("button", name="Call").click()
    asks = desk.get_by_role("dialog", name="Call all the same?")
    expect(asks).to_contain_text("is on a break.")

    do(queue_actions.call, Visit.objects.get(pk=visit.pk), by=world.doctor_user)

    expect(asks).to_have_count(0)
    assert Visit.objects.get(pk=visit.pk).call_count == 1


def test_with_a_patient_and_gone_behind_it_is_seen(at: At, world: World, do: Do) -> None:
    do(queue_actions.start, do(walk_in, world), by=world.doctor_user)
    desk, room = at(world.receptionist), at(world.doctor_user)
    room.keyboard.press("g")

    expect(room.locator("#presence")).to_contain_text("With a patient, then gone")
    state = desk.locator(".doctor-queue").filter(has_text=world.doctor.name).locator("[data-slot=presence]")
    expect(state).to_have_text("With a patient, then gone")
    # As the server writes it.
    desk.reload()
    expect(state).to_have_text("With a patient, then gone")


def test_a_key_that_bounces_calls_once_and_two_doctors_are_called_for_at_once(at: At, world: World, do: Do) -> None:
    first, second = do(walk_in, world), do(walk_in, world)
    other = do(walk_in, world, doctor=world.colleague)
    desk = at(world.receptionist)
    done: list[str] = []
    desk.on("response", lambda response: done.append(response.url) if "/call/" in response.url else None)
    in_queue(desk, str(first.ticket)).locator("summary").focus()

    # The second stroke comes right after the answer of the first, when the row's button says "Call again".
    desk.evaluate(
        """() => {
          const press = () => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'c', code: 'KeyC', bubbles: true }));
          new MutationObserver(() => {
            const row = document.activeElement.closest('.visit');
            if (row?.dataset.status !== 'called' || row.querySelector('[aria-busy]') || row.matches('.is-pending')) return;
            if (!document.documentElement.dataset.twice) press();
            document.documentElement.dataset.twice = 'yes';
          }).observe(document.querySelector('#queue-sections'), { subtree: true, attributes: true, childList: true });
          press();
        }"""
    )
    expect(desk.locator("html[data-twice]")).to_be_attached()
    in_queue(desk, str(other.ticket)).get_by_role("button", name="Call").click()
    expect(in_queue(desk, str(other.ticket))).to_contain_text("Called")
    expect(desk.locator(".is-pending")).to_have_count(0)

    assert [Visit.objects.get(pk=visit.pk).call_count for visit in (first, second, other)] == [1, 0, 1]
    assert len(done) == 2


def test_keys_over_a_still_mouse_are_all_for_the_same_row(at: At, world: World, do: Do) -> None:
    first, second = do(walk_in, world), do(walk_in, world)
    desk = at(world.receptionist)
    # Where the first one stands the second one will be.
    in_queue(desk, str(first.ticket)).locator("[data-slot=name]").hover()

    desk.keyboard.press("s")
    expect(in_queue(desk, str(first.ticket))).to_contain_text("Skipped")
    desk.keyboard.press("s")
    desk.keyboard.press("r")

    expect(in_queue(desk, str(first.ticket))).to_contain_text("Waiting")
    do(second.refresh_from_db)
    assert second.status == "waiting"

    in_queue(desk, str(second.ticket)).locator("[data-slot=name]").hover()
    desk.keyboard.press("s")
    expect(in_queue(desk, str(second.ticket))).to_contain_text("Skipped")


@pytest.mark.parametrize(("key", "code", "shift"), [("/", "Slash", False), ("/", "Digit7", True), ("ظ", "Slash", False)])
def test_the_search_has_its_key_on_any_keyboard(at: At, world: World, key: str, code: str, shift: bool) -> None:
    desk = at(world.receptionist)
    desk.evaluate(
        "([key, code, shiftKey]) => document.body.dispatchEvent(new KeyboardEvent('keydown', "
        "{ key, code, shiftKey, modifierShift: shiftKey, bubbles: true, cancelable: true }))",
        [key, code, shift],
    )
    expect(desk.locator("#search-input")).to_be_focused()


def test_a_question_mark_is_not_the_key_of_the_search(at: At, world: World) -> None:
    desk = at(world.receptionist)
    desk.keyboard.press("Shift+?")
    expect(desk.locator("dialog[open]")).to_be_visible()
    expect(desk.locator("#search-input")).not_to_be_focused()


def test_whom_the_walk_in_is_about_stays_in_sight(at: At, world: World, do: Do) -> None:
    patient = do(PatientFactory, full_name="Ngozi Okonkwo")
    desk = at(world.receptionist)
    desk.set_viewport_size({"width": 1280, "height": 620})
    desk.keyboard.press("/")
    desk.keyboard.type("ngozi")
    expect(desk.get_by_role("option").first).to_contain_text("Ngozi")
    desk.keyboard.press("Enter")
    expect(desk.locator("#walk-in [data-slot=submit]")).to_be_enabled()
    desk.locator("#walk-in [data-slot=submit]").scroll_into_view_if_needed()

    expect(desk.locator("#chosen-name")).to_have_text(patient.full_name)
    name, panel = desk.locator("#chosen-name").bounding_box(), desk.locator("#work").bounding_box()
    assert name
    assert panel
    assert panel["y"] <= name["y"] <= panel["y"] + 60
