from django.urls import path

from observability import views

app_name = "observability"

urlpatterns = [
    path("observability/", views.page, name="page"),
    path("observability/now", views.now, name="now"),
    path("health/ai", views.health_of_models, name="health"),
]
