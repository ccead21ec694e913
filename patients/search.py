"""Finding patients: what people type, and who may be the same person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from django.db.models import Case, Q, QuerySet, SmallIntegerField, When
from rapidfuzz import fuzz

from patients.folding import fold_name, fold_phone
from patients.models import Patient
from patients.terms import Needle, Question, question

SIMILAR_NAME = 80
"""Of 100 (rapidfuzz token_sort_ratio): from here two names are taken for the same person's if the phone is the same."""


def search(patients: QuerySet[Patient], text: str) -> QuerySet[Patient]:
    """Those who have all that was typed in their name, phone or record number, best match first: parts of words in any order,
    up to two letters at the beginning of a word only, phones and record numbers however they are written (terms.py, ADR 29)."""
    asked = question(text)
    if not asked.terms:
        return patients.order_by("full_name", "pk")
    found = patients
    for term in asked.terms:
        found = found.filter(reduce(or_, (reduce(and_, map(_holds, needles)) for needles in term)))
    return found.order_by(_rank(asked), "full_name", "pk")


def _holds(needle: Needle) -> Q:
    if not needle.name:
        return Q(search_key__holds=needle.key)
    in_name = Q(name_key__holds=f" {needle.name}") | Q(name_key__startswith=needle.name)
    return Q(search_key__holds=needle.key) & (in_name if needle.key.startswith(" ") else Q(name_key__holds=needle.name))


def _rank(asked: Question) -> Case:
    """The very record number, the very phone, who is called so, whose names begin so, the rest."""
    first = asked.terms[0][0][0].key.lstrip()
    words = [f" {term[0][0].key.lstrip()}" for term in asked.terms]
    cases = [When(record_number__in=asked.record_numbers, then=0)] if asked.record_numbers else []
    if asked.phone:
        cases.append(When(phone_key=asked.phone, then=1))
    cases.append(When(search_key__startswith=f" {first}", then=2))
    if any(not term[0][0].key.startswith(" ") for term in asked.terms):
        cases.append(When(reduce(and_, (Q(search_key__holds=word) for word in words)), then=3))
    return Case(*cases, default=4, output_field=SmallIntegerField())


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
