"""What people write, as people see it."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext_lazy as _

INVISIBLE = _("Write a name that can be seen: letters or digits.")

# Letters and signs by their category, and blank on every screen: Hangul fillers, the empty Braille cell, what stands for an object.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\ufffc\U0001d159")


def written(text: str) -> str:
    """The text without space around it, or nothing if there is nothing to be seen in it: marks of direction, joiners, fillers."""
    visible = any(unicodedata.category(c)[0] in "LNSP" and c not in _BLANK for c in text)
    return text.strip() if visible else ""


def ascii_digits(text: str) -> str:
    """The text with all decimal digits, of whatever script, as 0 to 9."""
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
