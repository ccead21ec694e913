"""The sentences of the reception's queue: what both a template and the JavaScript write, and what the JavaScript alone says."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def desk_labels() -> dict[str, str]:
    """What templates write too."""
    return {
        "attention.leaving.title": _("Leaving unpaid"),
        "attention.called.title": _("Called, not here"),
        "attention.waiting.title": _("Long wait"),
        "attention.late.title": _("Late"),
        "attention.again.title": _("Follow-up to book"),
        "attention.leaving": _("Seen until {time} · {paid}"),
        "attention.called": _("Called at {time} · calls: {calls}"),
        "attention.waiting": _("Has waited {count} min"),
        "attention.late": _("Expected {count} min ago"),
        "attention.again": _("To come again: {date}"),
        "next": _("Next: {why}"),
        "off_until": _("Off until {when}"),
        "away.gone": _("{name} is gone for today."),
        "away.break": _("{name} is on a break."),
        "away.break_until": _("{name} is on a break until {time}."),
        "away.call": _("A call shows the doctor as available again."),
    }


def desk_words() -> dict[str, str]:
    """What the JavaScript of the reception's queue says beside."""
    return {
        "attention.all": _("Show all ({count})"),
        "attention.fewer": _("Show fewer"),
        "row_moved": _("The list has just moved, so that click did nothing. Look again, then click."),
        "changed_since": _("Somebody else has gone on since. Nothing was taken back."),
        "done.move": _("{who}: moved"),
        "done.presence": _("{name}: {state}"),
        "done.no_show": _("{name}: did not come"),
        "done.cancel": _("{name}: cancelled"),
        "done.refund": _("The refund is recorded"),
        "presence.title": _("Is {name} there?"),
        "presence.minutes": _("{count} min, until {time}"),
        "history.none": _("Nothing has happened yet."),
        "history.by": _("by {who}"),
        "history.undone": _("taken back"),
        "history.discount": _("discount {amount}"),
        "keys.attention": _("Next that needs attention"),
        "keys.history": _("History"),
        "keys.leave": _("Has left"),
        "keys.up": _("Move up"),
        "keys.down": _("Move down"),
        "keys.next_of_section": _("Call next for this doctor"),
        "called_already": _("{who} is called and hasn't come in yet."),
        "call_next_anyway": _("Call the next all the same"),
        "no_section": _("Choose a doctor's queue first: put the focus or the mouse on it."),
        "refund": _("Give back {amount}"),
        "refund_nothing": _("Give back"),
        **_steps(),
    }


def _steps() -> dict[str, str]:
    """The steps of a visit's history."""
    return {
        "step.plan": pgettext("step", "Booked"),
        "step.walk_in": _("Walked in"),
        "step.change": _("Appointment changed"),
        "step.make_room": _("Moved back for another"),
        "step.check_in": _("Checked in"),
        "step.no_show": _("Did not come"),
        "step.call": _("Called"),
        "step.start": _("Went in"),
        "step.skip": _("Skipped"),
        "step.return": _("Back to waiting"),
        "step.complete": _("Completed"),
        "step.leave": _("Left"),
        "step.close_day": _("Day closed"),
        "step.cancel": _("Cancelled"),
        "step.move": _("Moved in the queue"),
        "step.priority": _("Priority: {priority}"),
        "step.transfer": _("From {from_name} to {name}"),
        "step.follow_up": _("Follow-up changed"),
        "step.booked": _("Follow-up booked"),
        "step.unbooked": _("Follow-up cancelled, to be booked again"),
        "step.undo": _("Last step taken back"),
        "step.payment": _("Paid {amount}, {method}, receipt {receipt_number}"),
        "step.refund": _("Given back {amount}, {method}, receipt {receipt_number}"),
    }
