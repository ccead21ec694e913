"""The event log: storing in the transaction of the change, numbering after its commit, reading by number.

Why two steps: ids of a sequence become visible out of order, so they can't be a cursor; and a lock on a room's counter that
is held during business work would make one command wait for another. So events are stored without a number, and a second,
tiny transaction locks the rooms for a millisecond and numbers what is committed. Whoever dies in between leaves rows that the
next one, or the hub's timer, numbers and sends (ADR 3).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import CharField, F, Func, Model
from django.utils import timezone

from realtime.frames import event_frame, json_text
from realtime.models import Delivery, Event, Log, Room

LEAP = 1_000_000
"""Numbers left out when an epoch begins: more than a room can have lost with what was restored."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be stored: ``rooms`` in the order of the contract, ``data`` as it will be sent."""

    name: str
    rooms: tuple[str, ...]
    data: dict[str, object]


class Frame(NamedTuple):
    """A numbered event of a room, encoded."""

    room: str
    seq: int
    text: str


class Head(NamedTuple):
    """How far a room's numbers go: events with ``floor < seq <= head`` are kept."""

    head: int
    floor: int


def store(events: Sequence[NewEvent]) -> None:
    """Add events to the log, without numbers; call it inside the transaction of the change."""
    now = timezone.now()
    rows = Event.objects.bulk_create([Event(name=event.name, at=now, data=json_text(event.data)) for event in events])
    Delivery.objects.bulk_create(
        [Delivery(event=row, room=room) for row, event in zip(rows, events, strict=True) for room in event.rooms]
    )


def number(rooms: Collection[str]) -> list[Frame]:
    """Give the rooms' committed events their numbers, in the order of storing; returns them, ready to be sent.

    Safe to call at any time, by any process: the rooms are locked in order of name, and what has a number keeps it.
    """
    names = sorted(set(rooms))
    while True:
        with transaction.atomic():
            locked = {room.name: room for room in Room.objects.select_for_update().filter(name__in=names).order_by("name")}
            if len(locked) == len(names):
                return _number(locked)
        # New rooms are made while no other is locked, else two of these could block each other.
        Room.objects.bulk_create([Room(name=name) for name in names if name not in locked], ignore_conflicts=True)


def _number(locked: Mapping[str, Room]) -> list[Frame]:
    pending = list(Delivery.objects.filter(room__in=locked, seq=None).order_by("pk").select_related("event"))
    if not pending:
        return []
    for delivery in pending:
        room = locked[delivery.room]
        room.head += 1
        delivery.seq = room.head
    _write(Delivery, "seq", [(delivery.pk, delivery.seq) for delivery in pending])
    _write(Room, "head", [(name, locked[name].head) for name in {delivery.room for delivery in pending}])
    return [_frame(delivery) for delivery in pending]


def _write(model: type[Model], column: str, numbers: Sequence[tuple[int | str, int | None]]) -> None:
    """Set ``column`` of each row, named by its key. ``bulk_update`` does the same by a CASE, whose making takes longer than all
    the rest of numbering; the rooms are locked meanwhile."""
    table, key = model._meta.db_table, model._meta.pk.column
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        rows = ", ".join(["(%s, %s)"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET {column} = CAST(new.column2 AS bigint) FROM (VALUES {rows}) AS new "  # noqa: S608 (our own names)
                f"WHERE {table}.{key} = new.column1",
                [value for row in some for value in row],
            )


def _frame(delivery: Delivery) -> Frame:
    assert delivery.seq is not None
    event = delivery.event
    return Frame(delivery.room, delivery.seq, event_frame(event.name, delivery.room, delivery.seq, event.at, event.data))


def left_unnumbered(older_than: dt.timedelta) -> list[str]:
    """Rooms with events that nobody numbered: their process died between commit and numbering."""
    return list(
        Delivery.objects.filter(seq=None, event__at__lt=timezone.now() - older_than)
        .order_by("room")
        .values_list("room", flat=True)
        .distinct()
    )


def heads(rooms: Iterable[str]) -> dict[str, Head]:
    """How far the rooms' numbers go; a room without any event yet is at 0."""
    known = {
        name: Head(head, floor)
        for name, head, floor in Room.objects.filter(name__in=list(rooms)).values_list("name", "head", "floor")
    }
    return {name: known.get(name, Head(0, 0)) for name in rooms}


def read(room: str, since: int, upto: int | None = None, limit: int | None = None) -> list[Frame]:
    """The room's events with ``since < seq <= upto``, in order."""
    rows = Delivery.objects.filter(room=room, seq__gt=since).order_by("seq").select_related("event")
    if upto is not None:
        rows = rows.filter(seq__lte=upto)
    return [_frame(delivery) for delivery in (rows[:limit] if limit else rows)]


class Place(Func):
    """Where the log is: on PostgreSQL the numbers of its database and of its table, which a dump that is restored doesn't keep
    (while VACUUM FULL and TRUNCATE do). SQLite has nothing that tells a copied file from its original."""

    template = "''"
    output_field = CharField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        database = "(SELECT oid FROM pg_database WHERE datname = current_database())"
        return self.as_sql(compiler, connection, template=f"{database} || '.' || '{Log._meta.db_table}'::regclass::oid")


def epoch() -> str:
    """The identity of this log; a new one if it was restored from a backup since the last look."""
    log = Log.objects.annotate(here=Place()).filter(pk=1).first()
    if log is None:
        Log.objects.get_or_create(pk=1, defaults={"place": Place()})
        return epoch()
    return str(log.epoch) if log.place == log.here else begin_epoch(instead_of=str(log.epoch))


def begin_epoch(instead_of: str | None = None) -> str:
    """Give the log a new identity: from now on what clients remember counts for nothing. Returns the epoch.

    ``instead_of``: only if it still has this one, so that of several processes that find out the same only one gives a new one.
    The numbers go on far above all that was ever given: who doesn't name the epoch of his number gets a snapshot too.
    """
    Log.objects.get_or_create(pk=1, defaults={"place": Place()})
    log = Log.objects.filter(pk=1) if instead_of is None else Log.objects.filter(pk=1, epoch=instead_of)
    with transaction.atomic():
        if log.update(epoch=uuid.uuid4(), place=Place()):
            Room.objects.update(head=F("head") + LEAP, floor=F("head") + LEAP)
    return str(Log.objects.values_list("epoch", flat=True).get(pk=1))
