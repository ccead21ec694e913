"""Who may be the same person: the rule that stops a registration, and the wider net that is shown before saving."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Case, Q, QuerySet, When
from rapidfuzz import fuzz

from patients.folding import fold_name, fold_phone
from patients.models import Patient

SIMILAR_NAME = 80
"""Of 100 (rapidfuzz token_sort_ratio): from here two names are taken for the same person's if the phone is the same."""

MOST_SHOWN = 20
"""Candidates; more than that nobody compares."""

MOST_COMPARED = 500
"""Files with the same date of birth that are compared by name: thousands have the date that stands for "not known"."""


@dataclass(frozen=True, slots=True)
class Candidate:
    patient: Patient
    why: str


def possible_duplicates(
    *, full_name: str, phone: str, birth_date: dt.date | None, exclude: int | None = None
) -> list[Candidate]:
    """Who is already there and looks like this person: same phone and similar name, or same name and birth date."""
    name_key, phone_key = fold_name(full_name), fold_phone(phone)
    condition = Q(pk__in=())
    if phone_key:
        condition |= Q(phone_key=phone_key)
    if birth_date:
        condition |= Q(name_key=name_key, birth_date=birth_date)
    found = []
    # Name and date of birth first: a phone that stands for "none" may be in a hundred files.
    others = Patient.objects.standing().filter(condition).order_by(Case(When(name_key=name_key, then=0), default=1), "pk")
    for patient in (others if exclude is None else others.exclude(pk=exclude))[:50]:
        if birth_date and patient.birth_date == birth_date and patient.name_key == name_key:
            found.append(Candidate(patient, "same name and date of birth"))
        elif phone_key and patient.phone_key == phone_key and fuzz.token_sort_ratio(patient.name_key, name_key) >= SIMILAR_NAME:
            found.append(Candidate(patient, "same phone and similar name"))
    return found


def similar_files(*, full_name: str, phone: str, birth_date: dt.date | None, exclude: int | None = None) -> list[Candidate]:
    """Whoever may be this person, the likeliest first, with why. Wider than ``possible_duplicates``, whose candidates come first."""
    certain = possible_duplicates(full_name=full_name, phone=phone, birth_date=birth_date, exclude=exclude)
    found = {candidate.patient.pk: candidate for candidate in certain}
    asked = _Asked(fold_name(full_name), fold_phone(phone), birth_date)
    ranked = []
    for patient in _worth_comparing(asked, exclude):
        why = _why(asked, patient)
        if why is not None and patient.pk not in found:
            ranked.append((_REASONS.index(why), patient.pk, Candidate(patient, why)))
    found |= {pk: candidate for _rank, pk, candidate in sorted(ranked, key=lambda each: each[:2])}
    return list(found.values())[:MOST_SHOWN]


@dataclass(frozen=True, slots=True)
class _Asked:
    name_key: str
    phone_key: str
    birth_date: dt.date | None

    @property
    def words(self) -> list[str]:
        return sorted(self.name_key.split())


_REASONS = [
    "same name in another order and same date of birth",
    "similar name and same date of birth",
    "same name, with day and month of birth the other way round",
    "same phone and same family name",
    "same name, and no date of birth that tells the two apart",
]


def _worth_comparing(asked: _Asked, exclude: int | None) -> Iterator[Patient]:
    """From the files that share a phone, a date of birth or all words of the name, by an index each."""
    standing: QuerySet[Patient] = Patient.objects.standing()
    if exclude is not None:
        standing = standing.exclude(pk=exclude)
    if asked.phone_key:
        yield from standing.filter(phone_key=asked.phone_key).order_by("pk")[:MOST_COMPARED]
    if asked.birth_date:
        yield from standing.filter(birth_date=asked.birth_date).order_by("pk")[:MOST_COMPARED]
    yield from standing.filter(name_key__in=_orders(asked.words)).order_by("pk")[:MOST_COMPARED]


def _orders(words: list[str]) -> list[str]:
    """The name with its words in any order; with more than five of them (120 orders) only sorted."""
    return sorted({" ".join(order) for order in (itertools.permutations(words) if len(words) <= 5 else [words])})


def _why(asked: _Asked, patient: Patient) -> str | None:
    same_words = sorted(patient.name_key.split()) == asked.words
    born = patient.birth_date
    if born is not None and born == asked.birth_date:
        if same_words:
            return _REASONS[0]
        return _REASONS[1] if _similar(patient.name_key, asked.name_key) else None
    if same_words and born is not None and born == _swapped(asked.birth_date):
        return _REASONS[2]
    same_phone = bool(asked.phone_key) and patient.phone_key == asked.phone_key
    if same_phone and _family(patient.name_key, asked.name_key):
        return _REASONS[3]
    return _REASONS[4] if same_words and not (born and asked.birth_date) else None


def _similar(one: str, other: str) -> bool:
    """Spelt nearly the same, or one with a name more than the other."""
    fewer, more = sorted([set(one.split()), set(other.split())], key=len)
    return fuzz.token_sort_ratio(one, other) >= SIMILAR_NAME or (len(fewer) > 1 and fewer <= more)


def _family(one: str, other: str) -> bool:
    """Is the last word of one name in the other? Some write the family name first."""
    words, others = one.split(), other.split()
    return words[-1] in others or others[-1] in words


def _swapped(day: dt.date | None) -> dt.date | None:
    """The third of April as the fourth of March; none where the calendar has no such day."""
    with contextlib.suppress(ValueError):
        return day.replace(month=day.day, day=day.month) if day is not None else None
    return None
