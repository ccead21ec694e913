"""The pages in Arabic: chosen with one click, kept, right to left, and without a word in another language."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from playwright.sync_api import Page, expect

from clinics.models import Clinic, Doctor, Service, User
from patients import actions as patient_actions
from payments.models import Payment
from tests.e2e.pages import in_queue
from tests.factories import World, book, walk_in
from tests.factories.directory import PASSWORD

# All that is written or read out, of what is shown.
ALL_TEXTS = """() => {
    const texts = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (!node.parentElement.closest('script, style, template, kbd, .without-js, [lang=en]')) texts.push(node.data);
    }
    for (const each of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
        texts.push(each.ariaLabel ?? '', each.title ?? '', each.placeholder ?? '');
    }
    return texts;
}"""


def rename(world: World) -> None:
    """Everybody and everything gets an Arabic name, so that any Latin word left is ours."""
    for model, field, name in ((Clinic, "name", "عيادة النور"), (Doctor, "name", "د. سامي"), (Service, "name", "معاينة")):
        for number, row in enumerate(model.objects.all()):
            setattr(row, field, f"{name} {number}")
            row.save()
    for user in User.objects.all():
        user.first_name, user.last_name = "ليلى", "حداد"
        user.save()


def in_arabic(page: Page) -> Page:
    """The page, once it is Arabic and live."""
    page.get_by_role("button", name="العربيّة").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("#light[data-state=live]")).to_be_visible()
    return page


def test_one_click_turns_the_page_and_it_stays(
    at: Callable[..., Page], new_page: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    visit = do(walk_in, world)
    desk = in_arabic(at(world.receptionist))

    expect(in_queue(desk, visit.patient.full_name)).to_contain_text("في الانتظار")
    desk.reload()
    expect(desk.locator("html")).to_have_attribute("lang", "ar")
    desk.close()

    # Where the same person logs in next, whatever that browser prefers.
    elsewhere = new_page(locale="en-GB")
    elsewhere.goto("/login/")
    elsewhere.get_by_label("User name").fill(world.receptionist.username)
    elsewhere.get_by_label("Password").fill(PASSWORD)
    elsewhere.get_by_role("button", name="Log in").click()
    expect(elsewhere.locator("html")).to_have_attribute("lang", "ar")


def test_digits_are_chosen_too(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    visit = do(walk_in, world)
    desk = in_arabic(at(world.receptionist))
    row = in_queue(desk, visit.patient.full_name)

    expect(row.locator("[data-slot=when]")).to_have_text(re.compile(r"[٠-٩]{2}:[٠-٩]{2}"))
    desk.get_by_role("button", name="أرقام لاتينية").click()
    expect(row.locator("[data-slot=when]")).to_have_text(re.compile(r"[0-9]{2}:[0-9]{2}"))


def test_a_payment_is_typed_in_the_digits_of_the_person(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    visit = do(walk_in, world)
    desk = in_arabic(at(world.receptionist))
    in_queue(desk, visit.patient.full_name).locator("a[data-do=pay]").filter(visible=True).click()
    dialog = desk.locator("#payment-dialog")
    amount, submit = dialog.locator("#payment-amount"), dialog.locator("[data-slot=submit]")
    expect(amount).to_have_value("٥٠٫٠٠")
    expect(submit).to_contain_text("٥٠٫٠٠")

    dialog.locator("#payment-discount").fill("١٠")
    expect(amount).to_have_value("٤٠٫٠٠")
    amount.fill("٣٠")
    expect(submit).to_contain_text("٣٠٫٠٠")
    dialog.locator("#payment-reason").fill("x")
    submit.click()

    expect(dialog.locator("[data-slot=outstanding]")).to_contain_text("١٠٫٠٠")
    payment = Payment.objects.get(visit=visit)
    assert (payment.amount_paid, payment.discount) == (Decimal(30), Decimal(10))


# As a keyboard with Arabic letters sends it.
PRESS = """([key, code, shiftKey = false]) => document.body.dispatchEvent(
    new KeyboardEvent('keydown', {key, code, shiftKey, bubbles: true, cancelable: true}))"""


def test_keys_are_found_on_an_arabic_keyboard_too(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    visit = do(walk_in, world)
    desk = in_arabic(at(world.receptionist))

    desk.evaluate(PRESS, ["ظ", "Slash"])
    expect(desk.locator("#search-input")).to_be_focused()
    desk.locator("#search-input").blur()
    in_queue(desk, visit.patient.full_name).hover()
    desk.evaluate(PRESS, ["ؤ", "KeyC"])
    expect(in_queue(desk, visit.patient.full_name)).to_have_attribute("data-status", "called")
    desk.evaluate(PRESS, ["؟", "Slash", True])
    expect(desk.locator("#keys-dialog")).to_be_visible()


def test_no_word_is_left_in_another_language(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(rename, world)
    patient = do(patient_actions.register, by=world.receptionist, full_name="خالد إبراهيم")
    do(walk_in, world, patient=patient)
    do(book, world, patient=patient)

    for who in (world.receptionist, world.doctor_user):
        page = in_arabic(at(who))
        page.keyboard.press("?")
        texts = page.evaluate(ALL_TEXTS)
        # Tickets, record numbers and currencies are the same in all languages.
        left = {word for text in texts for word in re.findall(r"[A-Za-z]{2,}", text)} - {
            world.here.currency,
            world.here.code,
            "Esc",
        }

        assert left == set(), who.role
        assert not [text for text in texts if "·" in text], who.role


# Where each character of a fact stands on the screen, from left to right.
AS_SEEN = """(element) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const seen = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        for (let at = 0; at < node.data.length; at += 1) {
            const range = new Range();
            range.setStart(node, at);
            range.setEnd(node, at + 1);
            const box = range.getBoundingClientRect();
            if (box.width) seen.push([Math.round(box.top), box.left, node.data[at]]);
        }
    }
    return seen.sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((each) => each[2]).join('');
}"""


def test_a_phone_number_and_money_are_read_as_they_are_written(
    at: Callable[..., Page], world: World, do: Callable[..., Any]
) -> None:
    patient = do(patient_actions.register, by=world.receptionist, full_name="خالد إبراهيم", phone="+1 202 555 0148")
    do(walk_in, world, patient=patient)
    desk = in_arabic(at(world.receptionist))

    desk.locator("#search-input").fill("خالد")
    facts = desk.locator("#search-results [data-slot=facts]").first
    expect(facts).to_be_visible()
    assert "+1\u00a0202\u00a0555\u00a00148" in facts.evaluate(AS_SEEN)
    desk.locator("#search-input").press("Escape")

    in_queue(desk, "خالد إبراهيم").locator("[data-do=pay]").first.click()
    due = desk.locator("#payment-dialog [data-slot=due]")
    expect(due).to_be_visible()
    assert "US$" in due.evaluate(AS_SEEN)


def test_on_a_phone_nothing_is_wider_than_the_screen(at: Callable[..., Page], world: World, do: Callable[..., Any]) -> None:
    do(book, world)
    do(walk_in, world)
    for who in (world.receptionist, world.admin, world.doctor_user):
        page = in_arabic(at(who))
        for width in (360, 390, 768):
            page.set_viewport_size({"width": width, "height": 740})
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide == 0, (who.role, width)
            # No word of the bar is broken over two lines.
            heights = page.locator(".bar__nav a").evaluate_all("(links) => links.map((link) => link.offsetHeight)")
            assert max(heights) < 45, (who.role, width)


def test_a_doctors_page_on_a_wall_is_twice_as_large(at: Callable[..., Page], world: World) -> None:
    page = at(world.doctor_user)
    size = "getComputedStyle(document.documentElement).fontSize"

    page.set_viewport_size({"width": 1920, "height": 1080})
    assert page.evaluate(size) == "16px"
    page.set_viewport_size({"width": 3840, "height": 2160})
    assert page.evaluate(size) == "32px"
