"""A room as one process has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from realtime.log import Frame


class Listener(Protocol):
    """Whoever wants a room's events: a socket's subscription, or a waiting HTTP call."""

    def deliver(self, seq: int, text: str) -> None: ...


class Poll(Protocol):
    """A waiting HTTP call: it has to look again when its caller's rights or the log itself may have changed."""

    user_id: int

    def wake(self) -> None: ...


@dataclass(eq=False, slots=True)
class HubRoom:
    """A room as this process has it: everything up to ``seq`` was handed to its listeners."""

    name: str
    seq: int = 0
    floor: int = 0
    listeners: set[Listener] = field(default_factory=set)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    look: asyncio.Task[None] | None = None
    """A look at the log that has not begun yet: whoever wants one may share it."""
    rung: int = 0
    """The highest number that rang before the room was ready."""
    snapshot: tuple[int, float, asyncio.Future[str]] | None = None
    replays: dict[tuple[int, int], asyncio.Future[list[Frame]]] = field(default_factory=dict)
    """What is being read from the log just now, by the numbers between which it lies."""

    def deliver(self, seq: int, text: str) -> None:
        self.seq = seq
        for listener in tuple(self.listeners):
            listener.deliver(seq, text)
