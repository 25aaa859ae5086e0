from django.urls import path

from calls.insights import views

app_name = "insights"

urlpatterns = [
    path("insights/", views.insights, name="page"),
    path("insights/<str:name>.csv", views.as_csv, name="csv"),
]
