"""Registered patients."""

from __future__ import annotations

from typing import Any

import factory

from patients import actions
from patients.models import Patient


class PatientFactory(factory.django.DjangoModelFactory[Patient]):
    class Meta:
        model = Patient

    full_name = factory.Sequence(lambda n: f"Patient Number{n}")
    phone = factory.Sequence(lambda n: f"+49 1515 {n:07d}")

    @classmethod
    def _create(cls, model_class: type[Patient], *args: Any, **kwargs: Any) -> Patient:
        return actions.register(by=None, force=True, **kwargs)
