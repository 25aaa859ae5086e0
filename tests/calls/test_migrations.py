"""What an update does to a table that is full of calls, and written to meanwhile."""

from importlib import import_module

from django.apps import apps
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddIndex, RunSQL

from calls.models import Call
from tests.calls.made import make_call

BORN_WITH = "0002_transfers_and_platform_agents"  # what is older was there when there were no calls


def later_migrations():
    loader = MigrationLoader(connection)
    return [one for (app, name), one in loader.disk_migrations.items() if app == "calls" and name > BORN_WITH]


def test_an_index_on_calls_is_built_while_they_are_written(db):
    for migration in later_migrations():
        for operation in migration.operations:
            assert not (isinstance(operation, RunSQL) and "INDEX" in str(operation.sql).upper()), migration
            if isinstance(operation, AddIndex) and operation.model_name in ("call", "turn", "event"):
                assert isinstance(operation, AddIndexConcurrently), (migration, operation.index.name)
                assert not migration.atomic


def test_what_ended_before_there_was_a_judge_is_left_piece_by_piece(agent):
    module = import_module("calls.migrations.0006_the_past_is_not_judged")
    ended = [make_call(agent) for _ in range(5)]
    live = make_call(agent, ended=False)

    module.leave_the_past(apps, None, at_once=2)

    assert {call.judged_at for call in Call.objects.exclude(pk=live.pk)} == {ended[0].ended_at}
    assert Call.objects.get(pk=live.pk).judged_at is None
