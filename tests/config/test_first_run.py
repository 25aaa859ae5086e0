"""What a new Earshot begins with, and what a later start leaves alone."""

import json
import stat
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from accounts.models import ApiToken, Membership, User, Workspace
from accounts.tokens import digest, working_tokens
from agents.llm.tools import BUILT_IN
from agents.models import Agent, AgentTest, LanguageModel, Provider, Tool
from agents.registry import registered
from agents.rules.form import faults
from calls.models import CustomField, Scorecard, Topic
from observability.models import BrowserReport
from platforms.models import Connection
from simulator import World

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:8000"
SIMULATOR = "http://127.0.0.1:8001"


@pytest.fixture
def seed(settings, tmp_path):
    """Run `seed`, and answer what first-run.json says then."""
    settings.EARSHOT_HOME = tmp_path

    def run(**options) -> dict:
        call_command("seed", stdout=StringIO(), **({"url": URL, "simulator_url": SIMULATOR} | options))
        return json.loads((tmp_path / "first-run.json").read_text())

    run.path = tmp_path / "first-run.json"
    return run


def test_it_makes_a_workspace_whose_owner_can_log_in(seed):
    first = seed()

    owner = User.objects.get(email=first["email"])
    assert owner.check_password(first["password"])
    assert Membership.objects.get(user=owner).role == "owner"
    assert Workspace.objects.get().plan == "pro"
    assert first["workspace"] == str(Workspace.objects.get().pk)
    assert ApiToken.objects.get().digest == digest(first["api_token"])
    assert stat.S_IMODE(seed.path.stat().st_mode) == 0o600


def test_its_agents_are_published_and_reachable(seed):
    first = seed()

    agents = {str(agent.pk): agent for agent in Agent.objects.select_related("live_version")}
    assert [entry["name"] for entry in first["agents"]] == ["Odell", "Juno", "Iris", "Penn"]
    for entry in first["agents"]:
        agent = agents[entry["id"]]
        assert entry["llm_websocket_url"] == f"ws://127.0.0.1:8000/voice/retell/{agent.key}"
        assert agent.live_version.number == 1
        assert agent.name in agent.live_version.prompt
        assert agent.live_version.prompt.endswith("{{memory}}")
        known = {*Tool.objects.values_list("name", flat=True), *BUILT_IN, *registered()}
        assert set(agent.live_version.tools) <= known
        assert agent.live_version.rules
        assert faults(agent.live_version.rules) == []


def test_its_billing_agent_has_two_tests(seed):
    seed()
    seed()

    kinds = [test.checks[0]["kind"] for test in AgentTest.objects.select_related("agent").order_by("id")]
    assert kinds == ["contains", "judged"]
    assert {test.agent.topic for test in AgentTest.objects.select_related("agent")} == {"Billing"}


def test_a_second_run_changes_nothing(seed):
    first = seed()
    counts = [model.objects.count() for model in (Agent, Tool, Provider, LanguageModel, ApiToken, Connection)]

    assert seed() == first
    assert [m.objects.count() for m in (Agent, Tool, Provider, LanguageModel, ApiToken, Connection)] == counts


def test_it_brings_the_schema_up_to_date_where_that_is_asked(seed):
    applied = MigrationRecorder.Migration.objects.filter(app="observability")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE observability_browserreport")
    applied.delete()

    seed(migrate=True)

    assert applied.exists()
    assert not BrowserReport.objects.exists()  # its table is there


def test_what_people_changed_stays(seed):
    seed()
    Workspace.objects.update(name="Renamed")
    Agent.objects.get(name="Penn").delete()

    assert [agent["name"] for agent in seed()["agents"]] == ["Odell", "Juno", "Iris"]
    assert Workspace.objects.get().name == "Renamed"


def test_its_agents_have_the_ids_the_platform_gives_them(seed):
    first = seed()
    phone = World().phone
    told = {phone.register(agent["name"], agent["llm_websocket_url"]).id for agent in first["agents"]}

    ours = set(Agent.objects.values_list("platform_agent_id", flat=True))
    assert ours == told | {phone.register("Vera").id}


def test_an_agent_the_platform_hosts_is_ours_to_watch_and_not_to_answer_for(seed):
    first = seed()

    vera = Agent.objects.get(name="Vera")
    assert (vera.topic, vera.live_version, str(vera.connection_id)) == (
        "Feedback",
        None,
        first["connections"][0]["id"],
    )
    assert "Vera" not in [agent["name"] for agent in first["agents"]]


def test_an_agent_linked_to_a_hosted_one_is_not_dialled(seed):
    seed()
    Agent.objects.filter(name="Penn").update(platform_agent_id=World().phone.register("Nell").id)

    assert [agent["name"] for agent in seed()["agents"]] == ["Odell", "Juno", "Iris"]
    assert Agent.objects.get(name="Penn").platform_agent_id == World().phone.register("Nell").id


def test_a_database_of_before_there_were_webhooks_learns_the_platforms_ids(seed):
    seed()
    ids = dict(Agent.objects.values_list("name", "platform_agent_id"))
    Agent.objects.get(name="Vera").delete()
    for agent in Agent.objects.exclude(name="Penn"):
        Agent.objects.filter(pk=agent.pk).update(platform_agent_id=f"agent_{agent.name.lower()}")
    Agent.objects.filter(name="Penn").update(platform_agent_id="agent_somebody_typed")

    seed()
    assert dict(Agent.objects.values_list("name", "platform_agent_id")) == ids | {
        "Penn": "agent_somebody_typed"
    }
    Agent.objects.get(name="Vera").delete()
    seed()
    assert not Agent.objects.filter(name="Vera").exists()


def test_a_renamed_connection_is_still_the_simulators(seed):
    first = seed()
    Connection.objects.update(name="Main line")

    assert seed() == first
    assert Connection.objects.get().name == "Main line"
    assert Agent.objects.count() == 5


def test_after_the_connection_was_deleted_its_agents_come_back_as_they_were(seed):
    first = seed()
    Agent.objects.filter(name="Odell").update(name="Otto")
    Connection.objects.all().delete()

    again = seed()
    assert again["connections"][0]["id"] == str(Connection.objects.get().pk) != first["connections"][0]["id"]
    assert [agent["id"] for agent in again["agents"]] == [agent["id"] for agent in first["agents"]]
    assert again["agents"][0]["name"] == "Otto"
    assert Agent.objects.count() == 5


def test_everything_simulated_follows_the_simulator_to_its_new_address(seed):
    seed()
    seed(simulator_url="http://127.0.0.1:9")

    assert Connection.objects.get().base_url == "http://127.0.0.1:9/retell"
    assert {provider.base_url.split("/")[2] for provider in Provider.objects.all()} == {"127.0.0.1:9"}
    assert {tool.url.split("/")[2] for tool in Tool.objects.all()} == {"127.0.0.1:9"}


def test_without_a_simulator_there_is_nothing_that_points_nowhere(seed):
    first = seed(simulator_url="")

    assert (first["agents"], first["connections"]) == ([], [])
    assert not Provider.objects.exists()
    assert User.objects.get().check_password(first["password"])


def test_leaving_the_simulator_out_later_switches_its_models_off(seed):
    seed()
    seed(simulator_url="")
    assert not Provider.objects.filter(enabled=True).exists()

    seed()
    assert not Provider.objects.filter(enabled=False).exists()


@pytest.mark.parametrize("vendor", ["OPENAI", "ANTHROPIC"])
def test_with_a_vendors_key_its_models_come_first(seed, settings, vendor):
    setattr(settings, f"{vendor}_API_KEY", "sk-real")
    setattr(settings, f"{vendor}_BASE_URL", "https://proxy.example")

    seed()

    real = Provider.objects.get(base_url="https://proxy.example")
    assert (real.kind, real.api_key) == (vendor.lower(), "sk-real")
    for tier in ("fast", "standard", "premium"):
        first = LanguageModel.objects.filter(tier=tier).order_by("rank").first()
        assert first.provider == real


def test_the_first_admin_may_be_ones_own(seed):
    first = seed(admin_email="Ada@Example.com", admin_password="correct horse battery")

    assert first["password"] == "correct horse battery"
    assert User.objects.get().email.lower() == "ada@example.com"
    assert seed(admin_email="eve@example.com", admin_password="another one") == first


def test_a_lost_file_changes_nobodys_password_by_itself(seed):
    first = seed()
    seed.path.unlink()

    with pytest.raises(CommandError, match=f"belongs to {first['email']} already"):
        seed()
    assert User.objects.get().check_password(first["password"])


def test_after_a_lost_file_a_new_password_can_be_given(seed):
    first = seed()
    seed.path.unlink()

    again = seed(admin_password="another one")

    assert (again["email"], again["password"]) == (first["email"], "another one")
    assert User.objects.get().check_password("another one")
    assert [token.digest for token in working_tokens()] == [digest(again["api_token"])]


def test_an_emptied_database_gets_the_login_of_the_file(seed):
    first = seed()
    User.objects.all().delete()

    again = seed()
    assert (again["email"], again["password"]) == (first["email"], first["password"])
    assert User.objects.get().check_password(first["password"])


def test_a_broken_file_is_not_overwritten(seed):
    seed.path.write_text("{")

    with pytest.raises(CommandError, match="is not JSON"):
        seed()
    assert seed.path.read_text() == "{"


def test_its_calls_are_asked_for_something_once(seed):
    seed()
    CustomField.objects.update(name="Renamed")
    Scorecard.objects.update(is_active=False)
    seed()

    assert set(CustomField.objects.values_list("key", "name")) == {
        (key, "Renamed") for key in ("amount", "paid_by", "refunded", "postcode")
    }
    assert Topic.objects.count() == 4
    (card,) = Scorecard.objects.all()
    assert ([check["id"] for check in card.checks], card.is_active) == (["c1", "c2", "c3", "c4"], False)
