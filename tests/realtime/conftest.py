"""Fixtures of the real-time tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest_asyncio
from channels.layers import get_channel_layer

from clinics.models import User
from realtime import hub as hub_module
from realtime.hub import Hub, get_hub
from tests.kept import kept_world, world
from tests.realtime.client import Client, communicator, run, token_for

__all__ = ["connect", "hub", "kept_world", "world"]

Connect = Callable[..., Awaitable[Client]]


async def _end_hub() -> None:
    hub = hub_module._hubs.pop(asyncio.get_running_loop(), None)
    if hub is not None:
        await hub.stop()
    flushing = asyncio.ensure_future(get_channel_layer().flush())
    while not (await asyncio.wait({flushing}, timeout=5))[0]:
        # redis-py can lose a cancellation that comes together with its own time-out, and the layer then waits for ever.
        flushing.cancel()


@pytest_asyncio.fixture
async def hub() -> AsyncIterator[Hub]:
    """This loop's hub, started; ended after the test."""
    yield await get_hub()
    await _end_hub()


@pytest_asyncio.fixture
async def connect() -> AsyncIterator[Connect]:
    """Open sockets as somebody; all of them, and the hub, end with the test."""
    clients: list[Client] = []

    async def connect(user: User | None = None, *, token: str | None = None) -> Client:
        if token is None and user is not None:
            token = await run(token_for, user)
        client = Client(communicator(token))
        clients.append(client)
        return await client.start()

    yield connect
    for client in clients:
        await client.disconnect()
    await _end_hub()
