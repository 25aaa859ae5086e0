"""`/observability/`: what it says when things are well, when they are not, and when nobody can know."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from accounts.models import AuditEntry, Workspace
from agents.models import ModelCall, Provider
from base.ids import first_uuid7
from calls.models import Call
from config.env import BASE_DIR
from observability import asking, sql
from observability.boxes import boxes
from observability.models import BrowserReport
from platforms.models import Connection
from tests.people import make_member, sign_in
from webhooks.models import Delivery

LATER = timezone.now() + timedelta(minutes=1)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def workspace(db):
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def page(workspace):
    client = sign_in(make_member(workspace, "admin"))
    return lambda query="": client.get(f"/observability/{query}").content.decode()


def said(workspace, key: str) -> tuple[str, str]:
    """What a box says: its word, and its figures in a line."""
    box = next(box for box in boxes(workspace.pk) if box.key == key)
    return box.verdict.word, ", ".join(" ".join(pair).strip() for pair in box.figures)


def deliver(workspace, *, waited_ms=20, ago=timedelta(), **fields) -> Delivery:
    point = Connection.objects.get_or_create(workspace=workspace, platform="retell", name="Retell")[0]
    at = timezone.now() - ago
    fields = {"status": "applied", "kind": "call_ended", "trace_id": TRACE, "processing_ms": 3} | fields
    if fields["status"] != "pending":
        fields["applied_at"] = at + timedelta(milliseconds=waited_ms)
    digest = str(Delivery.objects.count())
    row = Delivery(workspace=workspace, connection=point, platform="retell", digest=digest, size=2, **fields)
    row.id = first_uuid7(int(at.timestamp() * 1000) + Delivery.objects.count())
    row.save()
    Delivery.objects.filter(pk=row.pk).update(created_at=at)
    return row


def ask_model(workspace, **fields) -> ModelCall:
    fields = {"provider": "OpenAI", "model": "quick", "feature": "voice", "first_token_ms": 300} | fields
    return ModelCall.objects.create(workspace=workspace, trace_id=TRACE, **fields)


def report(workspace, **fields) -> BrowserReport:
    fields = {"kind": "error", "message": "card is undefined", "last_trace_id": TRACE} | fields
    return BrowserReport.objects.create(workspace=workspace, **fields)


# --- Boxes ---


def test_where_nothing_happens_nothing_is_said_to_be_well(workspace):
    assert said(workspace, "ingest") == ("Quiet", "0 in 5 min p95 —, 0 retrying 0 dead")
    assert said(workspace, "streams")[0] == "Quiet"
    assert said(workspace, "queue")[0] == "Working"
    assert said(workspace, "database")[0] == "Working"
    assert said(workspace, "browser")[0] == "No errors"


def test_webhooks_that_are_applied_soon_are_well(workspace):
    for _ in range(20):
        deliver(workspace)

    assert said(workspace, "ingest") == ("Working", "20 in 5 min p95 20 ms, 0 retrying 0 dead")


def test_a_percentile_of_few_says_so(workspace):
    deliver(workspace, waited_ms=1_500)

    assert "p95 1.5 s, n 1" in said(workspace, "ingest")[1]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"waited_ms": 6_000}, "Slow"),
        ({"status": "pending", "attempts": 1}, "Working"),  # a worker is at it
        ({"status": "pending", "attempts": 2, "due_at": LATER}, "Retrying"),
        ({"status": "dead", "attempts": 8}, "Failing"),
        # An old dead letter waits for somebody, but nothing fails now.
        ({"status": "dead", "attempts": 8, "ago": timedelta(days=2)}, "Quiet"),
        # A replay says nothing about how long the platform's news took.
        ({"waited_ms": 900_000, "replays": 1}, "Working"),
    ],
)
def test_ingest_says_what_is_wrong(workspace, fields, word):
    deliver(workspace, **fields)

    assert said(workspace, "ingest")[0] == word


def test_a_queue_that_nobody_empties_is_stuck(workspace):
    deliver(workspace, status="pending", ago=timedelta(minutes=2))

    word, figures = said(workspace, "queue")
    assert word == "Stuck"
    assert re.search(r"1 pending oldest 12\d s", figures)


def test_stalls_are_the_streams_matter(workspace):
    report(workspace, kind="stall", message="no sign of life")
    report(workspace, kind="reconnect", message="the stream came back", count=3)

    word, figures = said(workspace, "streams")
    assert word == "Stalls"
    assert "1 stall, 3 reconnects in 1 h" in figures


@pytest.mark.parametrize(
    ("failed", "answered", "first_token_ms", "word"),
    [
        (0, 5, 300, "Working"),
        (1, 9, 300, "Errors"),
        (3, 1, 300, "Failing"),
        (0, 20, 2_500, "Slow"),
        (0, 5, 2_500, "Working"),  # too few to say
    ],
)
def test_each_provider_is_judged_by_its_last_quarter_of_an_hour(
    workspace, failed, answered, first_token_ms, word
):
    Provider.objects.create(workspace=workspace, name="Anthropic", kind="anthropic")
    for _ in range(failed):
        ask_model(workspace, error_type="overloaded", first_token_ms=None)
    for _ in range(answered):
        ask_model(workspace, first_token_ms=first_token_ms)

    found = {box.name: box.verdict.word for box in boxes(workspace.pk) if box.topic == "provider"}
    assert found == {"Anthropic": "Quiet", "OpenAI": word}


def test_without_redis_nobody_knows(workspace):
    make_member(workspace, "viewer")
    with override_settings(REDIS_URL="redis://127.0.0.1:1", REDIS_LOG_URL="redis://127.0.0.1:1"):
        assert said(workspace, "streams")[0] == "Unknown"
        assert said(workspace, "queue")[0] == "Unknown"


def test_a_question_that_is_not_answered_in_time_is_unknown(workspace, monkeypatch):
    monkeypatch.setattr(asking, "LONGEST_MS", 50)

    answer = asking.put("SELECT pg_sleep(5)", {})

    assert (answer.failed, answer.rows) == (True, [])
    assert answer.ms < 2_000


def test_another_workspaces_rows_are_not_counted(workspace):
    other = Workspace.objects.create(name="Somebody else's")
    deliver(other, status="dead")
    ask_model(other, error_type="auth")
    report(other)

    assert {box.verdict.word for box in boxes(workspace.pk)} == {"Quiet", "Working", "No errors"}


def test_every_question_names_its_workspace():
    questions = {
        name: text for name, text in vars(sql).items() if name.isupper() and isinstance(text, str)
    } | sql.TRACE
    for name, question in questions.items():
        if name == "DATABASE" or name.startswith("_"):
            continue
        tables = re.findall(r"(?:FROM|JOIN) ((?:accounts|agents|calls|observability|webhooks)_\w+)", question)
        assert tables, name
        assert question.count("workspace_id = %(workspace)s") >= len(tables), name


def test_what_is_shown_is_what_was_asked(workspace):
    """The SQL of each box runs as it stands, by hand."""
    for box in boxes(workspace.pk):
        assert "%(" not in box.sql
        with connection.cursor() as cursor:
            cursor.execute(box.sql)


def test_every_box_has_its_line_in_the_runbook(workspace):
    ask_model(workspace)
    headings = re.findall(r"^### (\w+)$", (BASE_DIR / "docs/observability.md").read_text(), re.MULTILINE)

    assert {box.topic for box in boxes(workspace.pk)} <= {heading.lower() for heading in headings}


# --- The page ---


def test_an_empty_workspace_is_told_what_will_be_here(page):
    shown = page()

    assert "No model has been asked yet" in shown
    assert 'no agent can answer. <a href="/settings/models/">' in shown
    assert "No webhook came in the last hour" in shown
    assert "No browser has told of an error" in shown


def test_the_latest_model_calls_are_listed_or_only_those_that_failed(page, workspace):
    ask_model(workspace, model="quick")
    ask_model(workspace, model="clever", error_type="overloaded", error_code="529", fallback_from="quick")

    assert page().count("<td>quick") == 1
    shown = page("?show=errors")
    assert "<td>quick" not in shown
    assert "overloaded" in shown
    assert "529" in shown


def test_browser_errors_are_grouped_by_message_and_never_markup(page, workspace):
    for _ in range(2):
        report(workspace, message="<img src=x onerror=alert(1)>", count=2)
    shown = page()

    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "<img src=x" not in shown
    assert '<td class="num">4</td>' in shown


def test_webhooks_are_counted_by_kind(page, workspace):
    deliver(workspace, kind="call_started", repeats=2)
    deliver(workspace, kind="call_ended", status="dead")
    shown = page()

    assert "call_started" in shown
    assert '<td class="num" data-tone="danger">1</td>' in shown


def test_a_trace_shows_all_that_carries_it(page, workspace):
    of_the_call = {"platform": "retell", "platform_call_id": "the-call", "started_at": timezone.now()}
    Call.objects.create(workspace=workspace, trace_id=TRACE, **of_the_call)
    deliver(workspace, kind="call_analyzed", status="dead", error="unreadable")
    ask_model(workspace, model="clever")
    report(workspace, message="told of it")
    AuditEntry.objects.create(workspace=workspace, action="webhook.replay", trace_id=TRACE)
    other = Workspace.objects.create(name="Somebody else's")
    ask_model(other, model="theirs")

    shown = page(f"?trace={TRACE.upper()}").split("<obs-now")[0]

    for words in ("the-call", "call_analyzed", "unreadable", "clever", "told of it", "webhook.replay"):
        assert words in shown
    assert "theirs" not in shown


@pytest.mark.parametrize(
    ("trace", "says"),
    [
        ("0" * 32, "Nothing of the last 7 days"),
        ("hello", "A trace id is 32 hex digits"),
        ("<b>", "&lt;b&gt;"),
        ("%00", "A trace id is 32 hex digits"),
    ],
)
def test_a_trace_that_is_none_is_answered_in_words(page, trace, says):
    assert says in page(f"?trace={trace}")


def test_the_fragment_is_what_the_page_has(workspace):
    client = sign_in(make_member(workspace, "owner"))
    ask_model(workspace)

    fragment = client.get("/observability/now").content.decode()

    parts = re.findall(r'data-part="([\w-]+)"', fragment)
    assert parts == ["boxes", "as-of", "health", "model-calls", "browser", "webhooks"]
    assert "<html" not in fragment
