"""From exceptions to answers (contract/api.md, section 4)."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError
from django.db.models import Model
from django.http import Http404, HttpRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import exception_handler

from appointments.actions import SeriesConflict
from appointments.models import Appointment, ClosingDay, Shift, TimeOff
from appointments.serializers import (
    AppointmentDetailSerializer,
    ClosingDaySerializer,
    ConflictSerializer,
    ShiftSerializer,
    TimeOffSerializer,
)
from clinics.exceptions import DomainError, InvalidInput
from clinics.middleware import AWAY, UNAVAILABLE
from clinics.models import Clinic, Doctor, Service, User
from clinics.serializers import ClinicSerializer, DoctorSerializer, ServiceSerializer
from clinics.staff import StaffSerializer
from patients.actions import PossibleDuplicate
from patients.models import Patient
from patients.serializers import CandidateSerializer, PatientSerializer
from payments.models import CashShift, Payment
from payments.serializers import CashShiftSerializer, PaymentSerializer
from queue.models import Presence, Visit
from queue.serializers import PresenceSerializer, VisitSerializer

logger = logging.getLogger(__name__)

_SHAPES: dict[type[Model], type[BaseSerializer[Any]]] = {
    Appointment: AppointmentDetailSerializer,
    Visit: VisitSerializer,
    Presence: PresenceSerializer,
    Payment: PaymentSerializer,
    CashShift: CashShiftSerializer,
    Patient: PatientSerializer,
    Clinic: ClinicSerializer,
    Doctor: DoctorSerializer,
    Service: ServiceSerializer,
    User: StaffSerializer,
    Shift: ShiftSerializer,
    TimeOff: TimeOffSerializer,
    ClosingDay: ClosingDaySerializer,
}
# The first that fits; the answer says all there is to say.
_PLAIN: list[tuple[Any, int, dict[str, Any]]] = [
    # Two calls at once passed the same check; the database let one of them through.
    (
        IntegrityError,
        409,
        {"detail": _("Somebody else has just saved the same. Look again, then repeat."), "code": "conflict", "current": None},
    ),
    (AWAY, 503, UNAVAILABLE),
    (RequestDataTooBig, 413, {"detail": _("This request is too long. Send less at a time."), "code": "too_large"}),
    # Of a browser session: the check of its token reads the form before any parser of ours does.
    (
        MultiPartParserError,
        400,
        {"detail": _("This form can't be read. Send it whole, with its boundary."), "code": "parse_error"},
    ),
    (SuspiciousOperation, 400, {"detail": _("This request can't be read. Send fewer fields."), "code": "bad_request"}),
]
_WORDS = {"permission_denied": "forbidden"}


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: validation as ``{field: [sentence]}``, all else as ``{detail, code}``."""
    if isinstance(exc, InvalidInput):
        return Response(exc.errors, status=400)
    if isinstance(exc, DomainError):
        return _refusal(exc, context)
    for kinds, status, body in _PLAIN:
        if isinstance(exc, kinds):
            if status == 503:
                logger.error("The database could not answer in time: %s", exc)
            return Response(body, status=status, headers={"Retry-After": "1"} if status == 503 else None)
    exc = _in_drfs_words(exc)
    answer = exception_handler(exc, context)
    if answer is None or not isinstance(exc, exceptions.APIException):
        return answer
    if isinstance(exc, exceptions.ValidationError):
        if not isinstance(answer.data, dict):
            answer.data = {"non_field_errors": answer.data}
        return answer
    codes = exc.get_codes()
    code = codes if isinstance(codes, str) else exc.default_code
    if isinstance(answer.data, dict) and isinstance(answer.data.get("code"), str):
        # simplejwt's refusals carry their word beside the sentence.
        code = str(answer.data["code"])
    detail = answer.data.get("detail", exc.default_detail) if isinstance(answer.data, dict) else exc.default_detail
    answer.data = {"detail": detail, "code": _WORDS.get(code, code)}
    return answer


def _in_drfs_words(exc: Exception) -> Exception:
    if isinstance(exc, RecursionError):
        return exceptions.ParseError(_("This JSON is nested too deeply."))
    if isinstance(exc, Http404):
        return exceptions.NotFound(_("There is nothing here, or it isn't yours."))
    if isinstance(exc, DjangoPermissionDenied):
        return exceptions.PermissionDenied()
    return exc


def _refusal(error: DomainError, context: dict[str, Any]) -> Response:
    answer: dict[str, Any] = {"detail": error.detail, "code": error.code}
    if error.status == 409:
        answer["current"] = _shape(error.current, context)
    if isinstance(error, PossibleDuplicate):
        answer["candidates"] = CandidateSerializer(error.extra["candidates"], many=True).data
    if isinstance(error, SeriesConflict):
        answer["conflicts"] = ConflictSerializer(error.conflicts, many=True).data
    return Response(answer, status=error.status)


def _shape(instance: Model | None, context: dict[str, Any]) -> Any:
    """The object as it is now: what a failed command left in memory is read again."""
    if instance is None or instance.pk is None:
        return None
    shape = _SHAPES.get(type(instance))
    fresh = type(instance)._base_manager.filter(pk=instance.pk).first()
    if fresh is None and isinstance(instance, Presence):
        fresh = instance  # nobody has said anything of this doctor yet
    return None if shape is None or fresh is None else shape(fresh, context={"request": context.get("request")}).data


@csrf_exempt
def not_found(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
    """Any other address under /api/."""
    return JsonResponse({"detail": _("There is no such address. /api/docs/ lists them."), "code": "not_found"}, status=404)
