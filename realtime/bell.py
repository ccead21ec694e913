"""The hub's ear at the channel layer: which groups it is in, and whether the layer is alive.

The layer may lose anything and be away for any time; whatever isn't heard here is read from the log.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Never

from channels.layers import get_channel_layer
from redis import RedisError

logger = logging.getLogger(__name__)

LAYER_FAILS = (RedisError, OSError, RuntimeError)
"""What a channel layer raises when it is away; a time-out is an OSError."""

PATIENCE = 1.0
"""Seconds to wait for the layer to do anything."""


async def _within(seconds: float, work: Awaitable[Any]) -> None:
    """Do it in time, or raise ``TimeoutError`` and let go of it.

    Not ``wait_for``: that waits until what it has cancelled has ended, and redis-py can lose a cancellation. The hub's timer
    would stand still for ever.
    """
    task = asyncio.ensure_future(work)
    try:
        done, _pending = await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        task.cancel()
        task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        raise TimeoutError("no answer in time")
    if task.cancelled():
        raise TimeoutError("the layer gave it up")  # not we: a cancellation of its own must not end whoever waits
    task.result()


class Bell:
    """Hears the frames of the groups it follows. All methods belong to the event loop."""

    def __init__(self, on_frame: Callable[[str, int, str], None]) -> None:
        self._on_frame = on_frame
        self._channel: str | None = None
        self._followed = {f"hub.{uuid.uuid4().hex}"}
        (self._echo_name,) = self._followed
        self._deaf = set(self._followed)  # groups that the layer hasn't let us join yet
        self._echo_sent = 0
        self._echo_heard = asyncio.Event()
        self._listening = asyncio.Event()

    async def listen(self) -> Never:
        """Hear, until cancelled."""
        layer, pause = get_channel_layer(), 1.0
        while self._channel is None:
            try:
                self._channel = await layer.new_channel()
            except LAYER_FAILS as error:
                logger.debug("The channel layer can't be reached (%s).", error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, 30)
        await self.follow_deaf()
        self._listening.set()
        # From here on the layer connects again by itself; one channel for good, or an old one's queue would grow unread.
        while True:
            message = await layer.receive(self._channel)
            try:
                self._hear(message)
            except Exception:
                # One message that isn't ours must not leave the process deaf.
                logger.exception("A message of the channel layer couldn't be understood")
            # A layer with messages in hand doesn't wait; the writers need a turn, or a burst would look like slow readers.
            await asyncio.sleep(0)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "room.frame":
            self._on_frame(message["room"], message["seq"], message["text"])
        elif message["type"] == "hub.echo" and message["number"] == self._echo_sent:
            self._echo_heard.set()

    async def follow(self, name: str) -> None:
        """Join the group; if that fails the room is read from the log until ``follow_deaf`` succeeds."""
        self._followed.add(name)
        await self._join(name)

    async def unfollow(self, name: str) -> None:
        """Leave the group, unless it was followed again meanwhile."""
        if name in self._followed or self._channel is None:
            return
        try:
            await _within(PATIENCE, get_channel_layer().group_discard(name, self._channel))
        except LAYER_FAILS as error:
            logger.debug("Couldn't leave the group %s (%s).", name, error)

    def forget(self, name: str) -> None:
        """The group isn't wanted any more; ``unfollow`` tells the layer."""
        self._followed.discard(name)
        self._deaf.discard(name)

    async def follow_deaf(self) -> bool:
        """Try again where joining failed; true if no group is left to be joined."""
        for name in tuple(self._deaf):
            if not await self._join(name):
                return False  # dead for one, dead for all: don't wait for each
        return True

    async def _join(self, name: str) -> bool:
        if self._channel is not None:
            try:
                await _within(PATIENCE, get_channel_layer().group_add(name, self._channel))
            except LAYER_FAILS as error:
                logger.debug("No doorbell for %s yet (%s).", name, error)
            else:
                self._deaf.discard(name)
                return True
        if name in self._followed:
            self._deaf.add(name)
        return False

    async def begins(self) -> None:
        """Wait until it listens, or the layer has shown that it is away."""
        try:
            await _within(PATIENCE, self._listening.wait())
        except TimeoutError:
            logger.debug("The channel layer can't be reached yet.")

    async def works(self) -> bool:
        """Send ourselves a message, and see whether it comes back."""
        if not await self.follow_deaf():
            return False
        self._echo_sent += 1
        self._echo_heard.clear()
        try:
            await _within(PATIENCE, self._echo())
        except LAYER_FAILS as error:
            logger.debug("No echo (%s).", error)
            return False
        return True

    async def _echo(self) -> None:
        await get_channel_layer().group_send(self._echo_name, {"type": "hub.echo", "number": self._echo_sent})
        await self._echo_heard.wait()
