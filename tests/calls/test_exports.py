"""Lists as files: what is in them, who may have them, and how they are made."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from accounts.tokens import create_token
from calls import exports
from calls.exports import cells, making
from calls.models import Call, CustomField, Export
from tests.calls.made import A_SHORT_CALL, BEGAN, make_call, said
from tests.people import make_member, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage(monkeypatch) -> InMemoryStorage:
    kept = InMemoryStorage()
    for module in (exports, making):
        monkeypatch.setattr(module, "default_storage", kept)
    return kept


@pytest.fixture
def calls(agent) -> list[Call]:
    CustomField.objects.create(workspace=agent.workspace, agent=agent, key="plan", name="Plan", kind="text")
    return [
        make_call(
            agent,
            A_SHORT_CALL,
            started_at=BEGAN - timedelta(hours=n),
            summary='=HYPERLINK("http://evil","Charged, twice")' if n else "Charged\ntwice",
            tags=["angry", "vip"],
            fields={"plan": "+1"},
            total_usd="0.5",
        )
        for n in range(3)
    ]


def asked(workspace, form="csv", query="", *, columns=(), turns=False, sees_words=True) -> Export:
    shown = exports.columns_of(columns, workspace.pk, turns=turns, sees_words=sees_words)
    return exports.ask(workspace.pk, query, form, shown, by=None, sees_words=sees_words)


def made(export: Export, storage) -> bytes:
    while making.go_on(export.pk):
        pass
    export.refresh_from_db()
    assert export.status == "done", export.error
    whole = b"".join(storage.open(name).read() for name in export.files)
    assert len(whole) == export.size
    return whole


def table(text: bytes) -> list[dict]:
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


def test_a_table_has_a_row_a_call_the_newest_first(workspace, calls, storage):
    export = asked(workspace)

    text = made(export, storage)
    rows = table(text)

    assert [row["id"] for row in rows] == [str(call.pk) for call in calls]
    assert (rows[0]["agent"], rows[0]["caller"], rows[0]["tags"]) == (
        "Odell",
        "'+44 77•• ••• 142",
        "angry; vip",
    )
    assert rows[0]["summary"] == "Charged\ntwice"
    assert rows[1]["summary"] == """'=HYPERLINK("http://evil","Charged, twice")"""
    assert rows[0]["field.plan"] == "'+1"
    assert (rows[0]["started_at"], rows[0]["cost_usd"]) == ("2026-11-20T09:00:00.000Z", "0.500000")
    assert text.count(b"\r\n") == 4
    assert (export.done, export.about) == (3, 3)
    assert b"7700900142" not in text


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+44", "'+44"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\r=x", "'\r=x"),
        ('"=1+1"', '\'"=1+1"'),
        (" =1", "' =1"),
        ("'=1", "''=1"),
        ("1=1", "1=1"),
        ("", ""),
        (None, ""),
        (-1, -1),
        (True, "true"),
        (["=a", "b"], "'=a; b"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_no_cell_is_a_formula(value, cell):
    assert cells.cell(value) == cell


def test_a_line_of_json_has_its_turns(workspace, calls, storage):
    lines = made(
        asked(workspace, "jsonl", turns=True, columns=["id", "tags", "field.plan"]), storage
    ).splitlines()

    first = json.loads(lines[0])
    assert set(first) == {"id", "tags", "fields", "turns"}
    assert (first["tags"], first["fields"]) == (["angry", "vip"], {"plan": "+1"})
    assert [turn["role"] for turn in first["turns"]] == ["agent", "caller", "tool", "agent"]
    assert first["turns"][2]["arguments"] == {"account": "L-20418"}


def test_in_a_table_with_turns_a_row_is_a_turn(workspace, calls, storage):
    rows = table(made(asked(workspace, turns=True, columns=["id"], query="from=2026-11-20"), storage))

    assert len(rows) == 12
    assert rows[1] | {"text": "I was charged <b>twice</b>.", "role": "caller", "turn": "2"} == rows[1]


def test_who_sees_no_words_gets_none(workspace, calls, storage):
    text = made(asked(workspace, sees_words=False), storage)

    assert b"harged" not in text
    assert b"field.plan" not in text
    for columns, turns in ((["summary"], False), (["number"], False), ([], True)):
        with pytest.raises(PermissionError):
            asked(workspace, columns=columns, turns=turns, sees_words=False)
    with pytest.raises(PermissionError):
        asked(workspace, query="q=charged", sees_words=False)
    with pytest.raises(PermissionError):
        asked(workspace, query="field.plan=Gold", sees_words=False)


def test_personal_data_is_hidden_in_what_everybody_may_fetch(workspace, agent, storage):
    said_it = [said("c0", "My card is 4111 1111 1111 1111.", 0, 900)]
    make_call(agent, said_it, summary="Card 4111 1111 1111 1111", fields={"plan": "4111111111111111"})
    browser = sign_in(make_member(workspace, "owner"))

    for form in ("csv", "jsonl"):
        text = made(asked(workspace, form, turns=True, columns=["summary", "field.plan"]), storage)
        assert b"1111" not in text
        assert text.count(b"card number hidden") == 3
    assert browser.get("/calls/export?format=csv&turns=1").status_code == 200


def test_whole_numbers_are_given_by_name_and_noted(workspace, calls, storage):
    text = made(asked(workspace, columns=["number"]), storage)

    assert table(text)[0]["number"] == "'+447700900142"
    assert AuditEntry.objects.get(action="export.ask").detail["numbers"] is True


def test_a_list_is_exported_as_it_is_narrowed(workspace, calls, storage):
    rows = table(made(asked(workspace, query="to=2026-11-20&duration=%3E10s&sort=cost"), storage))

    assert len(rows) == 3
    assert table(made(asked(workspace, query="status=failed"), storage)) == []


def test_it_is_made_in_parts_and_gone_on_with(workspace, calls, storage, monkeypatch):
    """A worker that dies in the middle: what it had finished stays, and another goes on behind it."""
    monkeypatch.setattr("calls.exports.writing.PIECE", 1)
    monkeypatch.setattr(making, "PART_BYTES", 1)
    monkeypatch.setattr(making, "TURN_SECONDS", 0.0)
    export = asked(workspace, columns=["id"])
    Export.objects.filter(pk=export.pk).update(status="running", alive_at=timezone.now())
    assert not making.go_on(export.pk)  # somebody is at it
    assert making.waiting() == []

    Export.objects.filter(pk=export.pk).update(alive_at=timezone.now() - 2 * making.DEAD_AFTER)
    assert making.waiting() == [export.pk]
    monkeypatch.setattr(making, "TURN_SECONDS", 60.0)
    text = made(export, storage)

    assert [row["id"] for row in table(text)] == [str(call.pk) for call in calls]
    assert len(export.files) >= 3


def test_it_is_stopped_and_removed_with_its_files(workspace, calls, storage):
    export = asked(workspace)
    made(export, storage)
    waiting = asked(workspace)

    assert exports.stop(waiting)
    assert not exports.stop(export)
    assert not making.go_on(waiting.pk)
    exports.remove(export)

    assert not Export.objects.filter(pk=export.pk).exists()
    assert not any(storage.exists(name) for name in export.files)


def test_what_a_worker_left_that_died_goes_with_it(workspace, calls, storage):
    """It had put a part into the storage, and not written it down yet."""
    export, other = asked(workspace), asked(workspace)
    made(export, storage)
    made(other, storage)
    left = storage.save(f"{exports.folder_of(export)}/left", ContentFile(b"They charged me twice."))

    exports.remove_all(workspace.pk)

    assert not any(storage.exists(name) for name in [left, *export.files, *other.files])


def test_after_a_day_it_is_gone(workspace, calls, storage):
    old, new = asked(workspace), asked(workspace)
    made(old, storage)
    Export.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))

    assert exports.remove_old() == 1
    assert list(Export.objects.values_list("pk", flat=True)) == [new.pk]
    assert not any(storage.exists(name) for name in old.files)


def test_so_many_are_made_at_once(workspace, calls):
    for _ in range(exports.AT_ONCE):
        asked(workspace)

    with pytest.raises(exports.TooMany):
        asked(workspace)


# --- Over the API and on the page -----------------------------------------------------------------------


def program(workspace, role: str) -> Client:
    _, token = create_token(workspace, role, role, None)
    return Client(headers={"authorization": f"Bearer {token}"})


def post(client: Client, body: dict):
    return client.post("/api/v1/exports", body, content_type="application/json")


def test_it_is_asked_for_watched_and_fetched(workspace, calls, storage, monkeypatch):
    monkeypatch.setattr("calls.exports.api.make.delay", lambda pk: None)
    monkeypatch.setattr("base.files.default_storage", storage)
    client = program(workspace, "operator")

    answer = post(client, {"format": "csv", "query": "status=ended"})
    assert answer.status_code == 202, answer.content
    address = f"/api/v1/exports/{answer.json()['id']}"
    assert client.get(f"{address}/file").status_code == 409
    export = Export.objects.get()
    text = made(export, storage)

    told = client.get(address).json()
    assert (told["status"], told["done"], told["file"]) == ("done", 3, f"{address}/file")
    fetched = client.get(told["file"])
    assert b"".join(fetched.streaming_content) == text if not fetched.is_async else fetched.status_code == 200
    assert fetched["Content-Disposition"].startswith('attachment; filename="calls ')
    assert AuditEntry.objects.filter(action="export.fetch").count() == 1
    assert client.get("/api/v1/exports").json()["items"][0]["id"] == told["id"]
    # It has words in it, and is not there for who may see none.
    assert program(workspace, "viewer").get(address).status_code == 404
    assert client.delete(address).json()["status"] == "done"


def test_it_is_stopped_and_removed_by_who_asked_for_it_and_by_admins(workspace, calls, monkeypatch):
    monkeypatch.setattr("calls.exports.api.make.delay", lambda pk: None)
    ada, ben = (sign_in(make_member(workspace, "viewer", f"{name}@example.com")) for name in ("ada", "ben"))
    admin = sign_in(make_member(workspace, "admin", "admin@example.com"))
    addresses = [f"/api/v1/exports/{post(ada, {'format': 'csv'}).json()['id']}" for _ in range(2)]

    for address in addresses:
        assert ben.get(address).status_code == 200
        assert ben.post(f"{address}/stop").status_code == 403
        assert ben.delete(address).status_code == 403
    assert ada.post(f"{addresses[0]}/stop").json()["status"] == "stopped"
    assert admin.post(f"{addresses[1]}/stop").json()["status"] == "stopped"
    assert ada.delete(addresses[0]).status_code == admin.delete(addresses[1]).status_code == 200


def test_what_a_program_asked_for_is_no_other_programs(workspace, calls, monkeypatch):
    monkeypatch.setattr("calls.exports.api.make.delay", lambda pk: None)
    nightly, other, admin = (program(workspace, role) for role in ("viewer", "viewer", "admin"))
    left = make_member(workspace, "viewer", "left@example.com")
    addresses = [
        f"/api/v1/exports/{post(client, {'format': 'csv'}).json()['id']}"
        for client in (nightly, nightly, sign_in(left))
    ]
    left.delete()

    assert other.get(addresses[0]).status_code == 200
    for address in addresses:
        assert other.post(f"{address}/stop").status_code == other.delete(address).status_code == 403
    assert nightly.delete(addresses[2]).status_code == 403
    assert nightly.post(f"{addresses[0]}/stop").json()["status"] == "stopped"
    assert nightly.delete(addresses[0]).status_code == 200
    assert admin.delete(addresses[1]).status_code == admin.delete(addresses[2]).status_code == 200
    programs = AuditEntry.objects.filter(action="export.ask").values_list("actor_id", flat=True)
    assert None not in programs


@pytest.mark.parametrize("query", ["q=charged", "field.plan=Gold", "caller=447700900142"])
def test_which_calls_said_it_is_not_for_who_may_see_no_words(workspace, calls, monkeypatch, query):
    monkeypatch.setattr("calls.exports.api.make.delay", lambda pk: None)

    export = post(program(workspace, "operator"), {"format": "csv", "query": query, "columns": ["id"]}).json()

    viewer = program(workspace, "viewer")
    assert viewer.get("/api/v1/exports").json()["items"] == []
    assert viewer.delete(f"/api/v1/exports/{export['id']}").status_code == 404


def test_a_viewer_asks_for_facts_alone(workspace, calls, monkeypatch):
    monkeypatch.setattr("calls.exports.api.make.delay", lambda pk: None)
    client = program(workspace, "viewer")

    assert post(client, {"format": "csv"}).status_code == 202
    assert post(client, {"format": "csv", "turns": True}).status_code == 403
    assert post(client, {"format": "csv", "columns": ["summary"]}).status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"format": "xlsx"}, "format"),
        ({"format": "csv", "query": "status=over"}, "query.status"),
        ({"format": "csv", "columns": ["nothing"]}, "columns"),
        ({"format": "csv", "tz": "Nowhere"}, "tz"),
    ],
)
def test_what_makes_no_sense_is_named(workspace, body, field):
    answer = post(program(workspace, "operator"), body)

    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field


def test_a_short_list_comes_in_the_answer(workspace, calls, monkeypatch):
    browser = sign_in(make_member(workspace, "operator"))

    answer = browser.get("/calls/export?format=jsonl&columns=id,started&status=ended")
    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Cache-Control"] == "private, no-store"

    monkeypatch.setattr(exports, "SMALL", 2)
    assert browser.get("/calls/export?format=csv").status_code == 409
    assert browser.get("/calls/export?format=xlsx").status_code == 400
    viewer = sign_in(make_member(workspace, "viewer"))
    assert viewer.get("/calls/export?format=csv&turns=1").status_code == 403


def test_the_command_writes_a_file_nobody_else_reads(workspace, calls, tmp_path):
    out = tmp_path / "calls.csv"

    call_command("export_calls", workspace=workspace.name, query="status=ended", format="csv", out=out)

    assert len(table(out.read_bytes())) == 3
    assert out.stat().st_mode & 0o777 == 0o600
    for wrong in ({"query": "status=over"}, {"out": out}, {"workspace": "Nowhere"}, {"columns": "nothing"}):
        with pytest.raises(CommandError):
            call_command("export_calls", **{"workspace": workspace.name, **wrong})
