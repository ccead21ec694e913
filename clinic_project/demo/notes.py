"""What the demo's doctors write at the end of a visit, and whom they want to see again."""

from __future__ import annotations

from typing import Any

from queue.actions import FollowUp
from queue.models import Visit

_NOTES = (
    "Blood pressure 135/85, better than last time. Same dose; again in four weeks.",
    "Sore throat for three days, no fever. Rest and fluids; to come back if it lasts longer than a week.",
    "",
    "Second dose given, left arm. Waited for fifteen minutes, no reaction.",
    "Blood drawn on an empty stomach. Results to be talked over at the next visit.",
    "Knee still swollen after long walks. Exercises shown, brace for outdoors.\nIf there is no change: X-ray.",
    "Allergic to penicillin, says the mother: noted. Rash almost gone.",
)
_WEEKS = {1: 1, 5: 4, 8: 2}
"""Every tenth visit each."""


def ending(visit: Visit) -> dict[str, Any]:
    """The note and the wish of this visit: the same one each time, another for the next visit."""
    number = visit.pk
    weeks = _WEEKS.get(number % 10)
    return {"note": _NOTES[number % len(_NOTES)], "follow_up": FollowUp(weeks=weeks) if weeks else None}
