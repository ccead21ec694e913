"""What happened in an experiment, as its clients and writers saw it: the evidence from which checker.py judges.

Times are seconds of one monotonic clock of this machine.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Mark:
    """By what a command's event is known: its name, and the version of the entity that it reports."""

    room: str
    event: str
    entity: int
    version: int


class Try(NamedTuple):
    """One call of the API; ``status`` is ``None`` where there was no answer."""

    began: float
    ended: float
    status: int | None

    @property
    def is_done(self) -> bool:
        """Was it answered 2xx?"""
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Write:
    """One command, over all tries of its caller: with the same Idempotency-Key each time."""

    command: str
    tries: list[Try] = field(default_factory=list)
    marks: tuple[Mark, ...] = ()

    @property
    def is_done(self) -> bool:
        """Was it answered 2xx in the end?"""
        return bool(self.tries) and self.tries[-1].is_done


class Opened(NamedTuple):
    """A connection is up: the server has said ``connected``."""

    at: float
    epoch: str


class Joined(NamedTuple):
    """The server's answer to a join, or of a poll; ``since`` is what was asked for."""

    at: float
    room: str
    since: int | None
    seq: int
    recovered: bool


class Got(NamedTuple):
    """A frame with an event of a room."""

    at: float
    room: str
    seq: int
    text: str
    is_snapshot: bool


class Removed(NamedTuple):
    """The server took the client out of a room."""

    at: float
    room: str


class Ended(NamedTuple):
    """The connection is gone; ``code`` is the close code, 1006 where the server said nothing."""

    at: float
    code: int


Entry = Opened | Joined | Got | Removed | Ended


@dataclass(eq=False)
class History:
    """What one client saw, in order. ``may_see`` are the rooms of its user; ``until`` says when one of them was taken away
    (and how long the server may take to act on it is in it)."""

    name: str
    may_see: frozenset[str]
    entries: list[Entry] = field(default_factory=list)
    until: dict[str, float] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    """Rooms it isn't in at the end."""

    def count(self, kind: type[Entry]) -> int:
        """How many entries are of this kind."""
        return sum(1 for entry in self.entries if isinstance(entry, kind))


@dataclass(frozen=True)
class Logged:
    """An event as the database has it."""

    seq: int
    text: str

    @cached_property
    def frame(self) -> dict[str, Any]:
        """The frame, decoded once for all clients."""
        decoded: dict[str, Any] = json.loads(self.text)
        return decoded


@dataclass
class Evidence:
    """All that an experiment has brought to light. ``floors``: the number after which a room's log begins."""

    log: dict[str, list[Logged]]
    writes: list[Write] = field(default_factory=list)
    histories: list[History] = field(default_factory=list)
    snapshots: dict[str, dict[str, Any]] = field(default_factory=dict)
    """A fresh snapshot (its ``data``) of each room, taken when all was quiet."""
    floors: dict[str, int] = field(default_factory=dict)
    made_otherwise: set[int] = field(default_factory=set)
    """Visits that the experiment itself has changed, beside the writers."""
