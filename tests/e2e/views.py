"""Every page and state that a person may see, on the demo clinic: looked at by axe, and by ``make screenshots``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from clinic_project.demo.directory import PASSWORD

Prepare = Callable[[Page], None]


@dataclass(frozen=True)
class View:
    """One page in one state. ``who`` logs in first (nobody: empty); ``prepare`` brings the page into its state."""

    name: str
    who: str
    path: str
    prepare: Prepare | None = None


def log_in(page: Page, who: str) -> None:
    """Log in by the page's own form, in whatever language it is."""
    page.goto("/login/")
    page.locator("#id_username").fill(who)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("form:has(#id_password) button").click()
    page.wait_for_url(lambda url: "/login/" not in url)


def show(page: Page, view: View) -> None:
    """Open the view and wait until it stands still."""
    if page.url.startswith("http"):
        # What one view has half filled in would be there again in the next one.
        page.evaluate("sessionStorage.clear()")
    page.goto(view.path)
    if page.locator("#light").count():
        page.locator("#light[data-state=live]").wait_for()
    if view.prepare is not None:
        view.prepare(page)
    page.evaluate("document.fonts.ready")
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished.catch(() => {})))")


def _press(key: str, shown: str) -> Prepare:
    def prepare(page: Page) -> None:
        page.keyboard.press(key)
        page.locator(shown).first.wait_for()

    return prepare


def _click(selector: str, shown: str) -> Prepare:
    def prepare(page: Page) -> None:
        page.locator(selector).locator("visible=true").first.click()
        page.locator(shown).first.wait_for()

    return prepare


def _search(text: str, *then: str) -> Prepare:
    def prepare(page: Page) -> None:
        page.locator("#search-input").fill(text)
        page.locator("#search-results [role=option]").first.wait_for()
        for key in then:
            page.keyboard.press(key)
        if then:
            page.locator("#chosen-name, #register").locator("visible=true").first.wait_for()

    return prepare


def _history(page: Page) -> None:
    page.locator(".visit").first.hover()
    page.keyboard.press("h")
    page.locator("#history-dialog .step").first.wait_for()


def _paid(page: Page) -> None:
    """The dialog of a payment of which a part is in."""
    page.locator(".visit [data-do=pay][data-paid=partially_paid]").locator("visible=true").first.click()
    page.locator("#payment-dialog .entry").first.wait_for()


def _away(page: Page) -> None:
    """A call for a doctor who is gone."""
    page.locator("[data-slot=presence]").first.click()
    page.locator("#presence-dialog [value=gone]").check()
    page.locator("#presence-dialog [data-slot=submit]").click()
    page.locator("#presence-dialog").wait_for(state="hidden")
    page.locator(".doctor-queue").first.locator(".visit[data-status=waiting] [data-do=call]").locator(
        "visible=true"
    ).first.click()
    page.locator("#away-dialog[open]").wait_for()


def _refund(page: Page) -> None:
    _paid(page)
    page.locator("[data-slot=give-back]").click()
    page.locator("#refund-dialog[open]").wait_for()


def _refund_page(page: Page) -> None:
    """Giving money back as a page without JavaScript has it."""
    _paid(page)
    ticket = str(page.locator("#payment-dialog [data-slot=ticket]").get_attribute("href")).partition("?")[0]
    page.goto(ticket.replace("/ticket/", "/payment/refund/"))


def _paper(kind: str) -> Prepare:
    """What is printed, in the same tab."""

    def prepare(page: Page) -> None:
        _paid(page)
        page.goto(str(page.locator(f"#payment-dialog [data-slot={kind}]").get_attribute("href")).partition("?")[0])

    return prepare


def _book(page: Page) -> None:
    day = page.locator("#calendar-range").inner_text()
    page.locator("#calendar-next").click()
    # Until the next day is drawn there are the times of this one.
    expect(page.locator("#calendar-range")).not_to_have_text(day)
    page.locator(".cell--free button").first.wait_for()
    page.keyboard.press("g")
    page.keyboard.press("Enter")
    page.locator("#book-search-input").fill("ma")
    page.locator("#book-search-results [role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#book-chosen").wait_for()


def _move(page: Page) -> None:
    page.locator(".cell--booked[data-status=booked] button").last.focus()
    page.keyboard.press("m")
    page.keyboard.press("ArrowDown")
    page.locator("#calendar-moving").wait_for()


def _open_booked(page: Page) -> None:
    page.locator(".cell--booked button").locator("visible=true").first.focus()
    page.keyboard.press("Enter")
    page.locator("#appointment-dialog[open]").wait_for()


VIEWS = [
    View("login", "", "/login/"),
    View("reception", "reception", "/reception/"),
    View("reception-keys", "reception", "/reception/", _press("Shift+?", "#keys-dialog[open]")),
    View("reception-search", "reception", "/reception/", _search("ma")),
    View("reception-walk-in", "reception", "/reception/", _search("ma", "ArrowDown", "Enter")),
    View("reception-register", "reception", "/reception/", _search("zz", "ArrowDown", "Enter")),
    View("calendar", "reception", "/calendar/"),
    View("calendar-week", "reception", "/calendar/?view=week"),
    View("calendar-book", "manager", "/calendar/", _book),
    View("calendar-move", "reception", "/calendar/?view=week", _move),
    View("calendar-appointment", "manager", "/calendar/", _open_booked),
    View("patient", "reception", "/patients/12/"),
    View("patient-read", "doctor1", "/patients/12/"),
    View("reception-payment", "reception", "/reception/", _click(".visit [data-do=pay]", "#payment-amount")),
    View("reception-attention", "reception", "/reception/", _click("#attention-more", "#attention-more[aria-expanded=true]")),
    View("reception-more", "reception", "/reception/", _click(".visit summary", ".visit details[open] [data-do=history]")),
    View("reception-history", "reception", "/reception/", _history),
    View("reception-presence", "reception", "/reception/", _click("[data-slot=presence]", "#presence-dialog[open]")),
    View("reception-away", "reception", "/reception/", _away),
    View("reception-refund", "manager", "/reception/", _refund),
    View("receipt", "reception", "/reception/", _paper("receipt")),
    View("ticket", "reception", "/reception/", _paper("ticket")),
    View("reception-follow-ups", "reception", "/reception/follow-ups/"),
    View("reception-refund-page", "manager", "/reception/", _refund_page),
    View("reception-empty", "reception2", "/reception/"),
    View("doctor", "doctor1", "/doctor/"),
    View("doctor-complete", "doctor1", "/doctor/", _press("e", "#complete-dialog[open]")),
    View("doctor-beside", "doctor1", "/doctor/", _press("n", "#beside-dialog[open]")),
    View("doctor-alerts", "doctor1", "/doctor/", _click("#alerts-button", "#alerts-dialog[open]")),
    View("doctor-past-notes", "doctor1", "/doctor/", _click("#done-label", "#queue-done .visit")),
    View("doctor-keys", "doctor1", "/doctor/", _press("Shift+?", "#keys-dialog[open]")),
    View("doctor-choose", "manager", "/doctor/"),
    View("manager", "manager", "/manager/"),
    View("manager-close-day", "manager", "/manager/", _click(".confirm summary", ".confirm__form")),
    View("manager-two-clinics", "admin", "/manager/"),
    View("manager-days", "manager", "/manager/days/"),
    View("manager-reports", "manager", "/manager/reports/"),
    View("manager-reports-table", "manager", "/manager/reports/", _click("#revenue summary", "#revenue tbody")),
    View("manager-reports-refused", "manager", "/manager/reports/?from=2026-02-02&to=2026-02-01"),
    View("manager-staff", "manager", "/manager/staff/"),
    View("manager-staff-new", "manager", "/manager/staff/new/"),
    View("manager-staff-refused", "manager", "/manager/staff/new/", _click("button[value=save]", ".field__error")),
    View("manager-services", "manager", "/manager/services/"),
    View("manager-shifts", "manager", "/manager/shifts/"),
    View("manager-shift-new", "manager", "/manager/shifts/new/"),
    View("manager-closing-days", "manager", "/manager/closing-days/"),
    View("manager-time-off", "manager", "/manager/time-off/"),
    View("manager-outside-of-hours", "manager", "/manager/shifts/booked/"),
    View("manager-clinic", "manager", "/manager/clinics/1/"),
    View("reports-of-a-doctor", "doctor1", "/manager/reports/"),
    View("till", "reception", "/till/"),
    View("not-allowed", "reception", "/doctor/"),
]
