"""What an action may refuse with, as a sentence for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import OperationalError
from django.utils.translation import gettext as _

from clinics.exceptions import DomainError, InvalidInput

REFUSALS = (DomainError, InvalidInput, OperationalError)


def sentences_of(errors: Any) -> str:
    """What a serializer found wrong, without the names of its fields."""
    if isinstance(errors, Mapping):
        return " ".join(sentences_of(each) for each in errors.values())
    return " ".join(map(str, errors)) if isinstance(errors, list) else str(errors)


def sentence_of(refusal: Exception) -> str:
    """Why it was refused; nothing was changed."""
    if isinstance(refusal, DomainError):
        return refusal.detail
    if isinstance(refusal, InvalidInput):
        return " ".join(sentence for sentences in refusal.errors.values() for sentence in sentences)
    return _("The server is busy. Look whether it was done, and try again in a moment.")
