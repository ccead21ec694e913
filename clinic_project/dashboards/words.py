"""The sentences that both a template and the page's JavaScript write, once, so that one translation serves both.

``{name}`` is filled in by ``words["…"].format`` here and by ``t()`` of static/dashboards/words.js there.
"""

from __future__ import annotations

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from appointments.models import Appointment
from clinic_project.dashboards.booking_words import work_words
from clinic_project.dashboards.desk_words import desk_labels, desk_words
from clinic_project.dashboards.doctor_words import doctor_labels, shared_words
from clinics.language import separator
from payments.models import LedgerEntry
from queue.models import Visit
from queue.order import CLASS_SENTENCES, SENTENCES


def labels() -> dict[str, str]:
    """What the states are called on a screen: ``visit.waiting``, ``appointment.booked``, ``priority.urgent`` …"""
    return {
        **{f"visit.{value}": capfirst(str(label)) for value, label in Visit.Status.choices},
        **{f"appointment.{value}": capfirst(str(label)) for value, label in Appointment.Status.choices},
        **{f"priority.{value}": capfirst(str(label)) for value, label in Visit.Priority.choices},
        **{f"method.{value}": capfirst(str(label)) for value, label in LedgerEntry.Method.choices},
        "appointment.booked": _("Expected"),
        "appointment.late": _("Late"),
        "paid.pending": _("Unpaid"),
        "paid.partially_paid": _("Part paid"),
        "paid.paid": _("Paid"),
        "paid.refunded": _("Refunded"),
        "paid.void": _("No charge"),
        "paid.": _("Payment"),
        **{f"reason.{name}": str(sentence) for name, sentence in {**SENTENCES, **CLASS_SENTENCES}.items() if sentence},
        "since": _("since {time}"),
        "called_at": _("called {time}"),
        "called_again": _("called {time}, {count} times"),
        "inside_since": _("inside since {time}"),
        "ended_at": _("until {time}"),
        "call": _("Call"),
        "call_again": _("Call again"),
        "waiting_count": _("{count} waiting"),
        "unpaid_count": _("{count} unpaid"),
        "done_count": _("Finished today: {count}"),
        **doctor_labels(),
        **desk_labels(),
    }


def script_words() -> dict[str, str]:
    """All that the JavaScript of the pages says."""
    return {
        **labels(),
        **shared_words(),
        **desk_words(),
        **work_words(),
        "separator": separator(),
        "range": _("{first}–{last}"),
        "minutes": _("{count} min"),
        "light.connecting": _("Connecting…"),
        "light.reconnecting": _("Reconnecting…"),
        "light.live": _("Live"),
        "light.catching up": _("Catching up…"),
        "light.polling": _("Polling (slower)"),
        "light.offline": _("Stale since {time}"),
        "light.signed out": _("Logged out"),
        "light.removed": _("No access"),
        "banner.offline": _("Shown as of {time}; reconnecting…"),
        "banner.signed_out": _("You have been logged out. Log in again to see the patients."),
        "banner.removed": _("You may not see this queue any more. Ask an administrator if that is a mistake."),
        "banner.disabled": _("This account is disabled. Ask an administrator of your clinic."),
        "banner.log_in": _("Log in again"),
        "release": _("There is a new version of this page."),
        "release.load": _("Load it"),
        "arrived": _("{ticket} {name} has arrived"),
        "arrived_many": _("{count} patients have arrived meanwhile"),
        "dismiss": _("Dismiss"),
        "undo": _("Undo"),
        "done.undo": _("Taken back: {name}, {status}"),
        "keys.help": _("Show these shortcuts"),
        "keys.next_row": _("Next row"),
        "keys.previous_row": _("Previous row"),
        "keys.search": _("Find a patient"),
        "keys.check_in": _("Check in"),
        "keys.call": _("Call"),
        "keys.call_next": _("Call next"),
        "keys.start": _("Start"),
        "keys.complete": _("Complete"),
        "keys.skip": _("Skip"),
        "keys.return": _("Back to waiting"),
        "keys.pay": _("Payment"),
        "keys.undo": _("Undo last step"),
        "done.check_in": _("{name} is checked in"),
        "done.payment": _("Payment is recorded"),
        "fail.network": _("No answer from the server. Try again: it won't be done twice."),
        "fail.part": _(
            "This part of the page did not come. Try again; if that does not help, load the page anew: what you have typed stays."
        ),
        "fail.busy": _("The server is busy. Try again in a moment: it won't be done twice."),
        "fail.signed_out": _("You have been logged out. Nothing was changed."),
        "fail.unknown": _("That didn't work. Reload the page if it happens again."),
        "fail.load": _("This could not be loaded."),
        "retry": _("Try again"),
        "loading": _("Loading…"),
        "take": _("Take {amount}"),
        "take_nothing": _("Record"),
        "move.first": _("Already first"),
        "queue.empty": _("Nobody is waiting."),
        "past.none": _("No earlier visits."),
        "past.more": _("Only the latest are shown."),
        "day_changed": _("A new day has begun: {date}"),
    }


def manager_words() -> dict[str, str]:
    """What the manager's page says besides."""
    return {
        "none": _("–"),
        "manager.available": _("Available"),
        "manager.break": _("On a break"),
        "manager.break_until": _("On a break until {time}"),
        "manager.gone": _("Gone"),
        "manager.with": _("With {ticket}"),
    }
