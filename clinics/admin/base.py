"""What every page of the admin site shares: who gets in, what they see there, and how a refusal is told."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import DataError, models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from simple_history.admin import SimpleHistoryAdmin

from clinics.admin.choices import Autocomplete, SeveralRows, is_key
from clinics.admin.forms import DeskForm, NearDateTimeField, ReasonForm
from clinics.commands import command
from clinics.exceptions import DomainError, InvalidInput
from clinics.models import Clinic, Role, User
from clinics.text import written

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _TabularInline = admin.TabularInline[Any, Any]
else:
    _ModelAdmin = admin.ModelAdmin
    _TabularInline = admin.TabularInline

REFUSALS = (DomainError, InvalidInput)
NOTHING = "–"

# Inputs of the browser itself: they need no script, and don't compare the clinic's clock with the server's.
NATIVE_INPUTS: dict[type[models.Field[Any, Any]], dict[str, Any]] = {
    models.DateTimeField: {
        "form_class": NearDateTimeField,
        "widget": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    },
    models.DateField: {"widget": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")},
    models.TimeField: {"widget": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")},
}


def may_administer(user: Any) -> bool:
    """Superusers, and staff of the role ``admin``; Django's own permission rows don't count."""
    return bool(user.is_active and user.is_staff and (user.is_superuser or user.role == Role.ADMIN))


def viewer_of(request: HttpRequest) -> User:
    """Who is looking; the admin site has let in nobody else but staff."""
    assert isinstance(request.user, User)
    return request.user


def local_time(moment: dt.datetime | None, clinic: Clinic) -> str:
    """The moment as the clinic's own clock shows it."""
    return date_format(moment.astimezone(clinic.zone), "j M Y, H:i") if moment else NOTHING


def local_day(day: dt.date) -> str:
    return date_format(day, "j M Y")


class DayFilter(admin.SimpleListFilter):
    """Today, each clinic by its own calendar; what is to come; what is past. For models with ``clinic`` and ``date``."""

    title = gettext_lazy("day")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", _("today")), ("coming", _("coming")), ("past", pgettext("days", "past"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        lookup = {"today": "date", "coming": "date__gt", "past": "date__lt"}.get(self.value() or "")
        if lookup is None:
            return queryset
        days = models.Q(pk__in=())
        for clinic in viewer_of(request).visible_clinics():
            days |= models.Q(("clinic", clinic), (lookup, clinic.today()))
        return queryset.filter(days)


class DeskAdmin(_ModelAdmin):
    """Base of all pages: rights by role, rows of one's own clinics, the clinic's own time, refusals as form errors.

    A POST is one command: everything it changes, many-to-many rows included, is stored with its events or not at all.
    """

    form = DeskForm
    formfield_overrides = NATIVE_INPUTS
    list_per_page = 50
    clinic_lookup: str | None = "clinic"
    """The way from the model to its clinics; none for what all clinics share."""
    superusers_only = False

    # --- Rights ---------------------------------------------------------------------------------------------------

    def _may(self, request: HttpRequest) -> bool:
        return may_administer(request.user) and (viewer_of(request).is_superuser or not self.superusers_only)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # what has a history is cancelled, merged or deactivated

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        viewer = viewer_of(request)
        if viewer.is_superuser or self.clinic_lookup is None:
            return rows
        # A subquery, so that a row of two clinics isn't listed twice.
        own = self.model._base_manager.filter(**{f"{self.clinic_lookup}__in": viewer.clinic_ids()})
        return rows.filter(pk__in=own.values("pk"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        return super().get_object(request, object_id, from_field) if from_field or is_key(self.model, object_id) else None

    def own(self, model: type[models.Model], request: HttpRequest) -> models.QuerySet[Any]:
        """The rows of another model that this person may choose from."""
        return self.admin_site.get_model_admin(model).get_queryset(request)

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        if isinstance(widget, RelatedFieldWidgetWrapper):
            # New people come to the desk all day; clinics, doctors and services are set up on their own pages.
            widget.can_add_related &= db_field.name == "patient"
            widget.can_change_related = widget.can_view_related = False
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self.own(db_field.related_model, request))
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", Autocomplete(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self.own(db_field.related_model, request))
        kwargs.setdefault("widget", forms.CheckboxSelectMultiple)
        kwargs.setdefault("form_class", SeveralRows)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    # --- The clinic's own time ------------------------------------------------------------------------------------

    def clinic_of(self, obj: Any) -> Clinic | None:
        """Whose clock the object's page shows."""
        clinic: Clinic | None = getattr(obj, "clinic", None)
        return clinic

    def zone_for(self, request: HttpRequest, object_id: str | None = None) -> zoneinfo.ZoneInfo:
        """The zone in which times on this page are shown and typed: the object's clinic's, or else the viewer's first's."""
        clinic, clinics = None, viewer_of(request).visible_clinics().order_by("pk")
        if object_id is not None:
            obj = self.get_object(request, unquote(object_id))
            clinic = self.clinic_of(obj) if obj is not None else None
        elif request.POST.get("clinic", "").isdecimal():
            clinic = clinics.filter(pk=request.POST["clinic"]).first()
        clinic = clinic or clinics.first()
        return clinic.zone if clinic else zoneinfo.ZoneInfo("UTC")

    # --- Pages ----------------------------------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> Any:
        # Whoever has one clinic needn't read its name in every row.
        columns = super().get_list_display(request)
        several = len(viewer_of(request).clinic_ids()) > 1
        return [name for name in columns if several or name not in ("clinic", "clinics_shown")]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if ACTION_CHECKBOX_NAME in request.POST:
            sent = request.POST.copy()
            sent.setlist(ACTION_CHECKBOX_NAME, [key for key in sent.getlist(ACTION_CHECKBOX_NAME) if is_key(self.model, key)])
            request.POST = sent  # type: ignore[assignment]
        try:
            # Of its own: what PostgreSQL can't read must not spoil what comes after it.
            with timezone.override(self.zone_for(request)), transaction.atomic():
                return rendered(super().changelist_view(request, extra_context))
        except (ValueError, OverflowError, DataError):
            # A filter in the address that no value of the column can be, found only by the database; as Django answers all others.
            if request.method != "GET" or ERROR_FLAG in request.GET:
                raise
            return HttpResponseRedirect(f"{request.path}?{ERROR_FLAG}=1")

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        # A NUL can't be stored, so it can't be found either; PostgreSQL would refuse the question.
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied

        def page() -> HttpResponse:
            return super(DeskAdmin, self).changeform_view(request, object_id, form_url, extra_context)

        with timezone.override(self.zone_for(request, object_id)):
            if request.method != "POST":
                return rendered(page())
            try:
                with command():
                    return rendered(page())
            except REFUSALS as refusal:
                # All is undone; the same page again, with what was typed, and the refusal among its errors.
                request.refusal = refusal  # type: ignore[attr-defined]
                return rendered(page())

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        # A class of this request alone (modelform_factory), so it may carry what only the request knows.
        form.refusal = refusal_of(request)
        form.viewer = viewer_of(request)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or not self.has_change_permission(request, obj):
            return fieldsets
        (title, options), *others = fieldsets
        return [(title, {**options, "fields": [*options["fields"], "seen"]}), *others]

    # --- Actions on rows ------------------------------------------------------------------------------------------

    def run(self, request: HttpRequest, rows: models.QuerySet[Any], verb: Callable[[Any], object], done: object) -> None:
        """Do it to each row, each a command of its own; says how many it was, and of the others why not."""
        count = 0
        for row in rows:
            try:
                verb(row)
            except DomainError as refusal:
                self.message_user(request, f"{row}: {refusal.detail}", messages.ERROR)
            except InvalidInput as refusal:
                for sentence in sentences(refusal):
                    self.message_user(request, f"{row}: {sentence}", messages.ERROR)
            else:
                count += 1
        if count:
            noun = self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural
            self.message_user(request, _("{count} {noun} {done}.").format(count=count, noun=noun, done=done), messages.SUCCESS)


def rendered(response: HttpResponse) -> HttpResponse:
    """Render now, while the clinic's time zone is set; Django would do it after the view has returned."""
    return response.render() if isinstance(response, TemplateResponse) else response


def refusal_of(request: HttpRequest) -> DomainError | InvalidInput | None:
    """Why the command of this request was refused, if it was."""
    refusal: DomainError | InvalidInput | None = getattr(request, "refusal", None)
    return refusal


def sentences(refusal: InvalidInput) -> list[str]:
    return [sentence for several in refusal.errors.values() for sentence in several]


def become(obj: Any, fresh: models.Model) -> None:
    """Make the form's object the one that the action has saved, for the messages and links that follow."""
    obj.pk = fresh.pk
    obj._state.adding = False
    obj.refresh_from_db()


class CancelAdmin(DeskAdmin):
    """With the action "cancel", which wants a reason."""

    action_form = ReasonForm

    def cancel_row(self, row: Any, *, by: User, reason: str) -> object:
        raise NotImplementedError

    @admin.action(description=gettext_lazy("Cancel"), permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        reason = written(request.POST.get("reason", ""))
        if not reason:
            self.message_user(request, _("Write the reason beside the action, then cancel again."), messages.ERROR)
            return
        self.run(
            request,
            queryset,
            lambda row: self.cancel_row(row, by=viewer_of(request), reason=reason),
            pgettext_lazy("done", "cancelled"),
        )


class HistoryAdmin(DeskAdmin, SimpleHistoryAdmin):
    """With the pages of past versions: to be read, never to be put back, since that would go past the rules."""

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not getattr(request, "is_past_version", False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if getattr(request, "is_past_version", False):
            return flatten_fieldsets(self.get_fieldsets(request, obj))
        return super().get_readonly_fields(request, obj)

    def _require_own(self, request: HttpRequest, object_id: str) -> None:
        # simple_history would show the past of what the queryset hides.
        if not self.has_view_permission(request) or self.get_object(request, unquote(object_id)) is None:
            raise Http404

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        self._require_own(request, object_id)
        with timezone.override(self.zone_for(request, object_id)):
            return rendered(super().history_view(request, object_id, extra_context))

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        self._require_own(request, object_id)
        if not is_key(self.model.history.model, version_id):
            raise Http404
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        request.is_past_version = True  # type: ignore[attr-defined]
        with timezone.override(self.zone_for(request, object_id)):
            return rendered(super().history_form_view(request, object_id, version_id, extra_context))


class ReadOnlyAdmin(DeskAdmin):
    """To be looked at; it is written by actions alone."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(_TabularInline):
    """Rows of a history or a ledger beneath what they belong to."""

    extra = 0
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
