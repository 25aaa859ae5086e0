"""What models cost, as people and programs see it; and the budgets they set."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import AuditEntry, Workspace
from agents.models import Agent, Budget, ModelCall
from agents.periods import starts
from agents.spending import figures
from base.ids import first_uuid7
from tests.administered import superuser
from tests.people import make_member, sign_in

NOW = datetime.now(UTC)


@pytest.fixture
def place(db) -> Workspace:
    return Workspace.objects.create(name="Larkfield Energy")


@pytest.fixture
def juno(place) -> Agent:
    return Agent.objects.create(workspace=place, name="Juno")


@pytest.fixture
def client(place):
    return sign_in(make_member(place, "admin"))


def spent(workspace, usd: str, *, at: datetime = NOW, **fields) -> ModelCall:
    count = ModelCall.objects.count()
    row_id = type(first_uuid7(0))(int=first_uuid7(int(at.timestamp() * 1_000)).int + count)
    fields = {"feature": "voice", "provider": "OpenAI", "model": "gpt-4.1"} | fields
    tokens = {"tokens_in": 100, "tokens_out": 10}
    return ModelCall.objects.create(
        id=row_id, workspace=workspace, cost_usd=Decimal(usd), **(tokens | fields)
    )


def costs(parts) -> list[tuple[str, Decimal]]:
    return [(part.name, part.cost) for part in parts]


def test_spend_is_told_by_model_agent_and_feature_dearest_first(place, juno):
    elsewhere = Workspace.objects.create(name="Elsewhere")
    spent(place, "0.10")
    spent(place, "0.30", model="gpt-5", agent=juno)
    spent(place, "0.05", feature="summary", agent=juno)
    spent(place, "0", cache_hit=True, tokens_in=0, tokens_out=0)
    spent(place, "9", at=starts("day", NOW) - timedelta(milliseconds=1))
    spent(elsewhere, "7")

    found = figures.spend(place.pk, NOW.date(), NOW.date())

    assert (found.total.cost, found.total.calls, found.cached) == (Decimal("0.45"), 4, 1)
    assert (found.total.tokens_in, found.total.tokens_out) == (300, 30)
    assert costs(found.models) == [("gpt-5", Decimal("0.30")), ("gpt-4.1", Decimal("0.15"))]
    assert costs(found.agents) == [("Juno", Decimal("0.35")), ("No agent", Decimal("0.10"))]
    assert costs(found.features) == [("voice", Decimal("0.40")), ("summary", Decimal("0.05"))]


def test_a_budget_stands_where_its_period_and_agent_have_spent(place, juno):
    Budget.objects.create(workspace=place, period="day", soft_usd="0.3", hard_usd="1")
    Budget.objects.create(workspace=place, agent=juno, period="day", soft_usd="0.3")
    Budget.objects.create(workspace=place, agent=juno, period="month", hard_usd="0.2")
    spent(place, "0.10")
    spent(place, "0.20", agent=juno)
    spent(place, "5", at=starts("month", NOW) - timedelta(milliseconds=1), agent=juno)

    standings = figures.standings(place.pk, Budget.objects.order_by("id"), NOW)

    assert [(one.spent, one.state) for one in standings] == [
        (Decimal("0.30"), "over"),
        (Decimal("0.20"), "within"),
        (Decimal("0.20"), "used up"),
    ]
    assert [one.most for one in standings] == [Decimal("1"), Decimal("0.3"), Decimal("0.2")]
    assert standings[2].ends == starts("month", NOW, later=1)


def test_the_page_shows_what_was_spent_and_what_may_be(client, place, juno):
    spent(place, "0.25", agent=juno)
    Budget.objects.create(workspace=place, agent=juno, period="month", soft_usd="0.2", hard_usd="1")

    html = client.get("/settings/spend/").content.decode()

    assert "$0.25 of $1.00" in html
    assert "Cheaper models answer" in html
    assert "gpt-4.1" in html


def test_a_page_without_spend_or_budgets_says_what_would_be_there(client):
    html = client.get("/settings/spend/?when=today").content.decode()

    assert "No model was asked today." in html
    assert "None yet: models may cost what they cost." in html


def test_other_days_are_looked_at(client, place):
    spent(place, "0.25", at=datetime(2026, 3, 5, 12, tzinfo=UTC), model="of-march")

    def page(first: str, last: str) -> str:
        return client.get(f"/settings/spend/?when=range&first={first}&last={last}").content.decode()

    assert "of-march" in page("2026-03-05", "2026-03-05")
    assert "of-march" not in page("2026-03-06", "2026-03-07")
    assert "The last day must not be before the first." in page("2026-03-06", "2026-03-05")
    assert "Choose a year at most." in page("2024-03-06", "2026-03-05")
    assert "Choose a day." in page("yesterday", "2026-03-05")


def test_a_budget_is_added_changed_and_removed_and_each_is_in_the_audit_log(client, place, juno):
    added = client.post("/settings/spend/budgets/add", {"agent": juno.pk, "period": "day", "hard": "0.50"})
    budget = Budget.objects.get()
    page = f"/settings/spend/budgets/{budget.pk}"
    changed = client.post(f"{page}/edit", {"soft": "0.25", "hard": ""})

    assert [answer.status_code for answer in (added, changed)] == [302, 302]
    budget.refresh_from_db()
    assert (budget.agent, budget.soft_usd, budget.hard_usd) == (juno, Decimal("0.25"), None)

    client.post(f"{page}/remove")

    assert not Budget.objects.exists()
    notes = AuditEntry.objects.filter(action__startswith="budget.").order_by("id")
    assert [(note.action, note.detail["soft_usd"], note.detail["hard_usd"]) for note in notes] == [
        ("budget.create", None, "0.50"),
        ("budget.edit", "0.25", None),
        ("budget.delete", "0.2500", None),
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Give a soft limit, a hard limit, or both."),
        ({"soft": "3", "hard": "2"}, "The soft limit must not be above the hard one."),
        ({"hard": "two"}, "Give an amount in US dollars, such as 20 or 0.50."),
        ({"hard": "-1"}, "greater than or equal to 0"),
        ({"hard": "NaN"}, "Give an amount in US dollars"),
        ({"hard": "5", "agent": "00000000-0000-7000-8000-000000000000"}, "This agent is gone."),
    ],
)
def test_what_is_wrong_with_a_budget_stands_beside_it(client, place, typed, said):
    answer = client.post("/settings/spend/budgets/add", {"period": "day"} | typed)

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Budget.objects.exists()


def test_there_is_one_budget_for_each_agent_and_period(client, place):
    typed = {"period": "day", "hard": "1"}
    client.post("/settings/spend/budgets/add", typed)

    again = client.post("/settings/spend/budgets/add", typed)

    assert again.status_code == 400
    assert "There is such a budget already. Change that one." in again.content.decode()
    assert Budget.objects.count() == 1


def test_a_dialog_opens_again_with_what_was_wrong_in_it(client, place):
    budget = Budget.objects.create(workspace=place, period="day", hard_usd="20")
    other = Budget.objects.create(workspace=place, period="month", hard_usd="20")

    answer = client.post(f"/settings/spend/budgets/{budget.pk}/edit", {"soft": "30", "hard": "20"})

    html = answer.content.decode()
    assert answer.status_code == 400
    assert f'id="edit-{budget.pk}" aria-labelledby="edit-t-{budget.pk}" data-open' in html
    assert f'id="edit-{other.pk}" aria-labelledby="edit-t-{other.pk}">' in html
    budget.refresh_from_db()
    assert budget.soft_usd is None


def test_programs_are_told_too(client, place, juno):
    spent(place, "0.25", agent=juno)
    told = client.get("/api/v1/spend").json()

    assert (told["cost_usd"], told["calls"]) == ("0.25000000", 1)
    assert told["agents"] == [
        {
            "name": "Juno", "agent": str(juno.pk), "calls": 1, "tokens_in": 100, "tokens_out": 10,
            "cost_usd": "0.25000000",
        }
    ]  # fmt: skip
    assert client.get("/api/v1/spend?from=2026-02-02&to=2026-02-01").status_code == 400


def test_programs_set_budgets(client, place, juno):
    def send(method: str, path: str, **body):
        return getattr(client, method)(f"/api/v1/{path}", body, content_type="application/json")

    made = send("post", "budgets", agent=str(juno.pk), period="day", soft_usd="0.10", hard_usd="0.20")
    assert made.status_code == 201
    one = f"budgets/{made.json()['id']}"
    assert made.json() | {"id": "", "ends_at": ""} == {
        "id": "", "agent": str(juno.pk), "period": "day", "soft_usd": "0.10", "hard_usd": "0.20",
        "spent_usd": "0", "state": "within", "ends_at": "",
    }  # fmt: skip
    assert send("post", "budgets", agent=str(juno.pk), period="day", hard_usd="1").status_code == 409
    assert send("post", "budgets", agent=str(place.pk), period="day", hard_usd="1").status_code == 400
    assert send("post", "budgets", period="day").status_code == 400
    assert send("put", one, hard_usd=0.5).status_code == 400
    assert send("put", one, hard_usd="0.50").json()["soft_usd"] is None
    assert send("delete", one).status_code == 200
    assert send("delete", one).status_code == 404


def test_the_admin_says_what_is_wrong_too(place):
    typed = {"workspace": place.pk, "period": "day", "soft_usd": "3", "hard_usd": "2"}

    answer = superuser().post("/admin/agents/budget/add/", typed)

    assert "The soft limit must not be above the hard one." in answer.content.decode()
    assert not Budget.objects.exists()
