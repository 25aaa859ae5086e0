"""Settings → Analysis and what stands beside a call, as a browser asks for them; the API beside them."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.tokens import create_token
from agents.models import LanguageModel, Provider
from calls.judging import readings
from calls.models import Call, CustomField, FieldValue, Reading, Scorecard, Topic
from tests.calls.judging.conftest import make_over
from tests.calls.judging.made import CHECKS, make_field, make_score, make_scorecard, read_in
from tests.people import make_member, sign_in


@pytest.fixture
def admin(workspace) -> Client:
    return sign_in(make_member(workspace, "admin"))


@pytest.fixture
def ask(workspace):
    """ask(method, path, body=None, role="admin") → the answer."""

    def asked(method: str, path: str, body=None, role="admin"):
        _, token = create_token(workspace, role, role, None)
        headers = {"authorization": f"Bearer {token}"}
        data = "" if body is None else json.dumps(body)
        return Client().generic(method, f"/api/v1/{path}", data, "application/json", headers=headers)

    return asked


# --- What is defined ------------------------------------------------------------------------------------


def test_who_has_no_agent_is_led_to_making_one(admin):
    assert '<a href="/agents/#create">make an agent</a>' in admin.get("/settings/analysis/").content.decode()


def test_a_field_is_added_changed_and_asked_for_no_longer(agent, admin):
    typed = {
        "name": "Which plan?",
        "kind": "choice",
        "question": "Which  plan?",
        "choices": "Fixed\nVariable\n",
    }

    page = admin.post(f"/settings/analysis/agents/{agent.pk}/fields/add", typed, follow=True)

    field = CustomField.objects.get()
    assert (field.key, field.choices, field.question) == ("which_plan", ["Fixed", "Variable"], "Which plan?")
    assert "Fixed · Variable" in page.content.decode()
    admin.post(
        f"/settings/analysis/fields/{field.pk}/edit", typed | {"name": "Plan", "key": "new", "kind": "text"}
    )
    admin.post(f"/settings/analysis/fields/{field.pk}/switch", {"active": "0"})
    field.refresh_from_db()
    assert (field.name, field.key, field.kind, field.is_active) == ("Plan", "which_plan", "choice", False)
    assert AuditEntry.objects.filter(target=f"field:{field.pk}").count() == 3


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"key": "Plan!"}, "A key is small letters"),
        ({"key": "amount"}, "Another field of this agent has that key."),
        ({"key": "day"}, "Maren has a date of that key."),
        ({"kind": "choice", "choices": "One"}, "at least two choices"),
        ({"kind": "choice", "choices": "One\none"}, "Two of the choices are the same."),
        ({"question": ""}, "Write what a model is to find out."),
    ],
)
def test_a_field_that_cannot_be_says_why(agent, admin, typed, problem):
    make_field(agent)
    other = type(agent).objects.create(workspace_id=agent.workspace_id, name="Maren")
    make_field(other, "day", "date")
    whole = {"name": "Plan", "kind": "text", "question": "Which plan?"} | typed

    page = admin.post(f"/settings/analysis/agents/{agent.pk}/fields/add", whole)

    assert (page.status_code, CustomField.objects.count()) == (400, 2)
    assert problem in page.content.decode()


def test_a_scorecard_is_written_and_its_checks_keep_their_ids(agent, admin):
    typed = {
        "name": "Quality", "sample_percent": 50, "pass_mark": 70, "check_id": ["", "", ""],
        "check_question": ["Greets.", " ", "Helps."], "check_weight": ["1", "1", "3"],
        "check_critical": ["no", "no", "yes"],
    }  # fmt: skip

    admin.post("/settings/analysis/scorecards/new", typed)

    card = Scorecard.objects.get()
    assert [(one["id"], one["weight"], one["is_critical"]) for one in card.checks] == [
        ("c1", 1, False),
        ("c2", 3, True),
    ]
    more = typed | {"check_id": ["c2", "", "c1"], "check_question": ["Helps.", "Thanks.", "Greets."]}
    admin.post(f"/settings/analysis/scorecards/{card.pk}/", more)
    card.refresh_from_db()
    assert [(one["id"], one["question"]) for one in card.checks] == [
        ("c2", "Helps."),
        ("c3", "Thanks."),
        ("c1", "Greets."),
    ]
    assert card.revision == 2
    wrong = admin.post(
        f"/settings/analysis/scorecards/{card.pk}/", typed | {"check_weight": ["11", "1", "x"]}
    )
    assert "The weight of check 1 is 1 to 10." in wrong.content.decode()
    assert 'value="Greets."' in wrong.content.decode()


def test_topics_have_names_of_their_own(agent, admin):
    for _ in range(2):
        page = admin.post("/settings/analysis/topics/add", {"name": "Billing", "description": "Bills."})

    assert "Another topic has that name." in page.content.decode()
    topic = Topic.objects.get()
    admin.post(f"/settings/analysis/topics/{topic.pk}/edit", {"name": "BILLING", "description": "Bills."})
    topic.refresh_from_db()
    assert topic.name == "BILLING"


def test_a_program_defines_the_same(agent, ask):
    path = f"agents/{agent.pk}/fields"
    made = ask("POST", path, {"name": "Plan", "kind": "choice", "question": "Which?", "choices": ["A", "B"]})
    assert (made.status_code, made.json()["key"]) == (201, "plan")
    one = f"fields/{made.json()['id']}"
    assert ask("PATCH", one, {"is_active": False}).json()["choices"] == ["A", "B"]
    assert [row["is_active"] for row in ask("GET", path).json()["items"]] == [False]

    card = ask("POST", "scorecards", {"name": "Quality", "checks": CHECKS, "agent": str(agent.pk)}).json()
    assert ask("PATCH", f"scorecards/{card['id']}", {"agent": None}).json()["revision"] == 1
    assert ask("GET", f"scorecards/{card['id']}").json()["agreement"] == {"n": 0, "same": 0, "percent": None}
    refused = ask("POST", "scorecards", {"name": "Q", "checks": [CHECKS[0], CHECKS[0]]})
    assert refused.json()["error"]["details"][0]["problem"] == "The id of check 2 is taken, or none."

    topic = ask("POST", "topics", {"name": "Billing", "description": "Bills."}).json()
    assert ask("PATCH", f"topics/{topic['id']}", {"name": "Money"}).json()["description"] == "Bills."
    assert ask("POST", "topics", {"name": "money", "description": "Bills."}).status_code == 400


# --- Beside a call --------------------------------------------------------------------------------------


def test_a_call_shows_what_was_read_and_who_says_so(agent, admin, ask):
    call = make_over(agent)
    ids = read_in(call)

    ask("PUT", f"calls/{call.pk}/fields/plan", {"value": "Variable"})
    ask("PUT", f"calls/{call.pk}/scores/{ids['scorecard_id']}", {"overrides": {"c3": False}})

    told = ask("GET", f"calls/{call.pk}/analysis").json()
    assert [(one["key"], one["value"], one["is_by_person"]) for one in told["fields"]] == [
        ("plan", "Variable", True)
    ]
    assert [one["name"] for one in told["topics"]] == ["Billing"]
    (score,) = told["scores"]
    assert (score["points"], score["model_points"], score["is_passed"]) == (0, 100, False)
    assert score["checks"][2] | {"ok": True, "override": False, "is_overridden": True} == score["checks"][2]
    for path in (f"/calls/{call.pk}/", f"/calls/{call.pk}/analysis"):
        html = admin.get(path).content.decode()
        assert "Said by a program" in html
        assert "0 of 100" in html
    for key in ("other", "%00"):
        assert ask("PUT", f"calls/{call.pk}/fields/{key}", {"value": 1}).status_code == 404
    assert (
        ask("PUT", f"calls/{call.pk}/scores/{ids['scorecard_id']}", {"overrides": {"c9": True}}).status_code
        == 400
    )


def test_a_viewer_sees_none_of_it(agent, workspace, ask):
    call = make_over(agent)
    read_in(call)
    viewer = sign_in(make_member(workspace, "viewer"))

    assert "data-analysis" not in viewer.get(f"/calls/{call.pk}/").content.decode()
    assert viewer.get(f"/calls/{call.pk}/analysis").status_code == 403
    assert ask("GET", f"calls/{call.pk}/analysis", role="viewer").status_code == 403


@pytest.mark.parametrize("value", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_no_words_of_a_call_become_the_pages_own(agent, admin, value):
    call, field, card = make_over(agent), make_field(agent, "plan", "text"), make_scorecard(agent)
    FieldValue.objects.create(
        workspace_id=call.workspace_id, call=call, field=field, value=value, said_at=call.started_at
    )
    score = make_score(call, card)
    score.checks[0]["reason"] = value
    score.save()

    assert value not in admin.get(f"/calls/{call.pk}/analysis").content.decode()


# --- Read again -----------------------------------------------------------------------------------------


def test_a_reading_is_estimated_begun_and_stopped(agent, admin, ask):
    provider = Provider.objects.create(workspace_id=agent.workspace_id, name="Vendor", kind="openai")
    LanguageModel.objects.create(
        workspace_id=agent.workspace_id, provider=provider, name="odd", tier="fast", price_in=2
    )
    make_field(agent)
    make_over(agent)

    asked = {"query": "", "what": ["fields"], "dry_run": True}
    assert (
        ask("POST", "readings", asked).json() | {"calls": 1, "model": "odd"}
        == ask("POST", "readings", asked).json()
    )
    assert Reading.objects.count() == 0
    page = admin.get(
        "/settings/analysis/readings/", {"q": "agent:Odell", "what": ["fields"]}
    ).content.decode()
    assert "1 call, 1 request to odd" in page
    assert "is no filter" in admin.get("/settings/analysis/readings/", {"q": "hello"}).content.decode()

    admin.post("/settings/analysis/readings/start", {"q": "agent:Odell", "what": ["fields"]})
    reading = Reading.objects.get()
    assert (reading.about, reading.query, bool(reading.asked_by)) == (1, f"agent={agent.pk}", True)
    assert ask("POST", "readings", asked | {"dry_run": False}).status_code == 409
    assert "of about" in admin.get("/settings/analysis/readings/").content.decode()
    assert ask("POST", f"readings/{reading.pk}/stop").json()["reason"] == "A person stopped it."
    wrong = ask("POST", "readings", asked | {"query": "status=sometimes"}).json()["error"]["details"][0][
        "field"
    ]
    assert wrong == "query.status"
    assert Call.objects.get().judged_at is None


def test_a_reading_is_of_the_days_of_who_asks_for_it(workspace, agent, admin, ask):
    make_field(agent)
    provider = Provider.objects.create(workspace=workspace, name="Vendor", kind="openai")
    LanguageModel.objects.create(workspace=workspace, provider=provider, name="odd", tier="fast")
    make_over(agent, started_at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))  # half past midnight in Berlin
    days = {"query": "from=2026-11-21&to=2026-11-21", "what": ["fields"]}

    assert ask("POST", "readings", days | {"dry_run": True, "tz": "Europe/Berlin"}).json()["calls"] == 1
    assert ask("POST", "readings", days | {"dry_run": True}).json()["calls"] == 0
    assert ask("POST", "readings", days | {"tz": "Nowhere"}).status_code == 400

    admin.cookies["tz"] = "Europe/Berlin"
    typed = {"q": "from:2026-11-21 to:2026-11-21", "what": ["fields"]}
    assert "Read 1 call<" in admin.get("/settings/analysis/readings/", typed).content.decode()
    admin.post("/settings/analysis/readings/start", typed)
    reading = Reading.objects.get()
    assert (reading.zone, reading.about) == ("Europe/Berlin", 1)
    assert readings.calls_of(workspace.pk, reading.query, reading.zone).count() == 1
