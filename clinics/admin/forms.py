"""Forms of the admin site: they tell refusals, and notice when somebody else has saved the same object meanwhile."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.forms.models import model_to_dict
from django.utils.translation import gettext_lazy as _

from clinics.exceptions import DomainError, InvalidInput
from clinics.models import Clinic, User
from clinics.text import fault_of_name
from clinics.versioned import Versioned

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Any]
else:
    _ModelForm = forms.ModelForm

STALE = _("Somebody else has changed this meanwhile. Open the page again to see it as it is now, then repeat your change.")

NEAR = _("Write a year between 1900 and 2900.")


class DeskForm(_ModelForm):
    """``seen`` is what the page was made from: the version, or for models without one a digest of what the form shows."""

    refusal: ClassVar[DomainError | InvalidInput | None] = None
    viewer: ClassVar[User]

    seen = forms.CharField(label="", required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "seen" in self.fields:
            self.fields["seen"].initial = self._stamp()

    def _stamp(self) -> str:
        if isinstance(self.instance, Versioned):
            return str(self.instance.version)
        shown = model_to_dict(self.instance, self._meta.fields)
        plain = {name: sorted(row.pk for row in value) if _is_rows(value) else value for name, value in shown.items()}
        return hashlib.sha256(repr(sorted(plain.items())).encode()).hexdigest()[:16]

    @property
    def seen_version(self) -> int:
        """The version that the person had before their eyes."""
        return int(self.cleaned_data["seen"])

    def chosen(self, *names: str) -> dict[str, Any]:
        """The values of these fields, or of those among them that differ from what the page showed if it is a change."""
        return {
            name: self.cleaned_data[name]
            for name in names
            if name in self.cleaned_data and (self.instance.pk is None or name in self.changed_data)
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in {"name", "full_name", "first_name", "last_name"} & set(cleaned):
            # A field that may be left empty, and is, has no fault.
            if cleaned[name] and (fault := fault_of_name(cleaned[name], getattr(self.instance, name, None))):
                self.add_error(name, fault)
        if self.refusal is not None:
            self.tell(self.refusal)
        elif self.instance.pk and cleaned.get("seen") != self._stamp():
            self.add_error(None, STALE)
        return cleaned

    def tell(self, refusal: DomainError | InvalidInput) -> None:
        """Put the refusal where it can be seen."""
        if isinstance(refusal, DomainError):
            self.add_error(None, refusal.detail)
            return
        for field, sentences in refusal.errors.items():
            self.add_error(field if field in self.fields else None, ValidationError(sentences))


class NearDateTimeField(forms.DateTimeField):
    """A moment between the years 1900 and 2900: beyond, its own time zone leaves the calendar."""

    def to_python(self, value: Any) -> Any:
        try:
            moment = super().to_python(value)
        except OverflowError:
            raise ValidationError(NEAR) from None
        if moment is not None and not 1900 <= moment.year <= 2900:
            raise ValidationError(NEAR)
        return moment


class ReasonForm(ActionForm):
    """Beside the choice of an action on a list: why, for cancelling."""

    reason = forms.CharField(
        label="",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": _("Reason, for cancelling"), "aria-label": _("Reason, for cancelling")}),
    )


def _is_rows(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(row, Model) for row in value)


class ClinicsForm(DeskForm):
    """For what belongs to several clinics: nobody adds it to, or takes it from, a clinic that isn't theirs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.viewer.is_superuser and "clinics" in self.initial:
            own = self.viewer.clinic_ids()
            self.initial["clinics"] = [clinic for clinic in self.initial["clinics"] if clinic.pk in own]

    def clean_clinics(self) -> QuerySet[Clinic]:
        chosen: QuerySet[Clinic] = self.cleaned_data["clinics"]
        if self.viewer.is_superuser:
            return chosen
        kept = Q(pk__in=chosen.values("pk"))
        if self.instance.pk:
            kept |= Q(pk__in=self.instance.clinics.exclude(pk__in=self.viewer.clinic_ids()).values("pk"))
        clinics = Clinic.objects.filter(kept)
        if not clinics:
            raise ValidationError(_("Choose at least one of your clinics."))
        return clinics
