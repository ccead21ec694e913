"""A client of the socket that checks the shape of every frame it gets."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from channels.testing import HttpCommunicator, WebsocketCommunicator
from django.db import close_old_connections
from django.http import HttpResponse
from django.utils.http import urlencode

from clinic_project.asgi import application
from clinics.logins import refresh_token_for
from clinics.models import Login, User
from realtime import log
from tests.realtime import shapes

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 20.0
"""Seconds after which something that must come is taken as lost; never waited for when all is well."""


async def run(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Synchronous work (the ORM, the API) in a thread of its own, with a connection of its own."""

    def in_thread() -> R:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(in_thread, thread_sensitive=False)()


def token_for(user: User, login: Login | None = None, **claims: Any) -> str:
    """An access token of ``login``, or of a new one; ``claims`` on top."""
    access = refresh_token_for(login or Login.objects.create(user=user)).access_token
    for name, value in claims.items():
        access[name] = value
    return str(access)


class Closed(Exception):
    """The server has closed the connection."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Join:
    """The answer to a join, and the frames that came with it."""

    seq: int
    recovered: bool
    frames: list[dict[str, Any]]
    texts: list[str]


class Client:
    """One connection. ``events`` are all event frames so far, ``texts`` the same as they were on the wire."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self.wire = communicator
        self.connected: dict[str, Any] = {}
        self.subprotocol: str | None = None
        self.events: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.frames: list[dict[str, Any]] = []
        self._refs = itertools.count(1)
        self._ended = False

    @property
    def epoch(self) -> str:
        return str(self.connected["data"]["epoch"])

    @property
    def broadcast(self) -> int:
        """The head of the broadcast room at the start."""
        return int(self.connected["data"]["rooms"]["broadcast"])

    async def handshake(self) -> None:
        accepted, answer = await self.wire.connect(timeout=PATIENCE)
        assert accepted, f"refused at the handshake ({answer})"
        self.subprotocol = answer  # type: ignore[assignment]

    async def start(self) -> Client:
        """Handshake and ``connected``."""
        await self.handshake()
        self.connected = await self.next()
        assert self.connected["event"] == "connected", self.connected
        return self

    async def next(self) -> dict[str, Any]:
        """The next frame, whatever it is; raises ``Closed``."""
        if self._ended:
            raise AssertionError("read after the end")
        message = await self.wire.receive_output(timeout=PATIENCE)
        if message["type"] == "websocket.close":
            await self._end(message.get("code", 1000))
        assert message["type"] == "websocket.send", message
        frame = shapes.check(message["text"])
        self.frames.append(frame)
        if frame["event"] in shapes.EVENTS:
            self.events.append(frame)
            self.texts.append(message["text"])
        return frame

    async def _end(self, code: int) -> None:
        # As a server does: the application hears that the connection is gone.
        self._ended = True
        await self.wire.send_input({"type": "websocket.disconnect", "code": code})
        await self.wire.wait(timeout=PATIENCE)
        raise Closed(code)

    async def send_text(self, text: str) -> None:
        await self.wire.send_to(text_data=text)

    async def send(self, event: str, data: Any = None, **more: Any) -> None:
        frame: dict[str, Any] = {"event": event, **more}
        if data is not None:
            frame["data"] = data
        await self.send_text(json.dumps(frame))

    async def ask(self, event: str, data: Any = None) -> dict[str, Any]:
        """The frame that answers this one; what comes before it is kept in ``events``."""
        ref = f"ref {next(self._refs)}"
        await self.send(event, data, ref=ref)
        while True:
            frame = await self.next()
            if frame.get("ref") == ref:
                return frame

    async def error(self, event: str, data: Any = None) -> str:
        """The code of the error that answers this frame."""
        frame = await self.ask(event, data)
        assert frame["event"] == "error", frame
        return str(frame["data"]["code"])

    async def join(self, room: str, since: int | None = None, epoch: str | None = None, **more: Any) -> Join:
        """Join a room, and read what comes with it."""
        kind, _, number = room.partition("_")
        event = {"clinic": "join_queue_room", "doctor": "join_doctor_room", "broadcast": "resume_broadcast"}[kind]
        data: dict[str, Any] = {f"{kind}_id": int(number)} if number else {}
        if since is not None:
            data |= {"since": since, "epoch": self.epoch if epoch is None else epoch}
        answer = await self.ask(event, data | more)
        assert answer["event"] == "joined", answer
        seq, recovered = answer["data"]["seq"], answer["data"]["recovered"]
        assert answer["data"]["room"] == room
        count = seq - (since or 0) if recovered else int(room != "broadcast")
        start = len(self.events)
        while sum(1 for frame in self.events[start:] if frame["room"] == room) < count:
            await self.next()
        found = [n for n in range(start, len(self.events)) if self.events[n]["room"] == room][:count]
        return Join(seq, recovered, [self.events[n] for n in found], [self.texts[n] for n in found])

    async def settle(self, *rooms: str) -> list[dict[str, Any]]:
        """Read until every event that the log has for these rooms has come; returns all events since the last call."""
        heads = await run(log.heads, rooms)
        while any(self.seen(room) < heads[room].head for room in rooms):
            await self.next()
        fresh, self.events, self.texts = self.events, [], []
        self._last |= {frame["room"]: frame["seq"] for frame in fresh}
        return fresh

    def seen(self, room: str) -> int:
        """The last number that came for the room, an event's or a ``joined``'s."""
        known = [frame["seq"] for frame in self.events if frame["room"] == room]
        joined = [f["data"]["seq"] for f in self.frames if f["event"] == "joined" and f["data"]["room"] == room]
        start = self.broadcast if room == "broadcast" else 0
        return max([*known, *joined, self._last.get(room, start)])

    async def is_silent(self) -> None:
        """Nothing more is on its way: what the server wrote before the answer to a ping would have come before it."""
        before = len(self.events)
        pong = await self.ask("ping")
        assert pong["event"] == "pong", pong
        assert self.events[before:] == []

    async def closed(self) -> int:
        """The code with which the server closes, whatever it says before."""
        try:
            while True:
                await self.next()
        except Closed as closed:
            return closed.code

    async def disconnect(self) -> None:
        if not self._ended and not self.wire.future.done():
            self._ended = True
            await self.wire.disconnect(timeout=PATIENCE)

    @property
    def _last(self) -> dict[str, int]:
        return self.__dict__.setdefault("_last_seen", {})

    @_last.setter
    def _last(self, value: dict[str, int]) -> None:
        self.__dict__["_last_seen"] = value


def communicator(
    token: str | None = None,
    *,
    path: str = "/ws/queue/",
    headers: list[tuple[bytes, bytes]] | None = None,
    subprotocols: list[str] | None = None,
) -> WebsocketCommunicator:
    """A connection that isn't made yet; ``token`` goes into the header as programs send it."""
    sent = [(b"host", b"localhost:8000"), *(headers or [])]
    if token is not None:
        sent.append((b"authorization", f"Bearer {token}".encode()))
    return WebsocketCommunicator(application, path, headers=sent, subprotocols=subprotocols)


class Answer(HttpResponse):
    """What came back over plain HTTP."""

    def json(self) -> Any:
        return json.loads(self.content)


async def poll(
    authorization: str | None = None,
    *,
    method: str = "GET",
    origin: str = "",
    host: str = "localhost:8000",
    cookie: str = "",
    **query: Any,
) -> Answer:
    """A call of the long poll; a list in the query is a parameter that comes several times."""
    headers = [(b"host", host.encode())]
    headers += [(b"cookie", cookie.encode())] if cookie else []
    headers += [(b"authorization", authorization.encode())] if authorization is not None else []
    headers += [(b"origin", origin.encode())] if origin else []
    path = f"/api/realtime/events/?{urlencode(query, doseq=True)}"
    answer = await HttpCommunicator(application, method, path, headers=headers).get_response(timeout=PATIENCE)
    named = {name.decode(): value.decode() for name, value in answer["headers"]}
    return Answer(answer["body"], status=answer["status"], headers=named)
