"""Members of staff, and their logins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clinics import logins
from clinics.admin.base import DeskAdmin, ReadOnlyAdmin, viewer_of
from clinics.admin.directory import OwnClinicsFilter, SharedAdmin
from clinics.admin.forms import ClinicsForm
from clinics.models import Login, Role, User

if TYPE_CHECKING:
    _ChangeForm = UserChangeForm[User]
    _AddForm = UserCreationForm[User]
else:
    _ChangeForm, _AddForm = UserChangeForm, UserCreationForm


class StaffForm(ClinicsForm, _ChangeForm):
    """A member of staff."""


class NewStaffForm(ClinicsForm, _AddForm):
    """A new one, with a first password."""


@admin.register(User)
class StaffAdmin(SharedAdmin, DeskAdmin, UserAdmin):
    form = StaffForm
    add_form = NewStaffForm
    clinic_lookup = "clinics"
    list_display = ["username", "full_name", "role", "clinics_shown", "is_active", "is_superuser"]
    list_filter = [("clinics", OwnClinicsFilter), "role", "is_active"]
    add_fieldsets = (
        (None, {"classes": ["wide"], "fields": ["username", "password1", "password2"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email"]}),
        (_("Work"), {"fields": ["role", "clinics"]}),
    )

    @admin.display(description=_("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        staff = super().get_queryset(request)
        return staff if viewer_of(request).is_superuser else staff.filter(is_superuser=False)

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = super().get_list_display(request)
        return [name for name in columns if name != "is_superuser" or viewer_of(request).is_superuser]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        password = [] if self.is_shared(request, obj) else ["password"]
        superuser = ["is_superuser"] if viewer_of(request).is_superuser else []
        return [
            (None, {"fields": ["username", *password, "seen"]}),
            (_("Person"), {"fields": ["first_name", "last_name", "email"]}),
            (_("Work"), {"fields": ["role", "clinics", "is_active", *superuser]}),
            (_("Dates"), {"fields": ["last_login", "date_joined"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        readonly = ["last_login", "date_joined"]
        if obj is not None and self.is_shared(request, obj):
            readonly += ["username", "first_name", "last_name", "email", "role", "is_active"]
        elif obj is not None and obj.pk == request.user.pk:
            # Nobody locks themselves out.
            readonly += ["role", "is_active", "is_superuser"]
        return readonly

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change or {"role", "is_superuser"} & set(form.changed_data):
            # Whoever administers a clinic gets into this site, and nobody else.
            obj.is_staff = obj.is_superuser or obj.role == Role.ADMIN
        super().save_model(request, obj, form, change)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        user = self.get_object(request, unquote(id))
        if user is not None and self.is_shared(request, user):
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)


@admin.register(Login)
class LoginAdmin(ReadOnlyAdmin):
    clinic_lookup = "user__clinics"
    list_display = ["user", "created_at", "ended_at"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__first_name", "user__last_name"]
    date_hierarchy = "created_at"
    fields = ["user", "created_at", "ended_at"]
    actions = ["end_logins"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if viewer_of(request).is_superuser else rows.filter(user__is_superuser=False)

    @admin.action(description=_("End selected logins"), permissions=["view"])
    def end_logins(self, request: HttpRequest, queryset: QuerySet[Login]) -> None:
        self.run(request, queryset, logins.end, pgettext_lazy("done", "ended"))
