"""The one WebSocket address (any other is refused at the handshake), and the HTTP address beside Django's own."""

from typing import Any

from channels.security.websocket import WebsocketDenier
from django.urls import path, re_path

from realtime.consumers import QueueConsumer
from realtime.polling import long_poll

_long_poll: Any = long_poll  # path() is typed for views, Channels' router takes applications

http_urlpatterns = [path("api/realtime/events/", _long_poll)]

websocket_urlpatterns = [
    path("ws/queue/", QueueConsumer.as_asgi()),
    re_path(r"", WebsocketDenier.as_asgi()),
]
