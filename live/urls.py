from django.urls import path

from live import views

app_name = "live"

urlpatterns = [
    path("", views.wallboard, name="board"),
    path("live/", views.wallboard, name="live"),
    path("live/pulse", views.pulse, name="pulse"),
]
