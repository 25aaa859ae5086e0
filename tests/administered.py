"""One row or more of every model, and how the admin is asked for them."""

import re

from django.contrib import admin
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import ApiToken, AuditEntry, Privacy, Workspace
from accounts.tokens import create_token
from agents.drafting import drafts
from agents.models import (
    Agent,
    AgentDraft,
    AgentTest,
    AgentTestResult,
    AgentTestRun,
    AgentVersion,
    Budget,
    LanguageModel,
    ModelCall,
    PlatformCopy,
    Provider,
    Tool,
)
from agents.services import publish
from calls.insights import tallies
from calls.models import (
    Call,
    Digest,
    Embedding,
    Event,
    Export,
    Note,
    PlaygroundChat,
    Recording,
    Review,
    SavedView,
    Turn,
    Word,
)
from calls.models.erasing import Erasure, Tombstone
from calls.models.holds import LegalHold
from calls.models.insights import Tally, TallyMark, TallyPart
from calls.models.judging import CustomField, FieldValue, Reading, Score, Scorecard, Topic
from calls.services import Opening, record
from observability.models import BrowserReport
from platforms.models import Connection
from tests.agents.testing.made import make_run, make_test
from tests.api.made import make_delivery, make_model_call
from tests.calls.judging.made import read_in
from tests.calls.told import BEGAN, BY_THE_PLATFORM, ON_THE_SOCKET
from tests.people import make_member, make_person, sign_in
from webhooks.models import Delivery, Unproven

OURS = ("accounts", "platforms", "agents", "calls", "webhooks", "observability")
EVIDENCE = {
    ApiToken,
    AuditEntry,
    Privacy,
    AgentVersion,
    AgentDraft,
    AgentTest,
    AgentTestRun,
    AgentTestResult,
    PlatformCopy,
    ModelCall,
    Call,
    Turn,
    Event,
    Embedding,
    Word,
    Tally,
    TallyPart,
    TallyMark,
    Digest,
    PlaygroundChat,
    CustomField,
    FieldValue,
    Scorecard,
    Score,
    Topic,
    Reading,
    Note,
    Review,
    SavedView,
    Export,
    Recording,
    Delivery,
    Unproven,
    Erasure,
    Tombstone,
    LegalHold,
    BrowserReport,
}
SECRETS = (
    "key_of_the_platform",
    "secret_of_the_webhooks",
    "secret_before",
    "key_of_the_vendor",
    "key_in_the_address",
    "key_of_the_digests",
)
WORDS = re.compile("charged twice|refunded one|two charges", re.IGNORECASE)
NUMBERS = re.compile("7700900142|442079460000")


def one_of_everything() -> Workspace:
    """One row or more of every model."""
    cache.clear()
    workspace = Workspace.objects.create(name="Larkfield Energy")
    connection = Connection.objects.create(
        workspace=workspace,
        platform="retell",
        name="Larkfield line",
        api_key="key_of_the_platform",
        webhook_secret="secret_of_the_webhooks",
        previous_webhook_secret="secret_before",
    )
    Unproven.objects.create(
        workspace=workspace,
        connection=connection,
        count=3,
        last_at=timezone.now(),
        recent=[{"reason": "stale"}],
    )
    agent = Agent.objects.create(
        workspace=workspace, name="Odell", connection=connection, key="key_in_the_address"
    )
    publish(agent, prompt="You answer questions about bills.")
    drafts.save(agent, {"voice": "ada"}, 0, None)
    make_run(agent, make_test(agent))
    told = {"answered_by": f"wss://earshot.example/voice/retell/{agent.key}"}
    PlatformCopy.objects.create(
        workspace=workspace, agent=agent, version=agent.live_version, ours=told, theirs=told
    )
    provider = Provider.objects.create(
        workspace=workspace, name="Vendor", kind="openai", api_key="key_of_the_vendor"
    )
    LanguageModel.objects.create(workspace=workspace, provider=provider, name="gpt", tier="fast")
    Budget.objects.create(workspace=workspace, agent=agent, period="month", hard_usd="20")
    Tool.objects.create(
        workspace=workspace, name="refund.create", description="Refund", url="https://tools.example"
    )
    opening = Opening(BEGAN, level=Call.Level.TOKEN, agent_id=agent.pk, version_id=agent.live_version_id)
    call = record(workspace.pk, "retell", "ended", ON_THE_SOCKET, source="socket", opening=opening)
    record(workspace.pk, "retell", "ended", BY_THE_PLATFORM, source="platform", opening=opening)
    Embedding.objects.create(workspace=workspace, call=call, model="m", digest="d", vector=[0.1] * 256)
    Word.objects.create(workspace=workspace, text="refund", sound="6153")
    Digest.objects.create(workspace=workspace, call=call, heard=2, text="They were charged twice.")
    Note.objects.create(workspace=workspace, call=call, text="They were charged twice.")
    Review.objects.create(workspace=workspace, call=call, comment="Were they charged twice?")
    Export.objects.create(workspace=workspace, format="csv")
    Recording.objects.create(workspace=workspace, call=call, source="https://example.com/secret_of_ours")
    SavedView.objects.create(workspace=workspace, owner=make_member(workspace, "viewer"), name="Failed")
    Erasure.objects.create(workspace=workspace, caller="447700900142")
    Tombstone.objects.create(workspace=workspace, digest="d" * 64)
    LegalHold.objects.create(workspace=workspace, call=call, reason="The regulator asks.")
    Privacy.objects.create(workspace=workspace, retention={"recordings": 30}, key="key_of_the_digests")
    PlaygroundChat.objects.create(workspace=workspace, call=call, content={"prompt": "You answer."})
    read_in(call)
    make_delivery(connection, call=call)
    tallies.seal(Call.objects.filter(pk=call.pk))
    make_model_call(call)
    create_token(workspace, "a program", "admin", make_member(workspace, "owner"))
    audit.note("session.login", workspace=workspace, actor=None)
    BrowserReport.objects.create(
        workspace=workspace, kind="error", message="x is not a function", stack="at x"
    )
    return workspace


def superuser() -> Client:
    return sign_in(make_person("root@example.com", is_staff=True, is_superuser=True))


def registered() -> list[type]:
    admin.autodiscover()  # nobody may have asked for a page yet
    return sorted(
        (model for model in admin.site._registry if model._meta.app_label in OURS),
        key=lambda m: m._meta.label,
    )


def address(model, action: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


def act(client: Client, model, action: str, *rows) -> str:
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(address(model, "changelist"), data, follow=True).content.decode()


def form_of(client: Client, path: str) -> dict:
    """What a browser would send back, if nothing was typed."""
    form = client.get(path).context["adminform"].form
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    for name, field in form.fields.items():
        if getattr(field.widget, "input_type", "") == "password":
            values[name] = ""
    return {
        name: form.fields[name].prepare_value(value) for name, value in values.items() if value is not None
    }
