from django.urls import path

from agents.pages import views

app_name = "agents"

urlpatterns = [
    path("agents/", views.agents, name="list"),
    path("agents/<uuid:agent_id>/", views.agent, name="agent"),
    path("agents/<uuid:agent_id>/presence", views.presence, name="presence"),
]
