"""A storage that fails: what waits for it waits or is ended with a sentence, and holds up nobody else."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.storage import InMemoryStorage
from django.utils import timezone

from calls import exports
from calls.exports import making, tasks
from calls.models import Call, Export, Recording
from calls.privacy import enforcing, erasing
from calls.privacy import tasks as of_privacy
from tests.calls.made import A_SHORT_CALL, make_call

pytestmark = pytest.mark.django_db


class Fails(InMemoryStorage):
    """Whatever of it has one of these names in it."""

    names: tuple[str, ...] = ()

    def _fail(self, name: str) -> None:
        if any(one in name for one in self.names):
            raise OSError("the bucket failed: SlowDown")

    def save(self, name, content, max_length=None):
        self._fail(name)
        return super().save(name, content, max_length)

    def delete(self, name):
        self._fail(name)
        super().delete(name)


@pytest.fixture(autouse=True)
def storage(settings) -> Fails:
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "tests.calls.test_storage.Fails"}}
    cache.clear()
    yield Fails
    Fails.names = ()


def asked(agent) -> Export:
    make_call(agent, A_SHORT_CALL)
    columns = exports.columns_of(["id"], agent.workspace_id, turns=False, sees_words=True)
    return exports.ask(agent.workspace_id, "", "csv", columns, by=None, sees_words=True)


def test_an_export_is_tried_again_and_made_once_the_storage_is_back(agent, storage):
    export = asked(agent)
    storage.names = ("exports/",)
    for _ in range(making.TRIES - 1):
        assert not making.go_on(export.pk)
        assert making.waiting() == [export.pk]

    storage.names = ()
    making.go_on(export.pk)

    assert Export.objects.get().status == "done"


def test_an_export_is_not_tried_for_ever(agent, storage, caplog):
    export = asked(agent)
    storage.names = ("exports/",)
    for _ in range(making.TRIES):
        making.go_on(export.pk)

    export.refresh_from_db()
    assert (export.status, export.files, making.waiting()) == ("failed", [], [])
    assert export.error.startswith("The storage could not be written to in 5 tries.")
    assert "the bucket failed: SlowDown" in caplog.text


def test_failures_count_in_a_row_only(agent, storage):
    """A long export meets more than one bad moment."""
    export = asked(agent)
    for _ in range(3):
        storage.names = ("exports/",)
        for _ in range(making.TRIES - 1):
            making.go_on(export.pk)
        assert Export.objects.get().status == "running"
        storage.names = ()
        making.go_on(export.pk)
        Export.objects.update(status="running", alive_at=None, files=[], done=0, last_call=None)


def test_one_export_that_cannot_be_removed_leaves_the_others_to_go(agent, storage):
    old = [asked(agent) for _ in range(3)]
    for export in old:
        making.go_on(export.pk)
    Export.objects.update(created_at=timezone.now() - timedelta(days=2))
    storage.names = (str(old[0].pk),)

    tasks.remove_old()
    assert list(Export.objects.values_list("pk", flat=True)) == [old[0].pk]

    storage.names = ()
    tasks.remove_old()
    assert not Export.objects.exists()


def test_files_that_cannot_be_removed_leave_what_has_none_to_go(agent, storage, caplog):
    old = timezone.now() - timedelta(days=40)
    call = make_call(agent, A_SHORT_CALL, started_at=old, summary="Charged twice")
    recording = Recording.objects.create(workspace_id=agent.workspace_id, call=call, status="kept", file="x")
    enforcing.set_days(agent.workspace_id, {"recordings": 30, "words": 30}, by=None)
    storage.names = ("",)

    of_privacy.enforce()

    recording.refresh_from_db()
    call.refresh_from_db()
    assert recording.status == "kept"
    assert call.words_removed_at
    assert "recordings cannot be removed now: OSError" in caplog.text


def test_an_erasure_that_waits_for_the_storage_holds_up_no_other(agent, storage, caplog):
    numbers = ("+447700900001", "+447700900002")
    calls = [make_call(agent, A_SHORT_CALL, from_number=number) for number in numbers]
    Recording.objects.create(workspace_id=agent.workspace_id, call=calls[0], status="kept", file="x")
    waits, other = (erasing.ask(agent.workspace_id, number, by=None) for number in numbers)
    storage.names = ("",)

    of_privacy.erase()

    waits.refresh_from_db()
    other.refresh_from_db()
    assert (waits.status, other.status) == ("running", "done")
    assert list(Call.objects.all()) == calls[:1]
    assert f"erasure {waits.pk} cannot go on now: OSError" in caplog.text


def test_where_slow_work_has_no_place_left_an_export_goes_on_by_parts(agent, storage, monkeypatch):
    monkeypatch.setattr("calls.exports.writing.PIECE", 1)
    monkeypatch.setattr("calls.exports.making.PART_SECONDS", 0)
    export = asked(agent)
    for _ in range(2):
        make_call(agent, A_SHORT_CALL)

    parts = 1
    while making.go_on(export.pk, is_slow=False):
        parts += 1

    export.refresh_from_db()
    assert (export.status, export.done) == ("done", 3)
    assert parts >= len(export.files) == 3
