"""The one WebSocket address; any other is refused at the handshake."""

from channels.security.websocket import WebsocketDenier
from django.urls import path, re_path

from realtime.consumers import QueueConsumer

websocket_urlpatterns = [
    path("ws/queue/", QueueConsumer.as_asgi()),
    re_path(r"", WebsocketDenier.as_asgi()),
]
