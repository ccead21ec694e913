"""Real time over plain HTTP: snapshots, calling the next, and the client's stable address."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clinics.authentication import caller
from clinics.idempotency import IdempotentPostMixin
from clinics.models import Doctor, Role, User
from clinics.permissions import EVERYONE
from queue import actions as queue_actions
from queue.serializers import CallNextSerializer, VisitSerializer
from realtime import log
from realtime.groups import RoomRefused, clinic_room, doctor_room, require, rights_of
from realtime.snapshots import state_of


def room_state(room: str) -> dict[str, Any]:
    """``{room, seq, epoch, date, visits, appointments, doctors}``: the number first, so that what follows it is never missed."""
    seq = log.heads([room])[room].head
    return {"room": room, "seq": seq, "epoch": log.epoch(), **state_of(room)}


class _QueueView(APIView):
    """A room's snapshot over HTTP. A room of another clinic isn't there; a colleague's queue is not one's own."""

    def _state(self, user: User, room: str, clinic_ids: set[int]) -> Response:
        try:
            require(rights_of(user), room)
        except RoomRefused as refusal:
            if refusal.code == "not_found" or not clinic_ids & set(user.clinic_ids()):
                raise NotFound(_("There is no such queue.")) from refusal
            raise PermissionDenied(refusal.detail) from refusal
        return Response(room_state(room))


@method_decorator(never_cache, name="dispatch")
class ClinicQueueView(_QueueView):
    """The queue and the appointments of a clinic's day."""

    action = "retrieve"

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, pk: int) -> Response:
        return self._state(caller(request), clinic_room(pk), {pk})


@method_decorator(never_cache, name="dispatch")
class DoctorQueueView(_QueueView):
    """The queue and the appointments of a doctor's day."""

    action = "retrieve"

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request, pk: int) -> Response:
        return self._state(caller(request), doctor_room(pk), _clinics_of_doctor(pk))


def _clinics_of_doctor(doctor_id: int) -> set[int]:
    return set(Doctor.clinics.through.objects.filter(doctor_id=doctor_id).values_list("clinic_id", flat=True))


class CallNextView(IdempotentPostMixin, APIView):
    """Pick, lock and call the next visit of a doctor in one step."""

    action = "call_next"
    roles = {"call_next": EVERYONE}

    @extend_schema(request=CallNextSerializer, responses={200: VisitSerializer})
    def post(self, request: Request, pk: int) -> Response:
        given = CallNextSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = caller(request)
        doctor = Doctor.objects.filter(pk=pk).first()
        not_own = user.effective_role == Role.DOCTOR and user.doctor_id != pk
        if doctor is None or not_own or not _clinics_of_doctor(pk) & set(user.clinic_ids()):
            raise NotFound(_("There is no such queue."))
        return Response(VisitSerializer(queue_actions.call_next(doctor, by=user, **given.validated_data)).data)


def client_module(request: HttpRequest) -> HttpResponse:
    """``/realtime/client.js``: the stable address of the browser client, wherever the running release keeps it."""
    response = HttpResponseRedirect(static("realtime/index.js"))
    response["Cache-Control"] = "no-cache"
    return response
