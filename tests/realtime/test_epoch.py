"""After a restore numbers mean something else: the log gets another epoch, once, and nobody is replayed a wrong history."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.conf import Settings
from django.core.management import call_command
from django.db import connection, transaction

from queue import actions as queue
from realtime import log
from realtime.hub import Hub
from realtime.models import Delivery, Event, Log, Room
from tests.factories import World, walk_in
from tests.realtime.client import run
from tests.realtime.conftest import Connect
from tests.realtime.test_log import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def backup() -> Callable[[], None]:
    """The log as it is now; call what comes back to put it back."""
    log.epoch()
    kept: list[tuple[Any, list[Any]]] = [(model, list(model.objects.all())) for model in (Room, Event, Delivery, Log)]

    @transaction.atomic
    def restore() -> None:
        for model, _rows in reversed(kept):
            model.objects.all().delete()
        for model, rows in kept:
            model.objects.bulk_create(rows)

    return restore


def busy(world: World) -> None:
    queue.call(walk_in(world), by=world.receptionist)


@pytest.fixture
def impatient(settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "POLL_INTERVAL": 0.05, "POLL_INTERVAL_DEGRADED": 0.05}


async def test_restored_log_replays_nothing_of_another_history(world: World, connect: Connect, impatient: None) -> None:
    """Nobody ran ``new_epoch``: the numbers that the client holds are given again, to other events."""
    room = f"clinic_{world.here.pk}"
    await run(walk_in, world)
    restore = await run(backup)
    await run(busy, world)
    client = await connect(world.receptionist)
    seen = (await client.join(room)).seq

    await run(restore)
    assert await client.closed() == 1012
    while (await run(log.heads, [room]))[room].head <= seen:
        await run(busy, world)  # above what the client has seen

    back = await connect(world.receptionist)
    assert back.epoch != client.epoch
    joined = await back.join(room, since=seen, epoch=client.epoch)
    assert (joined.recovered, [frame["data"]["snapshot"] for frame in joined.frames]) == (False, [True])
    await run(walk_in, world)
    await back.settle(room)


def test_all_who_notice_a_restore_at_once_make_one_new_epoch() -> None:
    old = log.epoch()

    new = set(in_threads([lambda: log.begin_epoch(instead_of=old)] * 6))

    assert len(new) == 1
    assert new == {log.epoch()} != {old}


# --- A log in another place: PostgreSQL tells a dump that was restored --------------------------------------------------


@pytest.mark.postgres
async def test_log_that_was_restored_while_no_server_ran_has_another_epoch(world: World, connect: Connect) -> None:
    """A restored row says where it was when it was saved."""
    room = f"clinic_{world.here.pk}"
    await run(busy, world)
    old = await run(log.epoch)
    await run(Log.objects.update, place="16384.16999")
    await run(busy, world)

    client = await connect(world.receptionist)

    assert client.epoch != old
    joined = await client.join(room, since=4, epoch=old)
    assert (joined.recovered, joined.frames[0]["data"]["snapshot"]) == (False, True)


@pytest.mark.postgres
def test_processes_that_start_at_once_on_a_restored_log_agree() -> None:
    old = log.epoch()
    Log.objects.update(place="another")

    new = set(in_threads([log.epoch] * 6))

    assert len(new) == 1
    assert old not in new


@pytest.mark.postgres
def test_another_table_is_another_place() -> None:
    """What ``pg_restore`` does: the table is made anew and filled with the same rows."""
    old = log.epoch()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE copied (LIKE realtime_log INCLUDING ALL); INSERT INTO copied SELECT * FROM realtime_log")
        cursor.execute("ALTER TABLE realtime_log RENAME TO original; ALTER TABLE copied RENAME TO realtime_log")
    try:
        assert log.epoch() != old
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE realtime_log; ALTER TABLE original RENAME TO realtime_log")
    assert log.epoch() == old


@pytest.mark.postgres
@pytest.mark.parametrize("work", ["VACUUM FULL realtime_log", "REINDEX TABLE realtime_log", "CLUSTER realtime_log USING {}"])
def test_upkeep_of_the_database_is_no_restore(work: str) -> None:
    old = log.epoch()
    with connection.cursor() as cursor:
        cursor.execute(work.format("realtime_log_pkey"))

    assert log.epoch() == old


def test_new_log_and_emptied_log_keep_their_epoch() -> None:
    first = log.epoch()
    assert log.epoch() == first
    call_command("flush", interactive=False, verbosity=0)

    second = log.epoch()

    assert second != first
    assert log.epoch() == second == log.begin_epoch(instead_of=first)


def test_loaded_rows_of_this_log_keep_its_epoch(tmp_path: Any) -> None:
    old, out = log.epoch(), tmp_path / "log.json"
    call_command("dumpdata", "realtime", output=str(out), verbosity=0)
    call_command("loaddata", str(out), verbosity=0)

    assert log.epoch() == old


async def test_command_tells_a_running_server(world: World, hub: Hub, connect: Connect, impatient: None) -> None:
    client, out = await connect(world.receptionist), StringIO()

    await run(call_command, "new_epoch", stdout=out)

    assert await client.closed() == 1012
    assert hub.epoch != client.epoch
    assert hub.epoch in out.getvalue()
