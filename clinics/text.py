"""What people write, as people see it."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.utils.translation import gettext_lazy as _

INVISIBLE = _("Write a name that can be seen: letters or digits.")
TURNING = _(
    "Write the name without marks that turn around the text beside it. They come along unseen when text is copied: type it."
)

# Embeddings, overrides and isolates, with their ends: they reach past the name, into whatever stands in the same line. The marks
# that act where they stand (U+200E, U+200F, U+061C) and the joiners belong to how names are written.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Letters and signs by their category, and blank on every screen: Hangul fillers, the empty Braille cell, what stands for an object.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\ufffc\U0001d159")


def written(text: str) -> str:
    """The text without space around it, or nothing if there is nothing to be seen in it: marks of direction, joiners, fillers."""
    visible = any(unicodedata.category(c)[0] in "LNSP" and c not in _BLANK for c in text)
    return text.strip() if visible else ""


def turns_around(text: str) -> bool:
    """Does the text hold what changes the direction of its neighbours?"""
    return not _TURNING.isdisjoint(text)


def fault_of_name(name: str, stored: Any = None) -> Any:
    """The sentence that says why nobody and nothing can be called that, if so. A name that is ``stored`` already, from before there
    was a rule, stands: forms send it along with what is changed."""
    if stored and name.strip() == str(stored).strip():
        return None
    return INVISIBLE if not written(name) else TURNING if turns_around(name) else None


def ascii_digits(text: str) -> str:
    """The text with all decimal digits, of whatever script, as 0 to 9."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
