from django.urls import path

from live.chat import views

app_name = "chat_api"

urlpatterns = [
    path("chat", views.chat, name="chat"),
    path("chat/<str:chat_id>/stream", views.stream, name="stream"),
    path("chat/<str:chat_id>/stop", views.stop, name="stop"),
]
