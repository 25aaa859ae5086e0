from django.urls import path

from calls import views
from calls.exports import views as exports
from calls.lists import views as lists
from calls.recordings import views as recordings

app_name = "calls"

urlpatterns = [
    path("calls/", lists.history_page, name="list"),
    path("calls/export", exports.download, name="export"),
    path("palette", lists.palette_names, name="palette"),
    path("palette/calls", lists.palette_calls, name="palette_calls"),
    path("calls/<uuid:call_id>/", views.call, name="call"),
    path("calls/<uuid:call_id>/peek", lists.peek_at, name="peek"),
    path("calls/<uuid:call_id>/figures", views.figures_of, name="figures"),
    path("calls/<uuid:call_id>/replay", views.replay, name="replay"),
    path("calls/<uuid:call_id>/recording", recordings.recording, name="recording"),
    path("calls/<uuid:call_id>/heard", recordings.heard, name="heard"),
]
