"""Patients: one registry for all clinics of the installation; who read whose file; merges and erasures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MinLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from clinics.commands import command
from clinics.guards import Guard
from clinics.language import change
from clinics.versioned import Versioned, WatchedQuerySet
from patients.folding import fold_name, fold_phone
from patients.terms import record_number_of, search_text


class Sex(models.TextChoices):
    """FHIR AdministrativeGender."""

    MALE = "male", _("male")
    FEMALE = "female", _("female")
    OTHER = "other", _("other")
    UNKNOWN = "unknown", _("unknown")


class TrigramIndex(GinIndex):
    """For ``LIKE '%…%'``, on PostgreSQL alone; one migration serves both databases (ADR 6), and elsewhere the table is read."""

    def create_sql(self, model: Any, schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        # Django has no word for "no statement" here.
        made = schema_editor.connection.vendor == "postgresql"
        return super().create_sql(model, schema_editor, using=using, **kwargs) if made else "SELECT 1"

    def remove_sql(self, model: Any, schema_editor: Any, **kwargs: Any) -> Any:
        made = schema_editor.connection.vendor == "postgresql"
        return super().remove_sql(model, schema_editor, **kwargs) if made else "SELECT 1"


class PatientQuerySet(WatchedQuerySet["Patient"]):
    """The desk's words for sets of patients."""

    def standing(self) -> PatientQuerySet:
        """Files that work begins with: neither merged into another nor erased."""
        return self.filter(merged_into=None, erased_at=None)


class Patient(Versioned):
    """A person who is or was treated. Merged records stay and point to the survivor; erased ones keep their number alone."""

    record_number = models.CharField(_("record number"), max_length=20, unique=True, null=True, editable=False)
    full_name = models.CharField(_("full name"), max_length=200, validators=[MinLengthValidator(1)])
    # Folded forms of name and phone, for finding duplicates, and all that the search looks at (terms.py); set by ``fold``.
    name_key = models.CharField(max_length=400, editable=False, db_index=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    phone_key = models.CharField(max_length=40, blank=True, editable=False, db_index=True)
    search_key = models.TextField(default="", editable=False)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=10, choices=Sex.choices, default=Sex.UNKNOWN)
    email = models.EmailField(_("e-mail"), blank=True)
    address = models.CharField(_("address"), max_length=300, blank=True)
    notes = models.TextField(_("notes"), max_length=2000, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged_from", verbose_name=_("merged into")
    )
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("registered"), auto_now_add=True)

    objects: ClassVar[Any] = PatientQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["search_key"])
    history_erasable = True

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        ordering = ["full_name", "pk"]
        indexes = [
            TrigramIndex(fields=["search_key"], name="patient_search", opclasses=["gin_trgm_ops"]),
            models.Index(
                fields=["full_name", "id"], name="patient_by_name", condition=models.Q(merged_into=None, erased_at=None)
            ),
            models.Index(fields=["birth_date"], name="patient_by_birth_date"),
        ]

    def __str__(self) -> str:
        return f"{self.full_name} ({self.record_number})"

    def fold(self) -> None:
        """Set the keys from name and phone."""
        # A letter may fold to many (ﷺ to eighteen): what doesn't fit isn't compared.
        self.name_key = fold_name(self.full_name)[:400]
        self.phone_key = fold_phone(self.phone)
        self.search_key = search_text(
            full_name=self.full_name, name_key=self.name_key, phone_key=self.phone_key, record_number=self.record_number
        )

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """The keys follow what they are made of, and a new file gets its record number, whoever saves it."""
        is_new = self._state.adding
        names = None if update_fields is None else set(update_fields)
        if names is None or names & {"full_name", "phone", "record_number"}:
            self.fold()
            names = None if names is None else names | {"name_key", "phone_key", "search_key"}
        with command():
            super().save(update_fields=names, **kwargs)
            if is_new and self.record_number is None:
                # From the row's own id: one save more, and no counter that all clinics would wait for.
                self.record_number = record_number_of(self.pk)
                self.fold()
                super().save(update_fields=["record_number", "search_key"])


class FileAccess(models.Model):
    """One reading of one patient's file."""

    class How(models.TextChoices):
        OPENED = "opened", _("opened")
        FOUND = "found", _("seen in a search")
        CHANGED = "changed", _("changed")
        PRINTED = "printed", _("printed")
        EXPORTED = "exported", _("exported")

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="accesses", verbose_name=_("patient"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))
    how = models.CharField(_("how"), max_length=10, choices=How.choices)
    at = models.DateTimeField(_("when"), auto_now_add=True)

    guard = Guard.APPEND_ONLY

    class Meta:
        verbose_name = _("access to a file")
        verbose_name_plural = _("access log")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["patient", "-at"]), models.Index(fields=["user", "-at"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.user_id} {self.how} {self.patient_id}"


class PatientMerge(models.Model):
    """One merge: which rows went with it, so that exactly they can go back."""

    survivor = models.ForeignKey(Patient, models.PROTECT, related_name="+", verbose_name=_("survivor"))
    duplicate = models.ForeignKey(Patient, models.PROTECT, related_name="merges", verbose_name=_("duplicate"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("merged by"))
    at = models.DateTimeField(_("merged at"), auto_now_add=True)
    # {"appointments.appointment": [ids], …}
    moved: models.JSONField[Any, Any] = models.JSONField(_("moved"), default=dict)
    unmerged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("taken back by")
    )
    unmerged_at = models.DateTimeField(_("taken back at"), null=True)

    guard = Guard.NEVER_DELETED

    class Meta:
        verbose_name = _("merge of files")
        verbose_name_plural = _("merges of files")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["survivor"], name="merges_of_survivor")]
        constraints = [
            models.UniqueConstraint(
                fields=["duplicate"], condition=models.Q(unmerged_at=None), name="merged_into_one_file_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return change(self.duplicate_id, self.survivor_id)


class PatientErasure(models.Model):
    """That a file was erased, by whom and why; the reason names nobody."""

    patient = models.OneToOneField(Patient, models.PROTECT, related_name="erasure", verbose_name=_("patient"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), auto_now_add=True)
    reason = models.CharField(_("reason"), max_length=200)

    guard = Guard.APPEND_ONLY

    class Meta:
        verbose_name = _("erasure of a file")
        verbose_name_plural = _("erasures of files")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.patient_id}"
