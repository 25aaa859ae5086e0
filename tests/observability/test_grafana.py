"""`deploy/grafana/`: every query of a dashboard runs on the real schema, as the role the docs make for it."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.models import Workspace
from agents.models import ModelCall
from base.embedded import places
from calls.models import Call
from config.env import BASE_DIR
from observability.models import BrowserReport
from platforms.models import Connection
from webhooks.models import Delivery

GRAFANA = BASE_DIR / "deploy/grafana"
DASHBOARDS = [json.loads(path.read_text()) for path in sorted(GRAFANA.glob("dashboards/*.json"))]
SOURCE = {"type": "grafana-postgresql-datasource", "uid": "earshot"}
# What a panel of each kind needs: series have a time, a name and one figure.
SERIES = ["time", "metric"]
# Words, numbers, bodies and keys have no business on a dashboard.
SECRET = re.compile(
    r"\b(body|headers|text|words|summary|from_number|to_number|api_key|secrets?|stack|email|digest|key|prompt)\b"
)
TABLES = re.compile(r"\bFROM (?:calls|agents|webhooks|observability)_")
ROLE = f"earshot_grafana_{os.getpid()}"
FROM, TO = 1_763_700_000, 1_763_800_000


def panels(dashboard: dict) -> list[dict]:
    return [inner for panel in dashboard["panels"] for inner in (panel, *panel.get("panels", []))]


def queries() -> Iterator[tuple[str, dict, str]]:
    for dashboard in DASHBOARDS:
        for panel in panels(dashboard):
            for target in panel.get("targets", []):
                yield f"{dashboard['uid']}: {panel['title']}", panel, target["rawSql"]


QUERIES = list(queries())


def filled(sql: str, workspace, since: int, until: int) -> str:
    """As Grafana's PostgreSQL plugin fills in its macros and variables."""
    sql = sql.replace("${workspace:sqlstring}", f"'{workspace}'").replace("$__interval", "1m")
    sql = re.sub(
        r"\$__timeFilter\(([^)]+)\)", rf"\1 BETWEEN to_timestamp({since}) AND to_timestamp({until})", sql
    )
    sql = re.sub(
        r"\$__timeGroupAlias\(([^,]+),\s*1m\)", r'floor(extract(epoch from \1)/60)*60 AS "time"', sql
    )
    sql = sql.replace("$__unixEpochFrom()", str(since)).replace("$__unixEpochTo()", str(until))
    assert "$" not in sql, sql
    return sql


def statements(*kinds: str) -> list[str]:
    """The docs' statements that begin so, about a role of this process: names of roles are the server's."""
    page = (BASE_DIR / "docs/observability.md").read_text()
    made = next(block for block in re.findall(r"```sql\n(.*?)```", page, re.DOTALL) if "CREATE ROLE" in block)
    made = made.replace("earshot_grafana", ROLE).replace("…", "not-a-secret")
    return [one.strip() for one in made.split(";") if one.strip().startswith(kinds)]


@pytest.fixture(scope="module")
def made_role(django_db_setup, django_db_blocker) -> Iterator[str]:
    """Made by the superuser of the tests' own server, before any test's transaction."""
    with django_db_blocker.unblock():
        ours = connection.settings_dict
    home = Path(os.environ["EARSHOT_HOME"])
    if ours["HOST"] not in places.postgres_url(home):
        pytest.skip("makes a role, which needs the tests' own PostgreSQL")
    url = places.postgres_url(home, role="postgres", database=ours["NAME"])
    with psycopg.connect(url, autocommit=True) as superuser:
        for statement in statements("CREATE ROLE", "ALTER ROLE"):
            superuser.execute(statement)
        superuser.execute(f"GRANT {ROLE} TO {ours['USER']}")
        yield ROLE
        superuser.execute(f"DROP ROLE {ROLE}")


@pytest.fixture
def role(made_role, db) -> str:
    """The role of docs/observability.md, with what it may read for the length of a test."""
    with connection.cursor() as cursor:
        for statement in statements("GRANT"):
            cursor.execute(statement)
    return made_role


@pytest.fixture
def workspace(db):
    workspace = Workspace.objects.create(name="Larkfield Energy")
    point = Connection.objects.create(workspace=workspace, platform="retell", name="Retell")
    now = timezone.now()
    called = {"workspace": workspace, "platform": "retell", "started_at": now}
    Call.objects.create(platform_call_id="1", ended_at=now, outcome="failed", **called)
    Call.objects.create(platform_call_id="2", **called)
    asked = {"workspace": workspace, "feature": "voice", "provider": "OpenAI"}
    ModelCall.objects.create(model="quick", error_type="overloaded", request_id="req-1", **asked)
    ModelCall.objects.create(
        model="clever", fallback_from="quick", first_token_ms=300, finish="stop", cost_usd="0.01", **asked
    )
    came = {
        "workspace": workspace,
        "connection": point,
        "platform": "retell",
        "kind": "call_ended",
        "size": 2,
    }
    Delivery.objects.create(digest="1", status="applied", applied_at=now, processing_ms=3, repeats=1, **came)
    Delivery.objects.create(digest="2", status="pending", attempts=2, due_at=now, **came)
    Delivery.objects.create(digest="3", status="dead", applied_at=now, **came)
    BrowserReport.objects.create(workspace=workspace, kind="error", message="card is undefined")
    BrowserReport.objects.create(workspace=workspace, kind="reconnect", detail={"ms": 1_200, "tries": 2})
    BrowserReport.objects.create(workspace=workspace, kind="reconnect", detail={"ms": "a word"})
    return workspace


def run(sql: str, workspace, role: str) -> tuple[list[str], list[tuple]]:
    now = int(timezone.now().timestamp())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(filled(sql, workspace, now - 3_600, now + 60))
        return [column.name for column in cursor.description], cursor.fetchall()


@pytest.mark.parametrize(("name", "panel", "sql"), QUERIES, ids=[name for name, *_ in QUERIES])
def test_every_query_answers_what_its_panel_draws(role, workspace, name, panel, sql):
    columns, rows = run(sql, workspace.pk, role)

    assert rows, "it says something of what is there"
    if panel["type"] == "timeseries":
        assert columns[:2] == SERIES
        assert len(columns) == 3
        assert all(value is not None for row in rows for value in row)
    elif panel["type"] == "stat":
        assert (len(columns), len(rows)) == (1, 1)
        assert rows[0][0] is not None
    else:
        named = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
        assert named <= set(columns)
        assert len(set(columns)) == len(columns)


@pytest.mark.parametrize(("name", "panel", "sql"), QUERIES, ids=[name for name, *_ in QUERIES])
def test_no_query_asks_another_workspace_or_outside_its_time(role, workspace, name, panel, sql):
    other = Workspace.objects.create(name="Somebody else's")
    assert sql.count("workspace_id IN (${workspace:sqlstring})") == len(TABLES.findall(sql))

    _, rows = run(sql, other.pk, role)
    assert all(not value for row in rows for value in row)
    if "$__timeFilter" in sql:
        with connection.cursor() as cursor:
            cursor.execute(filled(sql, workspace.pk, FROM, TO))
            assert all(not value for row in cursor.fetchall() for value in row)


@pytest.mark.parametrize(("name", "panel", "sql"), QUERIES, ids=[name for name, *_ in QUERIES])
def test_nothing_is_shown_that_is_not_for_a_dashboard(name, panel, sql):
    assert not SECRET.search(sql)
    assert "*" not in re.sub(r"count\(\*\)|\* 1000", "", sql)


@pytest.mark.parametrize(
    "what",
    [
        "count(*) FROM accounts_user",
        "count(*) FROM platforms_connection",
        "count(*) FROM agents_provider",
        "count(*) FROM calls_turn",
        "count(*) FROM calls_event",
        "body FROM webhooks_delivery",
        "headers FROM webhooks_delivery",
        "from_number FROM calls_call",
        "summary FROM calls_call",
    ],
)
def test_the_role_reads_nothing_else(role, workspace, what):
    with pytest.raises(ProgrammingError, match="permission denied"):
        run(f"SELECT {what}", workspace.pk, role)


def test_the_choice_of_workspaces_is_made_of_names_and_ids(role, workspace):
    for dashboard in DASHBOARDS:
        for variable in dashboard["templating"]["list"]:
            columns, rows = run(variable["query"], workspace.pk, role)
            assert columns == ["__text", "__value"]
            assert (workspace.name, str(workspace.pk)) in rows


def test_ids_are_unique_and_everything_reads_the_provisioned_source():
    assert len({dashboard["uid"] for dashboard in DASHBOARDS}) == len(DASHBOARDS) >= 1
    provisioned = (GRAFANA / "provisioning/datasources/earshot.yml").read_text()
    assert "uid: earshot" in provisioned
    assert not re.search(r"password: (?!\$)", provisioned)
    for dashboard in DASHBOARDS:
        ids = [panel["id"] for panel in panels(dashboard)]
        assert len(set(ids)) == len(ids)
        for panel in panels(dashboard):
            if panel["type"] != "row":
                assert panel["datasource"] == SOURCE
            for target in panel.get("targets", []):
                assert target["datasource"] == SOURCE
        assert all(variable["datasource"] == SOURCE for variable in dashboard["templating"]["list"])


def test_no_panel_covers_another():
    for dashboard in DASHBOARDS:
        taken: dict[tuple[int, int], str] = {}
        for panel in dashboard["panels"]:
            at = panel["gridPos"]
            assert at["x"] + at["w"] <= 24
            for x in range(at["x"], at["x"] + at["w"]):
                for y in range(at["y"], at["y"] + at["h"]):
                    assert (x, y) not in taken, (panel["title"], taken.get((x, y)))
                    taken[x, y] = panel["title"]
