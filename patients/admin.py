"""Patients' files, merges and erasures, and the log of who read them: whoever opens a file here is noted there too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from clinics.admin import NOTHING, DeskForm, HistoryAdmin, ReadOnlyAdmin, become, refusal_of, viewer_of
from clinics.admin.forms import ReasonForm
from clinics.exceptions import DomainError, InvalidInput
from clinics.language import isolated
from clinics.text import written
from patients import actions, births
from patients.folding import fold_name
from patients.models import FileAccess, Patient, PatientErasure, PatientMerge
from patients.search import search

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _ModelAdmin, _Paginator = object, Paginator

FIELDS = ["full_name", "phone", "birth_date", "sex", "email", "address", "notes"]


class FoldedSearch(_ModelAdmin):
    """Finds people by name however it is typed: for lists that search ``name_key``."""

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, fold_name(search_term))


class PatientForm(DeskForm):
    force = forms.BooleanField(label=_("This is somebody else: open a new file all the same"), required=False, label_suffix="")

    def clean_birth_date(self) -> dt.date | None:
        born: dt.date | None = self.cleaned_data["birth_date"]
        if born is not None and not births.is_possible(born):
            raise forms.ValidationError(births.SENTENCE)
        return born

    def tell(self, refusal: DomainError | InvalidInput) -> None:
        super().tell(refusal)
        if isinstance(refusal, actions.PossibleDuplicate):
            for candidate in refusal.extra["candidates"]:
                self.add_error(None, f"{candidate.patient}: {candidate.why}.")


class EraseForm(ReasonForm):
    """Beside the choice of an action on the list of patients."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].widget.attrs |= dict.fromkeys(["placeholder", "aria-label"], _("Reason, for erasing"))


@admin.register(Patient)
class PatientAdmin(HistoryAdmin):
    form = PatientForm
    clinic_lookup = None  # one registry for all clinics: people walk into any of them
    list_display = ["full_name", "record_number", "phone_shown", "birth_date", "sex", "merged_into"]
    list_filter = ["sex", ("merged_into", admin.EmptyFieldListFilter), ("erased_at", admin.EmptyFieldListFilter)]
    list_select_related = ["merged_into"]
    search_fields = ["name_key"]  # switches the search on; get_search_results does it
    search_help_text = _("Parts of the name, phone or record number, in any order; accents don't matter.")
    date_hierarchy = "created_at"
    readonly_fields = ["record_number", "merged_into", "erased_at", "created_at"]
    actions = ["merge", "unmerge", "erase"]
    action_form = EraseForm

    def get_fieldsets(self, request: HttpRequest, obj: Patient | None = None) -> Any:
        self_made = ["force"] if obj is None and self._asks_whether_new(request) else []
        record = [] if obj is None else ["record_number", "merged_into", "erased_at", "created_at"]
        seen = ["seen"] if obj is not None and self.has_change_permission(request, obj) else []
        return [(None, {"fields": [*self_made, *FIELDS, *record, *seen]})]

    def _asks_whether_new(self, request: HttpRequest) -> bool:
        return isinstance(refusal_of(request), actions.PossibleDuplicate) or "force" in request.POST

    def has_change_permission(self, request: HttpRequest, obj: Patient | None = None) -> bool:
        # A merged file is only a pointer to the survivor, an erased one a number.
        gone = obj is not None and (obj.merged_into_id is not None or obj.erased_at is not None)
        return super().has_change_permission(request, obj) and not gone

    def save_model(self, request: HttpRequest, obj: Patient, form: Any, change: bool) -> None:
        by = viewer_of(request)
        if change:
            become(obj, actions.change(obj, by=by, version=form.seen_version, **form.chosen(*FIELDS)))
        else:
            become(obj, actions.register(by=by, force=form.cleaned_data["force"], **form.chosen(*FIELDS)))

    @admin.display(description=_("phone"), ordering="phone")
    def phone_shown(self, obj: Patient) -> str:
        return isolated(obj.phone) or NOTHING

    # --- Merging, taking back, erasing ----------------------------------------------------------------------------

    @admin.action(description=_("Merge the two: the first one registered stays"), permissions=["change"])
    def merge(self, request: HttpRequest, queryset: QuerySet[Patient]) -> None:
        files = list(queryset.order_by("pk")[:3])
        if len(files) != 2:
            self.message_user(request, _("Choose exactly two files of one person."), messages.ERROR)
            return
        kept, gone = files
        pair = queryset.filter(pk=gone.pk)
        self.run(
            request,
            pair,
            lambda row: actions.merge(kept, duplicate=row, by=viewer_of(request)),
            pgettext("done", "merged into {file}").format(file=kept),
        )

    @admin.action(description=_("Un-merge: they were two people"), permissions=["change"])
    def unmerge(self, request: HttpRequest, queryset: QuerySet[Patient]) -> None:
        def take_back(row: Patient) -> object:
            # What isn't merged is refused in the action's own words.
            return actions.unmerge(row.merged_into or row, duplicate=row, by=viewer_of(request))

        self.run(request, queryset.order_by("-pk"), take_back, pgettext_lazy("done", "standing alone again"))

    @admin.action(description=_("Erase for good (with a reason that names nobody)"), permissions=["change"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Patient]) -> None:
        reason = written(request.POST.get("reason", ""))
        if not reason:
            self.message_user(request, _("Write the reason beside the action, then erase again."), messages.ERROR)
            return
        self.run(
            request,
            queryset,
            lambda row: actions.erase(row, by=viewer_of(request), reason=reason),
            pgettext_lazy("done", "erased"),
        )

    # --- Every reading is noted -----------------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Patient], search_term: str
    ) -> tuple[QuerySet[Patient], bool]:
        found = search(queryset, search_term) if search_term else queryset
        if _is_autocomplete(request):
            found = found.filter(merged_into=None, erased_at=None)  # nothing new begins with a file that was given up
        return found, False

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> Paginator[Any]:
        paginator = super().get_paginator(request, queryset, per_page, *args, **kwargs)
        return NotingPaginator(paginator, request) if _is_autocomplete(request) else paginator

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        actions.log_access(_listed(response), by=viewer_of(request), how=FileAccess.How.FOUND)
        return response

    def _note_opened(self, request: HttpRequest, object_id: str | None, response: HttpResponse) -> None:
        # A form that was refused shows the file as well.
        patient = (
            self.get_object(request, unquote(object_id)) if object_id is not None and response.status_code == 200 else None
        )
        if patient is not None:
            actions.log_access([patient], by=viewer_of(request), how=FileAccess.How.OPENED)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        response = super().changeform_view(request, object_id, form_url, extra_context)
        self._note_opened(request, object_id, response)
        refusal = refusal_of(request)
        if isinstance(refusal, actions.PossibleDuplicate):
            # The page shows who they are.
            shown = [candidate.patient for candidate in refusal.extra["candidates"]]
            actions.log_access(shown, by=viewer_of(request), how=FileAccess.How.FOUND)
        return response

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        self._note_opened(request, object_id, response)
        return response

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        response = super().history_form_view(request, object_id, version_id, extra_context)
        self._note_opened(request, object_id, response)
        return response


def _listed(response: HttpResponse) -> list[Any]:
    """The rows that a list has shown, if it was one."""
    shown = (getattr(response, "context_data", None) or {}).get("cl")
    return [] if shown is None else list(shown.result_list)


def _is_autocomplete(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.url_name == "autocomplete"


class NotingPaginator(_Paginator):
    """Notes in the access log whose names a search has shown."""

    def __init__(self, plain: Paginator[Any], request: HttpRequest) -> None:
        super().__init__(plain.object_list, plain.per_page, plain.orphans, plain.allow_empty_first_page)
        self._request = request

    def page(self, number: int | str) -> Page[Any]:
        page = super().page(number)
        shown: Sequence[Patient] = list(page.object_list)
        page.object_list = shown
        actions.log_access(shown, by=viewer_of(self._request), how=FileAccess.How.FOUND)
        return page


@admin.register(FileAccess)
class FileAccessAdmin(ReadOnlyAdmin):
    """Files by their numbers: whoever looks for one finds its number in the list of patients, where that is noted."""

    clinic_lookup = "user__clinics"
    list_display = ["at", "user", "how", "record_number"]
    list_filter = ["how", "at", ("user", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user", "patient"]
    search_fields = ["user__username", "patient__record_number"]
    date_hierarchy = "at"
    fields = ["at", "user", "how", "record_number"]

    @admin.display(description=_("record number"), ordering="patient__record_number")
    def record_number(self, obj: FileAccess) -> str:
        return str(obj.patient.record_number)


@admin.register(PatientMerge)
class PatientMergeAdmin(FoldedSearch, ReadOnlyAdmin):
    clinic_lookup = None  # of the one registry
    list_display = ["at", "duplicate", "survivor", "by", "unmerged_at", "unmerged_by"]
    list_filter = ["at", ("unmerged_at", admin.EmptyFieldListFilter), ("by", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["survivor", "duplicate", "by", "unmerged_by"]
    search_fields = ["survivor__name_key", "duplicate__name_key"]
    fields = ["at", "duplicate", "survivor", "by", "unmerged_at", "unmerged_by"]

    def _note(self, merges: Iterable[PatientMerge], request: HttpRequest) -> None:
        shown = {file.pk: file for each in merges for file in (each.survivor, each.duplicate)}
        actions.log_access(shown.values(), by=viewer_of(request), how=FileAccess.How.FOUND)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        self._note(_listed(response), request)
        return response

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        response = super().changeform_view(request, object_id, form_url, extra_context)
        shown = self.get_object(request, unquote(object_id)) if object_id is not None and response.status_code == 200 else None
        self._note([shown] if shown is not None else [], request)
        return response


@admin.register(PatientErasure)
class PatientErasureAdmin(ReadOnlyAdmin):
    clinic_lookup = None  # of the one registry
    list_display = ["at", "patient", "by", "reason"]
    list_filter = ["at", ("by", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["patient", "by"]
    fields = ["at", "patient", "by", "reason"]
