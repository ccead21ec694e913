"""The event log: numbers without holes, in the order of commits, that no reader ever misses (ADR 3)."""

from __future__ import annotations

import datetime as dt
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction

from clinics.models import Doctor
from queue import actions as queue
from queue.models import Visit
from realtime import log
from realtime.models import Delivery, Room
from tests.factories import World, walk_in
from tests.realtime.client import run
from tests.realtime.conftest import Connect

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 8


def in_threads(works: list[Callable[[], Any]]) -> list[Any]:
    """All at once, each with a connection of its own."""

    def closing(work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(closing, work) for work in works]]


class Undo(Exception):
    """One of five transactions fails at its end."""


def writer(visit: Visit, user: Any, seed: int, rounds: int, patience: float) -> Callable[[], int]:
    """Calls the visit again and again; pauses with its events stored and not committed."""
    pick = random.Random(seed)

    def write() -> int:
        done = 0
        for _ in range(rounds):
            try:
                with transaction.atomic():
                    queue.call(visit, by=user)
                    time.sleep(pick.random() * patience)
                    if pick.random() < 0.2:
                        raise Undo
                done += 1
            except Undo:
                pass
        return done

    return write


class Reader:
    """Reads on from the last thing it saw, as long as there is something to come."""

    def __init__(self, more: Callable[[int], list[tuple[int, str]]]) -> None:
        self._more = more
        self.seen: list[tuple[int, str]] = []
        self.stop = threading.Event()

    def read(self) -> None:
        while True:
            last = self.stop.is_set()
            found = self._more(self.seen[-1][0] if self.seen else 0)
            self.seen += found
            if last and not found:
                return
            time.sleep(0.001)


def by_number(room: str) -> Callable[[int], list[tuple[int, str]]]:
    return lambda since: [(frame.seq, frame.text) for frame in log.read(room, since)]


def by_id(room: str) -> Callable[[int], list[tuple[int, str]]]:
    """What the log must not do: the id of a row as the cursor."""
    return lambda since: [
        (delivery.pk, delivery.event.data)
        for delivery in Delivery.objects.filter(room=room, pk__gt=since).order_by("pk").select_related("event")
    ]


def write_and_read(world: World, rounds: int, patience: float) -> tuple[int, str, Reader, Reader]:
    """Eight writers, a reader by number and one by id; returns how many commands were committed."""
    room = f"clinic_{world.here.pk}"
    visits = [walk_in(world) for _ in range(WRITERS)]
    good, naive = Reader(by_number(room)), Reader(by_id(room))
    readers = ThreadPoolExecutor(2)

    def reading(reader: Reader) -> None:
        try:
            reader.read()
        finally:
            connection.close()

    jobs = [readers.submit(reading, reader) for reader in (good, naive)]
    try:
        done = sum(in_threads([writer(visit, world.receptionist, seed, rounds, patience) for seed, visit in enumerate(visits)]))
    finally:
        good.stop.set()
        naive.stop.set()
        for job in jobs:
            job.result()
        readers.shutdown()
    return done, room, good, naive


def check_numbers(room: str, reader: Reader, events: int) -> None:
    numbers = [number for number, _text in reader.seen]
    assert numbers == list(range(1, events + 1)), "a hole, a double, or a number missed by the reader"
    assert log.heads([room])[room].head == events
    assert Delivery.objects.filter(room=room).count() == events
    assert not Delivery.objects.filter(seq=None).exists()
    # Of two changes to the same visit, the one that was committed first has the lower number: versions rise.
    versions: dict[int, list[int]] = defaultdict(list)
    for _number, text in reader.seen:
        data = json.loads(text)["data"]
        if "visits" in data:
            for visit in data["visits"]:
                versions[visit["id"]].append(visit["version"])
    assert len(versions) == WRITERS
    for known in versions.values():
        assert known == sorted(known)
        assert known == list(range(known[0], known[0] + len(known))), "a rolled-back version was told"


@pytest.mark.postgres
def test_eight_writers_with_pauses_and_rollbacks(world: World) -> None:
    done, room, good, naive = write_and_read(world, rounds=40, patience=0.01)

    # A walk-in tells two events in the clinic's room, a call two.
    check_numbers(room, good, 2 * WRITERS + 2 * done)
    missed = 2 * WRITERS + 2 * done - len(naive.seen)
    assert missed > 0, "a cursor of plain ids missed nothing: this test is blind"


def test_eight_writers_on_any_database(world: World) -> None:
    done, room, good, _naive = write_and_read(world, rounds=6, patience=0.002)

    assert done < WRITERS * 6
    check_numbers(room, good, 2 * WRITERS + 2 * done)


def test_numbering_at_the_same_time_gives_each_event_one_number(world: World) -> None:
    room = "clinic_77"
    log.store([log.NewEvent("patient_updated", (room, "doctor_77"), {"n": n}) for n in range(40)])

    frames = [frame for found in in_threads([lambda: log.number([room, "doctor_77"])] * 6) for frame in found]

    assert sorted((frame.room, frame.seq) for frame in frames) == sorted(
        (r, n) for r in (room, "doctor_77") for n in range(1, 41)
    )
    assert [json.loads(frame.text)["data"]["n"] for frame in log.read(room, 0)] == list(range(40))


def test_more_than_one_statement_can_hold_are_numbered_and_stay_so(world: World) -> None:
    rooms, many = ("clinic_78", "doctor_78"), 700
    log.store([log.NewEvent("patient_updated", rooms, {"n": n}) for n in range(many)])

    assert len(log.number(rooms)) == 2 * many

    for room in rooms:
        assert list(Delivery.objects.filter(room=room).order_by("pk").values_list("seq", flat=True)) == list(range(1, many + 1))
        assert log.heads([room])[room].head == many
    assert log.number(rooms) == []


def test_rooms_that_appear_at_the_same_time(world: World) -> None:
    rooms = [f"clinic_{n}" for n in range(900, 906)]

    def write(seed: int) -> None:
        pick = random.Random(seed)
        for _ in range(5):
            some = tuple(pick.sample(rooms, 3))
            log.store([log.NewEvent("queue_updated", some, {})])
            log.number(some)

    in_threads([lambda seed=seed: write(seed) for seed in range(6)])  # type: ignore[misc]

    for room in rooms:
        numbers = sorted(Delivery.objects.filter(room=room).values_list("seq", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
    assert Delivery.objects.filter(room__in=rooms).count() == 90


# --- Whoever dies between commit and numbering ------------------------------------------------------------------------


def die_after_commit(world: World) -> None:
    """A walk-in whose process ends between its commit and the numbering."""
    with transaction.atomic():
        walk_in(world, patient=world.patient)
        connection.run_on_commit.clear()


def test_events_of_a_dead_process_are_numbered_by_the_next_command(world: World) -> None:
    room = f"clinic_{world.here.pk}"
    die_after_commit(world)
    assert log.heads([room])[room].head == 0

    queue.call(Visit.objects.get(), by=world.receptionist)

    names = [json.loads(frame.text)["event"] for frame in log.read(room, 0)]
    assert names == ["queue_updated", "new_checkin", "queue_updated", "visit_status_changed"]


async def test_events_of_a_dead_process_are_numbered_by_the_timer(
    world: World, connect: Connect, settings: Any, clock: time_machine.Traveller
) -> None:
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 0.05, "POLL_INTERVAL_DEGRADED": 0.05}
    room = f"clinic_{world.here.pk}"
    client = await connect(world.receptionist)
    await client.join(room)
    client.events.clear()
    await run(die_after_commit, world)
    clock.shift(dt.timedelta(seconds=5))  # older than anybody needs to number

    while client.seen(room) < 2:
        await client.next()

    assert [frame["event"] for frame in client.events if frame["room"] == room] == ["queue_updated", "new_checkin"]


def test_only_what_is_older_than_a_moment_counts_as_left(world: World, clock: time_machine.Traveller) -> None:
    """Nobody numbers what a living process is just about to number."""
    die_after_commit(world)
    assert log.left_unnumbered(dt.timedelta(minutes=1)) == []

    clock.shift(dt.timedelta(minutes=2))

    assert log.left_unnumbered(dt.timedelta(minutes=1)) == [f"clinic_{world.here.pk}", f"doctor_{world.doctor.pk}"]


def test_failing_doorbell_never_fails_the_command(world: World, settings: Any) -> None:
    """Redis that isn't there costs nothing but the wake-up."""
    from realtime import doorbell

    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    doorbell._client.cache_clear()
    try:
        visit = walk_in(world)
    finally:
        doorbell._client.cache_clear()
        doorbell.breaker._open_until = 0.0

    room = f"clinic_{world.here.pk}"
    assert Visit.objects.get() == visit
    assert log.heads([room])[room].head == 2


# --- Epoch -------------------------------------------------------------------------------------------------------------


def test_new_epoch_is_another_one_and_stays(world: World) -> None:
    before = log.epoch()

    after = log.begin_epoch()

    assert after != before
    assert log.epoch() == after == log.epoch()


def test_a_room_without_events_stands_at_zero(world: World) -> None:
    assert log.heads(["clinic_5", "doctor_5"]) == {"clinic_5": log.Head(0, 0), "doctor_5": log.Head(0, 0)}
    assert not Room.objects.filter(name="clinic_5").exists()


@pytest.mark.postgres
def test_numbering_holds_no_command_up(world: World) -> None:
    """A room's counter is never locked during business work: a command that waits long lets others of the room pass."""
    first, second = walk_in(world), walk_in(world)
    inside, finish = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            queue.call(first, by=world.receptionist)
            inside.set()
            assert finish.wait(20)

    def quick() -> None:
        assert inside.wait(20)
        try:
            queue.call(second, by=world.receptionist)
        finally:
            finish.set()

    in_threads([slow, quick])

    called = [json.loads(f.text)["data"]["visit"]["id"] for f in log.read(f"clinic_{world.here.pk}", 0) if "_status_" in f.text]
    assert called == [second.pk, first.pk]
    assert Doctor.objects.exists()
