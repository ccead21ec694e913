"""A client that keeps a history: over the socket, or by the long poll where a socket can't be had.

It does what the contract asks of a client and no more: remembers the last number of each room and the epoch, comes back with
jitter, and names them. What it was sent is judged later, by checker.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import random
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.faults.history import Ended, Got, History, Joined, Opened, Removed

EVENTS = frozenset({
    "appointment_created", "appointment_updated", "appointment_cancelled", "queue_updated", "visit_status_changed",
    "new_checkin", "payment_processed", "patient_created", "patient_updated",
})  # fmt: skip
BACK_WITHIN = 0.5
"""Seconds of jitter before the next try."""
ANSWER_WITHIN = 30.0
"""Seconds after which a line that says nothing is given up; a server that is stopped for ten is waited for."""


class Watcher:
    """Keeps where it stands; a subclass knows how frames come."""

    def __init__(
        self, name: str, url: str, token: Callable[[], str], rooms: list[str], *, may_see: set[str] | None = None
    ) -> None:
        self.url = url
        self.token = token
        self.rooms = rooms
        self.epoch: str | None = None
        self.last: dict[str, int] = {}
        self.resuming: set[str] = set()
        """Rooms whose events come already, but not yet those that were missed."""
        self.history = History(name, frozenset(may_see or {*rooms, "broadcast"}))
        self.is_live = False
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, and again, until ``stop``."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End the connection, and stay away."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                self._task.result()
            self._task = None

    async def _run(self) -> None:
        while True:
            await self.listen()
            self.is_live = False
            self._news.set()
            await asyncio.sleep(BACK_WITHIN * random.random())

    async def listen(self) -> None:
        """One connection, from its beginning to its end."""
        raise NotImplementedError

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something that changes with what comes is true."""
        while not true():
            self._news.clear()
            await self._news.wait()

    def stands_at(self, heads: dict[str, int]) -> bool:
        """Has it seen all this, in the rooms that it is in?"""
        rooms = self.history.may_see - self.history.left
        return all(self.last.get(room, -1) >= head for room, head in heads.items() if room in rooms)

    def take(self, text: str, frame: dict[str, Any]) -> None:
        """Note an event; what a client has seen already it drops."""
        room, seq = frame["room"], frame["seq"]
        is_snapshot = frame["event"] == "queue_updated" and frame["data"]["snapshot"]
        self.history.entries.append(Got(time.monotonic(), room, seq, text, is_snapshot))
        if room in self.resuming:
            return
        self.last[room] = seq if is_snapshot else max(seq, self.last.get(room, 0))
        self._news.set()

    def forget(self) -> None:
        """Start from nothing at the next connection, as a page that is opened anew."""
        self.last.clear()
        self.epoch = None

    def note_join(self, room: str, seq: int, recovered: bool) -> None:
        """The server has said where the room stands, and whether what follows is all that is missing or a snapshot."""
        self.history.entries.append(Joined(time.monotonic(), room, self.last.get(room), seq, recovered))
        self.resuming.discard(room)
        if not recovered:
            # What is known is worth nothing now; a snapshot follows, and broadcast has none.
            self.last.pop(room, None)
            if room == "broadcast":
                self.last[room] = seq

    def begin(self, epoch: str) -> None:
        """The server has told the identity of its log: another one makes what is known worthless."""
        if self.epoch not in (None, epoch):
            self.last.clear()
        self.epoch = epoch
        self.resuming = set()
        self.history.entries.append(Opened(time.monotonic(), epoch))


class SocketWatcher(Watcher):
    """Over the WebSocket."""

    socket: ClientConnection | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.errors: list[str] = []
        self._asked: set[str] = set()
        self._heads: dict[str, int] = {}

    async def listen(self) -> None:
        address = urlsplit(self.url)._replace(scheme="ws", path="/ws/queue/").geturl()
        options: dict[str, Any] = {"max_size": None, "compression": None, "proxy": None, "ping_interval": None}
        try:
            headers = {"Authorization": f"Bearer {self.token()}"}
            async with connect(address, additional_headers=headers, open_timeout=ANSWER_WITHIN, **options) as self.socket:
                await self._converse(self.socket)
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else 1006
            self.history.entries.append(Ended(time.monotonic(), code))
        except (OSError, WebSocketException):
            pass  # no connection was made
        finally:
            self.socket = None
            self._news.set()

    async def _converse(self, socket: ClientConnection) -> None:
        self._asked, self._heads = set(), {}
        async for text in socket:
            assert isinstance(text, str)
            frame = json.loads(text)
            data = frame.get("data", {})
            match frame["event"]:
                case event if event in EVENTS:
                    self.take(text, frame)
                case "connected":
                    self.begin(data["epoch"])
                    await self._ask(socket, data["rooms"]["broadcast"])
                case "joined":
                    self._joined(data["room"], data["seq"], data["recovered"])
                case "removed":
                    self.history.entries.append(Removed(time.monotonic(), data["room"]))
                    self._asked.discard(data["room"])
                case "error":
                    self.errors.append(data["code"])
            caught_up = all(self.last.get(room, -1) >= head for room, head in self._heads.items())
            self.is_live = self.is_live or (self._asked <= self._heads.keys() and caught_up)
            self._news.set()
        # A close in good order ends the loop without an exception.
        raise ConnectionClosed(socket.protocol.close_rcvd, socket.protocol.close_sent, None)

    def _joined(self, room: str, seq: int, recovered: bool) -> None:
        self.note_join(room, seq, recovered)
        self._heads[room] = seq

    async def _ask(self, socket: ClientConnection, broadcast: int) -> None:
        for room in self.rooms:
            kind, _, number = room.partition("_")
            name = "queue" if kind == "clinic" else "doctor"
            self._asked.add(room)
            await self.send(socket, f"join_{name}_room", {f"{kind}_id": int(number), **self._from(room)})
        if "broadcast" in self.last:
            self._asked.add("broadcast")
            self.resuming.add("broadcast")
            await self.send(socket, "resume_broadcast", self._from("broadcast"))
        else:
            # Joined without asking, at the number that the server has just told.
            self.last["broadcast"] = broadcast
            self.note_join("broadcast", broadcast, recovered=True)

    def _from(self, room: str) -> dict[str, Any]:
        return {"since": self.last[room], "epoch": self.epoch} if room in self.last else {}

    @staticmethod
    async def send(socket: ClientConnection, event: str, data: dict[str, Any]) -> None:
        """One frame to the server."""
        await socket.send(json.dumps({"event": event, "data": data}))


class PollWatcher(Watcher):
    """Over the long poll (section 8)."""

    async def listen(self) -> None:
        rooms = [*self.rooms, "broadcast"]
        while True:
            asked = [f"{room}:{self.last[room]}" if room in self.last else room for room in rooms]
            query = [("room", each) for each in asked] + [("wait", "10")] + ([("epoch", self.epoch)] if self.epoch else [])
            try:
                answer = await asyncio.to_thread(self._get, f"/api/realtime/events/?{urlencode(query)}")
            except (OSError, http.client.HTTPException, ValueError):
                self.history.entries.append(Ended(time.monotonic(), 1006))
                return
            if self.epoch != answer["epoch"]:
                self.begin(answer["epoch"])
            for room, part in answer["rooms"].items():
                self.note_join(room, part["seq"], part["recovered"])
                for frame in part["events"]:
                    self.take(json.dumps(frame, ensure_ascii=False, separators=(",", ":")), frame)
            self.is_live = True
            self._news.set()

    def _get(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=ANSWER_WITHIN)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token()}"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise ValueError(f"{response.status} {body[:200]!r}")
            answer: dict[str, Any] = json.loads(body)
            return answer
