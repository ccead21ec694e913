"""The long poll: ``GET /api/realtime/events/`` (contract/realtime.md, section 8).

It stands beside Django's own handler, not behind it: that keeps a thread for each call that it answers, and here fifty clients
may wait half a minute each. A call that waits holds no thread and no database connection.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from importlib import import_module
from io import BytesIO
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from clinics.logins import TokenRefused, login_of_session, verify_access
from realtime.farewell import connection, until_gone
from realtime.frames import json_text
from realtime.groups import BROADCAST, Rights, RoomRefused, parse, require, rights_of
from realtime.hub import Hub, get_hub
from realtime.rooms import HubRoom
from realtime.threads import in_db

MAX_WAIT = 30.0
_ROOM = re.compile(r"[a-z]+(_[0-9]+)?(:[0-9]{1,18})?")


@dataclass(eq=False)
class _Waiting:
    """Wakes a long poll at the first event of any of its rooms, or when its caller's rights or the log itself may have changed;
    holds no database connection."""

    user_id: int
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self.woken.set()

    def deliver(self, seq: int, text: str) -> None:
        self.woken.set()


def _error(status: int, code: str, detail: str) -> JsonResponse:
    response = JsonResponse({"detail": detail, "code": code}, status=status)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


def _busy() -> JsonResponse:
    response = _error(503, "unavailable", "The server is busy. Ask again in a moment.")
    response["Retry-After"] = "1"
    return response


def _caller(request: HttpRequest) -> Rights:
    """Whose token, or else whose browser session this is; raises ``TokenRefused``."""
    authorization = request.headers.get("Authorization", "")
    if not authorization and settings.SESSION_COOKIE_NAME in request.COOKIES:
        request.session = _sessions().SessionStore(request.COOKIES[settings.SESSION_COOKIE_NAME])
        request.user = get_user(request)
        if request.user.is_authenticated:
            return rights_of(login_of_session(request).user)
    kind, _space, token = authorization.partition(" ")
    if kind.lower() != "bearer":
        raise TokenRefused("Send your access token: Authorization: Bearer …")
    return rights_of(verify_access(token.strip()).user)


def _sessions() -> Any:
    return import_module(settings.SESSION_ENGINE)


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
    await hub.refresh(room)
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
        request.get_host()
        rooms, wait = _wanted(request)
        rights = await in_db(_caller, request)
        await in_db(_require_all, rights, list(rooms))
        return await _wait_for_events(request, rights.user_id, rooms, wait)
    except ValueError as error:
        return _error(400, "bad_request", str(error))
    except SuspiciousOperation:
        return _error(400, "bad_request", "This request can't be read: its host is not ours, or it has too many fields.")
    except TokenRefused as refused:
        return _error(401, "token_not_valid", refused.detail)
    except RoomRefused as refusal:
        return _error(403, refusal.code, refusal.detail)
    except DatabaseError:
        return _busy()


async def _wait_for_events(request: HttpRequest, user_id: int, rooms: dict[str, int | None], wait: float) -> HttpResponse:
    hub, waiting = await get_hub(), _Waiting(user_id)
    epoch, of = request.GET.get("epoch"), hub.epoch
    opened: dict[str, HubRoom] = {}
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    try:
        hub.polls.add(waiting)
        for name in rooms:
            opened[name] = await hub.listen(name, waiting)
        answers = {name: await _answer(hub, opened[name], since, epoch) for name, since in rooms.items()}
        while until > loop.time() and not any(frames or not recovered for _seq, recovered, frames in answers.values()):
            try:
                await asyncio.wait_for(waiting.woken.wait(), until - loop.time())
            except (TimeoutError, asyncio.CancelledError):
                break  # nothing to wait for any more: its time is over, or the server's
            waiting.woken.clear()
            # Rights may have gone while it waited: nothing is told that may no longer be heard.
            rights = await in_db(_caller, request)
            await in_db(_require_all, rights, list(rooms))
            of = hub.epoch
            answers = {name: await _answer(hub, opened[name], since, epoch) for name, since in rooms.items()}
    finally:
        hub.polls.discard(waiting)
        for name in rooms:
            hub.unlisten(name, waiting)
    parts = (
        f'{json_text(name)}:{{"seq":{seq},"recovered":{json_text(recovered)},"events":[{",".join(frames)}]}}'
        for name, (seq, recovered, frames) in answers.items()
    )
    body = f'{{"epoch":{json_text(of)},"rooms":{{{",".join(parts)}}}}}'
    return HttpResponse(body, content_type="application/json")


# --- The application --------------------------------------------------------------------------------------------------

_view: Any = CorsMiddleware(poll_events)


async def long_poll(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application; ends with the client that it answers."""
    try:
        request = ASGIRequest(scope, BytesIO())
    except UnicodeDecodeError:
        await _send(_error(400, "bad_request", "The address is not UTF-8."), send)
        return
    answering, leaving = asyncio.ensure_future(_view(request)), asyncio.create_task(until_gone(receive))
    with connection():
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                await _send(answering.result(), send)
        except asyncio.CancelledError:
            # The server ends: whoever waits for an event is told that there is none yet.
            answering.cancel()
            await asyncio.wait({answering})
            if not leaving.done():
                await _send(_busy() if answering.cancelled() else answering.result(), send)
        finally:
            answering.cancel()
            leaving.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)


async def _send(response: Any, send: Any) -> None:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Length"] = str(len(response.content))
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
