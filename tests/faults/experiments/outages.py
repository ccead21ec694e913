"""Redis, a server or PostgreSQL goes away while people work."""

from __future__ import annotations

import asyncio
import statistics
import time

from tests.faults.experiments.table import experiment
from tests.faults.history import Ended, Joined, Opened, Try
from tests.faults.laboratory import Clinic, Figures, Lab, must
from tests.faults.writer import TIMEOUT
from tests.servers import Kind

NO_REDIS = {"REDIS_URL": "redis://127.0.0.1:1/0"}
WORST_DELAY = 3.0
WORST_DELAY_WITHOUT_REDIS = 2.0
"""What the contract promises (section 1), which is more than the table asks."""
RESUMED_WITHIN = 10.0


def no_socket_was_closed(clinic: Clinic) -> None:
    codes = {entry.code for watcher in clinic.sockets() for entry in watcher.history.entries if isinstance(entry, Ended)}
    words = [line for line in clinic.server.log().splitlines() if " WARNING " in line or " ERROR " in line]
    must(not codes, f"sockets were closed with {codes}; the first server has said: {words[-20:]}")


@experiment("none, 200 events/s", shows="0 lost, doubled, reordered")
async def none(lab: Lab, kind: Kind) -> Figures:
    # Two processes: a single one that answers all the writers as well makes 180 to 190 (docs/faults.md).
    async with lab.clinic(kind, envs=[{}, {}]) as clinic:
        await clinic.watch()
        seconds = await (await clinic.crowd(rate=200)).done()
        figures = await clinic.verdict()
        no_socket_was_closed(clinic)
        return figures | {"events/s": round(float(figures["events"]) / seconds)}


@experiment("Redis killed 5 times, 0.5 s down each", shows="0 lost; no socket closed; worst delay under 3 s")
async def redis_killed(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind) as clinic:
        await clinic.watch()
        work = await clinic.crowd()
        for turn in range(5):
            await work.reach((turn + 1) / 6)
            await asyncio.to_thread(lab.redis.kill)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(lab.redis.start)
        await work.done()
        figures = await clinic.verdict()
        no_socket_was_closed(clinic)
        worst = float(figures["worst delay s"])
        must(worst < WORST_DELAY * lab.size.patience, f"an event came after {worst} s")
        return figures


@experiment("Redis down from start to end", shows="0 lost; writes 2xx, not slowed by more than 10 %; worst delay under 3 s")
async def redis_down(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind, envs=[NO_REDIS]) as clinic:
        await clinic.watch()
        await (await clinic.crowd()).done()
        figures = await clinic.verdict()
        no_socket_was_closed(clinic)
        worst = float(figures["worst delay s"])
        must(worst < WORST_DELAY_WITHOUT_REDIS * lab.size.patience, f"an event came after {worst} s")
        refused = [write for write in clinic.writes if not write.is_done or len(write.tries) > 1]
        must(not refused, f"{len(refused)} writes were refused or had to be repeated")
    slower = await _slower_without_redis(lab, kind)
    must(slower < 1.10 or lab.size.is_short, f"writes take {slower:.2f} times as long")
    return figures | {"writes take, times": round(slower, 3)}


async def _slower_without_redis(lab: Lab, kind: Kind) -> float:
    """Medians of the same commands, in turn on a server with Redis and one without; both are there all the time."""
    async with lab.clinic(kind, envs=[{}, NO_REDIS]) as clinic:
        times: list[list[float]] = [[], []]
        for _turn in range(3 if lab.size.is_short else 40):
            for number, server in enumerate(clinic.servers):
                work = await clinic.write(21, writers=1, servers=[server])
                await work.done()
                times[number] += [t.ended - t.began for each in work.writers for write in each.writes for t in write.tries]
        with_redis, without = map(statistics.median, times)
        return without / with_redis


@experiment("server killed (-9) 3 times", shows="0 lost; all clients resumed by since, none by snapshot, within 10 s")
async def server_killed(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind) as clinic:
        await clinic.watch()
        work = await clinic.crowd()
        slowest = 0.0
        for turn in range(3):
            await work.reach((turn + 1) / 4)
            moment = time.monotonic()
            await asyncio.to_thread(clinic.server.kill)
            await clinic.cut_off()
            await asyncio.to_thread(clinic.server.start)
            slowest = max(slowest, await clinic.live(within=RESUMED_WITHIN * lab.size.patience))
            joins: list[Joined] = clinic.since(moment, Joined)
            must(joins and all(join.recovered for join in joins), "somebody came back by a snapshot")
        await work.done()
        return await clinic.verdict() | {"resumed within s": round(slowest, 2)}


@experiment("PostgreSQL killed (-9) 3 times", shows="every 2xx is there exactly once; no 2xx while it is down; clients resume")
async def postgres_killed(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind) as clinic:
        await clinic.watch()
        work = await clinic.crowd()
        down: list[tuple[float, float]] = []
        again = 0.0
        for turn in range(3):
            await work.reach((turn + 1) / 4)
            await asyncio.to_thread(lab.postgres.kill)
            since = time.monotonic()
            await asyncio.sleep(2)
            down.append((since, time.monotonic()))
            await asyncio.to_thread(lab.postgres.start)
            began = time.monotonic()
            await work.one_more()
            again = max(again, time.monotonic() - began)
        await work.done()
        figures = await clinic.verdict()
        for since, until in down:
            lies = [t for t in _tries(clinic) if t.is_done and t.began > since and t.ended < until]
            must(not lies, f"{len(lies)} writes were answered 2xx while there was no database")
        refused = sum(1 for t in _tries(clinic) if t.status == 503)
        odd = {t.status for t in _tries(clinic)} - {200, 201, 503, 409, None}
        must(not odd, f"answers while the database was away: {odd}")
        return figures | {"answered 503": refused, "written again within s": round(again, 2)}


@experiment(
    "Redis, server, PostgreSQL each stopped (SIGSTOP) for 10 s", shows="0 lost; no writer hangs longer than its timeout"
)
async def stopped(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind) as clinic:
        await clinic.watch()
        work = await clinic.crowd()
        for turn, service in enumerate((lab.redis, clinic.server, lab.postgres)):
            await work.reach((turn + 1) / 4)
            service.pause()
            try:
                await asyncio.sleep(lab.size.stop_seconds)
            finally:
                service.resume()
        await work.done()
        figures = await clinic.verdict()
        longest = max(t.ended - t.began for t in _tries(clinic))
        must(longest < TIMEOUT, f"a writer waited {longest:.1f} s")
        return figures | {"longest write s": round(longest, 2)}


def _tries(clinic: Clinic) -> list[Try]:
    return [each for write in clinic.writes for each in write.tries]


@experiment("two server processes on one PostgreSQL and one Redis", shows="clients on either see the same order")
async def two_servers(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind, envs=[{}, {}]) as clinic:
        await clinic.watch()
        await (await clinic.crowd()).done()
        # Each saw the log, in its order and byte for byte: so all saw the same.
        figures = await clinic.verdict()
        must(len({watcher.url for watcher in clinic.watchers}) == 2, "all clients sat at one server")
        must(clinic.since(0, Opened), "nobody was there")
        no_socket_was_closed(clinic)
        return figures
