"""The ASGI entry point: HTTP to static files, the long poll and Django; WebSockets through origin, rate and token checks to
the consumer."""

import gc
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")

from django.core.asgi import get_asgi_application

# Before anything that imports models. (Any: path() is typed for views, Channels' router takes applications.)
_django: Any = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402

from clinic_project.static_app import StaticFiles  # noqa: E402
from realtime.middleware import HandshakeRateMiddleware, OriginMiddleware, TokenAuthMiddleware  # noqa: E402
from realtime.routing import http_urlpatterns, websocket_urlpatterns  # noqa: E402

_static: Any = StaticFiles(_django)
application = ProtocolTypeRouter(
    {
        "http": URLRouter([*http_urlpatterns, re_path(r"^static/", _static), re_path(r"", _django)]),
        "websocket": OriginMiddleware(HandshakeRateMiddleware(TokenAuthMiddleware(URLRouter(websocket_urlpatterns)))),
    }
)

# What was loaded stays for good: the collector need not look through it again and again while every socket waits. What is
# left is small, so it may look through that often (ADR 19).
gc.collect()
gc.freeze()
# A full run waits until the oldest objects are a quarter more than at the last one; this makes that number small.
gc.collect()
gc.set_threshold(2_000, 5, 5)
