"""Against real servers, with a real WebSocket client: the same on daphne and uvicorn."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from queue import actions as queue
from realtime import log
from tests.factories import World, walk_in
from tests.realtime import shapes
from tests.realtime.client import PATIENCE, run, token_for
from tests.realtime.flows import arriving
from tests.servers import Kind, Server, running_server

pytestmark = pytest.mark.django_db(transaction=True)

KINDS: list[Kind] = ["daphne", "uvicorn"]


@pytest.fixture
def server(request: pytest.FixtureRequest, transactional_db: None, real_time: None) -> Iterator[Server]:
    """A real server of the kind that the test is parametrised with, on the database of the test."""
    with running_server(request.param) as running:
        yield running


class Desk:
    """A socket and HTTP calls of one user."""

    def __init__(self, server: Server, token: str) -> None:
        self.server, self.token = server, token
        self.socket: ClientConnection
        self.epoch = ""

    @contextlib.asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator[Desk]:
        options.setdefault("additional_headers", {"Authorization": f"Bearer {self.token}"})
        async with connect(f"{self.server.ws_url}/ws/queue/", max_size=None, **options) as self.socket:
            hello = await self.next()
            assert hello["event"] == "connected"
            self.epoch = hello["data"]["epoch"]
            yield self

    async def next(self) -> dict[str, Any]:
        return shapes.check(await self.text())

    async def text(self) -> str:
        text = await asyncio.wait_for(self.socket.recv(), PATIENCE)
        assert isinstance(text, str)
        return text

    async def send(self, event: str, **data: Any) -> None:
        await self.socket.send(json.dumps({"event": event, "data": data}))

    async def join(self, clinic: int, **more: Any) -> dict[str, Any]:
        """The answer to a join; events of broadcast before it are nothing to these tests."""
        await self.send("join_queue_room", clinic_id=clinic, **more)
        while True:
            frame = await self.next()
            if frame["event"] in ("joined", "error"):
                return frame

    async def texts(self, room: str, upto: int) -> list[str]:
        """The room's frames up to this number, as they came."""
        found: list[str] = []
        while True:
            text = await self.text()
            frame = shapes.check(text)
            if frame.get("room") == room:
                found.append(text)
                if frame["seq"] >= upto:
                    return found

    async def post(self, path: str, body: dict[str, Any]) -> int:
        return (await asyncio.to_thread(self._call, path, body))[0]

    async def get(self, path: str) -> tuple[int, Any]:
        return await asyncio.to_thread(self._call, path, None)

    def _call(self, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(f"{self.server.url}/api/{path}", data, headers), timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            return error.code, error.read()


@pytest.fixture
async def desk(server: Server, world: World) -> Desk:
    return Desk(server, await run(token_for, world.receptionist))


async def head_of(room: str) -> int:
    return (await run(log.heads, [room]))[room].head


def busy(world: World) -> None:
    queue.call(walk_in(world), by=world.receptionist)


@pytest.mark.parametrize("server", KINDS, indirect=True)
async def test_flow_kill_restart_and_resume(server: Server, world: World, desk: Desk) -> None:
    room = f"clinic_{world.here.pk}"
    async with desk.open():
        assert (await desk.join(world.here.pk))["data"] == {"room": room, "seq": 0, "recovered": False}
        assert await desk.post("visits/", arriving(world, world.patient)) == 201
        snapshot, *live = await desk.texts(room, 2)
        assert json.loads(snapshot)["data"]["snapshot"] is True
        assert [json.loads(text)["event"] for text in live] == ["queue_updated", "new_checkin"]

        server.kill()

        with pytest.raises(ConnectionClosed):
            while True:
                await desk.text()

    await run(busy, world)  # somebody writes while this server is down
    expected = [frame.text for frame in await run(log.read, room, 1)]
    server.start()
    async with desk.open():
        answer = await desk.join(world.here.pk, since=1, epoch=desk.epoch)
        assert answer["data"] == {"room": room, "seq": await head_of(room), "recovered": True}
        replay = await desk.texts(room, answer["data"]["seq"])
        assert replay == expected
        assert replay[0] == live[1], "byte for byte the first sending, by another process"
        assert await desk.post("visits/", arriving(world, world.patient)) == 201
        assert len(await desk.texts(room, answer["data"]["seq"] + 2)) == 2
    assert "Traceback" not in server.log(), server.log()


@pytest.mark.parametrize("server", KINDS, indirect=True)
async def test_getting_in(server: Server, world: World, desk: Desk) -> None:
    bearer = f"bearer.{desk.token}"
    async with desk.open(additional_headers={}, subprotocols=["clinic.v1", bearer], origin=server.url) as browser:
        assert browser.socket.subprotocol == "clinic.v1"
        assert desk.token not in str(browser.socket.response.headers)  # type: ignore[union-attr]
    async with desk.open(additional_headers={}, subprotocols=[bearer, "clinic.v1"], origin="http://localhost:3000"):
        pass

    for origin in (
        "http://evil.example",
        f"https://127.0.0.1:{server.port}",
        "null",
        f"http://127.0.0.1.evil.example:{server.port}",
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with desk.open(origin=origin):
                pass
        assert refused.value.response.status_code == 403

    for headers in ({}, {"Authorization": "Bearer x"}):
        async with connect(f"{server.ws_url}/ws/queue/?token={desk.token}", additional_headers=headers) as nobody:
            desk.socket = nobody
            assert (await desk.next())["data"]["code"] == "unauthenticated"
            with pytest.raises(ConnectionClosed) as closed:
                await desk.text()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4401

    with pytest.raises(InvalidStatus):
        async with connect(f"{server.ws_url}/ws/other/", additional_headers={"Authorization": f"Bearer {desk.token}"}):
            pass
    assert "Traceback" not in server.log(), server.log()
    assert desk.token not in server.log().replace(f"?token={desk.token}", ""), "a token stands in the log"


@pytest.mark.parametrize("server", KINDS, indirect=True)
async def test_bad_frames_of_any_size_never_end_in_a_fault(server: Server, world: World, desk: Desk) -> None:
    """What a server hands on: text, binary, empty, long; an error each, or its own word for too long (1009)."""
    async with desk.open() as client:
        for text in ("x", "", "[" * 9_000, "é" * 9_000, '{"event":"ping","ref":"' + "x" * 100_000 + '"}'):
            await client.socket.send(text)
            assert (await client.next())["data"]["code"] == "bad_request"
        for data in (b"", b"\xff", b"x" * 100_000):
            await client.socket.send(data)
            assert (await client.next())["data"]["code"] == "bad_request"
        await client.send("ping")
        assert (await client.next())["event"] == "pong"
    assert "Traceback" not in server.log(), server.log()


# --- Fifty who can't open a socket ------------------------------------------------------------------------------------


def threads_of(server: Server) -> int:
    return sum(1 for _ in Path(f"/proc/{server.pid}/task").iterdir())


async def polls(server: Server, world: World, desk: Desk) -> int:
    """Fifty long polls at once, all woken by one walk-in; how many threads more the server had while they waited."""
    room = f"clinic_{world.here.pk}"
    await asyncio.gather(*(desk.get("realtime/events/?room=broadcast:0") for _ in range(8)))
    before = threads_of(server)
    waiting = [asyncio.create_task(desk.get(f"realtime/events/?room={room}:0&wait=30")) for _ in range(50)]
    # All of them have been asked when another fifty that need not wait have been answered.
    for _ in range(50):
        assert (await desk.get("realtime/events/?room=broadcast:0"))[0] == 200
    assert not any(task.done() for task in waiting)
    during = threads_of(server)

    assert await desk.post("visits/", arriving(world, world.patient)) == 201

    for status, body in await asyncio.gather(*waiting):
        assert status == 200, body
        assert [frame["seq"] for frame in body["rooms"][room]["events"]] in ([1], [1, 2])
    return during - before


@pytest.fixture
async def many_calls() -> AsyncIterator[None]:
    """Threads enough for fifty clients."""
    executor = ThreadPoolExecutor(64)
    asyncio.get_running_loop().set_default_executor(executor)
    yield
    executor.shutdown()


@pytest.mark.parametrize("server", KINDS, indirect=True)
async def test_fifty_long_polls_at_once_hold_no_thread(server: Server, world: World, desk: Desk, many_calls: None) -> None:
    assert await polls(server, world, desk) < 15
