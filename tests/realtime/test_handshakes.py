"""How many sockets one address may open: a clinic that comes back is let in, who hammers is turned away before any work."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import Settings
from django.db.backends.utils import CursorWrapper
from websockets.asyncio.client import connect

from clinic_project import settings as project
from realtime import rates
from realtime.middleware import HandshakeRateMiddleware, TokenAuthMiddleware
from realtime.rates import Addresses, Bucket, block_of
from tests.factories import World
from tests.realtime.client import PATIENCE, Client, communicator, run, token_for
from tests.servers import Kind, running_server

# --- The bucket -------------------------------------------------------------------------------------------------------


def test_bucket_gives_its_burst_and_then_what_time_brings() -> None:
    bucket = Bucket(per_second=2, burst=3, now=0)

    assert [bucket.take(0) for _ in range(5)] == [True, True, True, False, False]
    assert [bucket.take(0.5) for _ in range(2)] == [True, False]
    assert [bucket.take(100) for _ in range(4)] == [True, True, True, False]


def test_each_address_has_its_own() -> None:
    addresses = Addresses(per_second=1, burst=1)

    assert [addresses.take(host, 0) for host in ("192.0.2.1", "192.0.2.2", "192.0.2.1")] == [True, True, False]
    assert addresses.take("192.0.2.1", 1)


def test_addresses_are_forgotten_when_a_new_bucket_would_be_the_same() -> None:
    addresses = Addresses(per_second=1, burst=10)
    for number in range(50):
        addresses.take(f"192.0.2.{number}", 0)
    assert len(addresses) == 50

    addresses.take("198.51.100.1", 1)

    assert len(addresses) == 1


def test_who_is_still_limited_is_not_forgotten() -> None:
    addresses = Addresses(per_second=1, burst=10)
    assert [addresses.take("192.0.2.1", 0) for _ in range(11)][-1] is False

    addresses.take("198.51.100.1", 0.5)

    assert not addresses.take("192.0.2.1", 0.5)


def test_memory_is_bounded_whatever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_ADDRESSES", 100)
    addresses = Addresses(per_second=0.001, burst=10)

    for number in range(300):
        addresses.take(f"192.0.2.{number}", 0)

    assert len(addresses) == 100
    assert addresses.take("192.0.2.299", 0)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("localhost", "localhost", True),
        ("", "localhost", False),
    ],
)
def test_what_counts_as_one_address(first: str, second: str, same: bool) -> None:
    assert (block_of(first) == block_of(second)) is same


def test_the_defaults_let_a_clinic_and_a_load_test_in() -> None:
    assert project.REALTIME["HANDSHAKES_BURST"] >= 1_500
    assert project.REALTIME["SOCKETS_PER_USER"] >= 100


# --- The socket -------------------------------------------------------------------------------------------------------


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("let through")


def knock(app: Any, host: str | None, **more: Any) -> Client:
    wire = communicator(**more)
    wire = WebsocketCommunicator(app, "/ws/queue/", headers=wire.scope["headers"], subprotocols=wire.scope["subprotocols"])
    wire.scope["client"] = None if host is None else [host, 50_000]
    return Client(wire)


@pytest.mark.django_db(transaction=True)
async def test_who_hammers_is_told_and_closed_before_any_work(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REALTIME = {**settings.REALTIME, "HANDSHAKES_BURST": 2, "HANDSHAKES_PER_SECOND": 0.0001}
    asked = []
    execute = CursorWrapper.execute
    token = await run(token_for, world.receptionist)
    monkeypatch.setattr(CursorWrapper, "execute", lambda *args: asked.append(args[1]) or execute(*args))
    let_in = []

    async def consumer(scope: Any, receive: Any, send: Any) -> None:
        let_in.append(scope["client"][0])
        await receive()
        await send({"type": "websocket.close"})

    app = HandshakeRateMiddleware(TokenAuthMiddleware(consumer))
    for _ in range(2):
        assert not (await knock(app, "192.0.2.1", token=token).wire.connect())[0]
    before = len(asked)
    assert before > 0

    client = knock(app, "192.0.2.1", token=token, subprotocols=["clinic.v1", f"bearer.{token}"])
    await client.handshake()

    assert client.subprotocol == "clinic.v1"
    assert (await client.next())["data"]["code"] == "rate_limited"
    assert await client.closed() == 4429
    assert len(asked) == before
    assert not (await knock(app, "192.0.2.2", token=token).wire.connect())[0], "another address is another matter"
    assert let_in == ["192.0.2.1", "192.0.2.1", "192.0.2.2"]


async def test_server_that_knows_no_addresses_limits_none(settings: Settings) -> None:
    settings.REALTIME = {**settings.REALTIME, "HANDSHAKES_BURST": 0}
    app = HandshakeRateMiddleware(nobody)

    with pytest.raises(AssertionError, match="let through"):
        await knock(app, None).wire.connect()


@pytest.mark.once("sqlite")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_real_server_turns_the_third_away(world: World, real_time: None, kind: Kind) -> None:
    headers = {"Authorization": f"Bearer {await run(token_for, world.receptionist)}"}
    with running_server(kind, env={"HANDSHAKES_BURST": "2", "HANDSHAKES_PER_SECOND": "0.0001"}) as server:
        for expected in ("connected", "connected", "error"):
            async with connect(f"{server.ws_url}/ws/queue/", additional_headers=headers) as socket:
                frame = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
                assert frame["event"] == expected
                if expected == "error":
                    await asyncio.wait_for(socket.wait_closed(), PATIENCE)
        assert (frame["data"]["code"], socket.close_code) == ("rate_limited", 4429)
        assert "Traceback" not in server.log(), server.log()
