"""`/healthz`, `/readyz` and `/metrics`: for machines, without cookies, and nothing in them for strangers."""

import os
import re
import subprocess
import sys

import pytest
from django.db import connection, connections
from django.test import override_settings
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import Workspace
from calls.models import Call
from config.env import BASE_DIR
from config.tasks import clear_sessions
from observability import metrics, tasks_seen
from platforms.models import Connection
from tests.observability.asking import asked
from tests.people import bearer, cookie_of, make_member
from webhooks import receiver
from webhooks.models import Delivery

TOKEN = "t" * 40
NOWHERE = "redis://127.0.0.1:1/0"


def samples(body: bytes) -> dict[str, float]:
    """Name with labels → value."""
    found = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@pytest.fixture
def nothing_there(monkeypatch):
    """Addresses where nobody listens."""
    monkeypatch.setitem(connections.settings["default"], "HOST", "127.0.0.1")
    monkeypatch.setitem(connections.settings["default"], "PORT", "1")
    with override_settings(REDIS_URL=NOWHERE, REDIS_LOG_URL=NOWHERE):
        yield


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_a_process_that_answers_is_alive_whatever_else_is_away(nothing_there, path):
    """Not marked for the database: asking it would fail."""
    answer = asked(path, headers=[(b"cookie", b"sessionid=anything")])

    assert (answer.status, answer.json()) == (200, {"status": "alive"})
    assert b"set-cookie" not in answer.headers
    assert answer.headers[b"x-trace-id"]


def test_it_is_ready_when_all_it_needs_is_there(transactional_db):
    answer = asked("/readyz")

    assert answer.status == 200
    checks = answer.json()["checks"]
    assert set(checks) == {"database", "migrations", "redis"}
    assert all(check["ok"] and check["ms"] < 2_000 for check in checks.values())


def test_it_says_what_is_missing_and_nothing_about_where(nothing_there):
    answer = asked("/readyz")

    assert answer.status == 503
    error = answer.json()["error"]
    assert (error["code"], error["message"]) == ("not_ready", "Not ready: database, migrations, redis.")
    assert error["details"]["redis"]["problem"] == "away"
    assert not re.search(rb"127\.0\.0\.1|earshot|postgres", answer.body)


def test_a_live_log_of_its_own_is_asked_too(transactional_db):
    with override_settings(REDIS_LOG_URL=NOWHERE):
        answer = asked("/readyz")

    assert answer.json()["error"]["message"] == "Not ready: live log."


def test_a_schema_that_is_behind_is_not_ready(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'observability' AND name LIKE '0001%%'")
    try:
        answer = asked("/readyz")
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) "
                "VALUES ('observability', '0001_initial', now())"
            )

    assert answer.status == 503
    assert answer.json()["error"]["details"]["migrations"]["problem"] == "1 not applied"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_they_are_only_read(path):
    assert asked(path, "POST").status == 405
    assert asked(path, "HEAD").body == b""


# --- /metrics ---


def test_without_the_setting_there_are_no_metrics():
    assert asked("/metrics", headers=[bearer("")]).status == 404


def test_metrics_are_for_who_has_the_token(transactional_db):
    owner = make_member(Workspace.objects.create(name="Larkfield Energy"), "owner")
    with override_settings(METRICS_TOKEN=TOKEN):
        for headers in (
            [],
            [bearer("wrong")],
            [bearer(TOKEN + "x")],
            [cookie_of(owner)],
            [(b"authorization", b"\xff")],
        ):
            assert asked("/metrics", headers=headers).status == 401
        assert asked("/metrics", headers=[bearer(TOKEN)]).status == 200


def test_metrics_say_how_things_stand(transactional_db):
    workspace = Workspace.objects.create(name="Larkfield Energy")
    point = Connection.objects.create(workspace=workspace, platform="retell", name="Retell")
    for n, (status, attempts) in enumerate([("pending", 0), ("pending", 2), ("dead", 8), ("applied", 1)]):
        due_at = timezone.now() if attempts == 2 else None
        fields = {"digest": str(n), "size": 2, "status": status, "attempts": attempts, "due_at": due_at}
        Delivery.objects.create(workspace=workspace, connection=point, platform="retell", **fields)
    Call.objects.create(
        workspace=workspace, platform="retell", platform_call_id="c1", started_at="2026-11-21T12:00:00Z"
    )
    metrics._standing._kept = (0.0, [])

    with override_settings(METRICS_TOKEN=TOKEN):
        found = samples(asked("/metrics", headers=[bearer(TOKEN)]).body)

    assert found["earshot_deliveries_pending"] == 2
    assert found["earshot_deliveries_failing"] == 1
    assert found["earshot_deliveries_dead"] == 1
    assert found["earshot_live_calls"] == 1
    assert found["earshot_database_up"] == 1
    assert found["earshot_queue_length{queue=celery}"] >= 0
    assert any(name.startswith("earshot_build{") for name in found)


def test_without_the_database_what_was_counted_is_still_told(nothing_there):
    metrics._standing._kept = (0.0, [])
    with override_settings(METRICS_TOKEN=TOKEN):
        found = samples(asked("/metrics", headers=[bearer(TOKEN)]).body)

    assert found["earshot_database_up"] == 0
    assert "earshot_deliveries_pending" not in found
    assert any(name.startswith("earshot_event_loop_lag") for name in found)
    metrics._standing._kept = (0.0, [])


def test_webhooks_are_timed_by_answer_and_strangers_invent_no_platforms():
    def count(platform: str) -> float:
        return sum(bucket.get() for bucket in receiver.ANSWERED(platform, 404)._buckets)

    before = count("unknown"), count("retell")
    for platform in ("nope", "another", "retell"):
        assert asked(f"/webhooks/{platform}/not-a-connection", "POST").status == 404

    assert (count("unknown"), count("retell")) == (before[0] + 2, before[1] + 1)


def test_tasks_are_counted_by_how_they_end():
    task = clear_sessions

    def count() -> float:
        children = tasks_seen.SECONDS.labels(task.name, "failure")
        return sum(bucket.get() for bucket in children._buckets)

    before = count()
    tasks_seen.begins(task_id="one")
    tasks_seen.ends(task_id="one", task=task, state="FAILURE")
    tasks_seen.ends(task_id="never began", task=task, state="FAILURE")

    assert count() == before + 1


# --- Several processes ---

COUNTS = """
import sys
from base import meters
seen = meters.counter("seen", "Seen.", "by")
took = meters.seconds("took_seconds", "Took.")
now = meters.level("open_now", "Open.")
seen.labels("anybody").inc(2); took.observe(0.003); now.set(3)
if sys.argv[1:] == ["stay"]:
    print("counted", flush=True)
    sys.stdin.read()
"""


def process(folder, *arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", COUNTS, *arguments],
        cwd=BASE_DIR,
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_every_process_counts_and_what_the_dead_have_counted_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    for _ in range(3):
        assert process(tmp_path).wait(20) == 0
    alive = process(tmp_path, "stay")
    try:
        assert alive.stdout.readline() == "counted\n"
        for _ in range(2):
            found = samples(metrics.counted())
            assert found["earshot_seen_total{by=anybody}"] == 8
            assert found["earshot_took_seconds_count"] == 4
            assert found["earshot_took_seconds_bucket{le=0.005}"] == 4
            assert found["earshot_open_now"] == 3  # of the living
        names = {path.name for path in tmp_path.glob("*.db")}
        assert names == {
            "counter_0.db", "histogram_0.db",
            *(f"{kind}_{alive.pid}.db" for kind in ("counter", "histogram", "gauge_livesum")),
        }  # fmt: skip
    finally:
        alive.stdin.close()
        alive.wait(20)

    found = samples(metrics.counted())
    assert found["earshot_seen_total{by=anybody}"] == 8
    assert "earshot_open_now" not in found
