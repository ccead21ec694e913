"""The database is put back to what it was."""

from __future__ import annotations

import asyncio
import time

from realtime import log
from tests.faults.experiments.table import experiment
from tests.faults.history import Joined, Opened
from tests.faults.laboratory import Figures, Lab, must
from tests.realtime.client import run
from tests.servers import Kind


@experiment("backup restored under connected clients", shows="epoch differs, all take a snapshot, stores equal")
async def restored(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind) as clinic:
        await clinic.watch()
        await (await clinic.write(lab.size.events // 10)).done()
        await clinic.quiet()
        await asyncio.to_thread(lab.postgres.backup)
        await (await clinic.write(lab.size.events // 10)).done()
        await clinic.quiet()
        before = {watcher.epoch for watcher in clinic.watchers}

        moment = time.monotonic()
        await asyncio.to_thread(lab.postgres.restore)
        # Not before it was seen: numbers that have grown back to where they were look like those from before (ADR 14).
        for watcher in clinic.watchers:
            await asyncio.wait_for(watcher.until(lambda w=watcher: w.epoch not in before and w.is_live), 60)  # type: ignore[misc]
        seconds = time.monotonic() - moment
        # What was seen and written of the days that are no more is no evidence.
        for watcher in clinic.watchers:
            anew = [
                n for n, entry in enumerate(watcher.history.entries) if isinstance(entry, Opened) and entry.epoch not in before
            ]
            watcher.history.entries = watcher.history.entries[anew[0] :]
        # Nor the events of before: the new epoch's numbers begin far above them.
        clinic.floors = {room: head.floor for room, head in (await run(log.heads, clinic.rooms)).items()}
        work = await clinic.crowd()
        clinic.writers = work.writers
        await work.done()
        figures = await clinic.verdict()
        after = {watcher.epoch for watcher in clinic.watchers}
        must(len(after) == 1 and not after & before, f"epochs {before} and {after}")
        for watcher in clinic.watchers:
            first = {entry.room: entry for entry in reversed(watcher.history.entries) if isinstance(entry, Joined)}
            resumed = [room for room in watcher.rooms if first[room].recovered]
            must(not resumed, f"{watcher.history.name} was replayed {resumed}")
        return figures | {"live again within s": round(seconds, 1)}
