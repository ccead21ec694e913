"""One socket as the hub sees it: a bounded buffer, the rooms it is in, and how far each was sent."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from realtime.frames import error_frame
from realtime.groups import Rights
from realtime.wire import Wire

UNAUTHENTICATED, DISABLED, TOO_SLOW, TOO_MANY_FRAMES = 4401, 4403, 4408, 4429
SERVER_ERROR, RESTARTING = 1011, 1012

HIGH_WATER = 256 * 1024
"""Bytes that the server may hold for a client before we hold the rest; daphne has no bound of its own."""

TURNS = 4
"""How many times the bound may wait for the writer's turn."""

CLOSE_WITHIN = 30.0
"""Seconds that a client which doesn't read is given to take the close frame; then the connection is cut."""

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Subscription:
    """A socket in a room. While it catches up, live frames wait in ``pending``."""

    socket: Socket
    sent: int
    pending: list[tuple[int, str]] | None = field(default_factory=list)

    def deliver(self, seq: int, text: str) -> None:
        """A live event of the room; what was sent already is not sent again."""
        if self.pending is not None:
            self.pending.append((seq, text))
        elif seq > self.sent:
            self.sent = seq
            self.socket.write(text)

    def catch_up(self, seq: int) -> None:
        """Everything up to ``seq`` was written; now what came meanwhile, and from here on live."""
        waiting, self.pending, self.sent = self.pending or [], None, seq
        for number, text in waiting:
            self.deliver(number, text)


class Socket:
    """Writes without waiting: frames go into a bounded buffer that one task empties, so a reader that stalls holds up nobody
    and costs no more than the bound; past it the socket is closed with 4408 and its client resumes later."""

    def __init__(self, send: Send, *, rights: Rights, login_id: uuid.UUID, expires_at: dt.datetime, limit: int) -> None:
        self.rights = rights
        self.rights_as_of = 0
        """Number of the question whose answer they are (guard.py)."""
        self.login_id = login_id
        self.expires_at = expires_at
        self.rooms: dict[str, Subscription] = {}
        self._send = send
        self._wire = Wire(send)
        self._limit = limit
        self._waiting: deque[tuple[str, int]] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._is_sending = False
        self._asked = 0
        self._calm = asyncio.Event()
        self._calm.set()
        self._close_code: int | None = None
        self._forced = False
        self._writer = asyncio.create_task(self._run())
        self._closer: asyncio.Task[None] | None = None

    @property
    def closing(self) -> bool:
        return self._close_code is not None

    def write(self, text: str) -> None:
        """Queue a frame; never waits. Past the bound the socket is closed, if it is its client that is waited for: in a burst
        it may only be that the writer has not had its turn."""
        self._queue(text, len(text))
        if self._size > self._limit and (self._is_sending or self._size > TURNS * self._limit):
            self._waiting.clear()
            self.close(TOO_SLOW)

    def write_asked(self, texts: Iterable[str]) -> None:
        """Queue what the client asked for. It doesn't count against the bound: a replay may be longer than that, and
        asking again would bring the same."""
        for text in texts:
            self._asked += 1
            self._calm.clear()
            self._queue(text, 0)

    async def calm(self) -> None:
        """Wait until what was asked for is sent: who doesn't read gets no second helping."""
        await self._calm.wait()

    def _queue(self, text: str, size: int) -> None:
        if self._close_code is None:
            self._waiting.append((text, size))
            self._size += size
            self._wake.set()

    def close(self, code: int, error: tuple[str, str] | None = None) -> None:
        """Close after what is queued, with an ``error`` frame (code, detail) before if there is something to say."""
        if self._close_code is None:
            if error is not None:
                self._queue(error_frame(*error), 0)
            self._close_code = code
            self._wake.set()
            self._calm.set()
            self._closer = asyncio.create_task(self._cut_if_stalled())

    async def _run(self) -> None:
        try:
            await self._write_on()
        finally:
            # A server may refuse to send on a connection that is gone: nobody may wait for that.
            self._close_code = self._close_code or 1006
            self._calm.set()

    async def _write_on(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                self._is_sending = True
                await self._room_on_the_wire()
                if not self._waiting:
                    break
                text, size = self._waiting.popleft()
                self._size -= size
                await self._send({"type": "websocket.send", "text": text})
                self._is_sending = False
                if size == 0 and self._asked:
                    self._asked -= 1
                    if self._asked == 0:
                        self._calm.set()
            if self._close_code is not None:
                await self._wire.close(self._close_code)
                return

    async def _room_on_the_wire(self) -> None:
        # No server has an event for this. Who reads has made room in a moment; who has stalled costs a look now and then.
        pause = 0.001
        while not self._forced and self._wire.waiting() > HIGH_WATER:
            await asyncio.sleep(pause)
            pause = min(2 * pause, 0.05)

    async def _cut_if_stalled(self) -> None:
        """The writer may be waiting for a client that doesn't read: then the close frame goes past it."""
        done, _pending = await asyncio.wait({self._writer}, timeout=1)
        if not done:
            self._forced = True
            self._waiting.clear()
            self._wire.be_patient(CLOSE_WITHIN)
            self._wire.unblock()
        await asyncio.sleep(CLOSE_WITHIN)
        self._wire.abort()

    async def finish(self) -> None:
        """The connection has ended: stop writing."""
        self._close_code = self._close_code or 1000
        tasks = [self._writer]
        if self._closer is not None and not self._forced:
            tasks.append(self._closer)  # else a server that says "gone" with its buffer full still has to be cut
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # The traceback of a cancellation leads to its frames, and so back here: a ring that would keep all that hangs on this
        # connection until the collector comes.
        del self._writer
        self._closer = None
