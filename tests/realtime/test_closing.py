"""A day that is over is closed by the server itself, by one of its processes, whatever happens to the database meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
import time_machine
from django.conf import Settings

from queue.actions import take_closing_turn
from queue.models import ClosingTurn, DayClose, Visit
from realtime import closing, log
from tests.factories import World, walk_in
from tests.realtime import shapes
from tests.realtime.client import PATIENCE, run
from tests.realtime.conftest import Connect
from tests.realtime.test_log import in_threads
from tests.realtime.test_retention import Warned, rename_table

pytestmark = pytest.mark.django_db(transaction=True)

DAY = dt.timedelta(days=1)


@pytest.fixture
def at_once(settings: Settings) -> None:
    """It is always time again."""
    settings.REALTIME = {**settings.REALTIME, "CLOSE_DAYS_EVERY": dt.timedelta(milliseconds=60)}


async def until_closed() -> None:
    async with asyncio.timeout(PATIENCE):
        while not await run(DayClose.objects.count):
            pass


def test_of_several_processes_one_takes_its_turn_and_again_when_it_is_time(clock: time_machine.Traveller) -> None:
    every = dt.timedelta(minutes=5)
    ClosingTurn.objects.create(pk=1)

    def turns() -> list[bool]:
        return sorted(in_threads([lambda: take_closing_turn(every)] * 6))

    assert turns() == [False] * 5 + [True]
    assert turns() == [False] * 6
    clock.shift(every)
    assert turns() == [False] * 5 + [True]


def test_the_very_first_turn_is_one_processs_too() -> None:
    turns = in_threads([lambda: take_closing_turn(dt.timedelta(minutes=5))] * 6)
    assert sorted(turns) == [False] * 5 + [True]


async def test_the_server_closes_a_forgotten_day_and_its_events_are_numbered(
    world: World, connect: Connect, at_once: None, clock: time_machine.Traveller
) -> None:
    room = f"clinic_{world.here.pk}"
    visit = await run(walk_in, world)
    clock.shift(7 * DAY)
    await connect(world.receptionist)

    await until_closed()

    await run(log.number, [room])
    frames = [shapes.check(frame.text) for frame in await run(log.read, room, 2)]
    assert [frame["event"] for frame in frames] == ["queue_updated", "visit_status_changed"]
    assert (frames[-1]["data"]["from"], frames[-1]["data"]["to"]) == ("waiting", "left")
    assert (await run(Visit.objects.get, pk=visit.pk)).status == "left"


async def test_database_that_fails_meanwhile_is_a_warning_and_asked_again(
    world: World, connect: Connect, at_once: None, clock: time_machine.Traveller
) -> None:
    await run(walk_in, world)
    clock.shift(7 * DAY)
    warned = Warned()
    closing.logger.addHandler(warned)
    await run(rename_table, "queue_closingturn", "elsewhere")
    try:
        await connect(world.receptionist)
        await asyncio.wait_for(warned.heard.wait(), PATIENCE)
    finally:
        await run(rename_table, "elsewhere", "queue_closingturn")
        closing.logger.removeHandler(warned)

    await until_closed()
