from django.urls import path

from agents.publishing import views

app_name = "publishing"

urlpatterns = [
    path("agents/<uuid:agent_id>/copy", views.copy, name="copy"),
    path("agents/<uuid:agent_id>/copy/<str:act>", views.act, name="act"),
]
