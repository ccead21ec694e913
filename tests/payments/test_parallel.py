"""Many desks and many repeats at the same moment, against a real server process, on whichever database the run has."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from payments.models import LedgerEntry, Payment
from tests.api.client import access_token
from tests.factories import World, walk_in
from tests.servers import Server, running_server

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None, real_time: None) -> World:
    return World()


@pytest.fixture(params=["daphne", "uvicorn"])
def server(request: pytest.FixtureRequest, world: World) -> Iterator[Server]:
    with running_server(request.param) as running:
        yield running


@dataclass
class Answer:
    status: int
    replayed: bool
    body: Any

    @property
    def word(self) -> str:
        return self.body.get("code", "") if isinstance(self.body, dict) else ""


def post(server: Server, token: str, path: str, body: Any, key: str | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    if key is not None:
        headers["Idempotency-Key"] = key
    try:
        connection.request("POST", f"/api/{path}", json.dumps(body), headers)
        response = connection.getresponse()
        return Answer(response.status, response.headers.get("Idempotent-Replay") == "true", json.loads(response.read()))
    finally:
        connection.close()


def at_once(commands: Sequence[Callable[[], Answer]]) -> list[Answer]:
    answers: list[Answer | None] = [None] * len(commands)
    start = threading.Barrier(len(commands))

    def run(index: int) -> None:
        start.wait(30)
        answers[index] = commands[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(commands))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [answer for answer in answers if answer is not None]


def test_fifty_repeats_of_one_payment_are_one_payment(world: World, server: Server) -> None:
    payment = walk_in(world).payment
    token, path, body = (
        access_token(world.receptionist),
        f"payments/{payment.pk}/process/",
        {"amount": "5.00", "method": "cash"},
    )

    answers = at_once([lambda: post(server, token, path, body, "one")] * 50)

    assert len(answers) == 50
    assert LedgerEntry.objects.count() == 1
    kinds = Counter((answer.status, answer.replayed, answer.word) for answer in answers)
    assert set(kinds) <= {(200, False, ""), (200, True, ""), (409, False, "idempotency_key_in_use")}
    assert kinds[200, False, ""] == 1
    first = next(answer for answer in answers if answer.status == 200 and not answer.replayed)
    again = post(server, token, path, body, "one")
    assert (again.status, again.replayed, again.body) == (200, True, first.body)
    assert all(answer.body == first.body for answer in answers if answer.status == 200)
    assert LedgerEntry.objects.count() == 1


def test_fifty_payments_of_the_whole_amount_are_one(world: World, server: Server) -> None:
    payment = walk_in(world).payment
    token, path, body = (
        access_token(world.receptionist),
        f"payments/{payment.pk}/process/",
        {"amount": "50.00", "method": "card"},
    )

    answers = at_once([lambda n=n: post(server, token, path, body, f"key {n}") for n in range(50)])

    assert Counter((answer.status, answer.word) for answer in answers) == {(200, ""): 1, (409, "overpaid"): 49}
    assert LedgerEntry.objects.count() == 1
    assert Payment.objects.get().amount_paid == Decimal(50)
    # Whoever was told so at the time is told the same again.
    assert post(server, token, path, body, "key 0").replayed
