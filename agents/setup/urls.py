from django.urls import path

from agents.setup import changes, views

app_name = "models"
_PROVIDER = "settings/models/providers/<uuid:provider_id>/"
_MODEL = "settings/models/<uuid:model_id>/"

urlpatterns = [
    path("settings/models/", views.models, name="list"),
    path("settings/models/providers/new", views.new_provider, name="new_provider"),
    path("settings/models/providers/add", changes.add_provider, name="add_provider"),
    path(_PROVIDER, views.provider, name="provider"),
    path(f"{_PROVIDER}edit", changes.edit_provider, name="edit_provider"),
    path(f"{_PROVIDER}switch", changes.switch_provider, name="switch_provider"),
    path(f"{_PROVIDER}delete", changes.delete_provider, name="delete_provider"),
    path(f"{_PROVIDER}models/new", views.new_model, name="new_model"),
    path(f"{_PROVIDER}models/add", changes.add_model, name="add_model"),
    path(_MODEL, views.model, name="model"),
    path(f"{_MODEL}edit", changes.edit_model, name="edit_model"),
    path(f"{_MODEL}switch", changes.switch_model, name="switch_model"),
    path(f"{_MODEL}delete", changes.delete_model, name="delete_model"),
    path(f"{_MODEL}test", changes.test_model, name="test_model"),
]
