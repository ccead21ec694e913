"""Static files, answered beside Django's own handler (ADR 38): that starts a thread for each request, and a page asks for
seventy files at once.

WhiteNoise says what is answered, with the headers that every page has; what is no file goes on to Django.
"""

from __future__ import annotations

import logging
from io import BytesIO
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware

logger = logging.getLogger(__name__)

_PIECE = 256 * 1024


class _NoFile(HttpResponse):
    """Says that WhiteNoise doesn't know the address."""


def _no_file(_request: HttpRequest) -> HttpResponse:
    return _NoFile(status=404)


class StaticFiles:
    """The ASGI application of the static files; ``otherwise`` answers for every other address.

    Files are read in the event loop, in pieces: nearly all are some kilobytes, and in the system's cache.
    """

    def __init__(self, otherwise: Any) -> None:
        self._otherwise = otherwise
        # CORS too: pages of other origins import the browser client from here.
        self._respond: Any = SecurityMiddleware(CorsMiddleware(WhiteNoiseMiddleware(_no_file)))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        response = self._find(scope)
        if isinstance(response, _NoFile):
            await self._otherwise(scope, receive, send)
            return
        try:
            headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            pieces = iter(response)
            piece = next(pieces, b"")
            while piece is not None:
                following = next(pieces, None)
                await send({"type": "http.response.body", "body": piece, "more_body": following is not None})
                piece = following
        finally:
            response.close()

    def _find(self, scope: dict[str, Any]) -> Any:
        try:
            response = self._respond(ASGIRequest(scope, BytesIO()))
        except (UnicodeDecodeError, FileNotFoundError):
            # An address that is no text, or a file that was there when the server began.
            return _NoFile()
        except OSError:
            logger.exception("A static file can't be read: %s", scope["path"])
            return _NoFile()
        response.block_size = _PIECE
        return response
