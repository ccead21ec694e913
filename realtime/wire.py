"""What ASGI doesn't tell: how much a server still holds for a client that doesn't read; and what it doesn't let us say.

daphne's ``send`` never waits and its buffer has no bound; uvicorn's waits, and so would the close frame for a reader that has
stalled. Both hand us a ``send`` from which their transport can be reached; with any other server nothing is known, and only our
own buffer is bounded.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any


class Wire:
    """The connection behind an ASGI ``send``."""

    def __init__(self, send: Any) -> None:
        self._send = send
        # daphne: partial(server.handle_reply, protocol); uvicorn: a method of the protocol.
        self._protocol = send.args[0] if isinstance(send, partial) and send.args else getattr(send, "__self__", None)

    async def close(self, code: int) -> None:
        """Send the close frame.

        daphne's library refuses to send the codes of a server (1011, 1012) for an application, which would leave the connection
        open for ever; daphne itself sends them a layer below.
        """
        refused = 1000 < code < 3000 and getattr(self._protocol, "sendCloseFrame", None)
        if refused:
            refused(code=code)
        else:
            await self._send({"type": "websocket.close", "code": code})

    def waiting(self) -> int:
        """Bytes that the server has taken and the client not yet."""
        transport = getattr(self._protocol, "transport", None)
        if isinstance(transport, asyncio.WriteTransport):
            return transport.get_write_buffer_size()
        twisted: Any = transport
        if hasattr(twisted, "_tempDataLen"):
            return int(len(twisted.dataBuffer) - twisted.offset + twisted._tempDataLen)
        return 0

    def unblock(self) -> None:
        """Let a ``send`` that waits for the client go on, so that the close frame gets into the server's hands."""
        writable = getattr(self._protocol, "writable", None)
        if isinstance(writable, asyncio.Event):
            writable.set()

    def be_patient(self, seconds: float) -> None:
        """Give the client this long to take the close frame; autobahn, under daphne, cuts it off after a second by itself."""
        protocol: Any = self._protocol
        if hasattr(protocol, "closeHandshakeTimeout"):
            protocol.closeHandshakeTimeout = seconds

    def abort(self) -> None:
        """Cut the connection without waiting for what was not read."""
        transport = getattr(self._protocol, "transport", None)
        cut = getattr(transport, "abort", None) or getattr(transport, "abortConnection", None)
        if cut is not None:
            cut()
