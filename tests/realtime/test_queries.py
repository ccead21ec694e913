"""How much the database is asked: never more for a long queue than for a short one."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from realtime import log
from tests.api.client import Api
from tests.factories import World, book, walk_in
from tests.realtime.flows import FLOWS, Flow
from tests.realtime.watching import screens_of

pytestmark = [pytest.mark.once("postgresql"), pytest.mark.django_db]


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
    "check-in": 22,
    "walk-in": 20,
    "called": 14,
    "called-next": 17,
    "started": 14,
    "completed-with-appointment": 18,
    "transferred": 15,
    "payment-full": 21,
    "patient-updated": 14,
}
"""At most so many queries: what was measured, and a few more."""


@pytest.mark.parametrize("name", COMMANDS)
def test_command_asks_the_same_with_a_short_and_a_long_queue(world: World, name: str) -> None:
    flow = next(flow for flow in FLOWS if flow.name == name)
    queries_of(world, flow, 0)  # the first of a day makes its counters
    short, long = (World(here=world.here, there=world.there) for _ in range(2))

    alone = queries_of(short, flow, 0)

    assert alone == queries_of(long, flow, 15)
    assert alone <= COMMANDS[name]


@pytest.mark.parametrize("visits", [1, 30])
@pytest.mark.parametrize("kind", ["clinic", "doctor"])
def test_http_snapshot_asks_the_same_for_one_visit_and_for_thirty(world: World, kind: str, visits: int) -> None:
    for _ in range(visits):
        walk_in(world)
    api = Api(world.receptionist)
    number = {"clinic": world.here.pk, "doctor": world.doctor.pk}[kind]
    log.epoch()

    with CaptureQueriesContext(connection) as queries:
        api.ok("get", f"queue/{kind}s/{number}/")

    assert len(queries) == {"clinic": 8, "doctor": 11}[kind], "\n".join(query["sql"] for query in queries)


def test_replay_is_one_query(world: World) -> None:
    for _ in range(10):
        walk_in(world)
    room = screens_of(world)[0]
    log.number([room])

    with CaptureQueriesContext(connection) as queries:
        assert len(log.read(room, 0)) == 20

    assert len(queries) == 1
