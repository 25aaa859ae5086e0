"""The sockets and streams of live calls."""

from django.urls import path

from live.voice import RetellVoice

socket_routes = [path("voice/retell/<str:key>/<str:call_id>", RetellVoice.as_asgi())]
