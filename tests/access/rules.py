"""Who may open what: a line for every page, stream and socket of the project.

The addresses are read from the resolvers, so a new one is walked by itself, and fails until it has a line in
PAGES, STREAMS or SOCKETS here that says what it needs. Adding a route means adding that line:

    "calls/<uuid:call_id>/notes": Rule(Permission.SEE_WORDS, "POST", {"text": "hello"}),

A name in angle brackets, in the address or as a value of the data ("<workspace_id>"), stands for a row of
our workspace; add new ones to the names of `place` in conftest.py.
"""

from accounts.permissions import Permission
from tests.access.api_rules import API
from tests.access.rule import ANYBODY, STAFF, Rule

PAGES = {
    "": Rule(Permission.SEE_CALLS),
    "live/": Rule(Permission.SEE_CALLS),
    "live/pulse": Rule(Permission.SEE_CALLS),
    "calls/": Rule(Permission.SEE_CALLS),
    "calls/export": Rule(Permission.SEE_CALLS),
    "palette": Rule(Permission.SEE_CALLS, data={"q": "odell"}),
    "palette/calls": Rule(Permission.SEE_WORDS, data={"q": "charged twice"}),
    "calls/<uuid:call_id>/": Rule(Permission.SEE_CALLS),
    "calls/<uuid:call_id>/peek": Rule(Permission.SEE_CALLS, data={"q": "charged twice"}),
    "calls/<uuid:call_id>/figures": Rule(Permission.SEE_CALLS),
    "calls/<uuid:call_id>/replay": Rule(Permission.SEE_WORDS),
    # The call there was not recorded.
    "calls/<uuid:call_id>/recording": Rule(Permission.SEE_WORDS, answers=(404,)),
    "calls/<uuid:call_id>/heard": Rule(Permission.SEE_WORDS),
    "reviews/": Rule(Permission.SEE_WORDS),
    "reviews/<uuid:review_id>/next": Rule(Permission.SEE_WORDS, answers=(302,)),
    "insights/": Rule(Permission.SEE_CALLS),
    "insights/<str:name>.csv": Rule(Permission.SEE_CALLS, names_rows=False),
    "chat/": Rule(Permission.CHAT),
    "agents/": Rule(Permission.SEE_CALLS),
    "agents/<uuid:agent_id>/": Rule(Permission.SEE_CALLS),
    "agents/<uuid:agent_id>/presence": Rule(Permission.EDIT_AGENTS, "POST", {"tab": "1"}),
    "agents/<uuid:agent_id>/copy": Rule(Permission.SEE_CALLS),
    "agents/<uuid:agent_id>/copy/<str:act>": Rule(Permission.EDIT_AGENTS, "POST"),
    # A chat is its own person's alone: tests/live/test_chat_page.py.
    "chat/<str:chat_id>/": Rule(Permission.CHAT, answers=(200, 404)),
    "webhooks/": Rule(Permission.SEE_CALLS),
    "webhooks/changes": Rule(Permission.SEE_CALLS),
    "webhooks/replay": Rule(Permission.MANAGE_WORKSPACE, "POST", {"id": "<delivery_id>", "dry_run": "1"}),
    "webhooks/deliveries/<uuid:delivery_id>/": Rule(Permission.SEE_CALLS),
    "webhooks/deliveries/<uuid:delivery_id>/body": Rule(Permission.SEE_WORDS),
    "webhooks/deliveries/<uuid:delivery_id>/curl": Rule(Permission.SEE_WORDS),
    "settings/": Rule(Permission.MANAGE_WORKSPACE, answers=(302,)),
    "settings/connections/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/connections/new": Rule(Permission.MANAGE_WORKSPACE),
    "settings/connections/add": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/connections/<uuid:connection_id>/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/connections/<uuid:connection_id>/state": Rule(Permission.MANAGE_WORKSPACE),
    "settings/connections/<uuid:connection_id>/edit": Rule(
        Permission.MANAGE_WORKSPACE, "POST", {"name": "Renamed"}, answers=(302,)
    ),
    "settings/connections/<uuid:connection_id>/reveal": Rule(Permission.MANAGE_WORKSPACE, "POST"),
    "settings/connections/<uuid:connection_id>/rotate": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "settings/connections/<uuid:connection_id>/finish": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(302,)
    ),
    "settings/connections/<uuid:connection_id>/undo": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(302,)
    ),
    "settings/connections/<uuid:connection_id>/test": Rule(Permission.MANAGE_WORKSPACE, "POST"),
    "settings/connections/<uuid:connection_id>/agents": Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),
    "settings/connections/<uuid:connection_id>/delete": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "settings/privacy/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/privacy/retention": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(302,)),
    "settings/privacy/masked": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/privacy/erase": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/privacy/holds/place": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/privacy/holds/<uuid:hold_id>/lift": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(302,)),
    "observability/": Rule(Permission.MANAGE_WORKSPACE),
    "observability/now": Rule(Permission.MANAGE_WORKSPACE),
    "health/ai": Rule(Permission.SEE_CALLS),
    "settings/tokens/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/tokens/create": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/tokens/<uuid:token_id>/revoke": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(302,)),
    "settings/spend/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/spend/budgets/add": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/spend/budgets/<uuid:budget_id>/edit": Rule(
        Permission.MANAGE_WORKSPACE, "POST", {"hard": "20"}, answers=(302, 404)
    ),
    "settings/spend/budgets/<uuid:budget_id>/remove": Rule(
        Permission.MANAGE_WORKSPACE,
        "POST",
        answers=(302, 404),  # the first who may removes it
    ),
    "calls/<uuid:call_id>/analysis": Rule(Permission.SEE_WORDS),
    "settings/analysis/": Rule(Permission.EDIT_AGENTS),
    "settings/analysis/agents/<uuid:agent_id>/fields/add": Rule(
        Permission.EDIT_AGENTS, "POST", answers=(400,)
    ),
    "settings/analysis/fields/<uuid:field_id>/edit": Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),
    "settings/analysis/scorecards/": Rule(Permission.EDIT_AGENTS),
    "settings/analysis/scorecards/new": Rule(
        Permission.EDIT_AGENTS, also=(Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),)
    ),
    "settings/analysis/scorecards/<uuid:scorecard_id>/": Rule(
        Permission.EDIT_AGENTS, also=(Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),)
    ),
    "settings/analysis/topics/": Rule(Permission.EDIT_AGENTS),
    "settings/analysis/topics/add": Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),
    "settings/analysis/topics/<uuid:topic_id>/edit": Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),
    **{
        f"settings/analysis/{kind}s/<uuid:{kind}_id>/switch": Rule(
            Permission.EDIT_AGENTS, "POST", {"active": "1"}, answers=(302,)
        )
        for kind in ("field", "scorecard", "topic")
    },
    "settings/analysis/readings/": Rule(Permission.EDIT_AGENTS),
    "settings/analysis/readings/start": Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),
    "settings/analysis/readings/<uuid:reading_id>/stop": Rule(Permission.EDIT_AGENTS, "POST", answers=(302,)),
    "settings/models/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/providers/new": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/providers/add": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/models/providers/<uuid:provider_id>/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/providers/<uuid:provider_id>/edit": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "settings/models/providers/<uuid:provider_id>/switch": Rule(
        Permission.MANAGE_WORKSPACE, "POST", {"enabled": "1"}, answers=(302,)
    ),
    "settings/models/providers/<uuid:provider_id>/delete": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "settings/models/providers/<uuid:provider_id>/models/new": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/providers/<uuid:provider_id>/models/add": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(400,)
    ),
    "settings/models/<uuid:model_id>/": Rule(Permission.MANAGE_WORKSPACE),
    "settings/models/<uuid:model_id>/edit": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/models/<uuid:model_id>/switch": Rule(
        Permission.MANAGE_WORKSPACE, "POST", {"enabled": "1"}, answers=(302,)
    ),
    "settings/models/<uuid:model_id>/delete": Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),
    "settings/models/<uuid:model_id>/test": Rule(Permission.MANAGE_WORKSPACE, "POST"),
    "accounts/login/": Rule(ANYBODY, answers=(200, 302)),  # who is signed in already is sent on
    "accounts/logout/": Rule(ANYBODY, answers=(200, 302)),
    "accounts/workspace/": Rule(
        Permission.SEE_CALLS, "POST", {"workspace": "<workspace_id>"}, answers=(302, 404)
    ),
    **API,
    "admin/": Rule(STAFF, answers=(200, 302, 403, 404)),  # and everything below it
}
STREAMS = {
    "live/stream": Rule(Permission.SEE_CALLS),
    "live/stream?call=<uuid:call_id>": Rule(Permission.SEE_WORDS),
    "live/calls/<uuid:call_id>/stream": Rule(Permission.SEE_WORDS),
}
# For machines, beside Django and its sessions; /metrics has a token of its own.
PROBES = {"healthz": (200,), "readyz": (200,), "metrics": (404,)}
# Sockets are opened by platforms, which prove themselves by an unguessable key in the address. Each line is
# the address with everything right but the key.
SOCKETS = {
    "voice/retell/<str:key>/<str:call_id>": "voice/retell/not-the-key/call-1",
}
