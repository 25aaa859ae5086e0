from django.urls import path

from calls import views
from calls.lists import views as lists

app_name = "calls"

urlpatterns = [
    path("calls/", views.history_page, name="list"),
    path("palette", lists.palette_names, name="palette"),
    path("palette/calls", lists.palette_calls, name="palette_calls"),
    path("calls/<uuid:call_id>/", views.call, name="call"),
    path("calls/<uuid:call_id>/figures", views.figures_of, name="figures"),
    path("calls/<uuid:call_id>/replay", views.replay, name="replay"),
]
