"""What somebody typed into the search, and the text of each file in which it is looked for. Pure (ADR 29).

The text holds letters and digits of ASCII alone, each other letter as a capital: PostgreSQL's trigrams know other alphabets only in
databases of some locales. A capital stands for several letters, so such a word is compared with the name once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from clinics.text import ascii_digits
from patients.folding import fold_name, fold_phone, in_german

SHORT = 2
"""Letters up to which a word is looked for at the beginning of words only: trigrams need three."""

MOST_TERMS = 8
"""So many words and numbers of a search count; no name has more that tell people apart."""

# Written without spaces between the words: each sign is a word.
_SIGN = re.compile(r"([\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff])")
# A run of digits as people write phones, or a record number.
_NUMBER = re.compile(r"(?<!\w)(?:[pP][\W_]{0,2}\d{1,12}|\+?\d+(?:[\W_]+\d+)*)(?!\w)")


@dataclass(frozen=True, slots=True)
class Needle:
    """``key`` is in the file's search text; where it can't tell letters apart, ``name`` is in the folded name too (with a space
    in front: at the beginning of a word)."""

    key: str
    name: str = ""


Term = tuple[tuple[Needle, ...], ...]
"""One thing that was typed: found if all needles of one of these are there."""


@dataclass(frozen=True, slots=True)
class Question:
    """All terms must be found; files with one of the record numbers or the phone come first."""

    terms: tuple[Term, ...] = ()
    record_numbers: tuple[str, ...] = ()
    phone: str = ""


def search_text(*, full_name: str, name_key: str, phone_key: str, record_number: str | None) -> str:
    """All that a file is found by, each word after a space: the name's words, those with a hyphen or an apostrophe also in one,
    those with an umlaut also without, the phone, the record number."""
    german = (fold_name(written) for word in full_name.split() if (written := in_german(word)) != word)
    joined = ("".join(parts) for word in full_name.split() if len(parts := fold_name(word).split()) > 1)
    words = [
        _spread(name_key),
        *(_spread(word)[:100] for word in joined),
        *(_spread(word)[:100] for word in german),
        phone_key,
        record_key(record_number) if record_number else "",
    ]
    return " " + _ascii(" ".join(word for word in words if word))[:1000]


def record_key(record_number: str) -> str:
    """Not with its letter: whoever types a P doesn't look for all."""
    return "#" + record_number.removeprefix("P-")


def record_number_of(number: int) -> str:
    """As it is printed: ``P-000123``."""
    return f"P-{number:06d}"


def question(text: str) -> Question:
    """Understand what was typed."""
    plain = ascii_digits(text)
    numbers = _NUMBER.findall(plain)
    named = _NUMBER.sub(" ", plain)
    words, german = fold_name(named).split(), fold_name(in_german(named)).split()
    # Who is written with an umlaut here may be without one there.
    spelt = zip(words, german, strict=True) if len(words) == len(german) else zip(words, words, strict=True)
    terms = [*(tuple(dict.fromkeys(_word(one) + _word(other))) for one, other in spelt), *map(_number, numbers)]
    phone = fold_phone(plain) if numbers and not words else ""
    return Question(
        terms=tuple(dict.fromkeys(terms))[:MOST_TERMS],
        record_numbers=tuple(dict.fromkeys(record_number_of(int(found)) for n in numbers if (found := _as_record(n)))),
        phone=phone,
    )


def _word(word: str) -> Term:
    spread = _spread(word)
    if spread != word:
        # Signs begin wherever they stand.
        return ((Needle(_ascii(f" {spread}"), word),),)
    text = f" {word}" if len(word) <= SHORT else word
    return ((Needle(_ascii(text), "" if word.isascii() else text),),)


def _number(number: str) -> Term:
    digits = re.findall(r"\d+", number)
    if number[0] in "pP":
        return _any((f" {record_key(record_number_of(int(digits[0])))}",), (f" #{digits[0]}",))
    alternatives = [tuple(f" {part}" if len(part) <= SHORT else part for part in digits)]
    whole = fold_phone(number)
    dialled = "+" in number or digits[0].startswith("0")
    if len(whole) > SHORT or (whole and ("+" in number or len(digits[0]) - len(whole) <= SHORT)):
        # What is dialled in front begins the number: so few digits would be found in the middle of half the others.
        alternatives.append((f" {whole}" if dialled and len(whole) < 6 else whole,))
    if len(whole) <= SHORT and _as_record(number):
        alternatives.append((f" {record_key(record_number_of(int(number)))}",))
    return _any(*alternatives)


def _any(*alternatives: Iterable[str]) -> Term:
    return tuple(dict.fromkeys(tuple(Needle(key) for key in keys) for keys in alternatives))


def _as_record(number: str) -> str:
    """The digits of what may be a record number, else nothing."""
    found = re.fullmatch(r"(?:[pP][\W_]{0,2})?0*(\d{1,12})", number.strip())
    return found[1] if found else ""


def _spread(text: str) -> str:
    return " ".join(_SIGN.sub(r" \1 ", text).split())


def _ascii(text: str) -> str:
    """The text with every letter beyond ASCII as one of 26 capitals (folded text has none)."""
    return "".join(c if c.isascii() else chr(65 + ord(c) % 26) for c in text)
