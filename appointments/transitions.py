"""Which moves an appointment may make (contract/api.md, section 5). Words are FHIR's, written as identifiers."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment
from clinics.exceptions import InvalidTransition

S = Appointment.Status

# action → (states it may start from, state it leads to)
TRANSITIONS: Mapping[str, tuple[frozenset[str], str]] = {
    "check_in": (frozenset({S.BOOKED, S.NO_SHOW}), S.CHECKED_IN),
    # Of somebody who has come: once the visit is over unseen, which the app above asks of (signals.cancelled).
    "cancel": (frozenset({S.BOOKED, S.CHECKED_IN}), S.CANCELLED),
    "no_show": (frozenset({S.BOOKED}), S.NO_SHOW),
    "fulfil": (frozenset({S.CHECKED_IN}), S.FULFILLED),
}
CHANGEABLE = frozenset({S.BOOKED, S.CHECKED_IN})

FHIR_STATUS: Mapping[str, str] = {
    S.BOOKED: "booked",
    S.CHECKED_IN: "checked-in",
    S.FULFILLED: "fulfilled",
    S.CANCELLED: "cancelled",
    S.NO_SHOW: "noshow",
}

_DONE = {"check_in": _("checked in"), "cancel": _("cancelled"), "no_show": _("marked as no-show"), "fulfil": _("fulfilled")}


def target(appointment: Appointment, action: str) -> str:
    """The state that ``action`` leads to; raises ``InvalidTransition`` if the table has no such move."""
    sources, to = TRANSITIONS[action]
    if appointment.status not in sources:
        raise InvalidTransition(
            gettext("This appointment is %(status)s; it can't be %(done)s. Look at it again: somebody may have been quicker.")
            % {"status": appointment.get_status_display(), "done": _DONE[action]},
            current=appointment,
        )
    return to
