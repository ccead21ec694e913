"""Which moves a visit may make (contract/api.md, section 5)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinics.exceptions import InvalidTransition
from queue.models import Visit

S = Visit.Status

# action → (states it may start from, state it leads to). Undo isn't here: it leads wherever the last step came from.
TRANSITIONS: Mapping[str, tuple[frozenset[str], str]] = {
    "check_in": (frozenset({S.PLANNED, S.NO_SHOW}), S.WAITING),
    "no_show": (frozenset({S.PLANNED}), S.NO_SHOW),
    "call": (frozenset({S.WAITING, S.CALLED}), S.CALLED),
    "start": (frozenset({S.WAITING, S.CALLED}), S.IN_PROGRESS),
    "skip": (frozenset({S.WAITING, S.CALLED}), S.SKIPPED),
    "return": (frozenset({S.CALLED, S.SKIPPED, S.IN_PROGRESS}), S.WAITING),
    "complete": (frozenset({S.IN_PROGRESS}), S.COMPLETED),
    "leave": (frozenset({S.WAITING, S.CALLED, S.SKIPPED}), S.LEFT),
    "cancel": (frozenset({S.PLANNED, S.WAITING, S.CALLED, S.SKIPPED}), S.CANCELLED),
}
# What doesn't change the state: a place in the queue, and what is said of a visit.
REARRANGEABLE: Mapping[str, frozenset[str]] = {
    "move": frozenset({S.WAITING}),
    "priority": frozenset({S.WAITING, S.CALLED, S.SKIPPED}),
    "transfer": frozenset({S.WAITING, S.CALLED, S.SKIPPED}),
    "note": frozenset({S.IN_PROGRESS, S.COMPLETED}),
    "follow_up": frozenset({S.COMPLETED}),
}
FOLLOWING = frozenset({S.PLANNED, *REARRANGEABLE["transfer"]})
"""Whose doctor, service and time go with their appointment's: who is to come, or is still to be seen."""
UNSEEN = frozenset({S.LEFT, S.CANCELLED})
"""Over, and nobody was seen: the appointment may still hold its time."""

_DONE = {
    "check_in": _("checked in"),
    "no_show": _("marked as no-show"),
    "call": _("called"),
    "start": _("started"),
    "skip": _("skipped"),
    "return": _("put back to waiting"),
    "complete": _("completed"),
    "leave": _("marked as left"),
    "cancel": _("cancelled"),
    "move": _("moved"),
    "priority": _("given another priority"),
    "transfer": _("transferred"),
    "note": _("given a note"),
    "follow_up": _("given a follow-up"),
}

# What undo passes over: a change of the appointment is taken back by changing it again; that somebody else was moved before the
# visit, or that its follow-up was booked, is no step of its own.
BESIDE = ("change", "make_room", "booked", "unbooked")


def allowed(status: str) -> list[str]:
    """The actions that the state allows, for the buttons of a screen."""
    return [
        action
        for action, sources in [*((a, s) for a, (s, _to) in TRANSITIONS.items()), *REARRANGEABLE.items()]
        if status in sources
    ]


def target(visit: Visit, action: str) -> str:
    """The state that ``action`` leads to; raises ``InvalidTransition`` if the table has no such move."""
    sources, to = TRANSITIONS[action] if action in TRANSITIONS else (REARRANGEABLE[action], visit.status)
    if visit.status not in sources:
        raise InvalidTransition(
            gettext("This visit is %(status)s; it can't be %(done)s. Look at it again: somebody may have been quicker.")
            % {"status": visit.get_status_display(), "done": _DONE[action]},
            current=visit,
        )
    return to
