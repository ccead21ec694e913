"""A clinic under experiment: real server processes, PostgreSQL and Redis that can be broken, watchers, writers, and the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import itertools
import json
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appointments.actions import change_shift
from clinics.commands import command
from clinics.models import User
from realtime import log
from realtime.models import Delivery
from realtime.snapshots import snapshot_frame
from tests.factories import PatientFactory, World, book
from tests.faults.checker import check
from tests.faults.history import Ended, Evidence, Got, Joined, Logged, Opened, Write
from tests.faults.watcher import PollWatcher, SocketWatcher, Watcher
from tests.faults.writer import Renamer, Writer
from tests.realtime.client import run, token_for
from tests.servers import Kind, Server
from tests.services import Postgres, Redis

SETTLE_WITHIN = 60.0
"""Seconds after which a client that isn't where the log is counts as lost."""
EVENTS_OF_A_COMMAND = 3.5
"""Numbered events in rooms that a writer's command brings, on average: 21 in six."""

Figures = dict[str, float | int | str]


class Failed(Exception):
    """An experiment has shown something else than it must."""


def must(true: object, otherwise: str) -> None:
    """Fail the experiment unless this is so."""
    if not true:
        raise Failed(otherwise)


@dataclass(frozen=True)
class Size:
    """How large an experiment is."""

    clients: int = 20
    events: int = 10_000
    writers: int = 8
    stop_seconds: float = 10.0
    deaths: int = 200
    rush: int = 500
    bad_frames: int = 100_000
    is_short: bool = False
    """Too short for figures that compare: they are told and not judged."""
    patience: float = 1.0
    """By how much seconds and megabytes may be more than they must be: a short form is run on machines that are busy."""


FULL = Size()
SHORT = Size(clients=6, events=500, writers=3, stop_seconds=2.0, deaths=8, rush=40, bad_frames=600, is_short=True, patience=3.0)


@dataclass
class Lab:
    """What all experiments share. Each has a clinic of its own, so it begins with empty rooms."""

    postgres: Postgres
    redis: Redis
    size: Size
    _patients: list[int] = field(default_factory=list)

    def patients(self) -> list[int]:
        """Who comes to the desk, again and again."""
        if not self._patients:
            with command():
                self._patients = [patient.pk for patient in PatientFactory.create_batch(64)]
        return self._patients

    @contextlib.asynccontextmanager
    async def clinic(self, kind: Kind, *, envs: Sequence[dict[str, str]] = ({},)) -> AsyncIterator[Clinic]:
        """A clinic that is open, with a server for each of ``envs``; all is stopped at the end."""
        with tempfile.TemporaryDirectory(prefix="clinic-faults-") as folder:
            world = await run(World)
            patients = await run(self.patients)
            made = [Server(kind, env, Path(folder) / f"log-{number}") for number, env in enumerate(envs)]
            clinic = Clinic(self, world, made, patients)
            await clinic.begin()
            try:
                await asyncio.gather(*(asyncio.to_thread(server.start) for server in made))
                yield clinic
            finally:
                await clinic.end()
                for server in made:
                    await asyncio.to_thread(server.stop)


class Clinic:
    """One experiment's."""

    def __init__(self, lab: Lab, world: World, servers: list[Server], patients: list[int]) -> None:
        self.lab, self.size, self.world, self.servers = lab, lab.size, world, servers
        self.watchers: list[Watcher] = []
        self.writers: list[Writer] = []
        self.here = f"clinic_{world.here.pk}"
        self.doctors = [f"doctor_{doctor.pk}" for doctor in (world.doctor, world.colleague)]
        self.there = f"clinic_{world.there.pk}"
        self.floors: dict[str, int] = {}
        self.made_otherwise: set[int] = set()
        self._patients = itertools.cycle(patients)
        self._wall = time.time() - time.monotonic()
        self._tokens: dict[int, str] = {}

    @property
    def server(self) -> Server:
        """The first one."""
        return self.servers[0]

    @property
    def rooms(self) -> list[str]:
        """All rooms that its events go to."""
        return [self.here, *self.doctors, self.there, "broadcast"]

    async def begin(self) -> None:
        """Before the servers run."""
        self.floors = {room: head.head for room, head in (await run(log.heads, self.rooms)).items()}

    async def token(self, user: User) -> str:
        """One access token for each user is enough."""
        if user.pk not in self._tokens:
            self._tokens[user.pk] = await run(token_for, user)
        return self._tokens[user.pk]

    # --- Clients ----------------------------------------------------------------------------------------------------------

    async def watch(self, count: int | None = None, *, polling: bool = True) -> list[Watcher]:
        """Open this many screens and wait until they are live: the desk, doctors, another clinic's desk; one in ten polls."""
        world, new = self.world, []
        people: list[tuple[User, list[str]]] = [
            (world.receptionist, [self.here, *self.doctors]),
            (world.doctor_user, [self.here, self.doctors[0]]),
            (world.admin, [self.here, self.doctors[1]]),
            (world.receptionist, [self.here]),
            (world.receptionist_there, [self.there]),
        ]
        for number in range(count or self.size.clients):
            user, rooms = people[number % len(people)]
            polls = polling and number % 10 == 3
            new.append(self.watcher(f"{'poll' if polls else 'socket'} {number}", await self.token(user), rooms, polls=polls))
        await self.open(new)
        return new

    def watcher(self, name: str, token: str, rooms: list[str], *, polls: bool = False) -> Watcher:
        """One screen, not opened yet."""
        kind = PollWatcher if polls else SocketWatcher
        server = self.servers[len(self.watchers) % len(self.servers)]
        made = kind(name, server.url, lambda: token, rooms)
        self.watchers.append(made)
        return made

    async def open(self, watchers: list[Watcher]) -> None:
        """Start them and wait until all are live."""
        for watcher in watchers:
            watcher.start()
        await self.live(watchers)

    async def live(self, watchers: list[Watcher] | None = None, within: float = SETTLE_WITHIN) -> float:
        """Wait until all are live; returns the seconds that took."""
        began = time.monotonic()
        waiting = [watcher.until(lambda w=watcher: w.is_live) for watcher in watchers or self.watchers]  # type: ignore[misc]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*waiting), within)
        late = [watcher.history.name for watcher in watchers or self.watchers if not watcher.is_live]
        must(not late, f"not live within {within} s: {', '.join(late)}")
        return time.monotonic() - began

    async def cut_off(self) -> None:
        """Wait until all have noticed that the line is gone."""
        waiting = [watcher.until(lambda w=watcher: not w.is_live) for watcher in self.watchers]  # type: ignore[misc]
        await asyncio.wait_for(asyncio.gather(*waiting), SETTLE_WITHIN)

    def sockets(self) -> list[SocketWatcher]:
        """Those that have a socket."""
        return [watcher for watcher in self.watchers if isinstance(watcher, SocketWatcher)]

    # --- Writers ----------------------------------------------------------------------------------------------------------

    async def write(
        self,
        events: int | None = None,
        *,
        rate: float | None = None,
        writers: int | None = None,
        servers: list[Server] | None = None,
    ) -> Work:
        """Set people at the desk to work until this many events are made, ``rate`` of them a second (else as fast as it goes)."""
        token = await self.token(self.world.receptionist)
        commands = round((events or self.size.events) / EVENTS_OF_A_COMMAND)
        work = Work(commands, None if rate is None else rate / EVENTS_OF_A_COMMAND)
        patients = _Shared(self._patients)
        urls = [server.url for server in servers or self.servers]
        for number in range(writers or self.size.writers):
            doctor = (self.world.doctor, self.world.colleague)[number % 2]
            place = {"clinic": self.world.here.pk, "doctor": doctor.pk, "service": self.world.service.pk}
            work.writers.append(Writer(urls, token, place, patients, work.may_go_on))
        self.writers += work.writers
        for writer in work.writers:
            writer.start()
        return work

    async def crowd(self, *, rate: float | None = None) -> Work:
        """The size's events: a third by people at the desk, the rest by corrected names, commands that bring many events."""
        desk = await self.write(round(0.3 * self.size.events), rate=rate and 0.3 * rate)
        names = await self.rename(round(0.7 * self.size.events), rate=rate and 0.7 * rate)
        desk.writers += names.writers
        return desk

    async def rename(self, events: int, *, rate: float | None = None) -> Work:
        """Correct the name of somebody with many appointments until this many events are made, ``rate`` a second."""
        rows = 20
        patient = await run(self._busy_patient, rows)
        of_a_command = 2 * rows + 1
        work = Work(max(events // of_a_command, 1), None if rate is None else rate / of_a_command)
        token = await self.token(self.world.receptionist)
        urls = [server.url for server in self.servers]
        work.writers.append(Renamer(urls, token, {}, iter([patient]), work.may_go_on))
        self.writers += work.writers
        work.writers[0].start()
        return work

    def _busy_patient(self, appointments: int) -> int:
        patient = PatientFactory()
        with command():
            for shift in self.world.doctor.shifts.all():
                # The day doesn't end before the last of them, at whatever hour this is run.
                change_shift(shift, by=None, end_time=dt.time(0))
            for number in range(appointments):
                book(self.world, minutes=60 + 30 * number, patient=patient)
        return patient.pk

    @property
    def writes(self) -> list[Write]:
        """What the writers did."""
        return [write for writer in self.writers for write in writer.writes]

    # --- The end ----------------------------------------------------------------------------------------------------------

    async def quiet(self, within: float = SETTLE_WITHIN) -> None:
        """Wait until everything is numbered and every client has seen it, or it is too late for that."""
        deadline = time.monotonic() + within
        while await run(Delivery.objects.filter(seq=None).count) and time.monotonic() < deadline:  # noqa: ASYNC110 (a table rings no bell)
            await asyncio.sleep(0.1)
        heads = {room: head.head for room, head in (await run(log.heads, self.rooms)).items()}
        waiting = [watcher.until(lambda w=watcher: w.stands_at(heads)) for watcher in self.watchers]  # type: ignore[misc]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*waiting), max(deadline - time.monotonic(), 1))

    async def verdict(self) -> Figures:
        """Wait until all is quiet, and judge; raises ``Failed``. Returns what was seen, in figures."""
        await self.quiet()
        evidence = await run(self._evidence)
        violations = check(evidence)
        must(not violations, f"{len(violations)} violations: " + "; ".join(map(str, violations[:5])))
        for server in self.servers:
            before, traceback, rest = server.log().partition("Traceback")
            must(not traceback, f"the server's log has a traceback:\n{before[-300:]}{traceback}{rest[:4000]}")
        return self._figures(evidence)

    def _evidence(self) -> Evidence:
        logged = {
            room: [Logged(frame.seq, frame.text) for frame in log.read(room, self.floors.get(room, 0))] for room in self.rooms
        }
        snapshots = {room: json.loads(snapshot_frame(room, 0))["data"] for room in self.rooms if room != "broadcast"}
        histories = [watcher.history for watcher in self.watchers]
        return Evidence(logged, self.writes, histories, snapshots, self.floors, self.made_otherwise)

    def _figures(self, evidence: Evidence) -> Figures:
        entries = [entry for history in evidence.histories for entry in history.entries]
        received = [entry for entry in entries if isinstance(entry, Got) and not entry.is_snapshot]
        return {
            "events": sum(len(events) for events in evidence.log.values()),
            "writes": sum(1 for write in evidence.writes if write.is_done),
            "clients": len(evidence.histories),
            "received": len(received),
            "worst delay s": round(max(self.delays(evidence), default=0.0), 2),
            "closed": sum(1 for entry in entries if isinstance(entry, Ended)),
        }

    def delays(self, evidence: Evidence, rooms: Callable[[str], bool] = lambda room: True) -> list[float]:
        """Seconds from the storing of each event to its arrival at each client."""
        made = {
            (room, event.seq): dt.datetime.fromisoformat(event.frame["at"]).timestamp() - self._wall
            for room, events in evidence.log.items()
            for event in events
        }
        return [
            entry.at - made[entry.room, entry.seq]
            for history in evidence.histories
            for entry in history.entries
            if isinstance(entry, Got) and not entry.is_snapshot and rooms(entry.room)
        ]

    def since(self, moment: float, kind: type[Opened] | type[Joined] | type[Ended]) -> list[Any]:
        """What the clients noted after this moment."""
        return [entry for w in self.watchers for entry in w.history.entries if isinstance(entry, kind) and entry.at >= moment]

    async def end(self) -> None:
        """Nobody is left at work, also when the experiment has failed."""
        for writer in self.writers:
            writer.go_home.set()
        await asyncio.gather(*(watcher.stop() for watcher in self.watchers))
        for writer in self.writers:
            await asyncio.to_thread(writer.join, 60)


class Work:
    """What a group of writers has been told to do."""

    def __init__(self, commands: int, rate: float | None) -> None:
        self.writers: list[Writer] = []
        self._left, self._done = commands, 0
        self._total = commands
        self._rate = rate
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def may_go_on(self) -> bool:
        """Asked by a writer before each command; keeps the rate, and the count."""
        with self._lock:
            if self._left == 0:
                return False
            self._left -= 1
            number = self._total - self._left
        if self._rate is not None:
            time.sleep(max(0.0, self._began + number / self._rate - time.monotonic()))
        return True

    @property
    def share(self) -> float:
        """How much of it is begun, from 0 to 1."""
        return 1 - self._left / self._total

    async def reach(self, share: float) -> None:
        """Wait until so much of it is begun."""
        await self._until(lambda: self.share >= share)

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true() and any(writer.is_alive() for writer in self.writers):  # noqa: ASYNC110 (they are threads)
            await asyncio.sleep(0.02)

    async def one_more(self) -> None:
        """Wait until another command is answered 2xx."""
        before = self._answered()
        await self._until(lambda: self._answered() > before)

    def _answered(self) -> int:
        return sum(1 for writer in self.writers for write in writer.writes if write.is_done)

    async def done(self) -> float:
        """Wait until all have gone home; returns the seconds since the beginning."""
        for writer in self.writers:
            await asyncio.to_thread(writer.join)
        return time.monotonic() - self._began


class _Shared:
    """An iterator for several threads."""

    def __init__(self, of: itertools.cycle[int]) -> None:
        self._of = of
        self._lock = threading.Lock()

    def __iter__(self) -> _Shared:
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._of)
