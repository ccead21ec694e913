"""Named refusals. One handler (clinic_project.errors) maps them to HTTP answers; pages show ``detail``."""

from __future__ import annotations

from typing import Any

from django.db.models import Model


class DomainError(Exception):
    """The state of things doesn't allow the command; nothing was changed.

    ``code`` is the word clients rely on, ``detail`` a sentence for people, ``current`` the object as it is now and
    ``extra`` further facts for the answer.
    """

    code = "conflict"
    status = 409

    def __init__(self, detail: str, *, current: Model | None = None, extra: dict[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.detail = str(detail)  # in the language of whoever is refused, if it was lazy
        self.current = current
        self.extra = extra or {}


class InvalidTransition(DomainError):
    """The table of transitions has no such move from the present state."""

    code = "invalid_transition"


class StaleVersion(DomainError):
    """The object has changed since the caller last saw it."""

    code = "stale_version"


class NotAllowed(DomainError):
    """The person may not do this (to this object)."""

    code = "forbidden"
    status = 403


class InvalidInput(Exception):
    """A field's value is refused; ``errors`` maps the field to sentences."""

    def __init__(self, **errors: str) -> None:
        super().__init__(errors)
        self.errors = {field: [str(sentence)] for field, sentence in errors.items()}

    @property
    def sentences(self) -> list[str]:
        """All of them, whatever the fields."""
        return [sentence for several in self.errors.values() for sentence in several]
