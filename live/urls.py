from django.urls import path

from live import chat_page, views

app_name = "live"

urlpatterns = [
    path("", views.wallboard, name="board"),
    path("live/", views.wallboard, name="live"),
    path("live/pulse", views.pulse, name="pulse"),
    path("chat/", chat_page.chat, name="chats"),
    path("chat/<str:chat_id>/", chat_page.chat, name="chat"),
]
