"""Real time over plain HTTP: snapshots, the long poll, and the client's stable address."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.templatetags.static import static
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clinics.authentication import caller
from clinics.idempotency import IdempotentPostMixin
from clinics.logins import TokenRefused, verify_access
from clinics.models import Doctor, Role, User
from clinics.permissions import EVERYONE
from queue import actions as queue_actions
from queue.serializers import VisitSerializer
from realtime import log
from realtime.frames import json_text
from realtime.groups import BROADCAST, Rights, RoomRefused, clinic_room, doctor_room, parse, require, rights_of
from realtime.hub import Hub, get_hub
from realtime.rooms import HubRoom
from realtime.snapshots import state_of
from realtime.threads import in_db

MAX_WAIT = 30.0
_ROOM = re.compile(r"[a-z]+(_[0-9]+)?(:[0-9]{1,18})?")


def room_state(room: str) -> dict[str, Any]:
    """``{room, seq, epoch, date, visits, appointments}``: the number first, so that what follows it is never missed."""
    seq = log.heads([room])[room].head
    return {"room": room, "seq": seq, "epoch": log.epoch(), **state_of(room)}


class _QueueView(APIView):
    """A room's snapshot over HTTP. A room of another clinic isn't there; a colleague's queue is not one's own."""

    def _state(self, user: User, room: str, clinic_ids: set[int]) -> Response:
        try:
            require(rights_of(user), room)
        except RoomRefused as refusal:
            if refusal.code == "not_found" or not clinic_ids & set(user.clinic_ids()):
                raise NotFound("There is no such queue.") from refusal
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

    @extend_schema(request=None, responses={200: VisitSerializer})
    def post(self, request: Request, pk: int) -> Response:
        user = caller(request)
        doctor = Doctor.objects.filter(pk=pk).first()
        not_own = user.effective_role == Role.DOCTOR and user.doctor_id != pk
        if doctor is None or not_own or not _clinics_of_doctor(pk) & set(user.clinic_ids()):
            raise NotFound("There is no such queue.")
        return Response(VisitSerializer(queue_actions.call_next(doctor, by=user)).data)


# --- Long poll ------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Waiting:
    """Wakes a long poll at the first event of any of its rooms; holds no database connection."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def deliver(self, seq: int, text: str) -> None:
        self.woken.set()


def _error(status: int, code: str, detail: str) -> JsonResponse:
    response = JsonResponse({"detail": detail, "code": code}, status=status)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


def _caller(request: HttpRequest) -> Rights:
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise TokenRefused("Send your access token: Authorization: Bearer …")
    return rights_of(verify_access(token.strip()).user)


def _wanted(request: HttpRequest) -> tuple[dict[str, int | None], float]:
    """The rooms with the numbers last seen, and how long to wait; raises ``ValueError`` with a sentence."""
    rooms: dict[str, int | None] = {}
    for item in request.GET.getlist("room"):
        name, _colon, number = item.partition(":")
        if not _ROOM.fullmatch(item) or (name != BROADCAST and parse(name) is None):
            raise ValueError("Write rooms as room=clinic_3:120, with the last number you have seen or none.")
        rooms[name] = int(number) if number else None
    if not 1 <= len(rooms) <= settings.REALTIME["ROOMS_PER_SOCKET"]:
        raise ValueError(f"Name one to {settings.REALTIME['ROOMS_PER_SOCKET']} rooms: room=clinic_3:120&room=broadcast:812.")
    try:
        wait = float(request.GET.get("wait", "0"))
    except ValueError:
        wait = -1.0
    if not 0 <= wait <= MAX_WAIT:
        raise ValueError(f"wait is a number of seconds from 0 to {MAX_WAIT:.0f}.")
    return rooms, wait


def _require_all(rights: Rights, rooms: list[str]) -> None:
    for room in rooms:
        require(rights, room)


async def _answer(hub: Hub, room: HubRoom, since: int | None, epoch: str | None) -> tuple[int, bool, list[str]]:
    if since is not None:
        await hub.catch_up_to(room, since)
    upto = room.seq
    frames = await hub.frames_since(room, since, epoch, upto)
    if frames is not None:
        return upto, True, frames
    return upto, False, [] if room.name == BROADCAST else [await hub.snapshot(room, upto)]


@never_cache
async def poll_events(request: HttpRequest) -> HttpResponse:
    """``GET /api/realtime/events/``: contract/realtime.md, section 8."""
    if request.method != "GET":
        return _error(405, "method_not_allowed", "Only GET.")
    try:
        rooms, wait = _wanted(request)
        rights = await in_db(_caller, request)
        await in_db(_require_all, rights, list(rooms))
        return await _wait_for_events(request, rooms, wait)
    except ValueError as error:
        return _error(400, "bad_request", str(error))
    except TokenRefused as refused:
        return _error(401, "token_not_valid", refused.detail)
    except RoomRefused as refusal:
        return _error(403, refusal.code, refusal.detail)
    except DatabaseError:
        response = _error(503, "unavailable", "The server is busy. Ask again in a moment.")
        response["Retry-After"] = "1"
        return response


async def _wait_for_events(request: HttpRequest, rooms: dict[str, int | None], wait: float) -> HttpResponse:
    hub, waiting = await get_hub(), _Waiting()
    epoch = request.GET.get("epoch")
    opened: dict[str, HubRoom] = {}
    try:
        for name in rooms:
            opened[name] = await hub.listen(name, waiting)
        answers = {name: await _answer(hub, opened[name], since, epoch) for name, since in rooms.items()}
        if wait and not any(frames or not recovered for _seq, recovered, frames in answers.values()):
            try:
                await asyncio.wait_for(waiting.woken.wait(), wait)
            except TimeoutError:
                pass
            else:
                # Rights may have gone while it waited: nothing is told that may no longer be heard.
                rights = await in_db(_caller, request)
                await in_db(_require_all, rights, list(rooms))
                answers = {name: await _answer(hub, opened[name], since, epoch) for name, since in rooms.items()}
    finally:
        for name in rooms:
            hub.unlisten(name, waiting)
    parts = (
        f'{json_text(name)}:{{"seq":{seq},"recovered":{json_text(recovered)},"events":[{",".join(frames)}]}}'
        for name, (seq, recovered, frames) in answers.items()
    )
    body = f'{{"epoch":{json_text(hub.epoch)},"rooms":{{{",".join(parts)}}}}}'
    return HttpResponse(body, content_type="application/json")


def client_module(request: HttpRequest) -> HttpResponse:
    """``/realtime/client.js``: the stable address of the browser client, wherever the running release keeps it."""
    response = HttpResponseRedirect(static("realtime/index.js"))
    response["Cache-Control"] = "no-cache"
    return response
