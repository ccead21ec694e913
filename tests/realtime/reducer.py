"""The state of a room as a client keeps it: the rules of static/realtime/store.js, in Python.

One rule: an entity is taken if its version is higher than the one held. A snapshot is the room's whole day, so it also takes
away what it doesn't list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Entity = dict[str, Any]
Table = dict[int, Entity]


def belongs(entity: Entity, room: str) -> bool:
    """Is it in the room's queue or list?"""
    return room in (f"clinic_{entity['clinic_id']}", f"doctor_{entity['doctor']['id']}")


@dataclass
class Screen:
    """One client in one room."""

    room: str
    date: str = ""
    visits: Table = field(default_factory=dict)
    appointments: Table = field(default_factory=dict)
    doctors: Table = field(default_factory=dict)
    seq: int = 0

    def apply(self, frame: dict[str, Any]) -> None:
        """Take in one event or snapshot of the room."""
        assert frame["room"] == self.room
        data = frame["data"]
        match frame["event"]:
            case "queue_updated" if data["snapshot"]:
                self._snapshot(data)
            case "queue_updated":
                self._take(self.visits, data["visits"])
                self._take(self.doctors, data.get("doctors", []))
            case "new_checkin" | "visit_status_changed":
                self._take(self.visits, [data["visit"]])
            case "appointment_created" | "appointment_updated" | "appointment_cancelled":
                self._take(self.appointments, [data["appointment"]])
            case other:
                raise AssertionError(f"{other} has no place in {self.room}")
        self.seq = frame["seq"]

    def apply_all(self, frames: Iterable[dict[str, Any]]) -> None:
        for frame in frames:
            self.apply(frame)

    def _take(self, held: Table, offered: Iterable[Entity]) -> None:
        for entity in offered:
            before = held.get(entity["id"])
            if before is None or entity["version"] > before["version"]:
                held[entity["id"]] = entity

    def _snapshot(self, data: dict[str, Any]) -> None:
        self.date = data["date"]
        self.visits = {key: each for key, each in self.visits.items() if not self._is_queued(each)}
        self.appointments = {key: each for key, each in self.appointments.items() if not self._is_of_day(each)}
        self._take(self.visits, data["visits"])
        self._take(self.appointments, data["appointments"])
        # Handwritten cases are older than the doctors in snapshots.
        self._take(self.doctors, data.get("doctors", []))

    def _is_of_day(self, entity: Entity) -> bool:
        return bool(entity["date"] == self.date and belongs(entity, self.room))

    def _is_queued(self, visit: Entity) -> bool:
        return visit["ticket"] is not None and self._is_of_day(visit)

    def shown(self) -> dict[str, Table]:
        """What is on the screen: the room's visits with a ticket and appointments of its day, and its doctors."""
        return {
            "visits": {key: each for key, each in sorted(self.visits.items()) if self._is_queued(each)},
            "appointments": {key: each for key, each in sorted(self.appointments.items()) if self._is_of_day(each)},
            "doctors": dict(sorted(self.doctors.items())),
        }


def fresh(room: str, data: dict[str, Any]) -> dict[str, Table]:
    """What a snapshot shows to somebody who starts from nothing."""
    screen = Screen(room)
    screen.apply({"event": "queue_updated", "room": room, "seq": 0, "data": data})
    shown = screen.shown()
    assert len(shown["visits"]) == len(data["visits"]), "the snapshot lists what doesn't belong to its room and day"
    assert len(shown["appointments"]) == len(data["appointments"]), "the snapshot lists what doesn't belong to its room and day"
    return shown
