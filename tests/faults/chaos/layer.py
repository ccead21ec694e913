"""A channel layer that doubles, shuffles and delays what it brings."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from tests.faults.chaos import SAYS

logger = logging.getLogger(__name__)

LATEST = 2.0
"""Seconds by which a message may be late."""


class LyingLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """Every frame comes once or twice, each time somewhere between now and two seconds from now. Echoes are left alone, so that
    nobody grows suspicious."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._late: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._pulling: asyncio.Task[None] | None = None

    async def receive(self, channel: str) -> dict[str, Any]:
        if self._pulling is None:
            logger.warning(SAYS)
            self._pulling = asyncio.create_task(self._pull(channel))
        return await self._late.get()

    async def _pull(self, channel: str) -> None:
        loop = asyncio.get_running_loop()
        while True:
            message = await super().receive(channel)
            if message["type"] != "room.frame":
                self._late.put_nowait(message)
                continue
            for _copy in range(random.choice((1, 2))):
                delay = random.choice((0.0, random.random() * LATEST))
                loop.call_later(delay, self._late.put_nowait, message)
