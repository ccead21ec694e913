"""The older system's "No automatic room cleanup on disconnect" (realtime-communication-map.md): here nothing is left of a connection.

The browser's side of that map's list: tests/js/potential-issues.test.js.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis
from channels.layers import get_channel_layer
from django.conf import settings

from realtime.consumers import QueueConsumer
from realtime.hub import Hub
from realtime.sockets import Socket, Subscription
from tests.factories import World, walk_in
from tests.realtime.client import PATIENCE, Client, communicator, run, token_for
from tests.realtime.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)


async def lost(client: Client) -> None:
    """The network is gone: the server hears of an end without a close frame."""
    await client.wire.send_input({"type": "websocket.disconnect", "code": 1006})
    await client.wire.wait(timeout=PATIENCE)


async def left(client: Client) -> None:
    """The browser closed it."""
    await client.disconnect()


async def cancelled(client: Client) -> None:
    """The server ends: it cancels the connection, whose client is told to come back."""
    client.wire.future.cancel()
    assert await client.closed() == 1012


ENDS: list[Callable[[Client], Awaitable[None]]] = [lost, left, cancelled]


def groups() -> set[str]:
    """The groups of the channel layer that somebody is in: as the layer has them, and as Redis has them."""
    mark = "__group__"  # the layer for Redis has the whole names of its channels
    known = {name.rpartition(mark)[2] for name, members in get_channel_layer().groups.items() if members}
    if settings.REDIS_URL:
        with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as server:
            channels = server.pubsub_channels(f"{settings.CHANNEL_PREFIX}{mark}*")
        assert {name.rpartition(mark)[2] for name in channels} == known
    return known


async def held(hub: Hub, lasting: set[asyncio.Task[Any]]) -> dict[str, Any]:
    """All that the process keeps for its connections, once what was begun has ended."""
    while ending := hub._tasks - lasting:
        await asyncio.wait(ending)
    gc.collect()
    # By type(): isinstance() would ask lazy objects of other tests what they are.
    kinds = Counter(type(each).__name__ for each in gc.get_objects() if type(each) in (Socket, Subscription, QueueConsumer))
    # An echo is the timer's, and under way now and then.
    names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
    return {
        "objects": dict(kinds),
        "sockets": len(hub.sockets),
        "listeners": {name: len(room.listeners) for name, room in hub._rooms.items()},
        "tasks": sorted(set(names) - {"Bell._echo"}),
        "number of tasks": sum(name != "Bell._echo" for name in names),
        "groups": groups(),
    }


async def enter(token: str, world: World) -> Client:
    """A connection in all the rooms that a desk may be in."""
    client = await Client(communicator(token)).start()
    for room in (f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}"):
        await client.join(room)
    return client


@pytest.mark.parametrize("end", ENDS)
async def test_no_automatic_room_cleanup_on_disconnect(
    world: World, hub: Hub, end: Callable[[Client], Awaitable[None]]
) -> None:
    lasting = set(hub._tasks)
    token = await run(token_for, world.receptionist)
    await left(await enter(token, world))  # the hub's ear is ready a moment after its start
    before = await held(hub, lasting)
    assert not before["sockets"]
    client = await enter(token, world)
    during = {name: len(room.listeners) for name, room in hub._rooms.items()}
    assert len(during) == len(before["listeners"]) + 3
    assert groups() > before["groups"]

    await end(client)

    del client
    assert await held(hub, lasting) == before


@pytest.mark.once("postgresql")
async def test_after_200_connections_the_process_holds_what_it_held_before(world: World, hub: Hub, connect: Connect) -> None:
    lasting = set(hub._tasks)
    token = await run(token_for, world.receptionist)
    stays = await connect(world.admin)
    room = f"clinic_{world.here.pk}"
    await stays.join(room)
    before = await held(hub, lasting)

    for number in range(200):
        client = await enter(token, world)
        if number % 40 == 0:
            await run(walk_in, world)
            await client.settle(room)
        await ENDS[number % len(ENDS)](client)
    del client

    assert await held(hub, lasting) == before
    numbers = [
        frame["seq"] for frame in await stays.settle(room) if frame["room"] == room and not frame["data"].get("snapshot")
    ]
    assert numbers == list(range(1, 11))
    await stays.is_silent()
