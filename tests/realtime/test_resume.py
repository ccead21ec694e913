"""Coming back with ``since``: exactly the events after it, or a snapshot; never a part (contract/realtime.md, section 1)."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import threading
from typing import Any

import pytest
from django.conf import Settings

from queue import actions as queue
from realtime import log, retention
from tests.factories import PatientFactory, World, walk_in
from tests.realtime.client import Client, run, token_for
from tests.realtime.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)


def busy(world: World, visits: int = 3) -> None:
    for _ in range(visits):
        queue.call(walk_in(world), by=world.receptionist)


async def head_of(room: str) -> int:
    return (await run(log.heads, [room]))[room].head


@pytest.mark.parametrize("kind", ["clinic", "doctor", "broadcast"])
async def test_since_gives_exactly_what_came_after_it(world: World, connect: Connect, kind: str) -> None:
    room = {"clinic": f"clinic_{world.here.pk}", "doctor": f"doctor_{world.doctor.pk}", "broadcast": "broadcast"}[kind]
    live = await connect(world.receptionist)
    if kind != "broadcast":
        await live.join(room)
    live.events.clear()
    live.texts.clear()
    await run(busy, world)
    head = await head_of(room)
    while live.seen(room) < head:
        await live.next()
    texts = {frame["seq"]: text for frame, text in zip(live.events, live.texts, strict=True) if frame["room"] == room}

    for since in range(min(texts) - 1, head + 1):
        back = await connect(world.receptionist)
        joined = await back.join(room, since=since)

        assert (joined.seq, joined.recovered) == (head, True)
        assert joined.texts == [texts[seq] for seq in range(since + 1, head + 1)], "a replay is byte for byte the first sending"
        await back.is_silent()
        await back.disconnect()


async def test_since_head_gives_nothing(world: World, connect: Connect) -> None:
    room = f"clinic_{world.here.pk}"
    await run(busy, world)
    client = await connect(world.receptionist)

    joined = await client.join(room, since=await head_of(room))

    assert (joined.recovered, joined.frames) == (True, [])
    await client.is_silent()


async def test_since_of_an_empty_room(world: World, connect: Connect) -> None:
    client = await connect(world.receptionist)

    joined = await client.join(f"doctor_{world.doctor.pk}", since=0)

    assert (joined.seq, joined.recovered, joined.frames) == (0, True, [])


async def test_room_that_was_joined_is_resumed_and_goes_on(world: World, connect: Connect) -> None:
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    await run(busy, world)
    await client.settle(room)

    again = await client.join(room, since=1)
    client.events.clear()
    await run(walk_in, world)

    frames = [frame for frame in await client.settle(room) if frame["room"] == room]
    assert [frame["seq"] for frame in [*again.frames, *frames]] == list(range(2, again.seq + len(frames) + 1))


UNKNOWN: dict[str, Any] = {"above the head": 1, "far above": 10**6, "beyond all numbers": 10**30, "below zero": -(10**6)}


@pytest.mark.parametrize("name", UNKNOWN)
async def test_unknown_since_gives_a_snapshot(world: World, connect: Connect, name: str) -> None:
    room = f"clinic_{world.here.pk}"
    await run(busy, world)
    head = await head_of(room)
    client = await connect(world.receptionist)

    joined = await client.join(room, since=head + UNKNOWN[name])

    assert (joined.seq, joined.recovered) == (head, False)
    assert [(frame["seq"], frame["data"]["snapshot"]) for frame in joined.frames] == [(head, True)]
    await client.is_silent()


async def test_pruned_since_gives_a_snapshot(world: World, connect: Connect, settings: Settings) -> None:
    room = f"clinic_{world.here.pk}"
    await run(busy, world)
    floor = await head_of(room)
    assert await run(retention.prune, dt.timedelta(0)) > 0
    await run(busy, world)
    client = await connect(world.receptionist)

    lost, kept = await client.join(room, since=floor - 1), await client.join(room, since=floor)

    assert (lost.recovered, len(lost.frames), lost.frames[0]["data"]["snapshot"]) == (False, 1, True)
    assert kept.recovered
    assert [frame["seq"] for frame in kept.frames] == list(range(floor + 1, kept.seq + 1))


async def test_pruned_while_the_hub_knew_another_floor_gives_a_snapshot_and_no_part(world: World, connect: Connect) -> None:
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    await run(busy, world)
    await client.settle(room)
    await run(retention.prune, dt.timedelta(0))

    joined = await client.join(room, since=1)

    assert (joined.recovered, len(joined.frames)) == (False, 1)


async def test_pruning_keeps_what_is_young(world: World, connect: Connect) -> None:
    await run(busy, world)
    room = f"clinic_{world.here.pk}"

    assert await run(retention.prune, dt.timedelta(minutes=1)) == 0

    client = await connect(world.receptionist)
    assert (await client.join(room, since=0)).recovered


async def test_too_many_gives_a_snapshot(world: World, connect: Connect, settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "REPLAY_LIMIT": 5}
    room = f"clinic_{world.here.pk}"
    await run(busy, world)
    head = await head_of(room)
    client = await connect(world.receptionist)

    six, five = await client.join(room, since=head - 6), await client.join(room, since=head - 5)

    assert (six.recovered, len(six.frames)) == (False, 1)
    assert (five.recovered, len(five.frames)) == (True, 5)


@pytest.mark.parametrize("epoch", ["", "another", "00000000-0000-0000-0000-000000000000"])
async def test_another_epoch_gives_a_snapshot(world: World, connect: Connect, epoch: str) -> None:
    room = f"clinic_{world.here.pk}"
    await run(busy, world)
    client = await connect(world.receptionist)

    joined = await client.join(room, since=await head_of(room) - 1, epoch=epoch)

    assert (joined.recovered, len(joined.frames)) == (False, 1)


@pytest.mark.parametrize(("since", "epoch"), [(10**6, None), (-1, None), (0, "another")], ids=["above", "below", "other epoch"])
async def test_broadcast_that_can_not_be_resumed_says_so(world: World, connect: Connect, since: int, epoch: str | None) -> None:
    """It has no snapshot: its events only say "fetch again"."""
    await run(busy, world)
    client = await connect(world.receptionist)

    joined = await client.join("broadcast", since=since, epoch=epoch)

    assert (joined.seq, joined.recovered, joined.frames) == (await head_of("broadcast"), False, [])
    await client.is_silent()


def fill(world: World, events: int) -> None:
    """Many events of a room, as long as real ones."""
    with_visit = walk_in(world)
    from queue.serializers import VisitSerializer

    data: dict[str, object] = {
        "date": "2026-03-02",
        "visits": [VisitSerializer(with_visit).data],
        "snapshot": False,
    }
    room = f"clinic_{world.here.pk}"
    log.store([log.NewEvent("queue_updated", (room,), data)] * events)
    log.number([room])


async def test_as_many_as_the_limit_allows_are_replayed_whole(world: World, connect: Connect, settings: Settings) -> None:
    """5,000 events are more bytes than may wait for a slow reader; they were asked for, so they are sent."""
    room = f"clinic_{world.here.pk}"
    await run(fill, world, 4_998)
    head = await head_of(room)
    assert head == settings.REALTIME["REPLAY_LIMIT"]
    client = await connect(world.receptionist)

    joined = await client.join(room, since=0)

    assert [frame["seq"] for frame in joined.frames] == list(range(1, head + 1))
    await client.is_silent()


async def test_snapshot_larger_than_the_buffer_of_a_slow_reader_is_sent(
    world: World, connect: Connect, settings: Settings
) -> None:
    settings.REALTIME = {**settings.REALTIME, "BUFFER_LIMIT": 3_000}
    await run(busy, world, 6)
    client = await connect(world.receptionist)

    joined = await client.join(f"clinic_{world.here.pk}")

    assert len(joined.texts[0]) > 3_000
    await client.is_silent()


# --- Joining while others write ---------------------------------------------------------------------------------------


def contiguous(client: Client, room: str, start: int) -> None:
    """Each number once, in order, from a join at ``start`` on."""
    numbers = [frame["seq"] for frame in client.events if frame["room"] == room and not frame["data"].get("snapshot")]
    assert numbers == list(range(start + 1, start + 1 + len(numbers)))


async def race(world: World, connect: Connect, joins: int, seed: int) -> None:
    """Sockets join with random ``since`` while somebody writes without a pause."""
    room, pick = f"clinic_{world.here.pk}", random.Random(seed)
    await run(busy, world)
    tokens = [await run(token_for, world.receptionist) for _ in range(10)]
    stop = threading.Event()

    def write() -> int:
        patient, done = PatientFactory(), 0
        visit = walk_in(world, patient=patient)
        while not stop.is_set():
            visit = queue.call(visit, by=world.receptionist)
            visit = queue.put_back(visit, by=world.receptionist)
            done += 1
        return done

    writing = [asyncio.create_task(run(write)) for _ in range(2)]
    starts: list[tuple[Client, int]] = []
    for turn in range(joins):
        client = await connect(token=tokens[turn % 10])
        since = pick.choice([None, 0, 1, pick.randrange(0, 6), 10**6, await head_of(room)])
        joined = await client.join(room, since=since)
        starts.append((client, (since or 0) if joined.recovered else joined.seq))
        if pick.random() < 0.2:  # and again, from where it stands
            seen = client.seen(room)
            client.events.clear()
            again = await client.join(room, since=seen)
            assert again.recovered
            starts[-1] = (client, seen)
            numbers = [f["seq"] for f in client.events if f["room"] == room]
            client.events[:] = [f for n, f in zip(numbers, client.events, strict=False) if f["room"] == room]
            client.events.sort(key=lambda f: f["seq"])
            client.events[:] = list({f["seq"]: f for f in client.events if f["seq"] > seen}.values())
    stop.set()
    assert sum(await asyncio.gather(*writing)) > 0
    head = await head_of(room)
    for client, start in starts:
        while client.seen(room) < head:
            await client.next()
        contiguous(client, room, start)
        await client.is_silent()


@pytest.mark.both
async def test_joins_during_writes_leave_neither_gap_nor_double(world: World, connect: Connect) -> None:
    await race(world, connect, joins=30, seed=3)


async def test_snapshot_taken_during_writes_and_the_events_after_it_lead_to_what_the_database_holds(
    world: World, connect: Connect
) -> None:
    from realtime.snapshots import snapshot_data
    from tests.realtime.reducer import Screen, fresh

    room = f"clinic_{world.here.pk}"
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            visit = queue.call(walk_in(world), by=world.receptionist)
            queue.skip(visit, by=world.receptionist)

    writing = asyncio.create_task(run(write))
    clients = []
    for _ in range(12):
        client = await connect(world.receptionist)
        joined = await client.join(room)
        screen = Screen(room)
        screen.apply(joined.frames[0])
        client.events = [frame for frame in client.events if frame["seq"] > joined.seq]
        clients.append((client, screen))
    stop.set()
    await writing
    head, after = await head_of(room), fresh(room, await run(snapshot_as_sent, room, snapshot_data))
    for client, screen in clients:
        while client.seen(room) < head:
            await client.next()
        screen.apply_all(frame for frame in client.events if frame["room"] == room)
        assert screen.shown() == after


def snapshot_as_sent(room: str, snapshot_data: Any) -> Any:
    import json

    from realtime.frames import json_text

    return json.loads(json_text(snapshot_data(room)))
