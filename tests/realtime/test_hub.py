"""The hub: whatever the channel layer does, each socket gets each event once, in order."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import gc
import random
import threading
import uuid
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.conf import Settings

from queue import actions as queue
from realtime import bell, doorbell, farewell, log, retention
from realtime import hub as hub_module
from realtime.groups import rights_of
from realtime.hub import get_hub
from realtime.models import Delivery, Room
from realtime.sockets import TOO_MANY_FRAMES, Socket
from tests.factories import World, walk_in
from tests.realtime.client import PATIENCE, Client, communicator, run, token_for
from tests.realtime.conftest import Connect
from tests.realtime.watching import silently, unnumbered

pytestmark = pytest.mark.django_db(transaction=True)


def texts_of(room: str) -> list[str]:
    return [frame.text for frame in log.read(room, 0)]


async def ring(frames: list[log.Frame]) -> None:
    for frame in frames:
        await get_channel_layer().group_send(frame.room, doorbell.message_of(frame))


ORDERS: dict[str, Callable[[list[log.Frame]], list[log.Frame]]] = {
    "in order": lambda frames: frames,
    "backwards": lambda frames: frames[::-1],
    "three times": lambda frames: frames * 3,
    "each three times": lambda frames: [frame for frame in frames for _ in range(3)],
    "every second lost": lambda frames: frames[::2],
    "only the last": lambda frames: frames[-1:],
    "only the first": lambda frames: frames[:1],
    "none": lambda frames: [],
    **{
        f"shuffled, doubled and lost {seed}": lambda frames, seed=seed: random.Random(seed).choices(frames, k=len(frames) * 2)  # type: ignore[misc]
        for seed in range(4)
    },
}


@pytest.fixture
def impatient(settings: Settings) -> None:
    """What no doorbell tells is read from the log at once."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 0.05, "POLL_INTERVAL_DEGRADED": 0.05}


@pytest.mark.both
@pytest.mark.parametrize("name", ORDERS)
async def test_each_event_comes_once_and_in_order(world: World, connect: Connect, impatient: None, name: str) -> None:
    room = f"clinic_{world.here.pk}"
    clients = [await connect(world.receptionist), await connect(world.admin)]
    for client in clients:
        await client.join(room)
        client.events.clear()
        client.texts.clear()

    for _ in range(3):
        frames = await run(silently, world)
        await ring(ORDERS[name](frames))

    head = (await run(log.heads, [room]))[room].head
    for client in clients:
        while client.seen(room) < head:
            await client.next()
        texts = [text for frame, text in zip(client.events, client.texts, strict=True) if frame["room"] == room]
        assert texts == [frame.text for frame in await run(log.read, room, 0)]
        await client.settle("broadcast")
        await client.is_silent()


async def test_old_and_foreign_messages_are_nothing(world: World, connect: Connect) -> None:
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    frames = await run(silently, world)
    await ring(frames)
    await client.settle(room)

    await ring(frames)
    layer = get_channel_layer()
    await layer.group_send(room, {"type": "something.else", "room": room})
    await layer.group_send(room, doorbell.message_of(log.Frame("clinic_987654", 1, "{}")))
    more = await run(silently, world, 1)
    await ring(more)

    assert [frame["seq"] for frame in await client.settle(room) if frame["room"] == room] == [frame.seq for frame in more]


async def test_timer_goes_on_at_its_pace_while_the_layer_answers(world: World, connect: Connect, settings: Settings) -> None:
    """An echo that is still on its way is not a dead layer."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 0.05, "POLL_INTERVAL_DEGRADED": 3_600}
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    for _ in range(4):
        await run(silently, world, 1)
        await client.settle(room)


async def test_timer_and_doorbell_at_the_same_time_do_not_take_the_log_for_another(
    world: World, connect: Connect, settings: Settings
) -> None:
    """An event that rings while the timer asks for the heads is above what the timer hears: no reason to start again."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 0, "POLL_INTERVAL_DEGRADED": 0}
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    visit = await run(walk_in, world)

    def call_often() -> None:
        for _ in range(60):
            queue.call(visit, by=world.receptionist)

    await run(call_often)

    frames = [frame for frame in await client.settle(room) if frame["room"] == room and not frame["data"].get("snapshot")]
    assert [frame["seq"] for frame in frames] == list(range(1, 123))
    await client.is_silent()


async def test_room_that_is_left_by_the_last_while_another_joins(world: World, connect: Connect) -> None:
    """The one that joins is not left in a room that nobody listens for."""
    room = f"clinic_{world.here.pk}"
    await run(walk_in, world)
    joins = await connect(world.admin)
    for turn in range(20):
        leaves = await connect(world.receptionist)
        await leaves.join(room)
        joining = asyncio.create_task(joins.join(room, since=10**6))
        for _ in range(turn % 10):
            await asyncio.sleep(0.001)
        await leaves.disconnect()
        await joining
        assert room in (await joins.ask("ping"))["data"]["rooms"], turn
        await run(walk_in, world)
        await joins.settle(room)
        await joins.ask("leave_queue_room", {"clinic_id": world.here.pk})
        joins.frames.clear()
        joins._last.pop(room)


async def test_layer_that_does_not_let_go_holds_nobody_up() -> None:
    """A call of the layer that is over time and doesn't end when it is cancelled: the timer must not wait for it."""
    free = asyncio.Event()

    async def deaf() -> None:
        while not free.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await free.wait()

    with pytest.raises(TimeoutError):
        await bell._within(0.01, deaf())

    free.set()


async def test_layer_that_gives_up_by_itself_does_not_end_who_waits_for_it() -> None:
    async def gives_up() -> None:
        raise asyncio.CancelledError

    with pytest.raises(TimeoutError):
        await bell._within(PATIENCE, gives_up())


async def test_timer_goes_on_whatever_the_layer_raises(
    world: World, connect: Connect, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only what a dead Redis is known to raise."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 0.05, "POLL_INTERVAL_DEGRADED": 0.05}
    failed = asyncio.Event()

    async def broken(*_: Any) -> None:
        failed.set()
        raise AttributeError("'NoneType' object has no attribute 'write'")

    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    monkeypatch.setattr(get_channel_layer(), "group_send", broken)
    await asyncio.wait_for(failed.wait(), PATIENCE)

    await run(silently, world)

    await client.settle(room)


@pytest.mark.parametrize(("takes", "closed"), [(True, False), (False, True)])
async def test_more_than_the_bound_at_once_closes_who_does_not_take_it(world: World, takes: bool, closed: bool) -> None:
    """In a burst the writer has not had its turn yet: that isn't the client's fault."""
    taken, free, all_taken = list[str](), asyncio.Event(), asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        if not takes:
            await free.wait()
        taken.append(message.get("text", ""))
        if len(taken) == 4:
            all_taken.set()

    rights = await run(rights_of, world.receptionist)
    ends = dt.datetime.now(dt.UTC)
    socket = Socket(send, rights=rights, login_id=uuid.uuid4(), expires_at=ends, limit=100)
    socket.write("x" * 60)
    await asyncio.sleep(0)  # the writer has begun
    for _ in range(3):
        socket.write("x" * 60)

    assert socket.closing is closed

    if takes:
        await asyncio.wait_for(all_taken.wait(), PATIENCE)
    await socket.finish()


@pytest.mark.parametrize("ends", ["while it waits", "after it was closed", "with a send that fails"])
async def test_socket_that_has_ended_is_freed_without_the_collector(world: World, ends: str) -> None:
    """Else all that hangs on a connection would stay until a full collection: thousands of them, after a bad night."""
    sent = asyncio.Event()

    async def send(message: dict[str, Any]) -> None:
        sent.set()
        if ends == "with a send that fails":
            raise OSError("gone")

    rights = await run(rights_of, world.receptionist)
    socket = Socket(send, rights=rights, login_id=uuid.uuid4(), expires_at=dt.datetime.now(dt.UTC), limit=100)
    socket.write("x")
    if ends == "after it was closed":
        socket.close(TOO_MANY_FRAMES)
    await sent.wait()
    gc.disable()
    try:
        await socket.finish()
        freed = weakref.ref(socket)
        del socket
        await asyncio.sleep(0)
        assert freed() is None
    finally:
        gc.enable()


# --- Replaced logs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["new epoch", "lower heads"])
async def test_restored_log_makes_everybody_start_again(world: World, connect: Connect, impatient: None, how: str) -> None:
    room = f"clinic_{world.here.pk}"
    await run(walk_in, world)
    clients = [await connect(world.receptionist), await connect(world.admin)]
    for client in clients:
        await client.join(room)
    old_epoch = clients[0].epoch

    if how == "new epoch":
        await run(log.begin_epoch)
    else:
        await run(
            lambda: (Delivery.objects.filter(room=room, seq__gt=1).delete(), Room.objects.filter(name=room).update(head=1))
        )

    assert [await client.closed() for client in clients] == [1012, 1012]
    back = await connect(world.receptionist)
    assert back.epoch != old_epoch
    joined = await back.join(room, since=2, epoch=old_epoch)
    assert (joined.recovered, len(joined.frames), joined.frames[0]["data"]["snapshot"]) == (False, 1, True)
    await run(walk_in, world)
    await back.settle(room)


async def test_events_that_were_pruned_before_the_hub_read_them_make_everybody_start_again(
    world: World, connect: Connect, settings: Settings
) -> None:
    """Nothing missing, or it says so: it never waits in silence for what is no longer there."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 3_600, "POLL_INTERVAL_DEGRADED": 3_600}
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    await run(silently, world)
    await run(retention.prune, dt.timedelta(0))

    await run(walk_in, world)

    assert await client.closed() == 1012
    back = await connect(world.receptionist)
    joined = await back.join(room, since=0)
    assert (joined.recovered, joined.seq) == (False, (await run(log.heads, [room]))[room].head)


async def test_hub_that_stops_tells_everybody_to_come_back(world: World, connect: Connect) -> None:
    clients = [await connect(world.receptionist), await connect(world.admin)]

    await (await get_hub()).stop()

    assert [await client.closed() for client in clients] == [1012, 1012]


# --- One for all ------------------------------------------------------------------------------------------------------


async def test_snapshot_is_shared_by_those_who_ask_at_the_same_number(world: World, connect: Connect) -> None:
    room = f"clinic_{world.here.pk}"
    await run(walk_in, world)
    clients = [await connect(world.receptionist) for _ in range(6)]

    joins = await asyncio.gather(*(client.join(room) for client in clients))

    assert len({join.texts[0] for join in joins}) == 1  # its ``at`` too: it was made once
    await run(walk_in, world)
    assert (await clients[0].join(room)).texts != joins[0].texts


async def test_shared_snapshot_ends_with_the_day(world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day can end without an event: a snapshot is not kept for long."""
    monkeypatch.setattr(hub_module, "SNAPSHOT_KEPT", 0.0)
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)

    first, second = await client.join(room), await client.join(room)

    assert first.texts != second.texts


async def test_rooms_nobody_is_in_are_closed(world: World, connect: Connect) -> None:
    rooms = [f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}"]
    for _ in range(5):
        client = await connect(world.receptionist)
        for room in rooms:
            await client.join(room)
        await client.disconnect()
    hub = await get_hub()

    assert set(hub._rooms) == {"control"}
    assert not hub.sockets


# --- Slow readers -----------------------------------------------------------------------------------------------------


class Stalled:
    """A socket that takes nothing until it is told to; then it takes all."""

    def __init__(self, token: str) -> None:
        self.wire = communicator(token)
        self.client = Client(self.wire)
        self.is_lost = False
        self.go = asyncio.Event()
        self.go.set()
        put = self.wire.output_queue.put
        application = self.wire.application

        async def send(message: dict[str, Any]) -> None:
            await self.go.wait()
            if self.is_lost:
                raise ConnectionError("the client is gone")
            await put(message)

        async def stalling(scope: Any, receive: Any, _send: Any) -> None:
            await application(scope, receive, send)

        self.wire.application = stalling


async def test_socket_that_never_reads_holds_nobody_up_and_is_closed_with_4408(
    world: World, connect: Connect, settings: Settings
) -> None:
    settings.REALTIME = {**settings.REALTIME, "BUFFER_LIMIT": 5_000}
    room = f"clinic_{world.here.pk}"
    stalled = Stalled(await run(token_for, world.receptionist))
    await stalled.client.start()
    await stalled.client.join(room)
    others = [await connect(world.receptionist), await connect(world.admin)]
    for client in others:
        await client.join(room)

    stalled.go.clear()
    for _ in range(5):
        await run(lambda: queue.call(walk_in(world), by=world.receptionist))
        for client in others:
            await client.settle(room)  # all of it, while one takes nothing
    hub = await get_hub()
    assert sum(len(text) for socket in hub.sockets for text, _ in socket._waiting) <= 5_000
    stalled.go.set()

    assert await stalled.client.closed() == 4408
    numbers = [f["seq"] for f in stalled.client.events if f["room"] == room and not f["data"].get("snapshot")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) < 20


@pytest.mark.both
@pytest.mark.parametrize("how", ["doorbell", "log", "left by its writer"])
async def test_burst_makes_no_slow_reader_of_anybody(
    world: World, connect: Connect, settings: Settings, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A renamed service touches hundreds of rows at once: more bytes than may wait for a socket, and all of them read."""
    settings.REALTIME = {**settings.REALTIME, "BUFFER_LIMIT": 20_000, "POLL_INTERVAL": 0.05, "POLL_INTERVAL_DEGRADED": 0.05}
    # The hub numbers what its writer leaves; it would be quicker than a writer who is slow on this machine.
    monkeypatch.setattr(hub_module, "NUMBER_AFTER", dt.timedelta(0 if how == "left by its writer" else 1))
    room = f"clinic_{world.here.pk}"
    clients = [await connect(world.receptionist), await connect(world.admin)]
    for client in clients:
        await client.join(room)

    if how == "left by its writer":
        await run(unnumbered, world, 40)
    else:
        frames = await run(silently, world, 40)
        if how == "doorbell":
            await ring(frames)

    for client in clients:
        while not client.seen(room):
            await client.next()
        events = await client.settle(room, "broadcast")
        assert len(events) > 80
        assert sum(len(text) for text in await run(texts_of, room)) > 90_000
        await client.is_silent()


async def test_client_that_went_while_it_was_being_sent_a_replay_leaves_nothing_behind(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(farewell, "GOODBYE_WITHIN", 0.05)
    room = f"clinic_{world.here.pk}"
    await run(silently, world)
    stalled = Stalled(await run(token_for, world.receptionist))
    await stalled.client.start()
    stalled.go.clear()
    await stalled.client.send("join_queue_room", {"clinic_id": world.here.pk, "since": 0})
    await stalled.client.send("join_queue_room", {"clinic_id": world.here.pk, "since": 0})
    other = await connect(world.admin)
    await other.join(room)

    stalled.wire.future.cancel()
    await stalled.wire.future

    hub = await get_hub()
    assert len(hub.sockets) == 1
    await other.is_silent()


async def test_server_that_refuses_to_send_on_a_lost_connection_ends_it(world: World, connect: Connect) -> None:
    """uvicorn raises then; an answer that waits for its turn must not keep the consumer for ever."""
    await run(silently, world)
    stalled = Stalled(await run(token_for, world.receptionist))
    await stalled.client.start()
    stalled.go.clear()
    for _ in range(2):
        await stalled.client.send("join_queue_room", {"clinic_id": world.here.pk, "since": 0})
    other = await connect(world.admin)
    await other.ask("ping")

    stalled.is_lost = True
    stalled.go.set()

    await stalled.wire.send_input({"type": "websocket.disconnect", "code": 1006})
    await asyncio.wait_for(asyncio.shield(stalled.wire.future), PATIENCE)
    hub = await get_hub()
    assert [socket.rights.user_id for socket in hub.sockets] == [world.admin.pk]


async def test_replays_can_not_be_piled_up(world: World, connect: Connect) -> None:
    """Who asks again and again without reading is sent the next answer when the one before has gone."""
    await run(silently, world)
    stalled = Stalled(await run(token_for, world.receptionist))
    await stalled.client.start()
    stalled.go.clear()
    for _ in range(30):
        await stalled.client.send("join_queue_room", {"clinic_id": world.here.pk, "since": 0})
    other = await connect(world.admin)
    for _ in range(20):
        await other.ask("ping")
    hub = await get_hub()
    waiting = max(len(socket._waiting) for socket in hub.sockets)

    stalled.go.set()

    assert waiting < 40  # one replay is 17 frames
    answered = 0
    while answered < 30:
        answered += (await stalled.client.next())["event"] == "joined"
    await stalled.client.disconnect()


# --- Two hubs ---------------------------------------------------------------------------------------------------------


@pytest.mark.redis
async def test_event_of_another_process_rings_here(world: World, connect: Connect, settings: Settings) -> None:
    """Another loop in another thread stands for another process: with Redis they share nothing but it and the database."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 3_600, "POLL_INTERVAL_DEGRADED": 3_600}
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    done = threading.Event()

    def elsewhere() -> None:
        async def work() -> None:
            await run(walk_in, world)

        asyncio.run(work())
        done.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()

    assert await asyncio.to_thread(done.wait, PATIENCE)
    await client.settle(room)
    await asyncio.to_thread(thread.join)
