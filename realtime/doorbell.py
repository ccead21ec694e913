"""The channel layer as a doorbell: it wakes the hubs of all processes, and may lose anything.

A dead Redis must never fail or slow a write: publishing goes through one pooled synchronous connection with short timeouts
(``async_to_sync(group_send)`` would cost a loop and a connection each time), and after a failure a breaker leaves Redis alone
for a while. What isn't rung, the hubs read from the log.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

import redis
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings

from realtime.log import Frame

logger = logging.getLogger(__name__)

BREAKER_SECONDS = 1.0


class Breaker:
    """Open for a second after each failure; while open, nobody waits for what is known to be dead."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._open_until = 0.0
        self._failing = False
        self._lock = threading.Lock()

    def try_now(self) -> bool:
        """May this one try? After a failure only one at a time finds out whether it is still dead."""
        with self._lock:
            now = time.monotonic()
            if now < self._open_until:
                return False
            if self._failing:
                self._open_until = now + self._seconds
            return True

    def succeeded(self) -> None:
        """It answers (again)."""
        if self._failing:
            with self._lock:
                self._failing, self._open_until = False, 0.0

    def failed(self) -> bool:
        """Note a failure; true for the first of a row, which is worth a line in the log."""
        with self._lock:
            first, self._failing = not self._failing, True
            self._open_until = time.monotonic() + self._seconds
            return first


breaker = Breaker(BREAKER_SECONDS)


def message_of(frame: Frame) -> dict[str, Any]:
    """The frame as the hub receives it from the channel layer."""
    return {"type": "room.frame", "room": frame.room, "seq": frame.seq, "text": frame.text}


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, retry=None, **settings.REDIS_OPTIONS)


def ring(frames: Iterable[Frame]) -> None:
    """Send frames to the hubs; never raises, and waits half a second at the most."""
    frames = list(frames)
    if not frames or not breaker.try_now():
        return
    try:
        if settings.REDIS_URL:
            layer = get_channel_layer()
            pipeline = _client().pipeline(transaction=False)
            for frame in frames:
                # The channel and the bytes that RedisPubSubChannelLayer.group_send would use.
                pipeline.publish(f"{settings.CHANNEL_PREFIX}__group__{frame.room}", layer.serialize(message_of(frame)))
            pipeline.execute()
            breaker.succeeded()
        else:
            _ring_in_memory(frames)
    except (redis.RedisError, OSError) as error:
        if breaker.failed():
            logger.warning("The channel layer can't be reached (%s); events are delivered from the log, later.", error)


@async_to_sync
async def _ring_in_memory(frames: list[Frame]) -> None:
    layer = get_channel_layer()
    for frame in frames:
        await layer.group_send(frame.room, message_of(frame))
