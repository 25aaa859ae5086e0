"""The sockets and streams of live calls."""

from django.urls import path

from live.consumers import BoardStream, CallStream
from live.voice import RetellVoice

http_routes = [
    path("live/stream", BoardStream.as_asgi()),
    path("live/calls/<uuid:call_id>/stream", CallStream.as_asgi()),
]
socket_routes = [path("voice/retell/<str:key>/<str:call_id>", RetellVoice.as_asgi())]
