"""The manager at work beside the others: figures that move, and staff, hours and a till without Django admin."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from appointments.models import Shift
from payments import actions as payment_actions
from payments.models import CashShift
from queue import actions as queue_actions
from tests.e2e.pages import AWAY, mark
from tests.factories import World, book, no_hours, walk_in
from tests.factories.directory import PASSWORD
from tests.servers import Server

BACK_IN = 60_000  # milliseconds: a server's start, and the longest pause between two tries
NEW_PASSWORD = "quite-a-long-one-7"


def figure(page: Page, name: str, clinic: int) -> Any:
    return page.locator(f'.day[data-clinic="{clinic}"] .figures [data-slot="{name}"]')


def of_doctor(page: Page, doctor: str, name: str) -> Any:
    return page.locator(".day tbody tr").filter(has_text=doctor).locator(f'[data-slot="{name}"]')


def as_on_a_fresh_page(page: Page) -> None:
    """What the live page shows is what the server would write now."""
    shown = page.locator(".day").all_inner_texts()
    other = page.context.new_page()
    other.goto(page.url)
    assert other.locator(".day").all_inner_texts() == shown
    other.close()


@pytest.fixture
def manager(at: Callable[..., Page], world: World) -> Page:
    """The manager's page of today, live."""
    page = at(world.admin)
    page.goto("/manager/")
    expect(page.locator("#light-text")).to_have_text("Live")
    mark(page)
    return page


def test_figures_move_with_what_others_do_also_after_the_server_was_killed(
    manager: Page, at: Callable[..., Page], world: World, server: Server, console: Any, do: Callable[..., Any]
) -> None:
    here = world.here.pk
    appointment = do(book, world, minutes=5)
    if appointment.date != world.here.today():
        pytest.skip("The day ends within the test.")
    expect(figure(manager, "to_come", here)).to_have_text("1")
    manager.locator(f'.day[data-clinic="{here}"] .confirm summary').click()
    closing = manager.locator(f'.day[data-clinic="{here}"] .confirm__form')
    expect(closing.locator('[data-slot="later-line"]')).to_have_text(
        "Booked for later today, to be moved or cancelled first: 1"
    )

    at(world.receptionist).get_by_role("button", name="Check in").click()
    expect(figure(manager, "waiting", here)).to_have_text("1")
    expect(figure(manager, "to_come", here)).to_have_text("0")
    expect(closing.locator('[data-slot="leaving"]')).to_have_text("1")
    expect(closing.locator('[data-slot="later-line"]')).to_be_hidden()
    manager.locator(f'.day[data-clinic="{here}"] .confirm summary').click()
    expect(of_doctor(manager, world.doctor.name, "waiting")).to_have_text("1")
    expect(of_doctor(manager, world.colleague.name, "waiting")).to_have_text("0")
    do(payment_actions.process, appointment.visit.payment, by=world.receptionist, amount=Decimal(20), method="cash")
    expect(figure(manager, "taken", here)).to_have_text("$20.00")

    console.expect(AWAY)
    server.kill()
    expect(manager.locator("#light")).to_contain_text("Stale since", timeout=20_000)
    do(queue_actions.call, appointment.visit, by=world.receptionist)
    do(queue_actions.start, appointment.visit, by=world.doctor_user)
    do(queue_actions.set_state, world.colleague, by=world.receptionist, state="gone")
    server.start()
    expect(manager.locator("#light-text")).to_have_text("Live", timeout=BACK_IN)
    expect(figure(manager, "waiting", here)).to_have_text("0")
    expect(figure(manager, "median_wait", here)).not_to_have_text("–")
    expect(of_doctor(manager, world.doctor.name, "state")).to_contain_text("With ")
    expect(of_doctor(manager, world.colleague.name, "state")).to_have_text("Gone")
    do(queue_actions.complete, appointment.visit, by=world.doctor_user)
    expect(figure(manager, "seen", here)).to_have_text("1")

    as_on_a_fresh_page(manager)
    assert manager.evaluate("window.notReloaded") is True


def test_a_call_that_is_taken_back_is_no_wait(manager: Page, world: World, do: Callable[..., Any]) -> None:
    visit = do(walk_in, world)
    do(queue_actions.call, visit, by=world.receptionist)
    expect(figure(manager, "longest_wait", world.here.pk)).to_have_text("0 min")
    do(queue_actions.undo, visit, by=world.receptionist)
    expect(figure(manager, "longest_wait", world.here.pk)).to_have_text("–")
    as_on_a_fresh_page(manager)


def test_two_clinics_on_one_page(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(world.admin.clinics.add, world.there)
    page = at(world.admin)
    page.goto("/manager/")
    expect(page.locator("#light-text")).to_have_text("Live")
    there = {"clinic": world.there, "doctor": world.stranger, "service": world.service_there, "by": world.receptionist_there}

    do(walk_in, world, **there)
    expect(figure(page, "waiting", world.there.pk)).to_have_text("1")
    expect(figure(page, "waiting", world.here.pk)).to_have_text("0")
    do(walk_in, world)
    expect(figure(page, "waiting", world.here.pk)).to_have_text("1")
    as_on_a_fresh_page(page)


def test_a_manager_adds_a_receptionist_who_then_logs_in(
    manager: Page, new_page: Callable[..., Page], console: Any, world: World
) -> None:
    manager.get_by_role("link", name="Staff").click()
    manager.get_by_role("link", name="Add a member of staff").click()
    manager.get_by_label("User name").fill("rana")
    manager.get_by_label("First name").fill("Rana")
    manager.get_by_label("Password").fill("short")
    console.expect("status of 400")
    manager.get_by_role("button", name="Save").click()
    expect(manager.locator(".field__error")).to_contain_text("too short")
    expect(manager.get_by_label("User name")).to_have_value("rana")
    manager.get_by_label("Password").fill(NEW_PASSWORD)
    manager.get_by_role("button", name="Save").click()
    expect(manager.get_by_role("link", name="rana")).to_be_visible()

    hers = new_page()
    hers.goto("/")
    hers.get_by_label("User name").fill("rana")
    hers.get_by_label("Password").fill(NEW_PASSWORD)
    hers.get_by_role("button", name="Log in").click()
    expect(hers.locator("#light-text")).to_have_text("Live")
    expect(hers.locator(".bar__place")).to_have_text(world.here.name)


def test_whoever_is_sent_away_is_out_within_moments(manager: Page, at: Callable[..., Page], world: World, console: Any) -> None:
    desk = at(world.receptionist)
    console.expect("status of 401|status of 403")
    manager.goto(f"/manager/staff/{world.receptionist.pk}/")
    manager.get_by_label("Active").uncheck()
    manager.get_by_role("button", name="Save").click()

    expect(desk.locator("#banner")).to_contain_text("disabled")


def test_a_shift_with_a_break_by_keyboard_alone(manager: Page, world: World, do: Callable[..., Any]) -> None:
    do(no_hours, world.doctor)
    manager.goto("/manager/shifts/new/")
    manager.get_by_label("Doctor").focus()
    manager.get_by_label("Doctor").select_option(world.doctor.name)
    for label, time in (("From", "09:00"), ("Until", "17:00"), ("Break 1, from", "12:00"), ("Break 1, until", "12:30")):
        manager.get_by_label(label, exact=True).fill(time)
    manager.keyboard.press("Enter")

    expect(manager.locator(".week")).to_contain_text("09:00–17:00")
    expect(manager.locator(".week")).to_contain_text("Break 12:00–12:30")
    assert len(Shift.objects.in_force().get(doctor=world.doctor).breaks) == 1


def test_a_till_is_opened_and_closed(at: Callable[..., Page], console: Any, world: World, do: Callable[..., Any]) -> None:
    page = at(world.receptionist)
    page.get_by_role("link", name="Till").click()
    page.get_by_label("Cash in it now, USD").fill("100")
    page.get_by_role("button", name="Open the till").click()
    do(payment_actions.process, do(walk_in, world).payment, by=world.receptionist, amount=Decimal(50), method="cash")
    page.reload()
    expect(page.locator(".sums__total").first).to_contain_text("$150.00")
    page.get_by_label("Counted cash, USD").fill("149")
    console.expect("status of 400")
    page.get_by_role("button", name="Close the till").click()
    expect(page.locator(".field__error")).to_contain_text("1.00 USD less than expected")
    page.get_by_label("Note, if there is a difference").fill("wrong change")
    page.get_by_role("button", name="Close the till").click()
    expect(page.locator(".notice--success")).to_contain_text("The till is closed")
    page.get_by_role("link", name="Print").click()
    expect(page.locator(".slip")).to_contain_text("-$1.00")
    assert CashShift.objects.get().note == "wrong change"


def test_reports_need_no_javascript(new_page: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(queue_actions.call, do(walk_in, world), by=world.receptionist)
    page = new_page(java_script_enabled=False)
    page.goto("/login/?next=/manager/reports/")
    page.get_by_label("User name").fill(world.admin.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    expect(page.locator("#visits svg.chart rect")).to_have_count(1)
    page.locator("#waits summary").click()
    expect(page.locator("#waits .figures-table tbody tr")).to_have_count(1)
    with page.expect_download() as file:
        page.locator("#waits").get_by_role("link", name="As a file").click()
    assert file.value.suggested_filename.startswith("waits_")


@pytest.mark.parametrize("path", ["/manager/", "/manager/reports/", "/manager/staff/", "/manager/shifts/", "/till/"])
def test_pages_fit_a_small_phone_from_both_sides(
    new_page: Callable[..., Page], world: World, do: Callable[..., Any], path: str
) -> None:
    do(queue_actions.call, do(walk_in, world), by=world.receptionist)
    page = new_page(viewport={"width": 360, "height": 740})
    page.goto(f"/login/?next={path}")
    page.get_by_label("User name").fill(world.admin.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{path}")
    for direction in ("ltr", "rtl"):
        page.evaluate("direction => { document.documentElement.dir = direction }", direction)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
