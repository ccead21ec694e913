"""What a browser that was tampered with can send where rows are chosen: refused as any other wrong choice, never a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models

if TYPE_CHECKING:
    _Multiple = forms.ModelMultipleChoiceField[Any]
else:
    _Multiple = forms.ModelMultipleChoiceField

_FIRST, _LAST = -(2**63), 2**63 - 1


def is_key(model: type[models.Model], value: Any) -> bool:
    """Can it be the key of a row?"""
    assert model._meta.pk is not None
    try:
        key = model._meta.pk.to_python(value)
    except (ValidationError, ValueError):
        return False
    if isinstance(key, str):
        return "\0" not in key
    return key is not None and (not isinstance(key, int) or _FIRST <= key <= _LAST)


class Autocomplete(AutocompleteSelect):
    """Shows what was chosen, if it can have been."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        rows: Any = self.choices
        return super().optgroups(name, [each for each in value if each == "" or is_key(rows.queryset.model, each)], attr)


class SeveralRows(_Multiple):
    def _check_values(self, value: Any) -> Any:
        assert self.queryset is not None
        for each in value:
            if not is_key(self.queryset.model, each):
                raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": each})
        return super()._check_values(value)  # type: ignore[misc]
