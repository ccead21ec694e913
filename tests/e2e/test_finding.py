"""At the desk: finding, registering, walking in; by keyboard, on a bad line, and across a reload."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from appointments.actions import add_time_off
from patients.models import FileAccess, Patient
from queue import actions as queue_actions
from queue.models import Visit
from tests.e2e.pages import AWAY, DRAFTS, in_queue, name_doctors
from tests.factories import PatientFactory, ServiceFactory, World, book, walk_in


@pytest.fixture(autouse=True)
def _names(world: World, do: Callable[..., Any]) -> None:
    """Who stands first in a list."""
    do(name_doctors, world)


def search_of(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Find a patient")


def seen_before(world: World, **who: Any) -> Patient:
    """A patient whom the colleague saw once, for the second service."""
    patient = PatientFactory(**who)
    service = ServiceFactory(clinic=world.here, name="Vaccination")
    visit = walk_in(world, patient=patient, doctor=world.colleague, service=service)
    assert world.colleague.user is not None
    queue_actions.start(visit, by=world.colleague.user)
    queue_actions.complete(visit, by=world.colleague.user)
    return patient


def test_a_known_patient_is_put_into_the_queue_of_the_last_doctor_by_keyboard_alone(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    patient = do(seen_before, world, full_name="Margaret Whitaker")
    do(PatientFactory, full_name="Oliver Whitaker")
    # The other queue is shorter; who knows the patient is suggested all the same.
    do(walk_in, world, doctor=world.colleague)
    desk = at(world.receptionist)
    keys = desk.keyboard

    keys.press("/")
    keys.type("marg")
    keys.press("Enter")
    chosen = desk.get_by_role("radio", name=world.colleague.name)
    expect(chosen).to_be_focused()
    expect(chosen).to_be_checked()
    expect(desk.locator(".doctors__choice").filter(has_text=world.colleague.name)).to_contain_text("last visit")
    expect(desk.get_by_label("Service").first).to_have_value(str(patient.visits.get().service_id))
    keys.press("Enter")

    expect(desk.locator(".toast").filter(has_text="Margaret Whitaker is in the queue")).to_be_visible()
    expect(search_of(desk)).to_be_focused()
    visit = Visit.objects.get(patient=patient, status="waiting")
    assert (visit.doctor, visit.service.name) == (world.colleague, "Vaccination")


def test_one_key_changes_the_doctor_who_was_suggested(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(PatientFactory, full_name="Newly Registered")
    do(walk_in, world)
    desk = at(world.receptionist)
    keys = desk.keyboard

    keys.press("/")
    keys.type("newly")
    keys.press("Enter")
    expect(desk.get_by_role("radio", name=world.colleague.name)).to_be_focused()
    expect(desk.locator(".doctors__choice").filter(has_text=world.colleague.name)).to_contain_text("fewest waiting")
    keys.press("ArrowUp")
    expect(desk.get_by_role("button", name=f"Add to the queue of {world.doctor.name}")).to_be_visible()
    keys.press("Enter")

    expect(in_queue(desk, "Newly Registered")).to_be_visible()
    assert Visit.objects.get(patient__full_name="Newly Registered").doctor == world.doctor


def test_a_doctor_with_time_off_is_shown_so_and_not_suggested(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    do(PatientFactory, full_name="Walks In")
    now = timezone.now()
    do(add_time_off, by=world.admin, doctor=world.doctor, start=now - dt.timedelta(hours=1), end=now + dt.timedelta(days=2))
    desk = at(world.receptionist)
    expect(desk.locator(".doctor-queue").filter(has_text=world.doctor.name).locator("[data-slot=off]")).to_contain_text(
        "Off until"
    )
    expect(desk.locator(".doctor-queue").filter(has_text=world.colleague.name).locator("[data-slot=off]")).to_be_hidden()

    search_of(desk).fill("walks in")
    desk.get_by_role("option", name=re.compile("Walks In")).click()

    expect(desk.get_by_role("radio", name=world.colleague.name)).to_be_checked()
    expect(desk.locator(f'[data-doctor="{world.doctor.pk}"]')).to_contain_text("off until")


def test_enter_pressed_twice_puts_nobody_into_the_queue_twice(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    do(PatientFactory, full_name="Double Click")
    desk = at(world.receptionist)
    search_of(desk).fill("double")
    desk.keyboard.press("Enter")
    add = desk.get_by_role("button", name=re.compile("Add to the queue of"))
    expect(add).to_have_attribute("aria-disabled", "false")

    add.dblclick(delay=5)

    expect(desk.locator(".toast").filter(has_text="Double Click")).to_have_count(1)
    assert Visit.objects.filter(patient__full_name="Double Click").count() == 1


def test_who_is_expected_today_is_offered_the_check_in_first(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    patient = do(PatientFactory, full_name="Expected Today")
    appointment = do(book, world, patient=patient, minutes=5)
    desk = at(world.receptionist)

    search_of(desk).fill("expected")
    desk.keyboard.press("Enter")
    offered = desk.locator("#chosen-today").get_by_role("button", name="Check in")
    expect(offered).to_be_focused()
    desk.keyboard.press("Enter")

    expect(in_queue(desk, "Expected Today")).to_be_visible()
    appointment.refresh_from_db()
    assert appointment.status == "checked_in"
    assert Visit.objects.filter(patient=patient).count() == 1


def test_of_namesakes_enter_takes_none_before_one_is_marked(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    for year in (1950, 1980):
        do(PatientFactory, full_name="Same Name", birth_date=f"{year}-01-01")
    desk = at(world.receptionist)
    desk.keyboard.press("/")
    desk.keyboard.type("same n")

    desk.keyboard.press("Enter")

    expect(desk.get_by_role("option", selected=True)).to_have_count(1)
    expect(desk.locator("#chosen")).to_be_hidden()
    expect(desk.locator(".option mark").first).to_have_text("Same")


def test_the_search_says_what_is_missing_and_that_nobody_was_found(at: Callable[..., Page], world: World) -> None:
    desk = at(world.receptionist)
    search = search_of(desk)

    search.press_sequentially("x")
    expect(desk.locator("#search-status")).to_have_text("Type one more letter.")
    search.press_sequentially("yz")
    expect(desk.locator("#search-status")).to_have_text("Nobody found for “xyz”.")
    expect(desk.get_by_role("option", name="Register “xyz” as a new patient")).to_be_visible()
    search.fill("")
    search.press("ArrowDown")

    expect(desk.get_by_role("option", name="Register a new patient")).to_be_visible()


def test_a_search_without_an_answer_can_be_tried_again(
    at: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    do(PatientFactory, full_name="Found Later")
    desk = at(world.receptionist)
    console.expect(AWAY + "|ERR_FAILED")
    desk.route("**/api/patients/?*", lambda route: route.abort())
    search_of(desk).fill("found")
    expect(desk.locator("#search")).to_contain_text("No answer from the server")

    desk.unroute("**/api/patients/?*")
    desk.locator("#search").get_by_role("button", name="Try again").click()

    expect(desk.get_by_role("option", name=re.compile("Found Later"))).to_be_visible()


def test_an_answer_that_was_overtaken_is_not_shown(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(PatientFactory, full_name="Slow Answer")
    do(PatientFactory, full_name="Quick Answer")
    desk = at(world.receptionist)
    held: list[Any] = []
    desk.route(re.compile("search=slow"), lambda route: held.append(route))  # noqa: PLW0108 (Playwright keeps a mark on it)
    search = search_of(desk)
    with desk.expect_request(re.compile("search=slow")):
        search.fill("slow")

    search.fill("quick")
    expect(desk.get_by_role("option", name=re.compile("Quick Answer"))).to_be_visible()
    for route in held:
        route.continue_()

    expect(desk.get_by_role("option", name=re.compile("Slow Answer"))).to_have_count(0)


def test_who_looks_alike_is_shown_while_typing_and_nothing_is_sent_before(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    known = do(PatientFactory, full_name="Maria Santos", birth_date="1980-05-04")
    desk = at(world.receptionist)
    search_of(desk).fill("Maria Santoz")
    desk.get_by_role("option", name=re.compile("Register")).click()

    desk.get_by_label("Date of birth").fill("1980-05-04")
    alike = desk.locator("#register-duplicates")
    expect(alike).to_contain_text("Similar name and same date of birth")
    expect(alike).to_contain_text(known.record_number)
    expect(desk.get_by_label("Date of birth")).to_be_focused()
    alike.get_by_role("button", name="Use this file").click()

    expect(desk.locator("#chosen-name")).to_have_text("Maria Santos")
    assert Patient.objects.filter(full_name__startswith="Maria").count() == 1
    assert FileAccess.objects.filter(patient=known, how="found").exists()


def test_somebody_else_who_looks_alike_is_registered_all_the_same(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    do(PatientFactory, full_name="Maria Santos", birth_date="1980-05-04")
    desk = at(world.receptionist)
    search_of(desk).press("ArrowDown")
    desk.get_by_role("option", name="Register a new patient").click()
    desk.get_by_label("Full name").fill("Maria Santos")
    desk.get_by_label("Date of birth").fill("1980-05-04")

    desk.get_by_role("button", name="It is somebody else: register anyway").click()

    expect(desk.locator("#chosen-name")).to_have_text("Maria Santos")
    assert Patient.objects.filter(full_name="Maria Santos").count() == 2


def test_what_is_wrong_stands_by_its_field_also_where_it_was_folded_away(
    at: Callable[..., Page], world: World, console: Any
) -> None:
    desk = at(world.receptionist)
    console.expect("status of 400")
    search_of(desk).press("ArrowDown")
    desk.get_by_role("option", name="Register a new patient").click()
    desk.get_by_label("Full name").fill("Zoë Newcomer")
    desk.locator("#register summary").click()
    desk.get_by_label("E-mail").fill("no address")
    desk.locator("#register summary").click()

    desk.get_by_role("button", name="Register", exact=True).click()

    expect(desk.get_by_label("E-mail")).to_be_focused()
    expect(desk.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")


def test_a_half_typed_registration_survives_a_reload_and_is_gone_with_the_log_out(
    at: Callable[..., Page], world: World
) -> None:
    desk = at(world.receptionist)
    search_of(desk).press("ArrowDown")
    desk.get_by_role("option", name="Register a new patient").click()
    desk.get_by_label("Full name").fill("Half Typed")
    desk.locator("#register summary").click()
    desk.get_by_label("Notes").first.fill("Comes with her son")

    desk.reload()
    expect(desk.get_by_label("Full name")).to_have_value("Half Typed")
    expect(desk.get_by_label("Notes").first).to_have_value("Comes with her son")
    desk.get_by_role("button", name="Log out").click()
    expect(desk.get_by_label("User name")).to_be_visible()

    assert desk.evaluate(DRAFTS) == 0


def test_a_walk_in_that_was_begun_survives_a_reload(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(PatientFactory, full_name="Begun Before")
    desk = at(world.receptionist)
    search_of(desk).fill("begun")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("radio", name=world.doctor.name)).to_be_focused()
    desk.get_by_role("radio", name=world.colleague.name).check()
    desk.get_by_label("Priority").first.select_option("urgent")

    desk.reload()

    expect(desk.locator("#chosen-name")).to_have_text("Begun Before")
    expect(desk.get_by_role("radio", name=world.colleague.name)).to_be_checked()
    expect(desk.locator("#walk-in-priority")).to_have_value("urgent")
    assert "Begun" not in desk.evaluate("JSON.stringify(sessionStorage)")
    desk.get_by_role("button", name=f"Add to the queue of {world.colleague.name}").click()
    expect(in_queue(desk, "Begun Before")).to_contain_text("Urgent")
    assert desk.evaluate(DRAFTS) == 0


def test_a_booking_that_was_begun_survives_a_reload(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(PatientFactory, full_name="Books Later")
    desk = at(world.receptionist)
    search_of(desk).fill("books")
    desk.keyboard.press("Enter")
    expect(desk.locator("#chosen-name")).to_have_text("Books Later")
    desk.get_by_label("Book a time").check()
    tomorrow = type(world.here.today()).fromordinal(world.here.today().toordinal() + 1)
    desk.locator("#booking-date").fill(tomorrow.isoformat())
    desk.get_by_role("radio", name="10:00").check()

    desk.reload()

    expect(desk.get_by_role("button", name="Book 10:00")).to_be_visible()
    expect(desk.get_by_role("radio", name="10:00")).to_be_checked()
    expect(desk.locator("#booking-date")).to_have_value(tomorrow.isoformat())
