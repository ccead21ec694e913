"""Finding patients by what people type."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

from django.db.models import Case, Q, QuerySet, SmallIntegerField, When

from patients.models import Patient
from patients.terms import Needle, Question, question

MOST_MERGED = 200
"""Merged files that count; nobody looks through more people than that."""


def search(patients: QuerySet[Patient], text: str) -> QuerySet[Patient]:
    """Those who have all that was typed in their name, phone or record number, best match first: parts of words in any order,
    up to two letters at the beginning of a word only, phones and record numbers however they are written (terms.py, ADR 29).

    By what a merged file says, the one it went into is found. Where something was typed of which nothing can be looked for,
    nobody is.
    """
    asked = question(text)
    if not asked.terms:
        return patients.none() if text.strip() else patients.order_by("full_name", "pk")
    wanted = reduce(and_, (reduce(or_, (reduce(and_, map(_holds, needles)) for needles in term)) for term in asked.terms))
    # Asked for first: an index has those few numbers, but no index has "one or the other" of two tables.
    merged = Patient.objects.filter(wanted, merged_into__isnull=False).order_by().values_list("merged_into", flat=True)
    if survivors := set(merged[:MOST_MERGED]):
        wanted |= Q(pk__in=survivors)
    return patients.filter(wanted).order_by(_rank(asked), "full_name", "pk")


def _holds(needle: Needle) -> Q:
    if not needle.name:
        return Q(search_key__holds=needle.key)
    in_name = Q(name_key__holds=needle.name)
    if needle.name.startswith(" "):
        in_name |= Q(name_key__startswith=needle.name[1:])
    return Q(search_key__holds=needle.key) & in_name


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
