"""Plain HTML forms of the API's serializers: one place says what a field is, and what is wrong with what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.text import capfirst
from rest_framework import serializers

from clinic_project.dashboards.amounts import number
from clinics.text import ascii_digits

Choices = Sequence[tuple[Any, Any]]

_KINDS: list[tuple[type[Any], str]] = [
    (serializers.BooleanField, "check"),
    (serializers.ManyRelatedField, "checks"),
    (serializers.ChoiceField, "select"),
    (serializers.PrimaryKeyRelatedField, "select"),
    (serializers.IntegerField, "number"),
    (serializers.DecimalField, "decimal"),
    (serializers.DateTimeField, "datetime-local"),
    (serializers.DateField, "date"),
    (serializers.TimeField, "time"),
    (serializers.EmailField, "email"),
]


EMPTIED = ("text", "email", "number", "decimal", "time")
"""Kinds of fields that are sent though they are empty: left out, what was emptied would stay as it was, and be told as saved."""


@dataclass(slots=True)
class FormField:
    """A field as the template writes it."""

    name: str
    label: str
    kind: str
    value: Any
    help: str = ""
    is_required: bool = False
    choices: list[tuple[str, str, bool]] = field(default_factory=list)
    """Value, text, chosen."""
    errors: list[str] = field(default_factory=list)

    @property
    def described_by(self) -> str:
        """Ids of what a screen reader says with the field."""
        parts = [f"{self.name}-help"] * bool(self.help) + [f"{self.name}-error"] * bool(self.errors)
        return " ".join(parts)


def kind_of(each: Any) -> str:
    """How the field is typed in."""
    if getattr(each, "style", {}).get("input_type") == "password":
        return "password"
    return next((kind for type_, kind in _KINDS if isinstance(each, type_)), "text")


def form_fields(
    serializer: Any, names: Sequence[str], values: Mapping[str, Any], errors: Mapping[str, Any], choices: Mapping[str, Choices]
) -> list[FormField]:
    """The fields ``names`` with what was typed, or is stored, and what is wrong with it."""
    return [_form_field(serializer, name, values.get(name), errors.get(name, []), choices.get(name)) for name in names]


def _form_field(serializer: Any, name: str, value: Any, errors: Any, choices: Choices | None) -> FormField:
    each = serializer.fields[name]
    kind = kind_of(each)
    if choices is None and kind == "select":
        choices = [(key, capfirst(str(label))) for key, label in each.choices.items()]
    chosen = {str(item) for item in (value if isinstance(value, list | tuple | set) else [value])}
    return FormField(
        name=name,
        label=label_of(serializer, name),
        kind=kind,
        value="" if value is None else value,
        help=str(each.help_text or getattr(getattr(each, "child_relation", None), "help_text", None) or ""),
        is_required=each.required and kind not in ("check", "checks"),
        choices=[(str(key), str(text), str(key) in chosen) for key, text in choices or []],
        errors=_sentences(errors),
    )


def label_of(serializer: Any, name: str) -> str:
    """What the model calls it: DRF leaves out a name that its own would equal, and with it the translation."""
    each = serializer.fields[name]
    own = each.label if each.label and each.label != name.replace("_", " ").capitalize() else None
    model = getattr(getattr(serializer, "Meta", None), "model", None)
    named = {column.name: column.verbose_name for column in (model._meta.fields if model is not None else ())}
    return str(own or capfirst(str(named.get(name, each.label))))


def _sentences(errors: Any) -> list[str]:
    if isinstance(errors, Mapping):
        return [sentence for each in errors.values() for sentence in _sentences(each)]
    if isinstance(errors, list | tuple):
        return [sentence for each in errors for sentence in _sentences(each)]
    return [str(errors)]


def typed(serializer: Any, names: Sequence[str], post: QueryDict) -> dict[str, Any]:
    """What a form has sent, letter by letter: to be shown again beside what is wrong with it."""
    found: dict[str, Any] = {}
    for name in names:
        kind = kind_of(serializer.fields[name])
        found[name] = (name in post) if kind == "check" else post.getlist(name) if kind == "checks" else post.get(name, "")
    return found


def version_of(post: QueryDict) -> int | None:
    """The version of what was on the screen when the form was sent, if it says one."""
    version = post.get("version", "")
    return int(version) if version.isascii() and version.isdigit() and len(version) < 19 else None


def sent(serializer: Any, names: Sequence[str], post: QueryDict) -> dict[str, Any]:
    """What a form has sent, as the serializer would get it from a program: an unticked box is no, an empty date is none."""
    found: dict[str, Any] = {}
    for name in names:
        each, kind = serializer.fields[name], kind_of(serializer.fields[name])
        raw = post.get(name, "")
        if kind == "check":
            found[name] = name in post
        elif kind == "checks":
            found[name] = post.getlist(name)
        elif raw == "" and each.allow_null:
            found[name] = None
        elif raw != "" or each.required or kind in EMPTIED:
            found[name] = number(raw) if kind == "decimal" else ascii_digits(raw) if kind == "number" else raw
    if (version := version_of(post)) is not None:
        found["version"] = version
    return found
