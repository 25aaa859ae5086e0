from django.urls import path

from live.chat import views

app_name = "chat_api"

urlpatterns = [
    path("", views.chat, name="chat"),
    path("/<str:chat_id>/stream", views.stream, name="stream"),
    path("/<str:chat_id>/stop", views.stop, name="stop"),
]
