"""Reports in the API: ``/api/reports/<name>/?clinic=&from=&to=``, as JSON or as a CSV file (``&format=csv``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from clinic_project.reports import serializers as shapes
from clinic_project.reports.revenue import revenue
from clinic_project.reports.scope import Scope
from clinic_project.reports.tables import as_csv, cells_of, head_of
from clinic_project.reports.utilisation import utilisation
from clinic_project.reports.visits import no_shows, visits_per_day
from clinic_project.reports.waits import waits
from clinics.authentication import caller
from clinics.exceptions import NotAllowed
from clinics.models import Clinic, User
from clinics.permissions import CLINICIANS, DOCTOR, EVERYONE

Report = Callable[[Scope], dict[str, Any]]

REPORTS: dict[str, tuple[Report, type[serializers.Serializer[Any]]]] = {
    "waits": (waits, shapes.WaitsSerializer),
    "visits": (visits_per_day, shapes.VisitsPerDaySerializer),
    "no-shows": (no_shows, shapes.NoShowsSerializer),
    "utilisation": (utilisation, shapes.UtilisationSerializer),
    "revenue": (revenue, shapes.RevenueSerializer),
}
ROLES = {**dict.fromkeys(["waits", "visits", "no-shows", "utilisation"], EVERYONE), "revenue": CLINICIANS}
"""Money is for admins, and a doctor's own for the doctor."""


class CsvRenderer(BaseRenderer):
    """The report's rows as a file; what is refused is one line that says why."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        answer, view = renderer_context["response"], renderer_context["view"]
        if answer.status_code >= 400:
            said = [sentence for each in data.values() for sentence in (each if isinstance(each, list) else [each])]
            return as_csv([" ".join(map(str, said))], []).encode()
        answer["Content-Disposition"] = f'attachment; filename="{view.file_name}.csv"'
        return as_csv(head_of(view.name_asked), cells_of(view.name_asked, view.found["rows"])).encode()


class JsonOrCsv(DefaultContentNegotiation):
    """A file only for who asks for one: browsers and programs that take anything get JSON."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:  # noqa: A002
        known = [renderer for renderer in renderers if renderer.format == format]
        return known or super().filter_renderers([renderers[0]], renderers[0].format)


def _report(name: str) -> Callable[..., Any]:
    """``GET /<name>/``: who asks for what, one question, its answer."""

    def view(self: ReportViewSet, request: Request) -> Response:
        return self.answer(name)

    function, shape = REPORTS[name]
    view.__name__ = name.replace("-", "_")
    view.__doc__ = function.__doc__
    described = extend_schema(
        parameters=[
            shapes.ScopeSerializer,
            OpenApiParameter("format", enum=["json", "csv"], description="`csv`: the rows as a file."),
        ],
        responses={(200, "application/json"): shape, (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)},
    )(view)
    return action(detail=False, methods=["get"], url_path=name, pagination_class=None)(described)


class ReportViewSet(viewsets.GenericViewSet[Any]):
    """Figures of a clinic over up to 366 days: receptionists of their clinics, without money; doctors their own; admins all."""

    queryset = Clinic.objects.all()
    serializer_class = shapes.ScopeSerializer
    filter_backends = ()
    renderer_classes = [JSONRenderer, BrowsableAPIRenderer, CsvRenderer]
    content_negotiation_class = JsonOrCsv
    roles = {name.replace("-", "_"): who for name, who in ROLES.items()}

    name_asked = ""
    found: dict[str, Any]
    file_name = ""

    waits = _report("waits")
    visits = _report("visits")
    no_shows = _report("no-shows")
    utilisation = _report("utilisation")
    revenue = _report("revenue")

    def answer(self, name: str) -> Response:
        """The report, for what the caller may see."""
        scope = scope_asked(caller(self.request), self.request.query_params, self.get_serializer_context())
        function, shape = REPORTS[name]
        self.name_asked, self.found = name, function(scope)
        self.file_name = f"{name}_{scope.clinic.code}_{scope.first}_{scope.last}"
        return Response(
            {
                "clinic": {"id": scope.clinic.pk, "name": scope.clinic.name},
                "from": scope.first.isoformat(),
                "to": scope.last.isoformat(),
                "doctor": scope.doctor and {"id": scope.doctor.pk, "name": scope.doctor.name},
                **shape(self.found).data,
            }
        )


def scope_asked(user: User, asked: Any, context: Mapping[str, Any]) -> Scope:
    """What ``user`` asks about: another's clinic isn't there, and a doctor sees their own figures alone."""
    query = shapes.ScopeSerializer(data=asked, context=dict(context))
    query.is_valid(raise_exception=True)
    given = query.validated_data
    clinic = get_object_or_404(user.visible_clinics(), pk=given["clinic"])
    doctor = given.get("doctor")
    if user.effective_role == DOCTOR:
        own = user.own_doctor
        if own is None or doctor not in (None, own):
            raise NotAllowed(_("You see your own figures only."))
        doctor = own
    return Scope(clinic, given["first"], given["to"], doctor)
