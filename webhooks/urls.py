"""The pages of deliveries. What is posted to /webhooks/<platform>/<connection id> is the receiver's."""

from django.urls import path

from webhooks import views

app_name = "webhooks"

urlpatterns = [
    path("webhooks/", views.deliveries, name="list"),
    path("webhooks/changes", views.changes, name="changes"),
    path("webhooks/replay", views.replay_them, name="replay"),
    path("webhooks/deliveries/<uuid:delivery_id>/", views.delivery, name="delivery"),
    path("webhooks/deliveries/<uuid:delivery_id>/body", views.body, name="body"),
    path("webhooks/deliveries/<uuid:delivery_id>/curl", views.as_curl, name="curl"),
]
