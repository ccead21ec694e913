"""Screens that follow the log, for tests of "state before + events = state after"."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from queue import actions as queue
from realtime import log
from realtime.snapshots import snapshot_frame
from tests.factories import World, walk_in
from tests.realtime import shapes
from tests.realtime.reducer import Screen, fresh


def screens_of(world: World) -> list[str]:
    """The rooms whose screens are compared: both clinics', and their doctors'."""
    return [
        f"clinic_{world.here.pk}",
        f"doctor_{world.doctor.pk}",
        f"doctor_{world.colleague.pk}",
        f"clinic_{world.there.pk}",
    ]


def snapshot(room: str) -> dict[str, Any]:
    """The room's snapshot, with its number read before the rest."""
    seq = log.heads([room])[room].head
    return shapes.check(snapshot_frame(room, seq))


class Watcher:
    """One screen per room, each begun with a snapshot and kept by events alone."""

    def __init__(self, rooms: Iterable[str]) -> None:
        self.rooms = list(rooms)
        log.number([*self.rooms, "broadcast"])
        self.before = {room: snapshot(room) for room in self.rooms}
        self.broadcast = log.heads(["broadcast"])["broadcast"].head
        self.screens = {room: Screen(room) for room in self.rooms}
        for room, frame in self.before.items():
            self.screens[room].apply(frame)

    def catch_up(self) -> dict[str, list[dict[str, Any]]]:
        """Apply what the log has since; returns it."""
        log.number([*self.rooms, "broadcast"])
        news: dict[str, list[dict[str, Any]]] = {}
        for room, screen in self.screens.items():
            frames = log.read(room, screen.seq)
            assert [frame.seq for frame in frames] == list(range(screen.seq + 1, screen.seq + 1 + len(frames)))
            news[room] = [shapes.check(frame.text) for frame in frames]
            screen.apply_all(news[room])
        news["broadcast"] = [json.loads(frame.text) for frame in log.read("broadcast", self.broadcast)]
        return news

    def check(self) -> None:
        """Every screen shows what the database holds, to the letter."""
        for room, screen in self.screens.items():
            now = fresh(room, snapshot(room)["data"])
            assert screen.shown() == now, f"{room} is not what a fresh snapshot shows"


def unnumbered(world: World, visits: int) -> None:
    """Something happens, and its writer dies before it has numbered the events."""
    with transaction.atomic():
        for _ in range(visits):
            queue.call(walk_in(world), by=world.receptionist)
        connection.run_on_commit.clear()


def silently(world: World, visits: int = 4) -> list[log.Frame]:
    """Something happens and nobody rings; the frames of the clinic's room."""
    room = f"clinic_{world.here.pk}"
    before = log.heads([room])[room].head
    unnumbered(world, visits)
    # Read and not taken from number(): a hub's timer may have been quicker.
    log.number([room, f"doctor_{world.doctor.pk}", "broadcast"])
    return log.read(room, before)
