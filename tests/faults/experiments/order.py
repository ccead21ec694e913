"""What could put events out of order or lose them: a channel layer that lies, transactions that overlap, deaths at the worst moment."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter

import redis
from django.db import connection, transaction

from patients import actions as patients
from realtime import log
from realtime.models import Event
from tests.factories import World, walk_in
from tests.faults.chaos import SAYS
from tests.faults.experiments.outages import no_socket_was_closed
from tests.faults.experiments.table import experiment
from tests.faults.laboratory import Figures, Lab, must
from tests.realtime.client import run
from tests.servers import ROOT, Kind

CHAOS = {"DJANGO_SETTINGS_MODULE": "tests.faults.chaos.settings"}
NUMBERED_WITHIN = 5.0


@experiment(
    "frames duplicated, shuffled, delayed 0 to 2 s, channel layer flushed every second", shows="0 lost, 0 applied twice"
)
async def chaos(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind, envs=[CHAOS, CHAOS]) as clinic:
        await clinic.watch()
        work = await clinic.crowd()
        cuts: list[int] = []
        flushing = asyncio.create_task(_flush_every_second(lab.redis.url, cuts))
        await work.done()
        must(not flushing.done() and sum(cuts) > len(cuts), "the layer was not flushed")
        flushing.cancel()
        figures = await clinic.verdict()
        no_socket_was_closed(clinic)
        must(all(SAYS in server.log() for server in clinic.servers), "the layer has not lied")
        return figures | {"subscriptions cut": sum(cuts)}


async def _flush_every_second(url: str, cuts: list[int]) -> None:
    with redis.Redis.from_url(url) as client:
        # At once the first time: in short, the work may be done before a second has passed.
        while True:
            client.flushall()
            # Subscriptions aren't kept in the database: all of them are cut.
            cuts.append(client.client_kill_filter(_type="pubsub"))
            await asyncio.sleep(1)


class _Undo(Exception):
    """Rolls a transaction back."""


@experiment(
    "8 writers with random pauses inside the transaction, 20 % rolled back",
    shows="no event of a rolled-back change, none missed; a control with plain ids as cursor misses some",
)
async def rolled_back(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind) as clinic:
        await clinic.watch()
        kept, undone, control = list[int](), list[int](), await run(_PlainIds)
        control.start()
        crowd = [_Pausing(clinic.world, lab.size.events // 16, number) for number in range(8)]
        for writer in crowd:
            writer.start()
        for writer in crowd:
            await asyncio.to_thread(writer.join)
            must(writer.error is None, f"a writer failed: {writer.error!r}")
            kept += writer.kept
            undone += writer.undone
        figures = await clinic.verdict()
        told = await run(_told_patients, clinic.floors["broadcast"])
        must(all(told[patient] == 1 for patient in kept), "a patient who was registered isn't told of exactly once")
        must(not any(told[patient] for patient in undone), "an event tells of a change that was rolled back")
        missed = await asyncio.to_thread(control.missed)
        must(missed, "the control missed nothing: this experiment is blind")
        return figures | {"kept": len(kept), "rolled back": len(undone), "control missed": missed}


def _told_patients(since: int) -> Counter[int]:
    frames = [frame.text for frame in log.read("broadcast", since)]
    return Counter(int(text.partition('"patient_id":')[2].partition(",")[0]) for text in frames if "patient_created" in text)


class _Pausing(threading.Thread):
    """Registers patients, waits inside the transaction, and sometimes takes it all back."""

    def __init__(self, world: World, times: int, number: int) -> None:
        super().__init__(daemon=True)
        self.kept: list[int] = []
        self.undone: list[int] = []
        self.error: Exception | None = None
        self._world, self._times, self._number = world, times, number

    def run(self) -> None:
        try:
            for turn in range(self._times):
                self._once(turn)
        except Exception as error:  # noqa: BLE001 (told by whoever waits for the thread)
            self.error = error
        finally:
            connection.close()

    def _once(self, turn: int) -> None:
        keep, patient = random.random() > 0.2, None
        try:
            with transaction.atomic():
                patient = patients.register(by=None, force=True, full_name=f"Turn {turn} of {self._number}")
                if turn % 8 == 0:
                    walk_in(self._world, patient=patient)
                time.sleep(random.random() * 0.02)
                if not keep:
                    raise _Undo
        except _Undo:
            assert patient is not None
            self.undone.append(patient.pk)
        else:
            self.kept.append(patient.pk)


class _PlainIds(threading.Thread):
    """The control: a reader who takes the ids of events for a cursor."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._seen: set[int] = set()
        self._start = self._cursor = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.002):
            ids = list(Event.objects.filter(pk__gt=self._cursor).order_by("pk").values_list("pk", flat=True))
            self._seen.update(ids)
            self._cursor = ids[-1] if ids else self._cursor
        connection.close()

    def missed(self) -> int:
        """End it; how many events it never saw."""
        self._over.set()
        self.join()
        there = set(Event.objects.filter(pk__gt=self._start, pk__lte=self._cursor).values_list("pk", flat=True))
        connection.close()
        return len(there - self._seen)


@experiment("a process killed between commit and numbering, 200 times", shows="every event delivered, within 5 s")
async def killed_before_numbering(lab: Lab, kind: Kind) -> Figures:
    async with lab.clinic(kind) as clinic:
        await clinic.watch()
        world = clinic.world
        who = [world.here.pk, world.doctor.pk, world.service.pk, lab.patients()[0], lab.size.deaths]
        command = [sys.executable, "-m", "tests.faults.dying", *map(str, who)]
        done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True)
        must(done.returncode == 0, f"dying has failed: {done.stderr[-2000:]}")
        figures = await clinic.verdict()
        must(figures["events"] == 3 * lab.size.deaths, f"{figures['events']} events of {lab.size.deaths} walk-ins")
        worst = float(figures["worst delay s"])
        must(worst < NUMBERED_WITHIN * lab.size.patience, f"an event came after {worst} s")
        return figures | {"deaths": lab.size.deaths}
