"""How much the database is asked: never more for a long queue than for a short one."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext

from realtime import log
from tests.api.client import Api
from tests.factories import World, book, walk_in
from tests.realtime.client import Client, Join, communicator, run, token_for
from tests.realtime.conftest import Connect
from tests.realtime.flows import FLOWS, Flow
from tests.realtime.watching import screens_of

pytestmark = pytest.mark.django_db


def queries_of(world: World, flow: Flow, others: int) -> int:
    """Queries of the command with its events, and of their numbering."""
    before = flow.prepare(world)
    for number in range(others):
        walk_in(world)
        book(world, minutes=300 + 20 * number)
    rooms = [*screens_of(world)[:3], "broadcast"]
    log.number(rooms)
    with CaptureQueriesContext(connection) as queries:
        flow.act(world, before)
        log.number(rooms)
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE")) for query in queries)


COMMANDS = {
    "appointment-created": 25,
    "check-in": 19,
    "walk-in": 18,
    "called": 12,
    "called-next": 15,
    "started": 12,
    "completed-with-appointment": 15,
    "transferred": 12,
    "payment-full": 19,
    "patient-updated": 11,
}
"""At most so many queries: what was measured on both databases."""


@pytest.mark.parametrize("name", COMMANDS)
def test_command_asks_the_same_with_a_short_and_a_long_queue(world: World, name: str) -> None:
    flow = next(flow for flow in FLOWS if flow.name == name)
    queries_of(world, flow, 0)  # the first of a day makes its counters
    short, long = (World(here=world.here, there=world.there) for _ in range(2))

    alone = queries_of(short, flow, 0)

    assert alone == queries_of(long, flow, 6)
    assert alone <= COMMANDS[name]


@pytest.mark.parametrize("visits", [1, 10])
@pytest.mark.parametrize("kind", ["clinic", "doctor"])
def test_http_snapshot_asks_the_same_for_one_visit_and_for_ten(world: World, kind: str, visits: int) -> None:
    for _ in range(visits):
        walk_in(world)
    api = Api(world.receptionist)
    number = {"clinic": world.here.pk, "doctor": world.doctor.pk}[kind]
    log.epoch()

    with CaptureQueriesContext(connection) as queries:
        api.ok("get", f"queue/{kind}s/{number}/")

    assert len(queries) == {"clinic": 8, "doctor": 10}[kind], "\n".join(query["sql"] for query in queries)


def test_replay_is_one_query(world: World) -> None:
    for _ in range(10):
        walk_in(world)
    room = screens_of(world)[0]
    log.number([room])

    with CaptureQueriesContext(connection) as queries:
        assert len(log.read(room, 0)) == 20

    assert len(queries) == 1


# --- Everybody comes back at once ---------------------------------------------------------------------------------------

CLIENTS = 50


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All queries of all threads."""
    queries: list[str] = []
    execute = CursorWrapper.execute

    def note(self: CursorWrapper, sql: str, params: Any = None) -> Any:
        queries.append(sql)
        return execute(self, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", note)
    return queries


def by_table(queries: list[str]) -> str:
    """What a failed test shows: how often each kind of query was asked."""
    kinds = Counter(" ".join(sql.split(" WHERE ")[0].split()[-8:]) for sql in queries)
    return "\n".join(f"{count:4} {kind}" for kind, count in kinds.most_common())


async def come_back(tokens: list[str], room: str, since: int, epoch: str | None = None) -> list[Join]:
    clients = [Client(communicator(token)) for token in tokens]

    async def one(client: Client) -> Join:
        await client.start()
        return await client.join(room, since=since, epoch=epoch)

    joins = await asyncio.gather(*(one(client) for client in clients))
    for client in clients:
        await client.is_silent()
        await client.disconnect()
    return joins


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ["receptionist", "doctor", "admin"])
async def test_fifty_clients_that_come_back_ask_at_most_three_questions_each(
    world: World, connect: Connect, asked: list[str], role: str
) -> None:
    """Handshake, join and replay; what is the same for all is asked once for all."""
    room = f"clinic_{world.here.pk}"
    user = {"receptionist": world.receptionist, "doctor": world.doctor.user, "admin": world.admin}[role]
    tokens = [await run(token_for, user) for _ in range(CLIENTS)]
    for _ in range(5):
        await run(walk_in, world)
    await connect(world.receptionist)
    asked.clear()

    joins = await come_back(tokens, room, since=3)

    assert [(join.recovered, len(join.frames)) for join in joins] == [(True, 7)] * CLIENTS
    assert len(asked) <= 3 * CLIENTS + 15, by_table(asked)


@pytest.mark.django_db(transaction=True)
async def test_fifty_clients_that_need_a_snapshot_share_one(world: World, connect: Connect, asked: list[str]) -> None:
    room = f"clinic_{world.here.pk}"
    tokens = [await run(token_for, world.receptionist) for _ in range(CLIENTS)]
    for _ in range(5):
        await run(walk_in, world)
    await connect(world.receptionist)
    asked.clear()

    joins = await come_back(tokens, room, since=3, epoch="another")

    assert [join.recovered for join in joins] == [False] * CLIENTS
    assert len({join.texts[0] for join in joins}) == 1
    assert sum('FROM "queue_visit"' in sql for sql in asked) == 1
    assert len(asked) <= 3 * CLIENTS + 15, by_table(asked)
