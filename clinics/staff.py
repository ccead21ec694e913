"""Members of staff in the API: all staff of a clinic read who works there, its admins write."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from clinics import actions
from clinics.models import Clinic, Role, User
from clinics.permissions import ADMIN, ADMINS
from clinics.serializers import NamesAreText, OwnClinicField, OwnDoctorField, VersionSerializer
from clinics.viewsets import WRITING_BY_ADMINS, ApiViewSet, IdFilter

FOR_ADMINS = ("email", "last_login")


class PasswordField(serializers.CharField):
    """Only ever comes in; spaces at its ends are part of it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Password"))
        super().__init__(write_only=True, trim_whitespace=False, max_length=128, style={"input_type": "password"}, **kwargs)


class StaffSerializer(NamesAreText, serializers.ModelSerializer[User]):
    """A member of staff; ``version`` may be sent with a change."""

    version = serializers.IntegerField(required=False)
    username = serializers.CharField(max_length=150, label=_("User name"), help_text=_("To log in with."))
    name = serializers.CharField(source="get_full_name", read_only=True)
    clinics = OwnClinicField(many=True, allow_empty=True, label=_("Clinics"))
    doctor = OwnDoctorField(
        required=False,
        allow_null=True,
        source="own_doctor",
        label=_("Doctor"),
        help_text=_("Whose queue this login sees; only with the role of a doctor."),
    )

    class Meta:
        model = User
        fields = [
            "id",
            "version",
            "username",
            "name",
            "first_name",
            "last_name",
            "email",
            "role",
            "clinics",
            "doctor",
            "is_active",
            "last_login",
        ]
        read_only_fields = ["last_login"]
        extra_kwargs = {"role": {"required": True}}

    def to_representation(self, instance: User) -> dict[str, Any]:
        shape: dict[str, Any] = super().to_representation(instance)
        viewer: User = self.context["request"].user
        own = viewer.clinic_ids()
        shape["clinics"] = [pk for pk in shape["clinics"] if pk in own]
        return shape if viewer.effective_role == ADMIN else {name: shape[name] for name in shape if name not in FOR_ADMINS}


class NewStaffSerializer(StaffSerializer):
    """Somebody who is taken on, with a first password."""

    version = None  # type: ignore[assignment]
    password = PasswordField(help_text=_("Tell it to them; they are the only one to know it after that."))

    class Meta(StaffSerializer.Meta):
        fields = [name for name in StaffSerializer.Meta.fields if name not in ("version", "is_active")] + ["password"]


class SetPasswordSerializer(VersionSerializer):
    password = PasswordField()


class StaffFilter(filters.FilterSet):
    clinic = IdFilter(field_name="clinics")
    role = filters.ChoiceFilter(choices=Role.choices)

    class Meta:
        model = User
        fields = ["clinic", "role", "is_active"]


def staff_seen_by(viewer: User) -> QuerySet[User]:
    """Who works at one of the viewer's clinics, read with all that is shown of them."""
    rows = User.objects.all()
    if not viewer.is_superuser:
        ours = User.clinics.through.objects.filter(clinic__in=viewer.clinic_ids())
        rows = rows.filter(pk__in=ours.values("user_id"), is_superuser=False)
    latest = User.history.model.objects.filter(id=OuterRef("pk")).order_by("-history_id").values("history_id")[:1]
    rows = rows.annotate(latest_version=Subquery(latest)).select_related("doctor")
    return rows.prefetch_related(Prefetch("clinics", Clinic.objects.order_by("name", "pk"))).order_by(
        "last_name", "first_name", "username"
    )


# A report of an error names what was sent, but never a password.
@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class StaffViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """Staff of the caller's clinics. Changed rights count at once, on open sockets within a second."""

    queryset = User.objects.all()
    serializer_class = StaffSerializer
    filterset_class = StaffFilter
    request_serializers = {
        "create": NewStaffSerializer,
        "password": SetPasswordSerializer,
        **dict.fromkeys(["deactivate", "activate"], VersionSerializer),
    }
    roles = {**WRITING_BY_ADMINS, **dict.fromkeys(["password", "deactivate", "activate"], ADMINS)}

    def get_queryset(self) -> QuerySet[User]:
        return staff_seen_by(self.user)

    def _as_it_is(self, user: User, code: int = 200) -> Response:
        # Who was just taken from the last of the caller's clinics isn't seen any more; the answer says it once.
        found = self.get_queryset().filter(pk=user.pk).first()
        return self.answer(found or User.objects.get(pk=user.pk), code)

    @extend_schema(responses={201: StaffSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._as_it_is(actions.create_staff(by=self.user, **staff_fields(self.validated())), status.HTTP_201_CREATED)

    @extend_schema(responses=StaffSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        user = self.get_object()
        given = self.get_serializer(user, data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        return self._as_it_is(actions.change_staff(user, by=self.user, **staff_fields(given.validated_data)))

    @extend_schema(responses=StaffSerializer)
    @action(detail=True, methods=["post"])
    def password(self, request: Request, pk: str) -> Response:
        """Give them another password; whatever they had open is logged out."""
        return self._as_it_is(actions.set_password(self.get_object(), by=self.user, **self.validated()))

    @extend_schema(responses=StaffSerializer)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str) -> Response:
        """They can't log in any more, and what they had open ends; what they did stays."""
        return self._as_it_is(actions.change_staff(self.get_object(), by=self.user, is_active=False, **self.validated()))

    @extend_schema(responses=StaffSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """They may log in again."""
        return self._as_it_is(actions.change_staff(self.get_object(), by=self.user, is_active=True, **self.validated()))


def staff_fields(validated: Any) -> dict[str, Any]:
    """What a serializer validated, in the words of the actions."""
    return {("doctor" if name == "own_doctor" else name): value for name, value in dict(validated).items()}
