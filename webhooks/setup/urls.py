from django.urls import path

from webhooks.setup import changes, tokens, views

app_name = "settings"
_ONE = "settings/connections/<uuid:connection_id>/"

urlpatterns = [
    path("settings/", views.index, name="index"),
    path("settings/connections/", views.connections, name="connections"),
    path("settings/connections/new", views.new, name="new_connection"),
    path("settings/connections/add", changes.add, name="add_connection"),
    path(_ONE, views.connection, name="connection"),
    path(f"{_ONE}state", views.state, name="connection_state"),
    path(f"{_ONE}edit", changes.edit, name="edit_connection"),
    path(f"{_ONE}reveal", changes.reveal, name="reveal_secret"),
    path(f"{_ONE}rotate", changes.rotate, name="rotate_secret"),
    path(f"{_ONE}finish", changes.finish, name="finish_rotation"),
    path(f"{_ONE}undo", changes.undo, name="undo_rotation"),
    path(f"{_ONE}test", changes.test, name="test_connection"),
    path(f"{_ONE}agents", changes.link, name="link_agent"),
    path(f"{_ONE}delete", changes.delete, name="delete_connection"),
    path("settings/tokens/", tokens.tokens, name="tokens"),
    path("settings/tokens/create", tokens.create, name="create_token"),
    path("settings/tokens/<uuid:token_id>/revoke", tokens.revoke, name="revoke_token"),
]
