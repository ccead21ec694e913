"""The calendar: booking, moving by drag and by keys, refusals that are taken back, and two people at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from appointments import actions
from appointments.models import Appointment
from clinics.models import User
from patients.models import Patient
from tests.e2e.pages import AWAY, DRAFTS, mark, name_doctors
from tests.factories import PatientFactory, World, book, no_hours

REFUSED = r"status of (400|409)"


def tomorrow(world: World) -> dt.date:
    return world.here.today() + dt.timedelta(days=1)


def at_ten(world: World, minutes: int = 0) -> dt.datetime:
    return dt.datetime.combine(tomorrow(world), dt.time(10), world.here.zone) + dt.timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def _names(world: World, do: Callable[..., Any]) -> None:
    """Whose column stands first."""
    do(name_doctors, world)


@pytest.fixture
def calendar(at: Callable[..., Page], world: World) -> Callable[..., Page]:
    """Tomorrow in the calendar of somebody at the desk."""

    def open_page(user: User | None = None, query: str = "", **options: Any) -> Page:
        page = at(user or world.receptionist, **options)
        page.goto(f"/calendar/?date={tomorrow(world)}{query}")
        expect(page.locator("#light-text")).to_have_text("Live")
        expect(page.locator("#calendar-status")).to_contain_text("Booked:")
        return page

    return open_page


def free(page: Page, time: str, doctor: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^{time}, free until .*{re.escape(doctor)}"))


def booked(page: Page, name: str) -> Locator:
    return page.locator(".cell--booked").filter(has_text=name).get_by_role("button")


def wall(world: World, appointment: Appointment) -> str:
    appointment.refresh_from_db()
    return f"{appointment.start.astimezone(world.here.zone):%H:%M}"


def test_a_free_time_is_booked_by_keyboard_alone(calendar: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    patient = do(PatientFactory, full_name="Booked By Keys")
    page = calendar()
    keys = page.keyboard

    keys.press("g")
    expect(free(page, "08:00", world.doctor.name)).to_be_focused()
    keys.press("ArrowDown")
    keys.press("ArrowRight")
    expect(free(page, "08:20", world.colleague.name)).to_be_focused()
    keys.press("Enter")
    dialog = page.get_by_role("dialog", name="Book a time")
    expect(dialog).to_contain_text("08:20")
    keys.type("booked by")
    keys.press("Enter")
    expect(dialog.get_by_role("button", name=f"Book 08:20: {world.service.name}")).to_be_focused()
    keys.press("Enter")

    expect(booked(page, "Booked By Keys")).to_be_focused()
    expect(page.locator(".toast").filter(has_text="Booked By Keys is booked for 08:20")).to_be_visible()
    made = Appointment.objects.get(patient=patient)
    assert (wall(world, made), made.doctor, made.date) == ("08:20", world.colleague, tomorrow(world))


def test_a_double_click_books_once(calendar: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(PatientFactory, full_name="Double Click")
    page = calendar()
    free(page, "10:00", world.doctor.name).click()
    page.get_by_role("dialog").get_by_role("combobox", name="Find a patient").fill("double")
    page.keyboard.press("Enter")
    expect(page.locator("#book-name")).to_have_text("Double Click")

    page.get_by_role("button", name=re.compile("^Book 10:00")).dblclick(delay=5)

    expect(booked(page, "Double Click")).to_have_count(1)
    assert Appointment.objects.count() == 1


def test_two_people_book_the_same_time_and_one_is_told(
    calendar: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    do(PatientFactory, full_name="Quick Patient")
    do(PatientFactory, full_name="Slow Patient")
    one, other = calendar(world.receptionist), calendar(world.admin)
    console.expect(REFUSED)
    for page, name in ((one, "quick"), (other, "slow")):
        mark(page)
        free(page, "10:00", world.doctor.name).click()
        page.get_by_role("dialog").get_by_role("combobox", name="Find a patient").fill(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=re.compile("^Book 10:00"))).to_be_focused()

    one.keyboard.press("Enter")
    expect(booked(one, "Quick Patient")).to_be_visible()
    # Under the open dialog the other screen hears of it.
    expect(booked(other, "Quick Patient")).to_be_visible()
    other.keyboard.press("Enter")

    expect(other.get_by_role("dialog")).to_contain_text("This time was just taken")
    assert [row.patient.full_name for row in Appointment.objects.all()] == ["Quick Patient"]
    # To an admin overbooking is offered, with a reason.
    other.get_by_role("dialog").get_by_label("Why the doctor is overbooked").fill("twins")
    other.get_by_role("button", name=re.compile("^Book 10:00")).click()
    expect(booked(one, "Slow Patient")).to_be_visible()
    assert Appointment.objects.get(overbooked=True).overbook_reason == "twins"
    boxes = [booked(one, name).bounding_box() for name in ("Quick Patient", "Slow Patient")]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] + 1  # beside one another
    assert one.evaluate("window.notReloaded") is True


def test_an_appointment_is_moved_by_keys_and_back_by_undo(
    calendar: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    appointment = do(book, world, patient=do(PatientFactory, full_name="Moved By Keys"), start=at_ten(world))
    page = calendar()
    keys = page.keyboard
    booked(page, "Moved By Keys").focus()

    keys.press("m")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("ArrowRight")
    expect(page.locator("#calendar-said")).to_contain_text(f"10:40, {world.colleague.name}")
    keys.press("Enter")
    expect(page.locator(".toast").filter(has_text="Moved By Keys is moved to 10:40")).to_be_visible()
    expect(booked(page, "Moved By Keys")).to_be_focused()
    assert (wall(world, appointment), appointment.doctor) == ("10:40", world.colleague)

    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").filter(has_text="Moved By Keys is back at 10:00")).to_be_visible()
    assert (wall(world, appointment), appointment.doctor) == ("10:00", world.doctor)


def test_escape_gives_a_move_up(calendar: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    appointment = do(book, world, patient=do(PatientFactory, full_name="Stays Here"), start=at_ten(world))
    page = calendar()
    booked(page, "Stays Here").focus()

    for key in ("m", "ArrowDown", "Escape"):
        page.keyboard.press(key)

    expect(page.locator("#calendar-moving")).to_be_hidden()
    expect(booked(page, "Stays Here")).to_be_focused()
    assert wall(world, appointment) == "10:00"


def test_an_appointment_is_moved_to_another_day_by_the_dialog_and_a_free_time(
    calendar: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    appointment = do(book, world, patient=do(PatientFactory, full_name="Another Day"), start=at_ten(world))
    page = calendar()
    booked(page, "Another Day").click()
    page.get_by_role("dialog").get_by_role("button", name="Move…").click()

    page.get_by_role("link", name="Forward").click()
    expect(page.locator("#calendar-moving")).to_contain_text("Moving Another Day")
    free(page, "11:00", world.doctor.name).click()

    expect(page.locator(".toast").filter(has_text="Another Day is moved to 11:00")).to_be_visible()
    assert wall(world, appointment) == "11:00"
    assert appointment.date == tomorrow(world) + dt.timedelta(days=1)


def drag(page: Page, what: Locator, to: Locator) -> None:
    what.scroll_into_view_if_needed()
    start, end = what.bounding_box(), to.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 30, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(end["x"] + 30, end["y"] + 5, steps=6)
    page.mouse.up()


def test_an_appointment_is_dragged_to_another_time_and_doctor_on_every_screen(
    calendar: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    appointment = do(book, world, patient=do(PatientFactory, full_name="Dragged Away"), start=at_ten(world))
    page, other = calendar(world.receptionist), calendar(world.admin)

    drag(page, booked(page, "Dragged Away"), free(page, "11:00", world.colleague.name))

    for each in (page, other):
        expect(booked(each, "Dragged Away")).to_have_attribute(
            "aria-label", re.compile(f"^11:00 to 11:20, Dragged Away.*{world.colleague.name}")
        )
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert (wall(world, appointment), appointment.doctor) == ("11:00", world.colleague)


def test_a_move_shows_at_once_and_is_taken_back_with_the_reason_if_it_is_refused(
    calendar: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    appointment = do(book, world, patient=do(PatientFactory, full_name="Taken Back"), start=at_ten(world))
    page = calendar()
    console.expect(REFUSED)
    cell = booked(page, "Taken Back")
    shown: list[str | None] = []

    def be_quicker(route: Any) -> None:
        # The page has not heard of it, and shows what it hopes for.
        shown.append(cell.get_attribute("aria-label"))
        do(book, world, patient=do(PatientFactory, full_name="Was Quicker"), start=at_ten(world, 60))
        route.continue_()

    page.route("**/api/appointments/*/", be_quicker)
    drag(page, cell, free(page, "11:00", world.doctor.name))

    message = page.locator(".toast--bad")
    expect(message).to_contain_text("Taken Back stays at 10:00")
    expect(message).to_contain_text("This time was just taken")
    expect(cell).to_have_attribute("aria-label", re.compile("^10:00 to"))
    expect(booked(page, "Was Quicker")).to_be_visible()
    assert str(shown[0]).startswith("11:00 to")
    assert wall(world, appointment) == "10:00"


def test_a_move_of_what_was_changed_meanwhile_shows_what_it_is_now(
    calendar: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    appointment = do(book, world, patient=do(PatientFactory, full_name="Changed Meanwhile"), start=at_ten(world))
    page = calendar()
    console.expect(REFUSED)

    def change(route: Any) -> None:
        do(actions.change, appointment, by=world.admin, start=at_ten(world, 120))
        route.continue_()

    page.route("**/api/appointments/*/", change)
    drag(page, booked(page, "Changed Meanwhile"), free(page, "11:00", world.doctor.name))

    expect(page.locator(".toast--bad")).to_contain_text("has changed since you last saw it")
    expect(booked(page, "Changed Meanwhile")).to_have_attribute("aria-label", re.compile("^12:00 to"))


def test_a_patient_who_is_busy_then_is_named_and_a_missing_answer_too(
    calendar: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    patient: Patient = do(PatientFactory, full_name="Busy Patient")
    do(book, world, patient=patient, start=at_ten(world, 60), doctor=world.colleague)
    appointment = do(book, world, patient=patient, start=at_ten(world))
    page = calendar()
    console.expect(f"{REFUSED}|{AWAY}|ERR_FAILED")
    cell = page.locator(f'.cell[data-key="a{appointment.pk}"] button')

    drag(page, cell, free(page, "11:00", world.doctor.name))
    expect(page.locator(".toast--bad")).to_contain_text("The patient has another appointment at this time")
    page.route("**/api/appointments/*/", lambda route: route.abort())
    drag(page, cell, free(page, "12:00", world.doctor.name))

    expect(page.locator(".toast--bad").filter(has_text="No answer from the server")).to_be_visible()
    expect(cell).to_have_attribute("aria-label", re.compile("^10:00 to"))


def test_where_nobody_can_be_booked_nothing_is_sent(
    calendar: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    do(book, world, patient=do(PatientFactory, full_name="First Patient"), start=at_ten(world))
    do(book, world, patient=do(PatientFactory, full_name="Second Patient"), start=at_ten(world, 20))
    page = calendar()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    booked(page, "First Patient").focus()

    for key in ("m", "ArrowDown", "Enter"):
        page.keyboard.press(key)

    expect(page.locator("#calendar-said")).to_contain_text("taken")
    expect(page.locator(".toast--bad")).to_contain_text("taken")
    assert "PATCH" not in sent


def test_a_series_tells_which_dates_conflict_and_books_the_others(
    calendar: Callable[..., Page], world: World, console: Any, do: Callable[..., Any]
) -> None:
    patient = do(PatientFactory, full_name="Every Week")
    do(book, world, start=at_ten(world) + dt.timedelta(weeks=1))
    page = calendar()
    console.expect(REFUSED)
    free(page, "10:00", world.doctor.name).click()
    dialog = page.get_by_role("dialog", name="Book a time")
    dialog.get_by_role("combobox", name="Find a patient").fill("every")
    page.keyboard.press("Enter")
    expect(dialog.locator("#book-name")).to_have_text("Every Week")
    dialog.get_by_label("Repeat").select_option("1")
    dialog.get_by_label("How many times").fill("3")

    dialog.get_by_role("button", name=re.compile("^Book 10:00")).click()
    expect(dialog.locator("#book-conflicts-list li")).to_have_count(1)
    assert not Appointment.objects.filter(patient=patient).exists()
    dialog.get_by_role("button", name="Book the other dates").click()

    expect(page.locator(".toast").filter(has_text="Every Week: booked 2 times")).to_be_visible()
    assert Appointment.objects.filter(patient=patient).count() == 2


def test_a_cancelled_appointment_is_taken_back(calendar: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    appointment = do(book, world, start=at_ten(world), patient=do(PatientFactory, full_name="Cancelled Wrongly"))
    page = calendar()

    booked(page, "Cancelled Wrongly").click()
    page.locator("#appointment-dialog").get_by_text("Cancel appointment…").click()
    expect(page.locator("#appointment-dialog [data-slot=no-undo]")).to_be_hidden()
    page.locator("#appointment-dialog").get_by_role("button", name="Cancel it", exact=True).click()
    expect(booked(page, "Cancelled Wrongly")).to_have_count(0)
    page.locator(".toast").get_by_role("button", name="Undo").click()

    expect(booked(page, "Cancelled Wrongly")).to_be_visible()
    do(appointment.refresh_from_db)
    assert appointment.status == "booked"


def test_the_rest_of_a_series_is_cancelled_from_one_of_them(
    calendar: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    patient = do(PatientFactory, full_name="Every Week")
    do(
        actions.book_series,
        by=world.receptionist,
        clinic=world.here,
        doctor=world.doctor,
        patient=patient,
        service=world.service,
        start=at_ten(world),
        count=3,
    )
    page = calendar()
    booked(page, "Every Week").click()
    dialog = page.get_by_role("dialog")

    dialog.get_by_text("Cancel appointment…").click()
    expect(dialog.locator("[data-slot=no-undo]")).to_contain_text("several together can't")
    dialog.get_by_role("button", name="Cancel it and all later ones").click()

    expect(page.locator(".toast").filter(has_text="Cancelled: 3")).to_be_visible()
    expect(booked(page, "Every Week")).to_have_count(0)
    # The focus is where it was.
    expect(free(page, "10:00", world.doctor.name)).to_be_focused()


def test_a_week_shows_the_days_of_one_doctor_and_the_address_says_so(
    calendar: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    do(book, world, patient=do(PatientFactory, full_name="In The Week"), start=at_ten(world))
    do(book, world, patient=do(PatientFactory, full_name="Of The Colleague"), start=at_ten(world), doctor=world.colleague)
    page = calendar()

    page.keyboard.press("w")

    expect(page.locator(".column")).to_have_count(7)
    expect(booked(page, "In The Week")).to_be_visible()
    expect(booked(page, "Of The Colleague")).to_have_count(0)
    assert "view=week" in page.url
    page.get_by_label("Doctor", exact=True).select_option(label=world.colleague.name)
    expect(booked(page, "Of The Colleague")).to_be_visible()
    page.go_back()
    expect(booked(page, "In The Week")).to_be_visible()
    page.reload()
    expect(page.locator(".column")).to_have_count(7)


def test_breaks_absences_and_closed_days_are_shown(calendar: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    day = tomorrow(world)
    do(no_hours, world.doctor)
    do(
        actions.add_shift,
        by=None,
        doctor=world.doctor,
        clinic=world.here,
        weekday=day.weekday(),
        start_time=dt.time(8),
        end_time=dt.time(12),
        breaks=[(dt.time(10), dt.time(10, 20))],
    )
    do(actions.add_time_off, by=None, doctor=world.doctor, start=at_ten(world, 60), end=at_ten(world, 80))
    page = calendar(query=f"&doctor={world.doctor.pk}")
    column = page.locator(".column")
    expect(column).to_contain_text("Break 10:00–10:20")
    expect(column).to_contain_text("Away 11:00–11:20")
    expect(free(page, "10:00", world.doctor.name)).to_have_count(0)

    do(actions.add_closing_days, by=None, clinic=world.here, first_day=day, last_day=day, reason="Repairs")
    page.reload()

    expect(page.locator("#calendar-empty")).to_have_text("The clinic is closed on this day: Repairs")
    expect(page.locator(".cell--free")).to_have_count(0)


def test_a_range_that_could_not_be_loaded_can_be_tried_again(calendar: Callable[..., Page], console: Any) -> None:
    page = calendar()
    console.expect(AWAY + "|ERR_FAILED")
    page.route("**/hours/*", lambda route: route.abort())
    page.keyboard.press("j")
    expect(page.locator("#calendar-message")).to_contain_text("No answer from the server")

    page.unroute("**/hours/*")
    page.get_by_role("button", name="Try again").click()

    expect(page.locator("#calendar-message")).to_have_text("")
    expect(page.locator(".cell--free").first).to_be_attached()


def test_a_booking_that_was_begun_survives_a_reload(
    calendar: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    do(PatientFactory, full_name="Begun Before")
    page = calendar()
    free(page, "10:00", world.doctor.name).click()
    dialog = page.get_by_role("dialog", name="Book a time")
    dialog.get_by_role("combobox", name="Find a patient").fill("begun")
    page.keyboard.press("Enter")
    expect(dialog.locator("#book-name")).to_have_text("Begun Before")
    dialog.get_by_label("Notes").last.fill("brings papers")

    page.reload()

    expect(dialog).to_contain_text("10:00")
    expect(dialog.locator("#book-name")).to_have_text("Begun Before")
    expect(dialog.locator("#book-notes")).to_have_value("brings papers")
    dialog.get_by_role("button", name=re.compile("^Book 10:00")).click()
    expect(booked(page, "Begun Before")).to_be_visible()
    assert Appointment.objects.get().notes == "brings papers"
    assert page.evaluate(DRAFTS) == 0


@pytest.mark.parametrize("view", ["day", "week"])
def test_a_small_phone_shows_one_column_and_can_book(
    calendar: Callable[..., Page], world: World, view: str, do: Callable[..., Any]
) -> None:
    long = do(PatientFactory, full_name="Anna-Lena Freifrau von und zu Hohenstein-Württemberg-Lichtenberg")
    do(book, world, patient=long, start=at_ten(world))
    page = calendar(query=f"&view={view}", viewport={"width": 360, "height": 740}, has_touch=True)

    expect(page.locator(".column")).to_have_count(1)
    expect(page.locator("#calendar-strip button")).to_have_count({"day": 2, "week": 7}[view])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = page.evaluate(
        """[...document.querySelectorAll('button, summary, input:not([type=hidden]), select, a')].filter((e) => e.checkVisibility()
          && !e.closest('label') && !e.matches('.skip-link')).map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
    )
    assert small == []
    free(page, "11:00", world.doctor.name).tap()
    expect(page.get_by_role("dialog", name="Book a time")).to_be_visible()


def test_without_javascript_the_day_can_be_read(new_page: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(book, world, patient=do(PatientFactory, full_name="Can Be Read"), start=at_ten(world))
    page = new_page(java_script_enabled=False)
    page.goto(f"/calendar/?date={tomorrow(world)}")
    page.get_by_label("User name").fill(world.receptionist.username)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("listitem").filter(has_text="Can Be Read")).to_contain_text("10:00")
