"""Clients that don't read, too many clients at once, and clients that send garbage."""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
import time
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from realtime import log
from tests.factories import walk_in
from tests.faults.experiments.outages import no_socket_was_closed
from tests.faults.experiments.table import experiment
from tests.faults.history import Joined
from tests.faults.laboratory import SETTLE_WITHIN, Clinic, Figures, Lab, must
from tests.realtime.client import run
from tests.servers import Kind, Server

TOO_SLOW, TOO_MANY = 4408, 4429
CUT_WITHIN = 30.0
STALLED = 10
FLOODS = 3
MEMORY_EACH = 2.0
LIVE_WITHIN = 15.0
QUERIES_EACH = 3
LEVEL = 1.5
"""Megabytes by which a process may be larger after the second half of the frames: what allocators leave between objects, less
than 1 KB for each of its connections."""


def resident(server: Server) -> float:
    """Megabytes of memory that the process holds."""
    kilobytes = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())
    assert kilobytes is not None
    return int(kilobytes[1]) / 1024


@experiment(
    "10 clients that never read",
    shows="closed with 4408 within 30 s; the others get 100 %; memory grows by less than 2 MB each",
)
async def never_read(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind) as clinic:
        await clinic.watch()
        # Before it is measured, the server has grown to what all this takes by itself.
        for _ in range(FLOODS):
            await _flood(clinic)
        before = resident(clinic.server)
        stalled = [await _stall(clinic) for _ in range(STALLED)]
        began = time.monotonic()
        most = before
        for _ in range(FLOODS):
            await _flood(clinic)
            most = max(most, resident(clinic.server))
        codes = [await asyncio.wait_for(_read_at_last(each), CUT_WITHIN) for each in stalled]
        seconds = time.monotonic() - began
        must(codes == [TOO_SLOW] * STALLED, f"closed with {codes}")
        must(seconds < CUT_WITHIN, f"closed after {seconds:.0f} s")
        await (await clinic.crowd()).done()
        figures = await clinic.verdict()
        no_socket_was_closed(clinic)
        growth = (most - before) / STALLED
        must(growth < MEMORY_EACH * lab.size.patience, f"{growth:.1f} MB for each of them")
        return figures | {"closed within s": round(seconds, 1), "MB each": round(growth, 2)}


async def _flood(clinic: Clinic) -> None:
    """Four megabytes into the other clinic's room, and wait until those who read have read them."""
    await run(_store_much, clinic.there)
    heads = await run(log.heads, [clinic.there])
    for watcher in clinic.watchers:
        if clinic.there in watcher.rooms:
            read = watcher.until(lambda w=watcher: w.stands_at({clinic.there: heads[clinic.there].head}))  # type: ignore[misc]
            await asyncio.wait_for(read, SETTLE_WITHIN)


def _store_much(room: str) -> None:
    data: dict[str, object] = {"date": "2026-03-02", "visits": [], "snapshot": False, "filling": "x" * 20_000}
    log.store([log.NewEvent("queue_updated", (room,), data)] * 200)
    log.number([room])


async def _stall(clinic: Clinic) -> ClientConnection:
    """Joins and reads no more."""
    narrow = socket.create_connection(("127.0.0.1", clinic.server.port))
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    token = await clinic.token(clinic.world.receptionist_there)
    client = await connect(
        f"{clinic.server.ws_url}/ws/queue/", additional_headers={"Authorization": f"Bearer {token}"}, sock=narrow, max_queue=1,
        max_size=None, compression=None, ping_interval=None,
    )  # fmt: skip
    await client.send(json.dumps({"event": "join_queue_room", "data": {"clinic_id": clinic.world.there.pk}}))
    while json.loads(await client.recv())["event"] != "joined":
        pass
    return client


async def _read_at_last(client: ClientConnection) -> int | None:
    try:
        while True:
            await client.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd is not None else None


@experiment("500 clients reconnect at once", shows="all live within 15 s; at most 3 queries per client; snapshots shared")
async def rush(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind, envs=[{"SOCKETS_PER_USER": "10000"}]) as clinic:
        await (await clinic.write(200, servers=clinic.servers)).done()
        crowd = [
            clinic.watcher(f"socket {number}", await clinic.token(clinic.world.receptionist), [clinic.here])
            for number in range(lab.size.rush)
        ]
        await clinic.open(crowd)
        await asyncio.to_thread(clinic.server.kill)
        await clinic.cut_off()
        for _ in range(5):
            clinic.made_otherwise.add((await run(walk_in, clinic.world)).pk)  # somebody writes while this server is down
        moment = time.monotonic()
        await asyncio.to_thread(lab.postgres.note_statements, True)
        queries, seconds = await _while_all_come(clinic)
        joins: list[Joined] = clinic.since(moment, Joined)
        must(all(join.recovered for join in joins), "somebody came back by a snapshot")
        await asyncio.to_thread(clinic.server.kill)
        await clinic.cut_off()
        for watcher in crowd:
            watcher.forget()
        queries_anew, seconds_anew = await _while_all_come(clinic)
        await asyncio.to_thread(lab.postgres.note_statements, False)
        figures = await clinic.verdict()
        must(seconds < LIVE_WITHIN or lab.size.is_short, f"live after {seconds:.1f} s")
        # With few clients most of them are the server's own, of its start.
        must(queries <= QUERIES_EACH or lab.size.is_short, f"{queries:.1f} queries per client")
        must(queries_anew <= QUERIES_EACH or lab.size.is_short, f"{queries_anew:.1f} queries per client that takes a snapshot")
        return figures | {
            "live within s": round(seconds, 1),
            "queries each": round(queries, 2),
            "with snapshot s": round(seconds_anew, 1),
            "queries each with snapshot": round(queries_anew, 2),
        }


async def _while_all_come(clinic: Clinic) -> tuple[float, float]:
    """Start the server and wait until all are live: the statements for each of them, and the seconds, all from the start."""
    count, began = clinic.lab.postgres.statements, time.monotonic()
    before = await asyncio.to_thread(count)
    await asyncio.to_thread(clinic.server.start)
    await clinic.live()
    seconds = time.monotonic() - began
    return (await asyncio.to_thread(count) - before) / len(clinic.watchers), seconds


@experiment("100,000 malformed frames", shows="no 1011, no traceback, memory level")
async def malformed(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind, envs=[{"SOCKETS_PER_USER": "10000", "HANDSHAKES_BURST": "1000000"}]) as clinic:
        await clinic.watch()
        token, codes = await clinic.token(clinic.world.receptionist), set[int | None]()
        sent = await _send_garbage(clinic, token, lab.size.bad_frames // 2, codes)  # so that it has grown to its size
        before = resident(clinic.server)
        sent += await _send_garbage(clinic, token, lab.size.bad_frames - sent, codes)
        growth = resident(clinic.server) - before
        must(codes <= {TOO_MANY, 1009}, f"closed with {codes}")
        await (await clinic.write(100)).done()
        figures = await clinic.verdict()
        no_socket_was_closed(clinic)
        must(growth < LEVEL * lab.size.patience, f"memory grew by {growth:.1f} MB")
        return figures | {
            "frames": sent,
            "close codes": " ".join(map(str, sorted(map(str, codes)))),
            "MB more": round(growth, 1),
        }


async def _send_garbage(clinic: Clinic, token: str, count: int, codes: set[int | None]) -> int:
    left = [count]

    async def one() -> None:
        while left[0] > 0:
            headers = {"Authorization": f"Bearer {token}"}
            url = f"{clinic.server.ws_url}/ws/queue/"
            try:
                async with connect(
                    url, additional_headers=headers, compression=None, max_size=None, ping_interval=None
                ) as client:
                    # More than it takes until the server has had enough.
                    for _ in range(200):
                        await client.send(garbage())
                        left[0] -= 1
                        await asyncio.wait_for(client.recv(), 10)
            except ConnectionClosed as closed:
                codes.add(closed.rcvd.code if closed.rcvd is not None else None)

    await asyncio.gather(*(one() for _ in range(8)))
    return count - left[0]


def garbage() -> str | bytes:
    """A frame that nobody should send."""
    number = random.choice([0, -1, 2**63, 10**30, 1.5, True, None, "1", [], {}, "é" * 20, [[]], {"a": 1}])
    event = random.choice(["join_queue_room", "join_doctor_room", "resume_broadcast", "authenticate", "", "x", None, 7, {}])
    key = random.choice(["clinic_id", "doctor_id", "since", "epoch", "token", "ref"])
    frame: Any = {"event": event, "data": {key: number, "since": number, "epoch": number}, "ref": number}
    text = json.dumps(frame)
    return random.choice(
        [
            text,
            text[: random.randrange(len(text))],
            json.dumps(number),
            json.dumps({"event": "join_queue_room", "data": number}),
            json.dumps({"event": event}),
            "[" * random.randrange(1, 5_000),
            '{"event":"ping","ref":"' + "x" * random.choice([10, 20_000]) + '"',
            "\ud800".encode("utf-8", "surrogatepass"),
            random.randbytes(random.randrange(0, 300)),
            "",
        ]
    )
