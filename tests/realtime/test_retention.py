"""Forgetting: what is older than the retention goes by itself, a little at a time, and nobody is replayed a part of it."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import logging
from typing import Any

import pytest
import time_machine
from django.conf import Settings
from django.db import connection

from realtime import log, retention
from realtime.models import Delivery, Event, Room
from tests.factories import World, walk_in
from tests.realtime.client import PATIENCE, run
from tests.realtime.conftest import Connect
from tests.realtime.test_log import die_after_commit, in_threads

pytestmark = pytest.mark.django_db(transaction=True)

DAYS_8 = dt.timedelta(days=8)


def test_pruning_keeps_the_numbers_going(world: World) -> None:
    room = f"clinic_{world.here.pk}"
    walk_in(world)
    head = log.heads([room])[room].head

    retention.prune(dt.timedelta(0))

    assert log.heads([room])[room] == log.Head(head, head)
    assert (log.read(room, 0), Delivery.objects.count(), Event.objects.count()) == ([], 0, 0)
    walk_in(world)
    assert [frame.seq for frame in log.read(room, 0)] == [head + 1, head + 2]


def test_pruning_leaves_what_has_no_number_yet(world: World) -> None:
    die_after_commit(world)

    retention.prune(dt.timedelta(0))

    room = f"clinic_{world.here.pk}"
    assert [frame.seq for frame in log.number([room])] == [1, 2]


def test_pruning_takes_what_is_old_alone(world: World, clock: time_machine.Traveller) -> None:
    room = f"clinic_{world.here.pk}"
    walk_in(world)
    old = log.heads([room])[room].head
    clock.shift(dt.timedelta(days=8))
    walk_in(world)

    assert retention.prune(dt.timedelta(days=7)) > 0

    assert log.heads([room])[room].floor == old
    assert [frame.seq for frame in log.read(room, 0)] == [old + 1, old + 2]


@pytest.fixture
def three_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)


def test_pruning_goes_a_little_at_a_time(world: World, three_at_once: None) -> None:
    """No step deletes more than its share, and after each of them every room's floor is at or above what is gone."""
    for _ in range(5):
        walk_in(world)
    room = f"clinic_{world.here.pk}"
    steps, left = list[int](), [Delivery.objects.count()]

    for gone in retention.steps(dt.timedelta(0)):
        steps.append(gone)
        left.append(Delivery.objects.count())
        floor = Room.objects.get(name=room).floor
        assert len(log.read(room, floor)) == log.heads([room])[room].head - floor

    assert max(steps) == 3
    assert [before - after for before, after in itertools.pairwise(left)] == steps
    assert (Delivery.objects.count(), Event.objects.count()) == (0, 0)


def test_room_is_locked_for_nothing_but_its_floor(world: World, three_at_once: None) -> None:
    """Whoever numbers events waits for the room's row: no delete runs in the transaction that holds it."""
    for _ in range(5):
        walk_in(world)
    seen = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("UPDATE", "DELETE")):
            seen.append((sql.split('"')[1], connection.in_atomic_block))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        retention.prune(dt.timedelta(0))

    floors = [in_transaction for table, in_transaction in seen if table == "realtime_room"]
    assert len(floors) > 5
    assert not any(floors)


def test_pruning_that_was_cut_short_is_made_good_by_the_next(world: World, three_at_once: None) -> None:
    for _ in range(5):
        walk_in(world)
    room = f"clinic_{world.here.pk}"
    Room.objects.filter(name=room).update(floor=8)  # it died between the floor and the rows

    retention.prune(dt.timedelta(0))

    assert log.heads([room])[room] == log.Head(10, 10)
    assert not Delivery.objects.exists()


# --- By itself --------------------------------------------------------------------------------------------------------


def test_of_several_processes_one_takes_its_turn_and_again_when_it_is_time(clock: time_machine.Traveller) -> None:
    log.epoch()
    hour = dt.timedelta(hours=1)

    def turns() -> list[bool]:
        return sorted(in_threads([lambda: retention.take_turn(hour)] * 6))

    assert turns() == [False] * 5 + [True]
    assert turns() == [False] * 6
    clock.shift(hour)
    assert turns() == [False] * 5 + [True]


@pytest.fixture
def at_once(settings: Settings) -> None:
    """It is always time again."""
    settings.REALTIME = {**settings.REALTIME, "PRUNE_EVERY": dt.timedelta(milliseconds=60)}


async def until_gone() -> None:
    async with asyncio.timeout(PATIENCE):
        while await run(Delivery.objects.count):
            pass


async def test_the_server_forgets_by_itself_and_who_was_away_gets_a_snapshot(
    world: World, connect: Connect, at_once: None, clock: time_machine.Traveller
) -> None:
    room = f"clinic_{world.here.pk}"
    await run(walk_in, world)
    clock.shift(DAYS_8)
    client = await connect(world.receptionist)

    await until_gone()

    assert await run(log.heads, [room]) == {room: log.Head(2, 2)}
    assert not (await client.join(room, since=1)).recovered


def rename_table(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")


class Warned(logging.Handler):
    """Knows when the server has said it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard, self.loop = asyncio.Event(), asyncio.get_running_loop()
        self.levels = set[int]()

    def emit(self, record: logging.LogRecord) -> None:
        self.levels.add(record.levelno)
        self.loop.call_soon_threadsafe(self.heard.set)


async def test_database_that_fails_meanwhile_is_a_warning_and_asked_again(
    world: World, connect: Connect, at_once: None, clock: time_machine.Traveller
) -> None:
    await run(walk_in, world)
    clock.shift(DAYS_8)
    warned = Warned()
    retention.logger.addHandler(warned)
    await run(rename_table, "realtime_delivery", "elsewhere")
    try:
        await connect(world.receptionist)
        await asyncio.wait_for(warned.heard.wait(), PATIENCE)
    finally:
        await run(rename_table, "elsewhere", "realtime_delivery")
        retention.logger.removeHandler(warned)

    await until_gone()

    assert warned.levels == {logging.WARNING}
