"""A doctor at work: by keyboard alone, in two windows, with the line cut, and with words that must not be lost."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from queue import actions as queue_actions
from queue.models import Presence, Visit, VisitNote, VisitStep
from tests.e2e.pages import AWAY, in_queue, mark
from tests.factories import PatientFactory, World, walk_in

# What a browser writes by itself when a call is refused.
REFUSED = r"status of 409"


def inside(do: Callable[..., Any], world: World, **fields: Any) -> Visit:
    visit: Visit = do(queue_actions.start, do(walk_in, world, **fields), by=world.doctor_user)
    return visit


def open_complete(room: Page) -> Any:
    room.locator("#current").get_by_role("button", name="Complete").click()
    dialog = room.get_by_role("dialog", name="Complete")
    expect(dialog).to_be_visible()
    return dialog


def test_a_whole_round_by_keyboard_alone(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    first, second = (do(walk_in, world, patient=do(PatientFactory, full_name=name)) for name in ("First Patient", "Second One"))
    room = at(world.doctor_user)
    keys, current = room.keyboard, room.locator("#current")
    expect(room.locator("#next-who")).to_contain_text("First Patient")

    keys.press("n")
    expect(current).to_contain_text("First Patient")
    keys.press("s")
    expect(current).to_contain_text("With the doctor")
    expect(room.locator("#presence")).to_contain_text("With a patient")
    keys.press("e")
    expect(room.get_by_label("Note for doctors")).to_be_focused()
    keys.type("Better. Same dose.")
    keys.press("Tab")
    for _ in range(2):  # "No", one week, two weeks
        keys.press("ArrowRight")
    expect(room.get_by_role("radio", name="2", exact=True)).to_be_checked()
    keys.press("Control+Enter")

    expect(room.get_by_role("dialog")).to_have_count(0)
    expect(current).to_be_hidden()
    expect(room.get_by_role("button", name="Call next")).to_be_focused()
    seen = Visit.objects.get(pk=first.pk)
    assert (seen.status, seen.notes.get().text) == ("completed", "Better. Same dose.")
    assert seen.follow_up_on == world.here.today() + dt.timedelta(weeks=2)

    keys.press("z")
    expect(current).to_be_visible()
    expect(current).to_contain_text("First Patient")
    keys.press("e")
    expect(room.get_by_label("Note for doctors")).to_have_value("Better. Same dose.")
    keys.press("Control+Enter")
    expect(room.get_by_role("dialog")).to_have_count(0)
    keys.press("n")
    expect(current).to_contain_text("Second One")
    keys.press("x")
    expect(room.locator(".toast").filter(has_text="Second One: Skipped")).to_be_visible()
    expect(in_queue(room, "Second One")).to_contain_text("Skipped")
    assert Visit.objects.get(pk=second.pk).status == "skipped"
    # Written twice with the same words is written once.
    assert VisitNote.objects.count() == 1


def test_my_state_by_key_and_what_the_desk_says_of_me(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    room = at(world.doctor_user)
    state = room.locator("#presence strong")
    expect(state).to_have_text("Available")

    room.keyboard.press("b")
    expect(state).to_have_text(re.compile("Break until \\d\\d:\\d\\d"))
    expect(room.get_by_role("button", name="Break", exact=True)).to_have_attribute("aria-pressed", "true")
    room.keyboard.press("g")
    expect(state).to_have_text("Gone")
    room.keyboard.press("a")
    expect(state).to_have_text("Available")
    expect(room.locator("#presence.is-pending")).to_have_count(0)
    expect(room.locator(".toast")).to_have_count(0)  # who said it needs no news of it

    do(queue_actions.set_state, world.doctor, by=world.receptionist, state="gone")
    expect(state).to_have_text("Gone")
    expect(room.locator(".toast").filter(has_text="Your state was changed: Gone")).to_be_visible()
    # Whoever calls is there.
    do(walk_in, world)
    room.get_by_role("button", name="Call next").click()
    expect(state).to_have_text("Available")
    assert not Presence.objects.get(doctor=world.doctor).is_away


def test_gone_by_one_key_is_taken_back_by_its_undo(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    room = at(world.doctor_user)
    state = room.locator("#presence strong")
    until = timezone.now().replace(second=0, microsecond=0) + dt.timedelta(minutes=20)
    if until.astimezone(world.here.zone).date() != world.here.today():
        pytest.skip("The day ends within the break.")
    do(queue_actions.set_state, world.doctor, by=world.doctor_user, state="break", until=until)
    expect(state).to_have_text(re.compile("Break until"))

    room.keyboard.press("g")
    gone = room.locator(".toast").filter(has_text=f"{world.doctor.name}: Gone")
    gone.get_by_role("button", name="Undo").click()

    expect(state).to_have_text(re.compile("Break until"))
    expect(gone).to_have_count(0)
    expect(room.locator("#presence.is-pending")).to_have_count(0)
    said = Presence.objects.get(doctor=world.doctor)
    assert (said.state, said.until) == ("break", until)

    # What somebody else has said since stands: the news takes the place of the offer.
    room.keyboard.press("g")
    expect(gone).to_be_visible()
    do(queue_actions.set_state, world.doctor, by=world.receptionist, state="available")
    expect(room.locator(".toast").filter(has_text="Your state was changed: Available")).to_be_visible()
    expect(gone).to_have_count(0)


def test_a_refused_state_is_taken_back_with_a_sentence(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    room = at(world.doctor_user)
    console.expect(REFUSED)
    # The page doesn't hear of the desk's word before its own is sent.
    room.route(
        "**/api/doctors/*/state/",
        lambda route: (do(queue_actions.set_state, world.doctor, by=world.receptionist, state="gone"), route.continue_()),
    )
    room.get_by_role("button", name="Break", exact=True).click()

    expect(room.locator("#presence-form [data-slot=message]")).to_contain_text("has changed since you last saw it")
    expect(room.locator("#presence strong")).to_have_text("Gone")


def test_two_windows_of_one_doctor_do_not_call_two_by_accident(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    first, second = do(walk_in, world), do(walk_in, world)
    room = at(world.doctor_user)
    console.expect(REFUSED)
    # The other window was quicker, and this one hasn't heard of it when it sends.
    room.route(
        "**/call-next/",
        lambda route: (do(queue_actions.call_next, world.doctor, by=world.doctor_user), route.continue_()),
        times=1,
    )
    room.get_by_role("button", name="Call next").click()

    asks = room.get_by_role("dialog", name="Call another one as well?")
    expect(asks).to_contain_text(first.patient.full_name)
    assert Visit.objects.get(pk=second.pk).status == "waiting"
    asks.get_by_role("button", name="Close").click()
    expect(room.locator("#current")).to_contain_text(first.patient.full_name)
    assert Visit.objects.get(pk=first.pk).call_count == 1

    room.keyboard.press("n")
    asks.get_by_role("button", name="Call another as well").click()
    expect(room.locator("#current")).to_contain_text(second.patient.full_name)
    expect(in_queue(room, first.patient.full_name)).to_contain_text("Called")


def test_who_was_called_and_does_not_come_is_skipped_and_the_next_called(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    first, second = do(walk_in, world), do(walk_in, world)
    do(queue_actions.call, first, by=world.doctor_user)
    room = at(world.doctor_user)

    room.keyboard.press("n")
    room.get_by_role("button", name="Skip, and call next").click()

    expect(room.locator("#current")).to_contain_text(second.patient.full_name)
    assert Visit.objects.get(pk=first.pk).status == "skipped"


def test_the_line_is_cut_while_a_visit_is_completed(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    visit = inside(do, world)
    room = at(world.doctor_user)
    console.expect(AWAY)
    dialog = open_complete(room)
    dialog.get_by_label("Note").fill("typed with care")
    # Done, and the answer is lost.
    room.route("**/complete/", lambda route: (route.fetch(), route.abort("connectionreset")), times=1)
    dialog.get_by_role("button", name="Complete").click()

    expect(dialog).to_contain_text("No answer from the server")
    expect(dialog.get_by_label("Note")).to_have_value("typed with care")
    expect(room.locator("#done-label")).to_have_text("Finished today: 1")
    dialog.get_by_role("button", name="Complete").click()

    expect(dialog).to_be_hidden()
    expect(room.locator("#done-label")).to_have_text("Finished today: 1")
    assert VisitNote.objects.get().text == "typed with care"
    assert list(VisitStep.objects.filter(visit=visit).values_list("action", flat=True)) == ["walk_in", "start", "complete"]


def test_a_note_survives_a_reload_and_updates(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    visit = inside(do, world)
    room = at(world.doctor_user)
    dialog = open_complete(room)
    dialog.get_by_label("Note").fill("half a sen")
    dialog.get_by_role("radio", name="4", exact=True).check()
    mark(room)
    # Others go on meanwhile, also with this very visit.
    do(walk_in, world)
    do(queue_actions.write_note, visit, by=world.doctor_user, note="from another window")
    expect(room.locator(".toast").filter(has_text="New in your queue")).to_be_visible()
    expect(dialog.get_by_label("Note")).to_have_value("half a sen")
    assert room.evaluate("window.notReloaded") is True

    room.reload()
    expect(room.locator("#light-text")).to_have_text("Live")
    expect(room.get_by_text("A note is begun")).to_be_visible()
    open_complete(room)
    expect(dialog.get_by_label("Note")).to_have_value("half a sen")
    expect(dialog.get_by_role("radio", name="4", exact=True)).to_be_checked()
    dialog.get_by_label("Note").press("Control+Enter")
    expect(dialog).to_be_hidden()
    assert Visit.objects.get(pk=visit.pk).notes.first().text == "half a sen"
    # Stored, and so no longer kept in the tab.
    assert room.evaluate("Object.keys(sessionStorage).filter((key) => key.includes('note')).length") == 0


def test_a_note_on_a_visit_that_ended_meanwhile_is_saved_all_the_same(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    visit = inside(do, world)
    room = at(world.doctor_user)
    dialog = open_complete(room)
    dialog.get_by_label("Note").fill("typed with care")
    do(queue_actions.complete, visit, by=world.admin)
    console.expect(REFUSED)
    dialog.get_by_label("Note").press("Control+Enter")

    expect(room.locator(".toast").filter(has_text="what you wrote is saved")).to_be_visible()
    expect(dialog).to_be_hidden()
    assert VisitNote.objects.get().text == "typed with care"


def test_what_was_written_is_read_before_the_next_visit_and_can_be_corrected(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    earlier = do(queue_actions.complete, inside(do, world), by=world.doctor_user, note="rash\nsecond line")
    inside(do, world, patient=earlier.patient)
    room = at(world.doctor_user)
    expect(room.locator("#past-list")).to_contain_text("second line")

    room.locator("#done-label").click()
    room.locator("#queue-done").get_by_role("button", name="Note").click()
    dialog = room.get_by_role("dialog", name="Note", exact=True)
    expect(dialog.get_by_label("Note")).to_have_value("rash\nsecond line")
    dialog.get_by_label("Note").fill("rash, almost gone")
    dialog.get_by_role("button", name="Save note").click()

    expect(room.locator(".toast").filter(has_text="The note is saved")).to_be_visible()
    assert list(earlier.notes.values_list("text", flat=True)) == ["rash, almost gone", "rash\nsecond line"]


def test_transfer_and_priority_of_own_patients(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    first, second = do(walk_in, world), do(walk_in, world)
    room = at(world.doctor_user)

    in_queue(room, second.patient.full_name).focus()
    room.keyboard.press("j")
    room.keyboard.press("j")
    room.keyboard.press("p")
    dialog = room.get_by_role("dialog", name="Priority")
    dialog.get_by_label("Emergency").check()
    dialog.get_by_label("Emergency").press("Enter")
    expect(room.locator("#next-who")).to_contain_text(second.patient.full_name)

    row = in_queue(room, first.patient.full_name)
    row.locator("summary").click()
    row.get_by_role("button", name="Other doctor").click()
    room.get_by_role("dialog", name="To another doctor").get_by_role("button", name="Hand over").click()
    expect(row).to_have_count(0)
    expect(room.locator(".toast").filter(has_text=f"now with {world.colleague.name}")).to_be_visible()
    assert Visit.objects.get(pk=first.pk).doctor == world.colleague


def test_an_emergency_is_told_marked_and_shown_on_a_hidden_page_by_its_ticket_alone(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    room = at(world.doctor_user, permissions=["notifications"])
    room.evaluate(
        """() => {
            window.shown = [];
            window.Notification = class { static permission = 'granted'; static requestPermission = async () => 'granted';
                constructor(title, { body }) { window.shown.push(`${title}: ${body}`); } };
            Object.defineProperty(document, 'hidden', { value: true, configurable: true });
        }"""
    )
    do(walk_in, world)
    expect(room.locator(".toast")).to_have_count(1)
    assert room.evaluate("window.shown") == []  # off until it is switched on
    room.get_by_role("button", name="Sound and notifications").click()
    room.get_by_label("Notify on the desktop").check()
    room.get_by_role("dialog", name="Sound and notifications").get_by_role("button", name="Close").click()

    visit = do(walk_in, world, priority="emergency")

    expect(room.locator(".toast").filter(has_text=f"Emergency: {visit.ticket} {visit.patient.full_name}")).to_be_visible()
    assert room.evaluate("window.shown") == [f"Clinic front desk: Emergency: {visit.ticket}"]


def test_without_javascript(new_page: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    visit = do(walk_in, world)
    room = new_page(java_script_enabled=False)
    room.goto("/login/")
    room.get_by_label("User name").fill(world.doctor_user.username)
    room.get_by_label("Password").fill("correct horse battery")
    room.get_by_role("button", name="Log in").click()

    room.get_by_role("button", name="Call next").click()
    room.locator("#current").get_by_role("button", name="Start").click()
    room.locator("#current").get_by_label("Note").fill("by hand")
    room.locator("#current").get_by_role("radio", name="12", exact=True).check()
    room.locator("#current").get_by_role("button", name="Complete").click()
    expect(room.locator(".messages")).to_contain_text(visit.patient.full_name)
    room.get_by_role("button", name="Gone").click()
    expect(room.locator("#presence strong")).to_have_text("Gone")

    seen = Visit.objects.get(pk=visit.pk)
    assert (seen.status, seen.notes.get().text) == ("completed", "by hand")
    assert seen.follow_up_on == world.here.today() + dt.timedelta(weeks=12)


def test_the_desk_books_what_the_doctor_wished(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    visit = inside(do, world)
    desk, room = at(world.receptionist), at(world.doctor_user)
    dialog = open_complete(room)
    dialog.get_by_label("Note").fill("only for doctors")
    dialog.get_by_role("radio", name="1", exact=True).check()
    dialog.get_by_label("Note").press("Control+Enter")

    section = desk.locator(".doctor-queue").filter(has_text=world.doctor.name)
    expect(section.locator("[data-slot=wishes]")).to_have_text("Follow-ups to book: 1")
    section.locator("[data-slot=done] > summary").click()
    section.get_by_role("button", name="Book follow-up").click()
    booking = desk.get_by_role("dialog", name="Book follow-up")
    expect(booking).to_contain_text(visit.patient.full_name)
    expect(booking).not_to_contain_text("only for doctors")
    expect(booking.get_by_label("Follow-up time")).to_be_focused()
    booking.get_by_role("button", name=re.compile("Book \\d\\d:\\d\\d")).click()

    expect(booking).to_be_hidden()
    expect(section.locator("[data-slot=wishes]")).to_be_hidden()
    room.locator("#done-label").click()
    expect(room.locator("#queue-done")).to_contain_text("booked")
    made = Visit.objects.get(pk=visit.pk).follow_up_appointment
    assert made is not None
    assert (made.patient, made.date) == (visit.patient, world.here.today() + dt.timedelta(weeks=1))


def test_the_desk_says_that_the_patient_need_not_come(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    visit = inside(do, world)
    do(queue_actions.complete, visit, by=world.doctor_user, follow_up=queue_actions.FollowUp(weeks=1))
    desk = at(world.receptionist)
    section = desk.locator(".doctor-queue").filter(has_text=world.doctor.name)
    section.locator("[data-slot=done] > summary").click()
    section.get_by_role("button", name="Book follow-up").click()
    desk.get_by_role("button", name="Needn't come again").click()

    news = desk.locator(".toast").filter(has_text="needn't come again")
    expect(news).to_be_visible()
    assert Visit.objects.get(pk=visit.pk).follow_up_on is None
    news.get_by_role("button", name="Undo").click()
    expect(section.get_by_role("button", name="Book follow-up")).to_be_visible()
