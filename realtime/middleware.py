"""Who is at the other end of a socket, and from which page: before the consumer sees it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.db import Error as DatabaseError
from django.http.request import split_domain_port, validate_host

from clinics.logins import Proof, TokenRefused, verify_access
from realtime.frames import error_frame
from realtime.groups import Rights, rights_of
from realtime.rates import Addresses
from realtime.sockets import TOO_MANY_FRAMES
from realtime.threads import in_db

logger = logging.getLogger(__name__)

PROTOCOL = "clinic.v1"
_BEARER = "bearer."

ASGIApp = Callable[[dict[str, Any], Callable[..., Awaitable[Any]], Callable[..., Awaitable[Any]]], Awaitable[Any]]


def header(scope: dict[str, Any], name: bytes) -> str | None:
    """The header's value, if the request has it."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def is_allowed_origin(origin: str | None, host: str | None, *, secure: bool) -> bool:
    """May a page of this origin open a socket? Whole origins are compared: scheme, host and port.

    Programs send no Origin and are let through to the token check; a browser always sends one.
    """
    if origin is None:
        return True
    if origin in settings.CORS_ALLOWED_ORIGINS or origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    scheme = "https://" if secure else "http://"
    (name, port), (own_name, own_port) = split_domain_port(origin.removeprefix(scheme)), split_domain_port(host or "")
    if not origin.startswith(scheme) or not name or port != own_port or not validate_host(own_name, settings.ALLOWED_HOSTS):
        return False
    # A star lets any name reach this server, not any page.
    return name == own_name or validate_host(name, [allowed for allowed in settings.ALLOWED_HOSTS if allowed != "*"])


class OriginMiddleware:
    """Refuses pages of other origins at the handshake (HTTP 403)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        secure = scope.get("scheme") == "wss" or (settings.BEHIND_TLS_PROXY and header(scope, b"x-forwarded-proto") == "https")
        if is_allowed_origin(header(scope, b"origin"), header(scope, b"host"), secure=secure):
            return await self.app(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)


class HandshakeRateMiddleware:
    """Turns away an address that opens sockets too fast, before the database is asked anything.

    A whole clinic may stand behind one address and come back at once, so the burst is large. Accepted, told why and closed, since
    a browser can't see why a handshake was refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        limits = settings.REALTIME
        self.addresses = Addresses(limits["HANDSHAKES_PER_SECOND"], limits["HANDSHAKES_BURST"])

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        # Without an address (a server behind a local socket) all would be one.
        if not scope.get("client") or self.addresses.take(scope["client"][0]):
            return await self.app(scope, receive, send)
        await receive()
        await send({"type": "websocket.accept", "subprotocol": subprotocol_of(scope)})
        sentence = "Too many connections from your address at once. Wait a minute, then connect again."
        await send({"type": "websocket.send", "text": error_frame("rate_limited", sentence)})
        await send({"type": "websocket.close", "code": TOO_MANY_FRAMES})
        return None


def subprotocol_of(scope: dict[str, Any]) -> str | None:
    """What the server answers to the offered subprotocols: never the token."""
    return PROTOCOL if PROTOCOL in scope.get("subprotocols", []) else None


def token_of(scope: dict[str, Any]) -> str:
    """The access token, from the Authorization header or the subprotocol; never from the URL. Empty if there is none."""
    authorization = header(scope, b"authorization") or ""
    kind, _space, token = authorization.partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    offered = (name for name in scope.get("subprotocols", []) if name.startswith(_BEARER))
    return next(offered, "").removeprefix(_BEARER)


def prove(token: str) -> tuple[Proof, Rights]:
    """Who the token stands for, and what they may; raises ``TokenRefused``."""
    proof = verify_access(token)
    return proof, rights_of(proof.user)


class TokenAuthMiddleware:
    """Puts ``proof`` and ``rights``, or ``refused``, into the scope (neither, if the database can't be asked). The consumer closes a refused socket after accepting it,
    since a browser can't see why a handshake was refused."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        scope = dict(scope)
        try:
            scope["proof"], scope["rights"] = await in_db(prove, token_of(scope))
        except TokenRefused as refused:
            scope["refused"] = refused
        except DatabaseError as error:
            logger.warning("A socket couldn't be checked (%s); its client will come back.", error)
        return await self.app(scope, receive, send)
