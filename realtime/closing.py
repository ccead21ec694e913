"""Days that are over are closed by the server itself, by one process at a time (ADRs 13 and 26)."""

from __future__ import annotations

import asyncio
import logging
from typing import Never

from django.conf import settings
from django.db import Error as DatabaseError

from queue.actions import close_over_days, take_closing_turn
from realtime.threads import in_db

logger = logging.getLogger(__name__)


async def close_days_regularly() -> Never:
    """Look for days to close when it is time again, until cancelled: a task of the hub's."""
    while True:
        # More often than it is time, or two processes that ask by turns could both find it a little too early.
        await asyncio.sleep(settings.REALTIME["CLOSE_DAYS_EVERY"].total_seconds() / 6)
        try:
            if await in_db(take_closing_turn, settings.REALTIME["CLOSE_DAYS_EVERY"]):
                days = close_over_days()
                # Between two days the thread is free for whoever waits for one.
                while await in_db(next, days, None) is not None:
                    pass
        except DatabaseError as error:
            logger.warning("Days couldn't be closed (%s); trying again later.", error)
        except Exception:
            logger.exception("Closing days failed; it goes on")
