"""The desk and the doctor at work, each in a browser of their own, on a real server."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appointments.models import Appointment
from clinics.logins import end
from clinics.models import Login
from patients.models import Patient
from payments.models import LedgerEntry
from queue import actions as queue_actions
from queue.models import Visit, VisitStep
from tests.e2e.pages import AWAY, in_queue, mark
from tests.factories import PatientFactory, World, book, walk_in
from tests.factories.directory import PASSWORD
from tests.servers import Server

# What a browser writes by itself when a call is refused.
REFUSED = r"status of (409|404)"
BACK_IN = 60_000  # milliseconds: a server's start, and the longest pause between two tries


def check_in_and_call(desk: Page, room: Page, name: str) -> None:
    desk.locator(".slot").filter(has_text=name).get_by_role("button", name="Check in").click()
    expect(in_queue(desk, name)).to_contain_text("Waiting")
    expect(in_queue(room, name)).to_contain_text("Waiting")
    in_queue(room, name).get_by_role("button", name="Call", exact=True).click()
    expect(in_queue(desk, name)).to_contain_text("Called")


def test_desk_checks_in_and_doctor_calls_on_pages_that_stay_open_also_after_the_server_was_killed(
    at: Callable[..., Page], world: World, server: Server, console: Any, do: Callable[..., Any]
) -> None:
    names = [do(PatientFactory, full_name=name) for name in ("First Patient", "Second Patient")]
    today = world.here.today()
    for number, patient in enumerate(names):
        appointment = do(book, world, patient=patient, minutes=5 + 25 * number)
        if appointment.date != today:
            pytest.skip("The day ends within the test.")
    # The doctor is with somebody, so those who are called stay in the list.
    do(queue_actions.start, do(walk_in, world), by=world.doctor_user)
    desk, room = at(world.receptionist), at(world.doctor_user)
    for page in (desk, room):
        mark(page)

    check_in_and_call(desk, room, "First Patient")
    expect(desk.locator(".toast").filter(has_text="First Patient is checked in")).to_have_count(1)

    console.expect(AWAY)
    server.kill()
    for page in (desk, room):
        expect(page.locator("#light")).to_contain_text("Stale since", timeout=20_000)
    # Made while both were away.
    do(
        queue_actions.walk_in,
        by=world.receptionist,
        clinic=world.here,
        doctor=world.doctor,
        service=world.service,
        patient=do(PatientFactory, full_name="Meanwhile Arrived"),
    )
    server.start()
    for page in (desk, room):
        expect(page.locator("#light-text")).to_have_text("Live", timeout=BACK_IN)
        expect(in_queue(page, "Meanwhile Arrived")).to_be_visible()

    check_in_and_call(desk, room, "Second Patient")
    for page in (desk, room):
        assert page.evaluate("window.notReloaded") is True


def test_doctor_sees_a_patient_through(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    visit = do(walk_in, world)
    earlier = do(walk_in, world, patient=visit.patient, doctor=world.colleague)
    do(queue_actions.cancel, earlier, by=world.receptionist)
    room = at(world.doctor_user)
    current = room.locator("#current")

    room.get_by_role("button", name="Call next").click()
    expect(current).to_contain_text(visit.patient.full_name)
    expect(room.locator("#past-list")).to_contain_text(world.colleague.name)
    expect(room.get_by_role("button", name="Call next")).to_have_attribute("aria-disabled", "true")
    current.get_by_role("button", name="Start").click()
    expect(current).to_contain_text("With the doctor")
    current.get_by_role("button", name="Complete").click()
    room.get_by_role("dialog", name="Complete").get_by_role("button", name="Complete").click()
    expect(room.get_by_role("dialog")).to_have_count(0)

    expect(current).to_be_hidden()
    expect(room.locator("#done-label")).to_have_text("Finished today: 1")
    assert Visit.objects.get(pk=visit.pk).status == "completed"


def test_a_double_click_does_one_thing(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    appointment = do(book, world, minutes=5)
    if appointment.date != world.here.today():
        pytest.skip("The day ends within the test.")
    visit = appointment.visit
    desk = at(world.receptionist)

    desk.get_by_role("button", name="Check in").dblclick()
    row = in_queue(desk, appointment.patient.full_name)
    expect(row).to_contain_text("Waiting")
    row.get_by_role("button", name="Call").dblclick(delay=5)
    expect(row).to_contain_text("Called")
    row.get_by_role("link", name="Unpaid").click()
    dialog = desk.get_by_role("dialog", name="Payment")
    expect(dialog.get_by_label("Amount")).to_have_value("50.00")
    dialog.get_by_label("Amount").fill("20,00")
    dialog.get_by_role("button", name="Take $20.00").dblclick()

    expect(dialog.locator(".entry")).to_have_count(1)
    expect(dialog.get_by_label("Amount")).to_have_value("30.00")
    dialog.get_by_role("button", name="Close").click()
    expect(row.get_by_role("link", name="Part paid")).to_be_visible()
    steps = VisitStep.objects.filter(visit=visit).order_by("pk").values_list("action", flat=True)
    assert list(steps) == ["plan", "check_in", "call"]
    assert [entry.amount for entry in LedgerEntry.objects.all()] == [Decimal(20)]


def test_two_at_the_desk_who_click_at_once_call_once_and_are_told(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    visit = do(walk_in, world)
    desk = at(world.receptionist)
    row = in_queue(desk, visit.patient.full_name)
    # The page doesn't hear of the other one's click before its own.
    desk.route("**/api/visits/*/call/", lambda route: (do(queue_actions.call, visit, by=world.admin), route.continue_()))
    console.expect(REFUSED)

    row.get_by_role("button", name="Call").click()

    expect(row).to_contain_text("has changed since you last saw it")
    expect(row).to_contain_text("Called")
    assert Visit.objects.get(pk=visit.pk).call_count == 1


def test_a_click_without_an_answer_is_repeated_and_done_once(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    visit = do(walk_in, world)
    desk = at(world.receptionist)
    row = in_queue(desk, visit.patient.full_name)
    keys: list[str | None] = []

    def lose_the_first_answer(route: Any) -> None:
        keys.append(route.request.header_value("Idempotency-Key"))
        if len(keys) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    desk.route("**/api/visits/*/call/", lose_the_first_answer)
    console.expect(AWAY)
    row.get_by_role("button", name="Call").click()
    expect(row).to_contain_text("No answer from the server")
    row.get_by_role("button", name="Call").click()

    expect(row).to_contain_text("Called")
    assert keys[0]
    assert keys == [keys[0]] * 2


def test_by_keyboard_alone_a_stranger_is_searched_registered_and_put_into_the_queue(
    at: Callable[..., Page], world: World
) -> None:
    desk = at(world.receptionist)
    keys = desk.keyboard

    desk.get_by_role("combobox", name="Find a patient").focus()
    keys.type("Zoë Newcomer")
    expect(desk.get_by_role("option", name="Register “Zoë Newcomer” as a new patient")).to_be_visible()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(desk.get_by_label("Full name")).to_have_value("Zoë Newcomer")
    expect(desk.get_by_label("Phone")).to_be_focused()
    keys.type("+49 30 123456")
    keys.press("Enter")
    expect(desk.locator("#chosen-name")).to_have_text("Zoë Newcomer")
    expect(desk.get_by_role("radio", name=world.doctor.name)).to_be_focused()
    keys.press("Enter")

    expect(in_queue(desk, "Zoë Newcomer")).to_be_visible()
    expect(desk.get_by_role("combobox", name="Find a patient")).to_be_focused()
    assert Visit.objects.get().patient == Patient.objects.get(full_name="Zoë Newcomer")


def test_who_looks_like_somebody_known_is_shown_before_a_second_file_is_opened(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    known = do(PatientFactory, full_name="Maria Santos", phone="+49 30 555")
    desk = at(world.receptionist)
    console.expect(REFUSED)

    search = desk.get_by_role("combobox", name="Find a patient")
    search.fill("Maria Santoz")
    expect(desk.get_by_role("option")).to_have_count(1)
    desk.get_by_role("option").click()
    desk.get_by_label("Phone").fill("+49 30 555")
    desk.get_by_role("button", name="Register", exact=True).click()
    expect(desk.locator("#register-candidates")).to_contain_text(str(known.record_number))
    desk.get_by_role("button", name="Use this file").click()

    expect(desk.locator("#chosen-name")).to_have_text("Maria Santos")
    assert Patient.objects.filter(full_name__startswith="Maria").count() == 1


def test_receptionist_books_a_free_time(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    patient = do(PatientFactory, full_name="Books Tomorrow")
    desk = at(world.receptionist)

    desk.get_by_role("combobox", name="Find a patient").fill("tomorrow")
    desk.get_by_role("option", name=re.compile("Books Tomorrow")).click()
    desk.get_by_label("Book a time").check()
    tomorrow = world.here.today().toordinal() + 1
    desk.get_by_label("Day", exact=True).fill(type(world.here.today()).fromordinal(tomorrow).isoformat())
    desk.get_by_role("radio", name="10:00").check()
    desk.get_by_role("button", name="Book 10:00").click()

    expect(desk.locator(".toast").filter(has_text="Books Tomorrow is booked for 10:00")).to_be_visible()
    assert Appointment.objects.get(patient=patient).start.astimezone(world.here.zone).hour == 10


def test_queue_is_rearranged_from_the_desk(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    rows = [do(walk_in, world) for _ in range(3)]
    desk = at(world.receptionist)
    tickets = desk.locator("[data-list=active] .visit__ticket")
    expect(tickets).to_have_text([str(visit.ticket) for visit in rows])

    last = in_queue(desk, rows[2].patient.full_name)
    last.locator("summary").click()
    last.get_by_role("button", name="Move up").click()
    expect(tickets).to_have_text([str(rows[index].ticket) for index in (0, 2, 1)])
    # The order shows at once; the menu closes with the answer.
    expect(last.locator("details[open]")).to_have_count(0)
    last.locator("summary").click()
    last.get_by_role("button", name="Priority…").click()
    dialog = desk.get_by_role("dialog", name="Priority")
    dialog.get_by_label("Emergency").check()
    dialog.get_by_label("Reason").fill("chest pain")
    dialog.get_by_role("button", name="Set priority").click()

    expect(tickets).to_have_text([str(rows[index].ticket) for index in (2, 0, 1)])
    expect(last).to_contain_text("Emergency")
    expect(last.locator("details[open]")).to_have_count(0)
    last.locator("summary").click()
    last.get_by_role("button", name="Other doctor…").click()
    desk.get_by_role("dialog", name="To another doctor").get_by_role("button", name="Hand over").click()
    colleague = desk.locator(".doctor-queue").filter(has_text=world.colleague.name)
    expect(colleague.locator(".visit__ticket")).to_have_text([str(rows[2].ticket)])


def test_light_says_since_when_what_is_shown_is_old(
    at: Callable[..., Page], world: World, server: Server, console: Any
) -> None:
    desk = at(world.receptionist)
    console.expect(AWAY)

    server.kill()

    expect(desk.locator("#light")).to_contain_text(re.compile(r"Stale since \d\d:\d\d"), timeout=20_000)
    expect(desk.locator("#banner")).to_contain_text(re.compile(r"Shown as of \d\d:\d\d"))


def test_that_there_was_no_answer_is_forgotten_when_the_line_is_back(
    at: Callable[..., Page], world: World, server: Server, console: Any, do: Callable[..., Any]
) -> None:
    visit = do(walk_in, world)
    row = in_queue(at(world.receptionist), visit.patient.full_name)
    console.expect(AWAY)
    server.kill()
    row.get_by_role("button", name="Call").click()
    expect(row).to_contain_text("No answer from the server")

    server.start()

    expect(row).not_to_contain_text("No answer from the server", timeout=30_000)
    row.get_by_role("button", name="Call").click()
    expect(row).to_contain_text("Called")


def test_what_was_refused_is_forgotten_when_the_row_changes(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    do(queue_actions.start, do(walk_in, world), by=world.doctor_user)
    visit = do(walk_in, world)
    row = in_queue(at(world.doctor_user), visit.patient.full_name)
    console.expect(r"status of 409")
    row.locator("summary").click()
    row.get_by_role("button", name="Start").click()
    expect(row).to_contain_text("The doctor has another patient inside")

    do(queue_actions.set_priority, visit, by=world.admin, priority="urgent")

    expect(row).to_contain_text("Urgent")
    expect(row).not_to_contain_text("The doctor has another patient inside")


def test_who_is_logged_out_elsewhere_is_told_with_a_way_back(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    desk = at(world.receptionist)
    console.expect(r"status of (401|403)")

    do(end, do(Login.objects.get, user=world.receptionist, ended_at=None))

    expect(desk.locator("#light")).to_contain_text("Logged out", timeout=20_000)
    expect(desk.get_by_role("link", name="Log in again")).to_be_visible()


def test_whose_account_is_disabled_is_told_and_offered_no_way_back(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    desk = at(world.receptionist)
    console.expect(r"status of (401|403)")

    world.receptionist.is_active = False
    do(world.receptionist.save, update_fields=["is_active"])

    expect(desk.locator("#banner")).to_contain_text("This account is disabled", timeout=20_000)
    expect(desk.get_by_role("link", name="Log in again")).to_be_hidden()


def test_the_focus_stays_with_the_row_while_others_move_it(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    first, second = do(walk_in, world), do(walk_in, world)
    desk = at(world.receptionist)
    button = in_queue(desk, second.patient.full_name).get_by_role("button", name="Call")
    button.focus()

    do(queue_actions.set_priority, second, by=world.admin, priority="urgent")

    tickets = desk.locator("[data-list=active] .visit__ticket")
    expect(tickets).to_have_text([str(second.ticket), str(first.ticket)])
    expect(button).to_be_focused()


@pytest.mark.parametrize("who", ["receptionist", "doctor_user"])
def test_pages_fit_a_small_phone(at: Callable[..., Page], world: World, who: str, do: Callable[..., Any]) -> None:
    long = do(PatientFactory, full_name="Anna-Lena Freifrau von und zu Hohenstein-Württemberg-Lichtenberg")
    do(walk_in, world, patient=long)
    do(book, world)
    page = at(getattr(world, who), viewport={"width": 360, "height": 740})

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        """[...document.querySelectorAll('button, summary, input:not([type=hidden]), select, a')].filter((e) => e.checkVisibility()
          && !e.closest('label') && !e.matches('.skip-link')).map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
    )
    assert small == []


def test_without_javascript_the_desk_still_checks_in_and_takes_money(
    new_page: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    visit = do(walk_in, world)
    page = new_page(java_script_enabled=False)
    page.goto("/reception/")
    page.get_by_label("User name").fill(world.receptionist.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    in_queue(page, visit.patient.full_name).get_by_role("button", name="Call").click()
    expect(in_queue(page, visit.patient.full_name)).to_contain_text("Called")
    page.get_by_role("link", name="Unpaid").click()
    page.get_by_role("button", name="Take the payment").click()

    expect(page.locator("main")).to_contain_text("Paid")
    assert LedgerEntry.objects.get().amount == Decimal(50)
