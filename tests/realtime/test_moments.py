"""Races, one step at a time: something is held at its worst moment, something else happens, and it goes on.

Nothing is replaced: a gate only makes a call of the product wait after its work is done.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import Settings
from django.db import connection, transaction

from clinics.models import Login, User
from queue import actions as queue
from realtime import consumers, guard, log, retention, views
from realtime import hub as hub_module
from realtime import watch as watch_module
from realtime.hub import get_hub
from realtime.snapshots import snapshot_frame
from tests.api.client import Api
from tests.factories import World, walk_in
from tests.realtime.client import Client, poll, run, token_for
from tests.realtime.conftest import Connect
from tests.realtime.reducer import Screen, fresh
from tests.realtime.watching import silently

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connect(connect: Connect) -> Connect:
    """Connections that have done all they begin with: no gate holds that."""

    async def settled(user: User) -> Client:
        client = await connect(user)
        await client.ask("ping")
        return client

    return settled


class Gate:
    """Holds database work of the event loop when it is done and before anybody hears of it."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, module: Any, work: Callable[..., Any], *, only_first: bool = False
    ) -> None:
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        in_db = module.in_db

        async def gated(wanted: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            result = await in_db(wanted, *args, **kwargs)
            if wanted is work and not self.go.is_set() and not (only_first and self.reached.is_set()):
                self.reached.set()
                await self.go.wait()
            return result

        monkeypatch.setattr(module, "in_db", gated)


async def until_removed(client: Any, room: str) -> None:
    while (frame := await client.next())["event"] != "removed" or frame["data"]["room"] != room:
        pass


async def test_right_that_goes_between_its_check_and_the_join(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = f"clinic_{world.here.pk}"
    witness, racer = await connect(world.receptionist), await connect(world.receptionist)
    await witness.join(room)
    gate = Gate(monkeypatch, hub_module, hub_module.require)
    await racer.send("join_queue_room", {"clinic_id": world.here.pk}, ref="join")
    await gate.reached.wait()

    await run(world.receptionist.clinics.remove, world.here)
    await until_removed(witness, room)
    gate.go.set()

    answer = await racer.next()
    assert (answer["event"], answer["ref"], answer["data"]["code"]) == ("error", "join", "forbidden")
    assert list((await racer.ask("ping"))["data"]["rooms"]) == ["broadcast"]
    await run(walk_in, world, by=world.admin, patient=world.patient)
    await racer.is_silent()


async def test_rights_that_were_read_before_and_are_heard_after_give_nothing_back(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two changes at once: what was read for the first comes when the second has been acted upon."""
    room = f"clinic_{world.here.pk}"
    racer = await connect(world.receptionist)
    await racer.join(room)
    hub = await get_hub()
    lasting = set(hub._tasks)
    gate = Gate(monkeypatch, guard, guard._load_people, only_first=True)
    await run(world.doctor.clinics.add, world.there)  # concerns everybody
    await gate.reached.wait()
    await run(world.receptionist.clinics.remove, world.here)
    await until_removed(racer, room)

    gate.go.set()
    while late := hub._tasks - lasting:
        await asyncio.wait(late)

    assert await racer.error("join_queue_room", {"clinic_id": world.here.pk}) == "forbidden"


async def test_database_that_does_not_answer_leaves_no_screen_that_looks_live(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """It hangs, so no error is raised: the sockets are closed all the same, and are welcome again when it answers."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 0.05, "POLL_INTERVAL_DEGRADED": 0.05}
    monkeypatch.setattr(watch_module, "DOUBT_EVERY", 0.02)
    clients = [await connect(world.receptionist), await connect(world.admin)]
    gate = Gate(monkeypatch, hub_module, hub_module._log_state)
    await gate.reached.wait()

    assert [await client.closed() for client in clients] == [1011, 1011]

    gate.go.set()
    back = await connect(world.receptionist)
    await back.join(f"clinic_{world.here.pk}")


async def test_database_that_answers_is_not_doubted_because_it_is_asked_all_the_time(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Whenever somebody looks, a look at the log is under way."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 0, "POLL_INTERVAL_DEGRADED": 0}
    monkeypatch.setattr(watch_module, "DOUBT_EVERY", 0.05)
    monkeypatch.setattr(watch_module, "BLIND_TIMES", 2)
    client = await connect(world.receptionist)
    for _ in range(20):
        await run(silently, world, 1)
        await client.settle("broadcast")
    await client.is_silent()


async def test_right_that_goes_between_the_join_and_its_snapshot(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told ``joined`` after ``removed``, nor shown what they may no longer see."""
    room = f"clinic_{world.here.pk}"
    await run(walk_in, world)
    racer = await connect(world.receptionist)
    gate = Gate(monkeypatch, hub_module, snapshot_frame)
    await racer.send("join_queue_room", {"clinic_id": world.here.pk}, ref="join")
    await gate.reached.wait()

    await run(world.receptionist.clinics.remove, world.here)
    await until_removed(racer, room)
    gate.go.set()

    answer = await racer.next()
    assert (answer["event"], answer["ref"], answer["data"]["code"]) == ("error", "join", "forbidden")
    await racer.is_silent()
    assert [frame for frame in racer.frames if frame.get("room") == room] == []


async def test_right_that_goes_while_a_new_token_is_checked(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that was looked up before the change must not bring the old rights back."""
    room = f"clinic_{world.here.pk}"
    witness, racer = await connect(world.receptionist), await connect(world.receptionist)
    await witness.join(room)
    token = await run(token_for, world.receptionist)
    gate = Gate(monkeypatch, consumers, consumers.prove)
    await racer.send("authenticate", {"token": token}, ref="new")
    await gate.reached.wait()

    await run(world.receptionist.clinics.remove, world.here)
    await until_removed(witness, room)
    gate.go.set()

    assert (await racer.next())["event"] == "authenticated"
    assert await racer.error("join_queue_room", {"clinic_id": world.here.pk}) == "forbidden"


async def test_account_that_is_disabled_while_a_new_token_is_checked(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    racer = await connect(world.receptionist)
    token = await run(token_for, world.receptionist)
    gate = Gate(monkeypatch, consumers, consumers.prove)
    await racer.send("authenticate", {"token": token})
    await gate.reached.wait()

    def disable() -> None:
        user = User.objects.get(pk=world.receptionist.pk)
        user.is_active = False
        user.save()

    await run(disable)
    gate.go.set()

    assert await racer.closed() == 4403


async def test_new_login_while_rights_are_checked_is_not_taken_for_an_ended_one(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await connect(world.receptionist)
    gate = Gate(monkeypatch, guard, guard._load_people)
    await run(world.receptionist.clinics.add, world.there)
    await gate.reached.wait()
    login = await run(Login.objects.create, user=world.receptionist)
    await client.send("authenticate", {"token": await run(token_for, world.receptionist, login)})
    (socket,) = (await get_hub()).sockets
    while socket.login_id != login.pk:  # noqa: ASYNC110 (the product has no event for it)
        await asyncio.sleep(0.001)
    gate.go.set()

    assert (await client.next())["event"] == "authenticated"
    await client.join(f"clinic_{world.there.pk}")


async def test_room_that_its_last_listener_leaves_while_another_joins(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that joins is not left in a room that nobody listens for."""
    room = f"clinic_{world.here.pk}"
    await run(walk_in, world)
    leaves, joins = await connect(world.receptionist), await connect(world.admin)
    await leaves.join(room)
    gate = Gate(monkeypatch, hub_module, log.read)
    joining = asyncio.create_task(joins.join(room, since=10**6))
    await gate.reached.wait()

    await leaves.ask("leave_queue_room", {"clinic_id": world.here.pk})
    gate.go.set()

    await joining
    await run(walk_in, world)
    await joins.settle(room)
    assert room in (await joins.ask("ping"))["data"]["rooms"]


async def test_what_is_committed_while_the_log_is_read_is_not_left_for_the_timer(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """A join that names a number the reader of that moment has missed waits for the next reading: a replay, no snapshot."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 3_600, "POLL_INTERVAL_DEGRADED": 3_600}
    room = f"clinic_{world.here.pk}"
    first, second = await connect(world.receptionist), await connect(world.admin)
    await first.join(room)
    gate = Gate(monkeypatch, hub_module, log.read)
    reading = asyncio.create_task(first.join(room, since=10**6))
    await gate.reached.wait()

    def write_silently() -> int:
        with transaction.atomic():
            queue.call(walk_in(world), by=world.receptionist)
            connection.run_on_commit.clear()
        log.number([room])
        return log.heads([room])[room].head

    head = await run(write_silently)
    joining = asyncio.create_task(second.join(room, since=head))
    await asyncio.wait({joining}, timeout=0.3)  # long enough for a wrong answer; the right one can't be there yet
    gate.go.set()

    assert (await joining).recovered
    await reading


async def test_log_that_is_replaced_while_a_poll_is_answered_does_not_lend_its_epoch_to_old_numbers(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One room is answered, the next one is being read: the whole answer belongs to the log of its beginning, or is asked again."""
    await run(walk_in, world)
    rooms = [f"doctor_{world.colleague.pk}", f"clinic_{world.here.pk}"]
    hub, token = await get_hub(), await run(token_for, world.receptionist)
    before = hub.epoch
    reads = Gate(monkeypatch, hub_module, snapshot_frame, only_first=True)
    answering = asyncio.create_task(poll(f"Bearer {token}", room=[f"{rooms[0]}:0", rooms[1]], epoch=before))
    await reads.reached.wait()

    await run(log.begin_epoch)
    await hub.look_at_log()
    reads.go.set()

    answer = (await answering).json()
    assert hub.epoch != before
    assert (answer["epoch"], answer["rooms"][rooms[0]]["recovered"]) == (before, True)


async def test_reader_of_a_room_that_all_have_left_sends_nobody_away(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """It finds that events were pruned before it read them. Who has come since has started behind those."""
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 3_600, "POLL_INTERVAL_DEGRADED": 3_600}
    room = f"clinic_{world.here.pk}"
    leaves, hub = await connect(world.receptionist), await get_hub()
    await leaves.join(room)
    await run(silently, world)
    await run(retention.prune, dt.timedelta(0))
    await run(silently, world, 1)
    gate = Gate(monkeypatch, hub_module, log.read, only_first=True)
    look = hub._look(hub._rooms[room])
    await gate.reached.wait()

    await leaves.disconnect()
    stays = await connect(world.admin)
    await stays.join(room)
    gate.go.set()
    await asyncio.wait({look})

    assert (await stays.ask("ping"))["event"] == "pong"


async def test_http_snapshot_reads_its_number_before_the_data(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something happens between the two: it must come after the number, even if the data has it already."""
    room = f"clinic_{world.here.pk}"
    heads, state_of = log.heads, views.state_of

    def then_something_happens(work: Callable[..., Any]) -> Callable[..., Any]:
        def doing(*args: Any) -> Any:
            result = work(*args)
            walk_in(world, patient=world.patient)
            return result

        return doing

    def take() -> Any:
        monkeypatch.setattr(views.log, "heads", then_something_happens(heads))
        monkeypatch.setattr(views, "state_of", then_something_happens(state_of))
        answer = Api(world.receptionist).ok("get", f"queue/clinics/{world.here.pk}/")
        monkeypatch.undo()
        return answer

    taken = await run(take)

    screen = Screen(room)
    screen.apply({"event": "queue_updated", "room": room, "seq": taken["seq"], "data": {**taken, "snapshot": True}})
    screen.apply_all(json.loads(frame.text) for frame in await run(log.read, room, taken["seq"]))
    now = json.loads(await run(snapshot_frame, room, 0))["data"]
    assert len(now["visits"]) == 2
    assert screen.shown() == fresh(room, now)
