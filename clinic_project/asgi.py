"""The ASGI entry point: HTTP to Django, WebSockets through origin and token checks to the consumer."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_project.settings")

from django.core.asgi import get_asgi_application

# Before anything that imports models.
_django = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from realtime.middleware import OriginMiddleware, TokenAuthMiddleware  # noqa: E402
from realtime.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": _django,
        "websocket": OriginMiddleware(TokenAuthMiddleware(URLRouter(websocket_urlpatterns))),
    }
)
