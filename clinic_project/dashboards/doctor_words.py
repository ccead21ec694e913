"""The sentences of the doctor's page and of its alerts: what templates write too, and what the JavaScript alone says."""

from __future__ import annotations

from django.utils.translation import gettext as _


def doctor_labels() -> dict[str, str]:
    """What templates write too."""
    return {
        "presence.available": _("Available"),
        "presence.with_patient": _("With a patient"),
        "presence.break": _("On a break"),
        "presence.break_until": _("Break until {time}"),
        "presence.gone": _("Gone"),
        "presence.then_break": _("With a patient, then on a break"),
        "presence.then_break_until": _("With a patient, then on a break until {time}"),
        "presence.then_gone": _("With a patient, then gone"),
        "follow_up.open": _("To come again: {date}"),
        "follow_up.booked": _("To come again: {date}, booked"),
        "follow_up.book": _("Book follow-up: {date}"),
        "follow_up.count": _("Follow-ups to book: {count}"),
    }


def shared_words() -> dict[str, str]:
    """What the desk's JavaScript says too: sound and desktop notifications, and follow-ups."""
    return {
        "alert.waiting": _("{ticket} is waiting"),
        "alert.emergency": _("Emergency: {ticket}"),
        "alert.waiting_many": _("New in the queue: {count}"),
        "alert.title": _("Clinic front desk"),
        "alert.denied": _("The browser doesn't allow notifications for this page. Allow them in its settings, then try again."),
        "alert.unsupported": _("This browser shows no notifications for this page; most do so over https only."),
        "alert.no_sound": _("This browser plays no sounds."),
        "keys.transfer": _("To another doctor"),
        "keys.priority": _("Priority"),
        "done.transfer": _("{who}: now with {doctor}"),
        "done.priority": _("{who}: {priority}"),
        "done.no_follow_up": _("{name} needn't come again"),
    }


def doctor_words() -> dict[str, str]:
    """What the JavaScript of the doctor's page says beside."""
    return {
        "news.waiting": _("New in your queue: {ticket} {name}"),
        "news.waiting_many": _("New in your queue meanwhile: {count}"),
        "news.emergency": _("Emergency: {ticket} {name}"),
        "news.presence": _("Your state was changed: {state}"),
        "beside.asks": _("{who} has been called and isn't inside yet."),
        "beside.start": _("Start: {who}"),
        "call_next.who": _("Next: {who}"),
        "complete.submit": _("Complete"),
        "complete.save": _("Save note"),
        "complete.title": _("Complete"),
        "complete.note_title": _("Note"),
        "complete.is_over": _("{who}: this visit had ended already; what you wrote is saved"),
        "done.note": _("The note is saved: {who}"),
        "note.by": _("{name}, {date}"),
        "keys.available": _("Available"),
        "keys.break": _("Break"),
        "keys.gone": _("Gone"),
        "keys.note": _("Note"),
        "keys.complete_dialog": _("Complete, in the dialog"),
    }
