"""What is set up on the manager's pages: for each kind of record who sees it, its form, and the action that writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest, QueryDict
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from appointments import actions as hours
from appointments.models import Appointment
from clinic_project.dashboards.manager import forms
from clinics import actions
from clinics.commands import command
from clinics.language import in_digits, isolated, money
from clinics.models import Clinic, Doctor, Role, Service, User
from clinics.serializers import ClinicSerializer, DoctorSerializer, ServiceSerializer
from clinics.staff import NewStaffSerializer, StaffSerializer, staff_fields, staff_seen_by

Affected = list[Appointment]


@dataclass(frozen=True, slots=True)
class Column:
    label: Any
    text: Callable[[Any], Any]
    is_number: bool = False
    address: Callable[[Any], str] = lambda _row: ""
    """Where its text leads, if anywhere."""


@dataclass(slots=True)
class Saved:
    """What was written, and the booked appointments that it leaves where nobody can be booked."""

    record: Any
    affected: Affected = field(default_factory=list)


class Area:
    """One kind of record. Nothing here writes: ``save`` and ``end`` call the actions of the API."""

    slug: str
    title: Any
    new: Any
    empty: Any
    serializer: type[Any]
    fields: Sequence[str]
    fixed: Sequence[str] = ()
    """What stays once it is saved."""
    columns: Sequence[Column]
    template = "manager/list.html"
    ending: Any = None
    """What the button says that ends a record, if there is one."""

    def rows(self, user: User) -> QuerySet[Any]:
        """The records that ``user`` may change, in the order of the list."""
        raise NotImplementedError

    def more(self, user: User, rows: Sequence[Any]) -> dict[str, Any]:
        """What the list's template needs besides its columns."""
        return {}

    def look_up(self, user: User, rows: Sequence[Any]) -> None:
        """Note by the rows of a list what its columns tell besides them."""

    def name_of(self, record: Any, user: User) -> str:
        """What a record is called in sentences and headings; its parts have their own direction, it has none around it."""
        return isolated(record)

    def choices(self, user: User, record: Any) -> dict[str, forms.Choices]:
        """What can be chosen in fields that refer to others."""
        return {}

    def initial(self, user: User) -> dict[str, Any]:
        """What the form of a new record begins with."""
        clinics = clinic_choices(user)
        only = [pk for pk, _name in clinics] if len(clinics) == 1 else []
        return {"clinics": only, "clinic": only[0] if only else None, "is_active": True}

    def values(self, serializer: Any) -> dict[str, Any]:
        """What the form of a stored record begins with."""
        return dict(serializer.data)

    def typed(self, serializer: Any, names: Sequence[str], post: QueryDict) -> dict[str, Any]:
        """What was typed, as the form shows it again."""
        return forms.typed(serializer, names, post)

    def sent(self, serializer: Any, names: Sequence[str], post: QueryDict, user: User, record: Any) -> dict[str, Any]:
        """What was typed, as the serializer takes it."""
        return forms.sent(serializer, names, post)

    def serializer_for(self, request: HttpRequest, record: Any = None, **given: Any) -> Any:
        return self.serializer(record, partial=record is not None, context={"request": request}, **given)

    def save(self, user: User, record: Any, checked: Any) -> Saved:
        """Write what ``checked``, a valid serializer, holds."""
        return Saved(actions.save_record(checked))

    def end(self, user: User, record: Any, version: int | None) -> Affected:
        raise NotImplementedError

    def is_off(self, record: Any) -> bool:
        return not record.is_active


def clinic_choices(user: User) -> forms.Choices:
    return list(user.visible_clinics().order_by("name", "pk").values_list("pk", "name"))


def own_clinics(record: Any) -> str:
    """Names of the clinics that were read with it."""
    return ", ".join(clinic.name for clinic in record.clinics.all())


def at_own_clinics(model: Any, user: User) -> QuerySet[Any]:
    """Rows of what works at several clinics, once each."""
    ours = model.clinics.through.objects.filter(clinic__in=user.clinic_ids())
    found: QuerySet[Any] = model.objects.filter(pk__in=ours.values(f"{model._meta.model_name}_id"))
    return found


def doctor_choices(user: User) -> forms.Choices:
    return list(at_own_clinics(Doctor, user).filter(is_active=True).order_by("name", "pk").values_list("pk", "name"))


class Staff(Area):
    slug, title, new = "staff", _("Staff"), _("Add a member of staff")
    empty = _("Nobody works here yet.")
    serializer = StaffSerializer
    fields = ("username", "first_name", "last_name", "email", "role", "clinics", "doctor", "is_active")
    columns = (
        Column(_("User name"), lambda row: row.username),
        Column(_("Name"), lambda row: row.get_full_name()),
        Column(_("Role"), lambda row: capfirst(str(_("superuser") if row.is_superuser else row.get_role_display()))),
        Column(_("Clinics"), own_clinics),
        Column(_("Doctor"), lambda row: row.own_doctor.name if row.own_doctor else ""),
    )

    def rows(self, user: User) -> QuerySet[User]:
        return staff_seen_by(user).order_by("-is_active", "username")

    def choices(self, user: User, record: User | None) -> dict[str, forms.Choices]:
        free = [
            doctor
            for doctor in at_own_clinics(Doctor, user).order_by("name", "pk")
            if doctor.user_id is None or (record is not None and doctor.user_id == record.pk)
        ]
        roles = [(value, capfirst(str(label))) for value, label in Role.choices]
        return {
            "role": roles,
            "clinics": clinic_choices(user),
            "doctor": [("", _("None")), *((doctor.pk, doctor.name) for doctor in free)],
        }

    def serializer_for(self, request: HttpRequest, record: User | None = None, **given: Any) -> Any:
        if record is None:
            return NewStaffSerializer(context={"request": request}, **given)
        return super().serializer_for(request, record, **given)

    def names(self, record: User | None) -> Sequence[str]:
        return self.fields if record is not None else [*(name for name in self.fields if name != "is_active"), "password"]

    def save(self, user: User, record: User | None, checked: Any) -> Saved:
        fields = staff_fields(checked.validated_data)
        if record is None:
            return Saved(actions.create_staff(by=user, **fields))
        return Saved(actions.change_staff(record, by=user, **fields))


class Doctors(Area):
    slug, title, new = "doctors", _("Doctors"), _("Add a doctor")
    empty = _("No doctor works here yet.")
    serializer = DoctorSerializer
    fields = ("name", "speciality", "clinics", "is_active")
    columns = (
        Column(_("Name"), lambda row: row.name),
        Column(_("Speciality"), lambda row: row.speciality),
        Column(_("Clinics"), own_clinics),
        Column(_("Login"), lambda row: row.user.username if row.user else ""),
    )

    def rows(self, user: User) -> QuerySet[Doctor]:
        found = at_own_clinics(Doctor, user).select_related("user").prefetch_related("clinics")
        return found.order_by("-is_active", "name", "pk")

    def choices(self, user: User, record: Any) -> dict[str, forms.Choices]:
        return {"clinics": clinic_choices(user)}

    def save(self, user: User, record: Doctor | None, checked: Any) -> Saved:
        if record is None:
            return super().save(user, record, checked)
        with command():
            # Nobody is booked with a doctor who is about to leave without being told of.
            hours.lock_doctors({record.pk})
            saved = super().save(user, record, checked)
            return Saved(saved.record, hours.left_without_a_doctor(saved.record))

    def more(self, user: User, rows: Sequence[Any]) -> dict[str, Any]:
        return {"outside": hours.booked_outside_of_hours(user.clinic_ids()).count()}


class Services(Area):
    slug, title, new = "services", _("Services"), _("Add a service")
    empty = _("There is no service yet. Without one nobody can be booked.")
    serializer = ServiceSerializer
    fields = ("clinic", "name", "duration_minutes", "price", "doctor_share_percent", "is_active")
    fixed = ("clinic",)
    columns = (
        Column(_("Name"), lambda row: row.name),
        Column(_("Clinic"), lambda row: row.clinic.name),
        Column(_("Length, minutes"), lambda row: in_digits(row.duration_minutes), is_number=True),
        Column(_("Price"), lambda row: money(row.price, row.clinic.currency), is_number=True),
        Column(_("Doctor's share, %"), lambda row: in_digits(row.doctor_share_percent), is_number=True),
    )

    def rows(self, user: User) -> QuerySet[Service]:
        found = Service.objects.filter(clinic__in=user.clinic_ids()).select_related("clinic")
        return found.order_by("-is_active", "clinic__name", "name", "pk")

    def choices(self, user: User, record: Any) -> dict[str, forms.Choices]:
        return {"clinic": clinic_choices(user)}

    def initial(self, user: User) -> dict[str, Any]:
        return {**super().initial(user), "duration_minutes": 15, "doctor_share_percent": 0}


class Clinics(Area):
    slug, title, new = "clinics", _("Clinics"), _("Open a clinic")
    empty = _("There is no clinic yet.")
    serializer = ClinicSerializer
    fields = (
        *("name", "code", "timezone", "currency", "late_after_minutes", "walk_in_offset_minutes"),
        *("call_limit", "wait_alarm_minutes", "booking_horizon_days", "day_ends_at", "is_active"),
    )
    columns = (
        Column(_("Name"), lambda row: row.name),
        Column(_("Code"), lambda row: row.code),
        Column(_("Time zone"), lambda row: row.timezone),
        Column(_("Currency"), lambda row: row.currency),
    )

    def rows(self, user: User) -> QuerySet[Clinic]:
        return user.visible_clinics().order_by("-is_active", "name", "pk")

    def initial(self, user: User) -> dict[str, Any]:
        started = model_to_dict(Clinic(), self.fields)
        # As a browser's field takes it: a template would write the time in words.
        return {**started, "name": "", "code": "", "day_ends_at": f"{started['day_ends_at']:%H:%M}"}

    def save(self, user: User, record: Clinic | None, checked: Any) -> Saved:
        return Saved(actions.open_clinic(checked, by=user)) if record is None else super().save(user, record, checked)
