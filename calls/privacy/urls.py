from django.urls import path

from calls.privacy import views

app_name = "privacy"

urlpatterns = [
    path("settings/privacy/", views.page, name="page"),
    path("settings/privacy/retention", views.retention, name="retention"),
    path("settings/privacy/masked", views.masked, name="masked"),
    path("settings/privacy/erase", views.erase, name="erase"),
    path("settings/privacy/holds/place", views.place_hold, name="place_hold"),
    path("settings/privacy/holds/<uuid:hold_id>/lift", views.lift_hold, name="lift_hold"),
]
