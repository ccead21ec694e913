"""One per process and event loop: it alone listens to the channel layer, keeps each room in order and writes to its sockets.

A room's frame comes once per process, already encoded. The hub checks its number (next → send on, a hole → read the log, old →
drop) and hands the same text to every socket of the room without waiting for any of them. A timer compares with the log, so a
lost doorbell costs seconds and never data.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Coroutine, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import Error as DatabaseError

from realtime import closing, doorbell, log, retention
from realtime.bell import Bell
from realtime.farewell import listen_for_the_end
from realtime.frames import answer_frame
from realtime.groups import BROADCAST, CONTROL, RoomRefused, require
from realtime.guard import Control, Newcomers
from realtime.rooms import HubRoom, Listener, Poll
from realtime.snapshots import snapshot_frame
from realtime.sockets import RESTARTING, Socket, Subscription
from realtime.threads import in_db
from realtime.watch import Watch

logger = logging.getLogger(__name__)

READ_AT_ONCE = 1_000
NUMBER_AFTER = dt.timedelta(seconds=1)
SNAPSHOT_KEPT = 10.0
"""Seconds for which a snapshot at the same number is shared; short, since a day can end without an event."""


class Hub:
    """See the module. All methods belong to the event loop; database work goes to threads."""

    def __init__(self) -> None:
        self.epoch = ""
        self.sockets: set[Socket] = set()
        self.polls: set[Poll] = set()
        self.newcomers = Newcomers(self)
        self._rooms: dict[str, HubRoom] = {}
        self._bell = Bell(self._on_frame)
        self._watch = Watch(self, self._bell)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._started: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._restarts = 0

    # --- Life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to listen; later calls wait for the first."""
        if self._started is None:
            self._started = asyncio.create_task(self._start())
        try:
            await asyncio.shield(self._started)
        except Exception:
            self._started = None
            raise

    async def _start(self) -> None:
        self.epoch = await in_db(log.epoch)
        control = await self.open(CONTROL)
        if not control.listeners:
            control.listeners.add(Control(self))
        # Last, so that a start that fails leaves nothing running and can be tried again.
        self.spawn(self._bell.listen())
        self.spawn(self._watch.keep())
        self.spawn(self._watch.doubt())
        self.spawn(retention.prune_regularly())
        self.spawn(closing.close_days_regularly())
        listen_for_the_end()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run in the background; a failure is logged, not lost."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, DatabaseError):
            logger.warning("The database can't be reached (%s); the timer tries again.", error)
        elif error is not None:
            logger.error("A task of the hub failed", exc_info=error)

    async def stop(self) -> None:
        """End the tasks and tell every client to come back (1012): for whoever ends the event loop."""
        for socket in tuple(self.sockets):
            socket.close(RESTARTING)
        while tasks := tuple(self._tasks):
            for task in tasks:
                task.cancel()
            # Again if need be: before Python 3.12 wait_for loses a cancellation that comes just as its work is done.
            await asyncio.wait(tasks, timeout=1)

    # --- Rooms ------------------------------------------------------------------------------------------------------

    async def open(self, name: str) -> HubRoom:
        """The room, listened to and with its head known."""
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = HubRoom(name)
            try:
                await self._bell.follow(name)
                head = (await in_db(log.heads, [name]))[name]
            except BaseException:
                del self._rooms[name]
                self._bell.forget(name)
                room.ready.set()
                raise
            room.seq, room.floor = head
            room.ready.set()
            if room.rung > room.seq:
                self._look(room)
        await room.ready.wait()
        return room if self._rooms.get(name) is room else await self.open(name)

    def _close_if_empty(self, room: HubRoom) -> None:
        if not room.listeners and self._rooms.get(room.name) is room:
            del self._rooms[room.name]
            self._bell.forget(room.name)
            self.spawn(self._bell.unfollow(room.name))

    async def listen(self, name: str, listener: Listener) -> HubRoom:
        """Add a listener; from now on it gets every event above the room's ``seq`` of this moment."""
        room = await self.open(name)
        room.listeners.add(listener)
        return room

    def unlisten(self, name: str, listener: Listener) -> None:
        """Take a listener off again."""
        room = self._rooms.get(name)
        if room is not None:
            room.listeners.discard(listener)
            self._close_if_empty(room)

    async def frames_since(self, room: HubRoom, since: int | None, epoch: str | None, upto: int) -> list[str] | None:
        """The events after ``since`` up to ``upto``, or ``None`` if there can't be a replay without a gap (section 1)."""
        if since is None or (epoch is not None and epoch != self.epoch):
            return None
        if since > upto or since < room.floor or upto - since > settings.REALTIME["REPLAY_LIMIT"]:
            return None
        if since == upto:
            return []
        frames = await self._replay(room, since, upto)
        return [frame.text for frame in frames] if len(frames) == upto - since else None

    async def _replay(self, room: HubRoom, since: int, upto: int) -> list[log.Frame]:
        """The log between two numbers; those who ask for the same at the same time share one reading."""
        shared = room.replays.get((since, upto))
        if shared is None:
            shared = room.replays[since, upto] = asyncio.ensure_future(in_db(log.read, room.name, since, upto))
            shared.add_done_callback(lambda _: room.replays.pop((since, upto), None))
        return await asyncio.shield(shared)

    async def refresh(self, room: HubRoom) -> None:
        """Know all that was committed before this call: whoever joins finds what they have just written."""
        look = self._look(room)
        # Not awaited itself: whoever is cancelled here must not take it from the others, nor a hub that stops end them.
        await asyncio.wait({look})
        if not look.cancelled():
            look.result()

    async def snapshot(self, room: HubRoom, seq: int) -> str:
        """The room's snapshot at ``seq``; those who ask for the same at the same time share one."""
        loop = asyncio.get_running_loop()
        if room.snapshot is not None:
            at, made, shared = room.snapshot
            if at == seq and loop.time() - made < SNAPSHOT_KEPT and not (shared.done() and shared.exception()):
                return await asyncio.shield(shared)
        shared = asyncio.ensure_future(in_db(snapshot_frame, room.name, seq))
        room.snapshot = (seq, loop.time(), shared)
        return await asyncio.shield(shared)

    # --- Sockets ----------------------------------------------------------------------------------------------------

    async def join(
        self, socket: Socket, name: str, since: int | None, epoch: str | None, ref: Any = None, *, answer: bool = True
    ) -> int:
        """Put the socket into the room (or let it resume there) and write ``joined``, then the replay or the snapshot.

        Returns the number it stands at; raises ``RoomRefused``.
        """
        await socket.calm()
        while True:
            rights = socket.rights
            if name != BROADCAST:
                await in_db(require, rights, name)
            room = await self.open(name)
            await self.refresh(room)
            # While it waited, rights may have changed, or the last listener have left and closed the room.
            if socket.rights is rights and self._rooms.get(name) is room:
                break
        # From here to the registration nothing waits, so no event can slip between.
        subscription = socket.rooms.get(name)
        if subscription is None:
            subscription = socket.rooms[name] = Subscription(socket, room.seq)
        else:
            subscription.pending = []
        room.listeners.add(subscription)
        upto = room.seq
        try:
            frames = await self.frames_since(room, since, epoch, upto)
            recovered = frames is not None
            if frames is None:
                # Broadcast has no snapshot: its events only say "fetch again".
                frames = [await self.snapshot(room, upto)] if answer and name != BROADCAST else []
        except BaseException:
            self.leave(socket, name)
            raise
        if socket.rooms.get(name) is not subscription:
            # check_rights has taken it out again, and said so.
            raise RoomRefused("forbidden", f"Your rights to {name} have just changed.")
        if answer:
            socket.write(answer_frame("joined", {"room": name, "seq": upto, "recovered": recovered}, ref))
        socket.write_asked(frames)
        subscription.catch_up(upto)
        return upto

    def leave(self, socket: Socket, name: str) -> None:
        """Take the socket out of the room; not being there is fine."""
        subscription = socket.rooms.pop(name, None)
        if subscription is not None:
            self.unlisten(name, subscription)

    def drop(self, socket: Socket) -> None:
        """The connection has ended: all its rooms are left."""
        self.sockets.discard(socket)
        for name in tuple(socket.rooms):
            self.leave(socket, name)

    def heads_of(self, socket: Socket) -> dict[str, int]:
        """Where the socket's rooms stand."""
        return {name: self._rooms[name].seq for name in socket.rooms if name in self._rooms}

    # --- Frames in --------------------------------------------------------------------------------------------------

    def _on_frame(self, name: str, seq: int, text: str) -> None:
        room = self._rooms.get(name)
        if room is None:
            return
        if not room.ready.is_set():
            room.rung = max(room.rung, seq)
        elif seq <= room.seq:
            return
        elif seq == room.seq + 1:
            room.deliver(seq, text)
        else:
            self._look(room)

    def _look(self, room: HubRoom) -> asyncio.Task[None]:
        if room.look is None:
            room.look = self.spawn(self._read_log(room))
        return room.look

    async def _read_log(self, room: HubRoom) -> None:
        """Hand on what the log has beyond what was handed on."""
        # One after the other: whoever asks while one is reading gets the next one, which finds what they mean.
        async with room.reading:
            room.look = None
            while True:
                since = room.seq
                frames = await in_db(log.read, room.name, since, None, READ_AT_ONCE)
                if self._rooms.get(room.name) is not room:
                    return  # left by all meanwhile: what is missing here is nobody's any more
                if frames and frames[0].seq > since + 1:
                    if room.seq != since:
                        continue  # moved meanwhile, by a doorbell or a new start
                    # What is between was pruned before this process had read it.
                    await self._start_again()
                    return
                for frame in frames:
                    # A doorbell may have been faster meanwhile.
                    if frame.seq == room.seq + 1:
                        room.deliver(frame.seq, frame.text)
                        # The writers' turn: a burst must not look like readers that are slow.
                        await asyncio.sleep(0)
                if len(frames) < READ_AT_ONCE:
                    return

    # --- The log ----------------------------------------------------------------------------------------------------

    async def look_at_log(self) -> None:
        """Compare what was handed on with the log, and hand on what is missing."""
        known = {name: room.seq for name, room in self._rooms.items() if room.ready.is_set()}
        names, restarts = list(known), self._restarts
        heads, epoch, orphans = await in_db(_log_state, names)
        if restarts != self._restarts:
            return  # numbers of before and after can't be compared
        # Compared with what was known before the question: a doorbell may have been faster than its answer.
        if epoch == self.epoch and any(heads[name].head < seq for name, seq in known.items()):
            # Older than it was: restored from a backup. Of all processes that see it, one gives it a new epoch.
            epoch = await in_db(log.begin_epoch, epoch)
        if epoch != self.epoch:
            await self._start_again()
            return
        for name in names:
            room = self._rooms.get(name)
            if room is not None:
                room.floor = heads[name].floor
                if heads[name].head > room.seq:
                    await self.refresh(room)
        if orphans:
            for frame in await in_db(_number_and_ring, orphans):
                self._on_frame(*frame)
                await asyncio.sleep(0)  # the writers' turn, as above

    async def _start_again(self) -> None:
        """The log was restored from a backup, so that numbers mean something else now, or pruned past us: all start again.

        Several rooms may find out at once; nobody is sent away twice for it.
        """
        if self._restarting is None:
            self._restarting = self.spawn(self._restart())
        await asyncio.shield(self._restarting)

    async def _restart(self) -> None:
        try:
            await self._begin_anew()
        finally:
            self._restarting = None

    async def _begin_anew(self) -> None:
        heads, epoch, _orphans = await in_db(_log_state, list(self._rooms))
        # In one go: who joins from here on stands on the new numbers.
        self.epoch = epoch
        self._restarts += 1
        for socket in tuple(self.sockets):
            socket.close(RESTARTING)
            self.drop(socket)
        for name, head in heads.items():
            room = self._rooms.get(name)
            if room is not None:
                (room.seq, room.floor), room.snapshot = head, None
                room.replays.clear()
        # Who waits for the next event has been passed by: they are told where the rooms stand now.
        for poll in self.polls:
            poll.wake()


def _number_and_ring(rooms: list[str]) -> list[log.Frame]:
    frames = log.number(rooms)
    # The in-memory layer belongs to the event loop; without Redis there is no other process to ring for either.
    if settings.REDIS_URL:
        doorbell.ring(frames)
    return frames


def _log_state(names: Iterable[str]) -> tuple[dict[str, log.Head], str, list[str]]:
    return log.heads(names), log.epoch(), log.left_unnumbered(NUMBER_AFTER)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


async def get_hub() -> Hub:
    """The hub of this event loop, started."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub()
    await hub.start()
    return hub
