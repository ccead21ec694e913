"""Which records keep past versions, and which of them a person may see."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from appointments.models import Shift, TimeOff
from clinics.models import Clinic, Doctor, User
from patients.models import Patient

# Raised, derived or folded with each save: they say nothing that the other fields don't.
HIDDEN = frozenset({"version", "name_key", "phone_key", "search_key"})


def sources() -> dict[str, type[models.Model]]:
    """The tables of past versions by the name of the model whose versions they are."""
    return {
        described._meta.model_name: model
        for model in apps.get_models()
        if (described := getattr(model, "instance_type", None)) is not None and not described._meta.auto_created
    }


def key_of(past: type[models.Model]) -> str:
    """The field that says whose past version a row is: ``id``, or for what belongs to one other record alone, that one."""
    described: type[models.Model] = past.instance_type  # type: ignore[attr-defined]
    assert described._meta.pk is not None
    return described._meta.pk.attname


def fields_of(past: type[models.Model]) -> list[models.Field[Any, Any]]:
    """The fields that were the record's own, without those of the history."""
    return [
        field
        for field in past._meta.concrete_fields
        if not field.name.startswith("history_") and field.name not in HIDDEN and field.name != "id"
    ]


def seen_by(user: User, past: type[models.Model]) -> Q:
    """The past versions that this admin may see: of their clinics' records and of the registry that all share; what belongs to no
    clinic is for superusers."""
    model = past.instance_type  # type: ignore[attr-defined]
    if user.is_superuser or model is Patient:
        return Q()
    seen = of_clinics(past, user.clinic_ids())
    if model is User:
        return seen & ~Q(id__in=User.objects.filter(is_superuser=True).values("pk"))
    if model is TimeOff:
        # Why somebody is away is for those who work with whoever entered it.
        near = Q(created_by=None) | Q(created_by__in=user.colleagues().values("pk"))
        return seen & Q(id__in=TimeOff.objects.filter(near).values("pk"))
    return seen


def of_clinics(past: type[models.Model], own: list[int]) -> Q:
    """The past versions of what belongs to these clinics."""
    model = past.instance_type  # type: ignore[attr-defined]
    if model is Clinic:
        return Q(id__in=own)
    if model is User:
        return Q(id__in=User.clinics.through.objects.filter(clinic__in=own).values("user_id"))
    if model is Doctor:
        return Q(id__in=Doctor.clinics.through.objects.filter(clinic__in=own).values("doctor_id"))
    names = {field.name for field in past._meta.concrete_fields}
    if "clinic" in names:
        return Q(clinic_id__in=own)
    if "shift" in names:
        return Q(shift_id__in=Shift.objects.filter(clinic__in=own).values("pk"))
    if "doctor" in names:
        return Q(doctor_id__in=Doctor.clinics.through.objects.filter(clinic__in=own).values("doctor_id"))
    return Q(pk__in=())
