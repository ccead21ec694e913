"""The desk's queue at work: who needs attention, moving, taking back, paying, printing; and that nothing jumps."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from appointments.models import Appointment
from payments import actions as payment_actions
from payments.models import LedgerEntry, Payment
from queue import actions as queue_actions
from queue.models import Visit, VisitStep
from tests.e2e.line import Line
from tests.e2e.pages import AWAY, in_queue, mark
from tests.factories import PatientFactory, World, book, walk_in
from tests.factories.directory import PASSWORD
from tests.servers import Server

REFUSED = r"status of 409"
Do = Callable[..., Any]
At = Callable[..., Page]


def tickets(page: Page) -> Any:
    return page.locator("[data-list=active] [data-slot=ticket]")


def alert(page: Page, name: str) -> Any:
    return page.locator("#attention-list .alert").filter(has_text=name)


def put_back(entity: Any, minutes: int, *fields: str) -> None:
    """As if it had been so for some minutes."""
    for name in fields:
        setattr(entity, name, getattr(entity, name) - dt.timedelta(minutes=minutes))
    entity.save(update_fields=list(fields))


def test_a_follow_up_is_booked_from_the_strip(at: At, world: World, do: Do) -> None:
    desk = at(world.receptionist)
    visit = do(
        queue_actions.start, do(walk_in, world, patient=do(PatientFactory, full_name="Comes Again")), by=world.doctor_user
    )
    do(queue_actions.complete, visit, by=world.doctor_user, follow_up=queue_actions.FollowUp(weeks=1))

    row = desk.locator("#attention-list .alert[data-kind=again]")
    expect(row).to_contain_text("Comes Again")
    expect(row).to_contain_text("To come again:")
    row.get_by_role("button", name="Book…").click()
    booking = desk.get_by_role("dialog", name="Book follow-up")
    booking.get_by_role("button", name=re.compile(r"^Book \d")).click()

    expect(row).to_have_count(0)
    assert Visit.objects.get(pk=visit.pk).follow_up_appointment is not None


def test_who_needs_attention_stands_above_the_queue_with_the_step_to_take(at: At, world: World, do: Do) -> None:
    appointment = do(book, world, minutes=5)
    do(put_back, appointment, 60, "start", "end")
    called, waiting, seen = (do(walk_in, world) for _ in range(3))
    called = do(queue_actions.call, called, by=world.receptionist)
    do(put_back, called, 4, "called_at")
    do(put_back, Visit.objects.get(pk=waiting.pk), 45, "checked_in_at")
    do(queue_actions.complete, do(queue_actions.start, seen, by=world.doctor_user), by=world.doctor_user)
    if appointment.start.astimezone(world.here.zone).date() != world.here.today():
        pytest.skip("The day has begun within the test.")
    desk = at(world.receptionist)
    late, gone = alert(desk, appointment.patient.full_name), alert(desk, called.patient.full_name)
    expect(desk.locator("#attention-list .alert")).to_have_count(4)
    expect(alert(desk, waiting.patient.full_name)).to_contain_text("Has waited 45 min")
    expect(in_queue(desk, waiting.patient.full_name)).to_contain_text("Long wait")

    alert(desk, seen.patient.full_name).get_by_role("link", name=seen.patient.full_name).click()
    expect(desk.locator(f"#visit-{seen.pk}")).to_be_focused()
    gone.get_by_role("button", name="Skip").click()
    late.get_by_role("button", name="Check in").click()

    expect(gone).to_have_count(0)
    expect(late).to_have_count(0)
    expect(in_queue(desk, called.patient.full_name)).to_contain_text("Skipped")
    alert(desk, seen.patient.full_name).get_by_role("link", name="Payment").click()
    desk.get_by_role("dialog", name="Payment").get_by_role("button", name="Take $50.00").click()
    expect(alert(desk, seen.patient.full_name)).to_have_count(0)
    assert Appointment.objects.get(pk=appointment.pk).status == "checked_in"


def test_a_kind_alone_is_shown_and_all_of_many(at: At, world: World, do: Do) -> None:
    for _ in range(6):
        do(put_back, do(walk_in, world), 40, "checked_in_at")
    seen = do(queue_actions.start, do(walk_in, world), by=world.doctor_user)
    do(queue_actions.complete, seen, by=world.doctor_user)
    desk = at(world.receptionist)
    rows = desk.locator("#attention-list .alert")
    few = rows.count()
    assert few < 7

    desk.get_by_role("button", name="Show all (7)").click()
    expect(rows).to_have_count(7)
    desk.get_by_role("button", name="Leaving unpaid 1").click()
    expect(rows).to_have_count(1)
    desk.get_by_role("button", name="Leaving unpaid 1").click()
    desk.get_by_role("button", name="Show fewer").click()
    expect(rows).to_have_count(few)


def test_a_row_is_dragged_and_moved_by_keys_and_each_move_taken_back(at: At, world: World, do: Do) -> None:
    first, second, third = (str(do(walk_in, world).ticket) for _ in range(3))
    desk = at(world.receptionist)
    expect(tickets(desk)).to_have_text([first, second, third])

    handle = in_queue(desk, third).locator("[data-handle]").bounding_box()
    top = in_queue(desk, first).bounding_box()
    assert handle
    assert top
    desk.mouse.move(handle["x"] + 8, handle["y"] + 8)
    desk.mouse.down()
    desk.mouse.move(handle["x"] + 8, top["y"] + 4, steps=4)
    expect(in_queue(desk, first)).to_have_class(re.compile("is-drop-before"))
    desk.mouse.up()
    expect(tickets(desk)).to_have_text([third, first, second])
    moved = desk.locator(".toast").filter(has_text="moved")
    moved.get_by_role("button", name="Undo").click()
    expect(tickets(desk)).to_have_text([first, second, third])
    # What is shown at once may still be on its way.
    expect(desk.locator(".is-pending")).to_have_count(0)

    desk.mouse.move(2, 2)
    in_queue(desk, first).locator("summary").focus()
    desk.keyboard.press("Shift+ArrowDown")
    expect(tickets(desk)).to_have_text([second, first, third])
    expect(moved).to_be_visible()
    desk.keyboard.press("Shift+ArrowUp")
    expect(tickets(desk)).to_have_text([first, second, third])
    expect(desk.locator(".is-pending")).to_have_count(0)
    assert list(Visit.objects.in_order().values_list("ticket_text", flat=True)) == [first, second, third]


def test_escape_ends_a_drag_and_changes_nothing(at: At, world: World, do: Do) -> None:
    first, second = (str(do(walk_in, world).ticket) for _ in range(2))
    desk = at(world.receptionist)
    handle, top = in_queue(desk, second).locator("[data-handle]").bounding_box(), in_queue(desk, first).bounding_box()
    assert handle
    assert top
    desk.mouse.move(handle["x"] + 8, handle["y"] + 8)
    desk.mouse.down()
    desk.mouse.move(handle["x"] + 8, top["y"] + 4, steps=4)
    expect(in_queue(desk, first)).to_have_class(re.compile("is-drop-before"))

    desk.keyboard.press("Escape")
    desk.mouse.up()

    expect(in_queue(desk, first)).not_to_have_class(re.compile("is-drop-before"))
    expect(tickets(desk)).to_have_text([first, second])
    assert not VisitStep.objects.filter(action="move").exists()


def test_a_step_shows_at_once_and_is_rolled_back_with_a_sentence_if_refused(at: At, world: World, do: Do, console: Any) -> None:
    visit = do(walk_in, world)
    desk = at(world.receptionist)
    row = in_queue(desk, visit.patient.full_name)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    desk.route("**/api/visits/*/call/", hold)
    console.expect(REFUSED)

    row.get_by_role("button", name="Call").click()
    # The server hasn't heard of it yet.
    expect(row).to_contain_text("Called")
    assert Visit.objects.get(pk=visit.pk).status == "waiting"
    do(queue_actions.skip, visit, by=world.admin)
    held[0].continue_()

    expect(row).to_contain_text("Skipped")
    expect(row.get_by_role("alert")).to_contain_text("has changed since you last saw it")
    assert Visit.objects.get(pk=visit.pk).call_count == 0


def test_what_somebody_else_did_since_is_not_taken_back(at: At, world: World, do: Do) -> None:
    visit = do(walk_in, world)
    desk = at(world.receptionist)
    row = in_queue(desk, visit.patient.full_name)
    row.get_by_role("button", name="Call").click()
    undo = desk.locator(".toast").get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    do(queue_actions.skip, Visit.objects.get(pk=visit.pk), by=world.admin)
    expect(row).to_contain_text("Skipped")

    undo.click()

    expect(desk.locator(".toast")).to_contain_text("Somebody else has gone on since")
    assert Visit.objects.get(pk=visit.pk).status == "skipped"


def test_the_row_under_the_mouse_stays_while_others_come_before_it(at: At, world: World, do: Do) -> None:
    visits = [do(walk_in, world) for _ in range(14)]
    desk = at(world.receptionist)
    row = in_queue(desk, str(visits[3].ticket))
    row.hover()
    before = row.bounding_box()

    late = [do(walk_in, world, priority="emergency") for _ in range(2)]
    for each in late:
        expect(in_queue(desk, str(each.ticket))).to_have_count(1)

    after = row.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 1


def test_a_click_on_what_has_just_come_under_the_mouse_does_nothing_and_says_so(at: At, world: World, do: Do) -> None:
    first, second, third = (do(walk_in, world) for _ in range(3))
    desk = at(world.receptionist)
    # Nothing that could be scrolled, or the row would stay where it is.
    desk.locator("#queue").evaluate("(queue) => (queue.style.paddingBlockEnd = '0')")
    box = in_queue(desk, str(second.ticket)).get_by_role("button", name="Call").bounding_box()
    assert box
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    desk.mouse.move(*middle)
    # At the moment at which the other row takes the place, as a hand that was on its way would.
    desk.evaluate(
        """(ticket) => { window.moved = new Promise((done) => new MutationObserver((_, observer) => {
          if (!document.querySelectorAll('[data-list=active] .visit')[1].textContent.includes(ticket)) return;
          observer.disconnect();
          requestAnimationFrame(() => done(true));
        }).observe(document.querySelector('#queue-sections'), {subtree: true, childList: true})); }""",
        str(third.ticket),
    )
    do(queue_actions.move, third, by=world.admin, after=first)
    desk.evaluate("window.moved")
    desk.mouse.down()
    desk.mouse.up()

    expect(desk.locator(".toast").filter(has_text="The list has just moved")).to_be_visible()
    assert set(Visit.objects.values_list("status", flat=True)) == {"waiting"}
    desk.mouse.move(middle[0] - 10, middle[1])
    desk.mouse.move(*middle)
    desk.mouse.down()
    desk.mouse.up()
    expect(in_queue(desk, str(third.ticket))).to_contain_text("Called")


def test_what_others_change_is_marked_and_what_was_done_here_is_not(at: At, world: World, do: Do) -> None:
    mine, theirs = do(walk_in, world), do(walk_in, world)
    desk = at(world.receptionist)

    do(queue_actions.set_priority, theirs, by=world.admin, priority="urgent")
    expect(in_queue(desk, str(theirs.ticket))).to_have_class(re.compile("is-changed"))
    in_queue(desk, str(mine.ticket)).get_by_role("button", name="Call").click()
    expect(in_queue(desk, str(mine.ticket))).to_contain_text("Called")

    expect(in_queue(desk, str(mine.ticket))).not_to_have_class(re.compile("is-changed|is-pending"))
    expect(in_queue(desk, str(theirs.ticket))).not_to_have_class(re.compile("is-changed"))


def test_a_part_is_paid_with_a_discount_and_the_receipt_and_ticket_are_printed(at: At, world: World, do: Do) -> None:
    visit = do(walk_in, world)
    desk = at(world.receptionist)
    in_queue(desk, visit.patient.full_name).get_by_role("link", name="Unpaid").click()
    dialog = desk.get_by_role("dialog", name="Payment")
    expect(dialog).to_contain_text("You have no till open here")
    expect(dialog.get_by_label("Reason for the discount")).to_be_hidden()

    dialog.get_by_label("New discount").fill("5")
    expect(dialog.get_by_label("Amount")).to_have_value("45.00")
    dialog.get_by_label("Reason for the discount").fill("waited long")
    dialog.get_by_label("Amount").fill("20")
    dialog.get_by_label("Card").check()
    dialog.get_by_role("button", name="Take $20.00").click()
    expect(dialog.get_by_label("Amount")).to_have_value("25.00")
    expect(dialog.locator(".entry")).to_contain_text("waited long")

    entry = LedgerEntry.objects.get()
    assert (entry.amount, entry.discount, entry.method, entry.reason) == (Decimal(20), Decimal(5), "card", "waited long")
    with desk.context.expect_page() as opened:
        dialog.get_by_role("link", name="Print receipt").click()
    paper = opened.value
    expect(paper.locator("main")).to_contain_text(entry.receipt_number)
    expect(paper.locator("main")).to_contain_text(str(visit.ticket))
    paper.get_by_role("link", name="80 mm roll").click()
    expect(paper.locator("body")).to_have_class(re.compile("paper-page--80mm"))
    assert paper.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with desk.context.expect_page() as opened:
        dialog.get_by_role("link", name="Print ticket").click()
    expect(opened.value.locator(".paper__ticket")).to_have_text(str(visit.ticket))
    expect(dialog.get_by_role("button", name="Give money back")).to_be_hidden()


def test_an_admin_gives_money_back_with_a_reason(at: At, world: World, do: Do, console: Any) -> None:
    visit = do(walk_in, world)
    payment = Payment.objects.get(visit=visit)
    do(payment_actions.process, payment, by=world.receptionist, amount=Decimal(50), method="card")
    desk = at(world.admin)
    console.expect(r"status of 400")
    in_queue(desk, visit.patient.full_name).get_by_role("link", name="Paid").click()
    desk.get_by_role("button", name="Give money back").click()
    dialog = desk.get_by_role("dialog", name="Give money back")
    dialog.get_by_label("Amount").fill("30")
    dialog.get_by_role("button", name="Give back").click()
    expect(dialog.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")

    dialog.get_by_label("Reason").fill("came for nothing")
    dialog.get_by_role("button", name="Give back $30.00").click()

    expect(dialog).to_be_hidden()
    expect(desk.get_by_role("dialog", name="Payment").locator(".entry")).to_have_count(2)
    refund = LedgerEntry.objects.get(kind="refund")
    assert (refund.amount, refund.method, refund.reason) == (Decimal(30), "card", "came for nothing")


def test_the_history_tells_who_did_what_and_takes_the_last_step_back(at: At, world: World, do: Do) -> None:
    visit = do(walk_in, world)
    do(queue_actions.call, visit, by=world.doctor_user)
    do(payment_actions.process, Payment.objects.get(visit=visit), by=world.receptionist, amount=Decimal(20), method="cash")
    desk = at(world.receptionist)
    row = in_queue(desk, visit.patient.full_name)
    row.locator("summary").click()
    row.get_by_role("button", name="History").click()
    dialog = desk.get_by_role("dialog", name="History")

    expect(dialog.locator(".step")).to_have_count(3)
    expect(dialog.locator(".step").nth(1)).to_contain_text(f"Calledby {world.doctor_user.username}")
    expect(dialog.locator(".step").nth(2)).to_contain_text("Paid $20.00, Cash")
    dialog.get_by_role("button", name="Undo last step").click()
    expect(dialog.locator(".step.is-undone")).to_contain_text("Called")
    expect(dialog.get_by_role("button", name="Undo last step")).to_be_hidden()

    dialog.get_by_role("button", name="Close").click()
    expect(row).to_contain_text("Waiting")


def test_a_cancelled_appointment_is_brought_back_from_its_history(at: At, world: World, do: Do) -> None:
    appointment = do(book, world, minutes=5)
    if appointment.date != world.here.today():
        pytest.skip("The day ends within the test.")
    desk = at(world.receptionist)
    row = desk.locator(f"#appointment-{appointment.pk}")
    row.locator("summary").click()
    row.get_by_role("button", name="Cancel appointment").click()
    desk.get_by_role("button", name="Cancel it").click()
    expect(row).to_contain_text("Cancelled")

    row.locator("summary").click()
    row.get_by_role("button", name="History").click()
    desk.get_by_role("dialog", name="History").get_by_role("button", name="Undo last step").click()

    expect(row).to_contain_text("Expected")
    assert Appointment.objects.get(pk=appointment.pk).status == "booked"


def test_the_desk_says_that_a_doctor_is_on_a_break_and_another_desk_sees_it(at: At, world: World) -> None:
    desk, other = at(world.receptionist), at(world.admin)
    section = desk.get_by_role("region", name=world.doctor.name)
    section.get_by_role("button", name="Available").click()
    dialog = desk.get_by_role("dialog", name=f"Is {world.doctor.name} there?")
    expect(dialog.get_by_label("On a break")).to_be_checked()
    dialog.get_by_label("Back in").select_option("15")
    dialog.get_by_role("button", name="Set").click()

    for page in (desk, other):
        shown = page.get_by_role("region", name=world.doctor.name).locator("[data-slot=presence]")
        expect(shown).to_have_text(re.compile(r"Break until \d\d:\d\d"))
        expect(shown).to_have_attribute("data-state", "break")


def test_keys_do_what_the_buttons_do(at: At, world: World, do: Do) -> None:
    first, second, third = (do(walk_in, world) for _ in range(3))
    desk = at(world.receptionist)
    keys = desk.keyboard
    keys.press("n")
    expect(desk.locator(".toast")).to_contain_text("Choose a doctor's queue first")
    keys.press("j")
    keys.press("n")
    expect(in_queue(desk, str(first.ticket))).to_contain_text("Called")
    keys.press("n")
    expect(desk.locator(".toast").filter(has_text="is called and hasn't come in yet")).to_contain_text(str(first.ticket))
    keys.press("j")
    keys.press("!")
    expect(desk.get_by_role("dialog", name="Priority")).to_contain_text(second.patient.full_name)
    keys.press("Escape")
    keys.press("t")
    expect(desk.get_by_role("dialog", name="To another doctor")).to_be_visible()
    keys.press("Escape")
    keys.press("h")
    expect(desk.get_by_role("dialog", name="History")).to_contain_text(second.patient.full_name)
    keys.press("Escape")
    keys.press("p")
    expect(desk.get_by_role("dialog", name="Payment")).to_be_visible()
    keys.press("Escape")
    keys.press("j")
    keys.press("l")
    expect(desk.locator("[data-list=active] .visit")).to_have_count(2)
    expect(desk.locator(".toast").filter(has_text="Left")).to_be_visible()
    assert Visit.objects.get(pk=third.pk).status == "left"
    keys.press("Shift+?")
    expect(desk.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Call next for this doctor")


def test_two_screens_agree_after_the_line_of_one_was_cut_in_the_middle(
    at: At, world: World, do: Do, console: Any, server: Server
) -> None:
    first, second = do(walk_in, world), do(walk_in, world)
    console.expect(AWAY)
    with Line(server.port) as line:
        room = at(world.doctor_user)
        desk = at(world.receptionist, base_url=line.url)
        mark(desk)
        line.is_down = True
        line.cut(everything=True)
        row = in_queue(desk, str(second.ticket))
        row.locator("summary").click()
        row.get_by_role("button", name="Move up").click()
        expect(row).to_contain_text("No answer from the server")
        expect(tickets(desk)).to_have_text([str(first.ticket), str(second.ticket)])
        # Meanwhile the doctor goes on.
        room.get_by_role("button", name="Call next").click()
        room.locator("#current").get_by_role("button", name="Start").click()
        expect(room.locator("#current")).to_contain_text("With the doctor")

        line.is_down = False
        expect(in_queue(desk, str(first.ticket))).to_contain_text("With the doctor", timeout=60_000)
        expect(desk.locator("#light-text")).to_have_text("Live", timeout=60_000)
        expect(row).not_to_contain_text("No answer from the server")
        row.get_by_role("button", name="Call").click()
        expect(room.locator("#queue-active")).to_contain_text("Called")
        assert desk.evaluate("window.notReloaded") is True
    assert Visit.objects.get(pk=second.pk).call_count == 1


def test_the_log_out_of_a_small_phone_stays_beside_the_light_also_when_the_page_is_stale(
    at: At, world: World, server: Server, console: Any
) -> None:
    phone = at(world.receptionist, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    console.expect(AWAY)
    height = phone.locator(".bar").bounding_box()
    server.kill()
    expect(phone.locator("#light")).to_contain_text(re.compile(r"Stale since \d\d:\d\d"), timeout=20_000)

    assert phone.locator(".bar").bounding_box() == height
    # The pages that one may go to have a line of their own.
    light, out = phone.locator("#light").bounding_box(), phone.get_by_role("button", name="Log out").bounding_box()
    assert light
    assert out
    assert light["y"] < out["y"] + out["height"] / 2 < light["y"] + light["height"]
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(phone.get_by_role("button", name="Log out")).to_be_visible()


def test_without_javascript_steps_are_plain_forms(new_page: Callable[..., Page], world: World, do: Do) -> None:
    visit = do(walk_in, world)
    name = visit.patient.full_name
    page = new_page(java_script_enabled=False)
    page.goto("/reception/")
    page.get_by_label("User name").fill(world.receptionist.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    for button, state in (("Call", "Called"), ("Skip", "Skipped"), ("Back to waiting", "Waiting"), ("Has left", "Left")):
        row = page.locator(f"#visit-{visit.pk}")
        if button == "Has left":
            row.locator("summary").click()
        row.get_by_role("button", name=button, exact=True).filter(visible=True).click()
        expect(page.locator(".messages")).to_contain_text(f"{name}: {state.lower()}")
        news, below = page.locator(".messages .notice").bounding_box(), page.locator("h1").bounding_box()
        assert news
        assert below
        assert news["y"] + news["height"] <= below["y"]
    page.locator(".done summary").first.click()
    page.locator(f"#visit-{visit.pk}").locator("summary").click()
    page.locator(f"#visit-{visit.pk}").get_by_role("button", name="Undo last step").click()
    expect(in_queue(page, name)).to_contain_text("Waiting")
    assert page.evaluate("1") == 1
    assert Visit.objects.get(pk=visit.pk).status == "waiting"


def test_a_patient_with_a_family_of_names_fits(at: At, world: World, do: Do) -> None:
    long = do(PatientFactory, full_name="Anna-Lena Freifrau von und zu Hohenstein-Württemberg-Lichtenberg")
    visit = do(walk_in, world, patient=long)
    do(put_back, visit, 45, "checked_in_at")
    phone = at(world.receptionist, viewport={"width": 360, "height": 740})
    expect(alert(phone, "Anna-Lena")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
