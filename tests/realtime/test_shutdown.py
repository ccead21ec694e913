"""A server that is told to end: everybody is sent away to come back, and it ends at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from realtime import log
from tests.factories import World, walk_in
from tests.realtime.client import PATIENCE, run, token_for
from tests.servers import Kind, Server, running_server

pytestmark = pytest.mark.django_db(transaction=True)

KINDS: list[Kind] = ["daphne", "uvicorn"]
SOCKETS, POLLS = 20, 5


@pytest.fixture
def server(request: pytest.FixtureRequest, transactional_db: None, real_time: None) -> Iterator[Server]:
    """A real server of the kind that the test is parametrised with, with the flags of docs/operations.md."""
    with running_server(request.param, env={"UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN": "2"}) as running:
        yield running


async def stop(server: Server) -> int:
    """How the process ended; ``stop`` loses patience after ten seconds and kills it."""
    process = server._running()
    await asyncio.to_thread(server.stop)
    return process.returncode


class Call:
    """A long poll; sent when ``start`` returns, answered when ``answer`` does."""

    def __init__(self, server: Server, token: str, query: str) -> None:
        self.port = server.port
        self.request = (
            f"GET /api/realtime/events/?{query} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
            f"Origin: http://localhost:3000\r\nAuthorization: Bearer {token}\r\n\r\n"
        )

    async def start(self) -> Call:
        self.reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.request.encode())
        await writer.drain()
        self.writer = writer
        return self

    async def answer(self) -> tuple[str, dict[str, object]]:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode().lower()
        length = int(head.partition("content-length: ")[2].split("\r\n")[0])
        body = json.loads(await asyncio.wait_for(self.reader.readexactly(length), PATIENCE))
        self.writer.close()
        await self.writer.wait_closed()
        return head, body


async def code_of(socket: ClientConnection) -> int | None:
    """The code with which the server closes, whatever it says before."""
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code


@pytest.mark.parametrize(("server", "quiet"), [("daphne", False), ("daphne", True), ("uvicorn", False)], indirect=["server"])
async def test_server_that_ends_sends_everybody_away_to_come_back(server: Server, world: World, quiet: bool) -> None:
    """Twenty sockets get 1012 and five long polls an answer, and nobody is waited for."""
    await run(walk_in, world)
    room, token = f"clinic_{world.here.pk}", await run(token_for, world.receptionist)
    head = (await run(log.heads, [room]))[room].head
    async with AsyncExitStack() as stack:
        sockets = []
        for _ in range(SOCKETS):
            headers = {"Authorization": f"Bearer {token}"}
            socket = await stack.enter_async_context(connect(f"{server.ws_url}/ws/queue/", additional_headers=headers))
            await socket.send(json.dumps({"event": "join_queue_room", "data": {"clinic_id": world.here.pk}}))
            while json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))["event"] != "joined":
                pass
            sockets.append(socket)
        waiting = [await Call(server, token, f"room={room}:{head}&wait=30").start() for _ in range(POLLS)]
        for _ in range(2 * POLLS):
            # When these are answered, one after the other, those above wait.
            await (await Call(server, token, f"room={room}:{head}").start()).answer()

        if quiet:
            # daphne forgets connections that are over by a clock of its own, and only then cancels the others properly.
            await asyncio.sleep(2.5)
        ended = asyncio.create_task(stop(server))

        assert [await code_of(socket) for socket in sockets] == [1012] * SOCKETS
        for call in waiting:
            head_lines, body = await call.answer()
            assert " 200 " in head_lines.splitlines()[0]
            assert "access-control-allow-origin: http://localhost:3000" in head_lines
            assert body["rooms"] == {room: {"seq": head, "recovered": True, "events": []}}
        assert await ended in (0, -signal.SIGTERM)
    assert "Traceback" not in server.log(), server.log()


@pytest.mark.parametrize("server", KINDS, indirect=True)
async def test_server_that_ends_waits_for_no_client_that_is_silent(server: Server, world: World) -> None:
    """One that neither reads nor answers holds up neither the end nor the others."""
    token = await run(token_for, world.receptionist)
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(f"{server.ws_url}/ws/queue/", additional_headers=headers) as good:
        silent = await connect(f"{server.ws_url}/ws/queue/", additional_headers=headers)
        await silent.recv()
        silent.transport.pause_reading()
        await good.recv()

        ended = asyncio.create_task(stop(server))

        assert await code_of(good) == 1012
        assert await ended in (0, -signal.SIGTERM)
        silent.transport.abort()


@pytest.mark.parametrize("server", KINDS, indirect=True)
async def test_log_that_is_replaced_sends_the_same_word_over_a_real_connection(server: Server, world: World) -> None:
    """Not every server lets an application send 1012."""
    headers = {"Authorization": f"Bearer {await run(token_for, world.receptionist)}"}
    async with connect(f"{server.ws_url}/ws/queue/", additional_headers=headers) as socket:
        await socket.recv()

        await run(log.begin_epoch)

        assert await code_of(socket) == 1012
    assert "Traceback" not in server.log(), server.log()
