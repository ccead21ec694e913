"""Folding of names and phones to the form in which they are compared. Pure."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from clinics.text import ascii_digits

# Arabic letters that people write one for the other, and Latin ones that have no decomposition.
_LETTERS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ک": "ك", "ی": "ي", "ـ": None}
    | {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"}
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
# Written with and without the space, by the same people: عبد الله, ابو بكر, نور الدين. Folded already.
_OF_TWO = re.compile(r"(?<!\S)(?:(عبد) (?=ال)|(ابو) (?=\S))|(?<=\S) (?=(?:الدين|الله)(?!\S))")
_NOT_A_WORD = re.compile(r"[^\w]+", re.UNICODE)


def fold_name(text: str) -> str:
    """Lower case, without accents, harakat, punctuation or what can't be seen (marks of direction, joiners), with Arabic letter
    forms and all digits made one; words kept apart by single spaces, Arabic names of two in one. ``fold_name("José  Ñandú") ==
    "jose nandu"``."""
    # Folded before (ß) and after (𝓐 decomposes to a capital).
    decomposed = unicodedata.normalize("NFKD", text.casefold()).casefold()
    plain = "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf").translate(
        _LETTERS
    )
    words = _NOT_A_WORD.sub(" ", ascii_digits(plain)).split()
    return _OF_TWO.sub(lambda found: found[1] or found[2] or "", " ".join(words))


def in_german(text: str) -> str:
    """Umlauts as they are written where there are none: ``"Jürgen"`` → ``"Juergen"``."""
    return unicodedata.normalize("NFC", text).translate(_GERMAN)


def fold_phone(text: str) -> str:
    """The digits that matter for comparing: the national number if the text has a country code, else all digits without
    leading zeros."""
    digits = "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())
    try:
        # 00 is how most of the world dials the plus.
        return str(phonenumbers.parse(f"+{digits[2:]}" if digits.startswith("00") else text, None).national_number)
    except phonenumbers.NumberParseException:
        return digits.lstrip("0")
