"""A server that ends: whoever is connected is told to come back, and whoever waits is answered (ADR 15).

Sockets and long polls take their cancellation as word of the end. daphne cancels them, says nothing to their clients, and cuts the
connections as soon as the first of them has ended: its reactor is told to wait. uvicorn closes sockets itself (1012) but would
wait half a minute for long polls: we listen to the signal along with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

GOODBYE_WITHIN = 2.0
"""Seconds for a client to take its goodbye."""

_SENT_WITHIN = 0.1
"""Seconds for the reactor to send what was written last."""

_STOPS_LISTENING_WITHIN = 0.3
"""Seconds after which uvicorn takes no new connections: whoever is sent away before that would be back at once."""

_connected: set[asyncio.Task[Any]] = set()


@contextlib.contextmanager
def connection() -> Iterator[None]:
    """The running task is a client's connection while the block lasts: no end before it has ended."""
    task = asyncio.current_task()
    assert task is not None
    _connected.add(task)
    try:
        yield
    finally:
        _connected.discard(task)


async def until_gone(receive: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    """Wait until the client has left."""
    while not (await receive())["type"].endswith(".disconnect"):
        pass


def listen_for_the_end() -> None:
    """Hear it when the server that runs this event loop is told to end; other servers say nothing that can be heard."""
    loop = asyncio.get_running_loop()
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if getattr(reactor, "_asyncioEventloop", None) is loop:
        reactor.addSystemEventTrigger("before", "shutdown", _daphne_ends)
    elif threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            heard = signal.getsignal(number)
            if type(getattr(heard, "__self__", None)).__module__.startswith("uvicorn."):
                signal.signal(number, partial(_uvicorn_ends, loop, heard))


def _uvicorn_ends(loop: asyncio.AbstractEventLoop, heard: Any, number: int, frame: FrameType | None) -> None:
    heard(number, frame)
    loop.call_soon_threadsafe(loop.call_later, _STOPS_LISTENING_WITHIN, _send_all_away)


def _daphne_ends() -> Any:
    """What the reactor waits for before it cuts the connections."""
    from twisted.internet.defer import Deferred

    return Deferred.fromFuture(asyncio.ensure_future(_farewell()))


async def _farewell() -> None:
    if connected := _send_all_away():
        await asyncio.wait(connected, timeout=GOODBYE_WITHIN)
    await asyncio.sleep(_SENT_WITHIN)


def _send_all_away() -> set[asyncio.Task[Any]]:
    connected = {task for task in _connected if not task.done()}
    for task in connected:
        # daphne may have done so already; a second time would hit it in the middle of its goodbye.
        if not task.cancelling():
            task.cancel()
    return connected
