"""The network between a browser and the server: a TCP proxy whose connections a test can count, cut and refuse.

with Line(server.port) as line:
    page.goto(line.url)
    line.cut()               # every WebSocket, as a pulled cable does
    line.sockets = "refused" # what an old proxy does: HTTP gets through, upgrades don't
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

PATIENCE = 20.0
_REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Line:
    """A line to the server at ``port``. ``upgrades`` counts the WebSockets that were asked for, ``open`` those that are up."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._changed = threading.Condition()
        self._pairs: dict[socket.socket, tuple[socket.socket, bool]] = {}
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.sockets: Literal["open", "refused", "cut", "hang"] = "open"
        self.is_down = False
        self.replaces = (b"", b"")  # bytes in what the server says, by as many others
        self.upgrades = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.is_down = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut(everything=True)

    @property
    def open(self) -> int:
        """WebSockets that are up."""
        with self._changed:
            return sum(1 for _server, is_socket in self._pairs.values() if is_socket)

    def wait(self, until: Callable[[], bool]) -> None:
        """Until something that depends on the connections is so."""
        with self._changed:
            assert self._changed.wait_for(until, PATIENCE), f"{self.upgrades} upgrades, {len(self._pairs)} connections"

    def cut(self, *, everything: bool = False) -> None:
        """Break the WebSockets, or all connections, without a word."""
        with self._changed:
            broken = [client for client, (_server, is_socket) in self._pairs.items() if is_socket or everything]
        for client in broken:
            self._end(client)

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                part = client.recv(65_536)
                if not part:
                    client.close()
                    return
                head += part
        except OSError:
            client.close()
            return
        # A browser never upgrades a connection that it has used before.
        is_socket = b"upgrade: websocket" in head.lower()
        if is_socket:
            with self._changed:
                self.upgrades += 1
                self._changed.notify_all()
        if self.is_down or (is_socket and self.sockets == "cut"):
            _reset(client)
            return
        if is_socket and self.sockets == "refused":
            with contextlib.suppress(OSError):
                client.sendall(_REFUSAL)
            client.close()
            return
        if is_socket and self.sockets == "hang":
            self._pump(client, None)
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._upstream))
        except OSError:
            _reset(client)
            return
        with self._changed:
            self._pairs[client] = (server, is_socket)
            self._changed.notify_all()
        with contextlib.suppress(OSError):
            server.sendall(head)
        threading.Thread(target=self._pump, args=(server, client, client), daemon=True).start()
        self._pump(client, server, client)

    def _pump(self, source: socket.socket, sink: socket.socket | None, client: socket.socket | None = None) -> None:
        try:
            while part := source.recv(65_536):
                if sink is client:
                    part = part.replace(*self.replaces) if self.replaces[0] else part
                if sink is not None:
                    sink.sendall(part)
        except OSError:
            pass
        if client is not None:
            self._end(client)
        else:
            source.close()

    def _end(self, client: socket.socket) -> None:
        with self._changed:
            server, _is_socket = self._pairs.pop(client, (None, False))
            self._changed.notify_all()
        if server is not None:
            _reset(client)
            _reset(server)


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
