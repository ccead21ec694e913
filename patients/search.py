"""Finding patients: what people type, and who may be the same person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Case, Q, QuerySet, When
from rapidfuzz import fuzz

from patients.folding import fold_name, fold_phone
from patients.models import Patient

SIMILAR_NAME = 80
"""Of 100 (rapidfuzz token_sort_ratio): from here two names are taken for the same person's if the phone is the same."""


def search(patients: QuerySet[Patient], text: str) -> QuerySet[Patient]:
    """Those who have every word of ``text`` in their name, phone or record number (parts of words, any order), or whose
    phone contains the digits of ``text`` as a whole, however it is written."""
    words = Q()
    for word in fold_name(text).split():
        words &= Q(name_key__contains=word) | Q(phone_key__contains=word) | Q(record_number__icontains=word)
    # Letters make it a name or a record number, whatever digits stand beside them.
    digits = "" if any(c.isalpha() for c in text) else fold_phone(text)
    # Fewer digits than three would find half the town.
    return patients.filter(words | Q(phone_key__contains=digits) if len(digits) >= 3 else words)


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
    others = Patient.objects.filter(condition, merged_into=None).order_by(
        Case(When(name_key=name_key, then=0), default=1), "pk"
    )
    for patient in (others if exclude is None else others.exclude(pk=exclude))[:50]:
        if birth_date and patient.birth_date == birth_date and patient.name_key == name_key:
            found.append(Candidate(patient, "same name and date of birth"))
        elif phone_key and patient.phone_key == phone_key and fuzz.token_sort_ratio(patient.name_key, name_key) >= SIMILAR_NAME:
            found.append(Candidate(patient, "same phone and similar name"))
    return found
