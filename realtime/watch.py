"""The hub's timer: compares with the log, so that a lost doorbell costs seconds and never data."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Never

from django.conf import settings
from django.db import Error as DatabaseError

from realtime.bell import Bell
from realtime.sockets import SERVER_ERROR

if TYPE_CHECKING:
    from realtime.hub import Hub

logger = logging.getLogger(__name__)

DOUBT_EVERY, BLIND_TIMES = 1.0, 10
"""After so many seconds without an answer of the database nobody is told any more that a screen is live."""


class Watch:
    """Keeps a hub to the log, and its sockets from believing what it can't know."""

    def __init__(self, hub: Hub, bell: Bell) -> None:
        self._hub = hub
        self._bell = bell
        self._asked = self._answered = 0  # looks at the log

    async def keep(self) -> Never:
        """Look at the log again and again, the more often while the channel layer is away."""
        limits, loop, worked = settings.REALTIME, asyncio.get_running_loop(), True
        await self._bell.begins()
        while True:
            looked_at = loop.time()
            try:
                self._asked += 1
                await self._hub.look_at_log()
                self._answered = self._asked
                works = await self._bell.works()
            except DatabaseError as error:
                logger.warning("The database can't be reached (%s); trying again.", error)
                works = worked
            except Exception:
                # Whatever it was: a timer that dies would be a screen that is silently stale.
                logger.exception("The hub's timer failed; it goes on")
                works = worked
            if works != worked:
                worked = works
                if works:
                    logger.info("The channel layer answers again.")
                else:
                    logger.warning("The channel layer doesn't answer; events are read from the log until it does.")
            # From look to look: a layer that takes its time to fail puts none of them off.
            pause = limits["POLL_INTERVAL"] if works else limits["POLL_INTERVAL_DEGRADED"]
            await asyncio.sleep(max(looked_at + pause - loop.time(), 0))

    async def doubt(self) -> Never:
        """Who can't see the log can't say that a screen is right: its client is sent to find out, and says since when it is stale.

        Counted and not measured: a process that was stopped for long has not been blind for long.
        """
        times = answered = 0
        while True:
            await asyncio.sleep(DOUBT_EVERY)
            # Between two looks nobody waits; and one that is under way each time may be another each time.
            waits = self._asked > self._answered == answered
            times, answered = (times + 1 if waits else 0), self._answered
            if times >= BLIND_TIMES and self._hub.sockets:
                logger.error("The database hasn't answered for %.0f s: all sockets are closed.", times * DOUBT_EVERY)
                for socket in tuple(self._hub.sockets):
                    socket.close(SERVER_ERROR)
                    self._hub.drop(socket)
