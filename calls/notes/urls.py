from django.urls import path

from calls.notes import pages

app_name = "reviews"

urlpatterns = [
    path("reviews/", pages.queue, name="queue"),
    path("reviews/<uuid:review_id>/next", pages.go_on, name="next"),
]
