from django.urls import path

from calls.judging import views

app_name = "analysis"

urlpatterns = [
    path("settings/analysis/", views.fields, name="fields"),
    path("settings/analysis/agents/<uuid:agent_id>/fields/add", views.add_field, name="add_field"),
    path("settings/analysis/fields/<uuid:field_id>/edit", views.edit_field, name="edit_field"),
    path("settings/analysis/fields/<uuid:field_id>/switch", views.switch_field, name="switch_field"),
    path("settings/analysis/scorecards/", views.scorecards, name="scorecards"),
    path("settings/analysis/scorecards/new", views.scorecard, name="new_scorecard"),
    path("settings/analysis/scorecards/<uuid:scorecard_id>/", views.scorecard, name="scorecard"),
    path(
        "settings/analysis/scorecards/<uuid:scorecard_id>/switch",
        views.switch_scorecard,
        name="switch_scorecard",
    ),
    path("settings/analysis/topics/", views.topics, name="topics"),
    path("settings/analysis/topics/add", views.add_topic, name="add_topic"),
    path("settings/analysis/topics/<uuid:topic_id>/edit", views.edit_topic, name="edit_topic"),
    path("settings/analysis/topics/<uuid:topic_id>/switch", views.switch_topic, name="switch_topic"),
    path("settings/analysis/readings/", views.readings_page, name="readings"),
    path("settings/analysis/readings/start", views.start_reading, name="start_reading"),
    path("settings/analysis/readings/<uuid:reading_id>/stop", views.stop_reading, name="stop_reading"),
    path("calls/<uuid:call_id>/analysis", views.beside_call, name="beside_call"),
]
