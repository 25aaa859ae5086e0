"""Who may open what: a line for every page, stream and socket of the project.

The addresses are read from the resolvers, so a new one is walked by itself, and fails until it has a line in
PAGES, STREAMS or SOCKETS here that says what it needs. Adding a route means adding that line:

    "calls/<uuid:call_id>/notes": Rule(Permission.SEE_WORDS, "POST", {"text": "hello"}),

A name in angle brackets, in the address or as a value of the data ("<workspace_id>"), stands for a row of
our workspace; add new ones to the names of `place` in conftest.py.
"""

from dataclasses import dataclass, field

from accounts.permissions import Permission

ANYBODY = "anybody"
STAFF = "staff"


@dataclass(frozen=True)
class Rule:
    needs: Permission | str
    method: str = "GET"
    data: dict = field(default_factory=dict)
    answers: tuple[int, ...] = (200,)  # to those who may
    also: tuple["Rule", ...] = ()  # other methods at the same address


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
    "insights/<str:name>.csv": Rule(Permission.SEE_CALLS),
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
    "api/v1/": Rule(ANYBODY, answers=(404,)),  # only the beginning of those below
    "api/v1/openapi.json": Rule(ANYBODY),
    "api/v1/docs": Rule(ANYBODY),
    "api/v1/privacy": Rule(
        Permission.MANAGE_WORKSPACE,
        also=(Rule(Permission.MANAGE_WORKSPACE, "PATCH", {"masked": {"cards": "admin"}}),),
    ),
    "api/v1/erasures": Rule(
        Permission.MANAGE_WORKSPACE,
        also=(Rule(Permission.MANAGE_WORKSPACE, "POST", {"caller": "x"}, answers=(400,)),),
    ),
    "api/v1/erasures/<uuidstr:erasure>": Rule(Permission.MANAGE_WORKSPACE),
    "api/v1/holds": Rule(
        Permission.MANAGE_WORKSPACE,
        also=(Rule(Permission.MANAGE_WORKSPACE, "POST", {"reason": "x"}, answers=(400,)),),
    ),
    "api/v1/holds/<uuidstr:hold>": Rule(Permission.MANAGE_WORKSPACE, "DELETE"),
    "api/v1/agents": Rule(
        Permission.SEE_CALLS, also=(Rule(Permission.EDIT_AGENTS, "POST", {"name": " "}, answers=(400,)),)
    ),
    "api/v1/agents/figures": Rule(Permission.SEE_CALLS),
    "api/v1/agents/<uuidstr:agent_id>/rules/figures": Rule(Permission.SEE_CALLS),
    "api/v1/agents/import": Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),
    "api/v1/agents/<uuidstr:agent_id>": Rule(
        Permission.SEE_CALLS, also=(Rule(Permission.EDIT_AGENTS, "PATCH", {"topic": "Billing"}),)
    ),
    "api/v1/agents/<uuidstr:agent_id>/versions": Rule(Permission.SEE_WORDS),
    "api/v1/agents/<uuidstr:agent_id>/versions/<int:number>": Rule(Permission.SEE_WORDS),
    "api/v1/agents/<uuidstr:agent_id>/diff": Rule(Permission.SEE_WORDS, data={"from": "1", "to": "draft"}),
    "api/v1/agents/<uuidstr:agent_id>/export": Rule(Permission.SEE_WORDS),
    "api/v1/agents/<uuidstr:agent_id>/draft": Rule(
        Permission.SEE_WORDS,
        also=(
            Rule(Permission.EDIT_AGENTS, "PATCH", {"revision": 0, "changes": {"voice": "wren"}}),
            Rule(Permission.EDIT_AGENTS, "DELETE"),
        ),
    ),
    "api/v1/agents/<uuidstr:agent_id>/publish": Rule(
        # Nothing has changed since the first version.
        Permission.EDIT_AGENTS,
        "POST",
        {"note": ""},
        answers=(400,),
    ),
    "api/v1/agents/<uuidstr:agent_id>/rollback": Rule(
        Permission.EDIT_AGENTS, "POST", {"number": 1}, answers=(400,)
    ),
    "api/v1/agents/<uuidstr:agent_id>/backtest": Rule(Permission.EDIT_AGENTS, "POST", {"rules": []}),
    "api/v1/agents/<uuidstr:agent_id>/playground": Rule(
        Permission.EDIT_AGENTS, "POST", {"version": "draft"}, answers=(201,)
    ),
    "api/v1/playground/<uuidstr:call_id>": Rule(Permission.EDIT_AGENTS, answers=(404,)),  # a caller's call
    "api/v1/playground/<uuidstr:call_id>/verdict": Rule(Permission.EDIT_AGENTS, answers=(404,)),
    "api/v1/agents/<uuidstr:agent_id>/tests": Rule(
        Permission.SEE_WORDS,
        also=(Rule(Permission.EDIT_AGENTS, "POST", {"name": "Empty", "conversation": []}, answers=(400,)),),
    ),
    "api/v1/agents/<uuidstr:agent_id>/test-runs": Rule(
        Permission.SEE_WORDS,
        also=(Rule(Permission.EDIT_AGENTS, "POST", {"version": 9}, answers=(400,)),),
    ),
    "api/v1/tests/<uuidstr:test_id>": Rule(
        Permission.SEE_WORDS,
        answers=(200, 404),
        also=(
            Rule(Permission.EDIT_AGENTS, "PATCH", {"name": "Renamed"}, answers=(200, 404)),
            Rule(Permission.EDIT_AGENTS, "DELETE", answers=(200, 404)),  # the first who may
        ),
    ),
    "api/v1/test-runs/<uuidstr:run_id>": Rule(Permission.SEE_WORDS),
    "api/v1/test-runs/<uuidstr:run_id>/stop": Rule(Permission.EDIT_AGENTS, "POST"),
    # It is on no connection and nobody's copy: whoever may is told what is missing.
    "api/v1/agents/<uuidstr:agent_id>/drift": Rule(
        Permission.SEE_WORDS, also=(Rule(Permission.EDIT_AGENTS, "DELETE"),)
    ),
    **{
        f"api/v1/agents/<uuidstr:agent_id>/{act}": Rule(Permission.EDIT_AGENTS, "POST", answers=(409,))
        for act in ("push", "drift/check", "drift/keep", "drift/put-back")
    },
    "api/v1/calls": Rule(Permission.SEE_CALLS),
    "api/v1/search": Rule(Permission.SEE_WORDS, data={"q": "bill"}),
    "api/v1/calls/<uuidstr:call_id>": Rule(Permission.SEE_CALLS),
    "api/v1/calls/<uuidstr:call_id>/transcript": Rule(Permission.SEE_WORDS),
    "api/v1/calls/<uuidstr:call_id>/recording": Rule(Permission.SEE_WORDS),
    "api/v1/calls/<uuidstr:call_id>/recording/file": Rule(Permission.SEE_WORDS, answers=(404,)),
    "api/v1/calls/<uuidstr:call_id>/events": Rule(Permission.SEE_CALLS),
    "api/v1/calls/<uuidstr:call_id>/tags/<tag>": Rule(
        Permission.SEE_WORDS, "PUT", also=(Rule(Permission.SEE_WORDS, "DELETE"),)
    ),
    "api/v1/calls/tags": Rule(Permission.SEE_WORDS, "POST", {"add": ["vip"], "calls": []}),
    "api/v1/tags": Rule(Permission.SEE_CALLS),
    "api/v1/exports": Rule(Permission.SEE_CALLS, also=(Rule(Permission.SEE_CALLS, "POST", answers=(400,)),)),
    "api/v1/exports/<uuidstr:export_id>": Rule(
        Permission.SEE_CALLS,
        answers=(200, 404),
        also=(Rule(Permission.SEE_CALLS, "DELETE", answers=(200, 404)),),
    ),
    "api/v1/exports/<uuidstr:export_id>/stop": Rule(Permission.SEE_CALLS, "POST", answers=(200, 404)),
    "api/v1/exports/<uuidstr:export_id>/file": Rule(Permission.SEE_CALLS, answers=(404, 409)),
    "api/v1/views": Rule(Permission.SEE_CALLS, also=(Rule(Permission.SEE_CALLS, "POST", answers=(400,)),)),
    # Views belong to people: programs have none.
    "api/v1/views/order": Rule(Permission.SEE_CALLS, "POST", {"views": []}, answers=(200, 403)),
    # It is somebody else's; an admin, who is among the first to come by, removes it.
    "api/v1/views/<uuidstr:view_id>": Rule(
        Permission.SEE_CALLS,
        answers=(200, 404),
        also=(
            Rule(Permission.SEE_CALLS, "PATCH", answers=(403, 404)),
            Rule(Permission.SEE_CALLS, "DELETE", answers=(200, 403, 404)),
        ),
    ),
    "api/v1/calls/<uuidstr:call_id>/notes": Rule(
        Permission.SEE_WORDS, also=(Rule(Permission.SEE_WORDS, "POST", {"text": "Hello"}, answers=(201,)),)
    ),
    # Its author is gone, so nobody changes it, and admins delete it.
    "api/v1/notes/<uuidstr:note_id>": Rule(
        Permission.SEE_WORDS,
        "PATCH",
        {"text": "Hello"},
        answers=(403,),
        also=(Rule(Permission.MANAGE_WORKSPACE, "DELETE", answers=(200, 409)),),
    ),
    "api/v1/notes/<uuidstr:note_id>/resolve": Rule(Permission.SEE_WORDS, "POST"),
    "api/v1/notes/<uuidstr:note_id>/reopen": Rule(Permission.SEE_WORDS, "POST"),
    "api/v1/reviewers": Rule(Permission.SEE_WORDS),
    "api/v1/reviews": Rule(Permission.SEE_WORDS, also=(Rule(Permission.SEE_WORDS, "POST", answers=(400,)),)),
    "api/v1/reviews/<uuidstr:review_id>": Rule(
        Permission.SEE_WORDS, also=(Rule(Permission.SEE_WORDS, "PATCH", {"assign_to": None}),)
    ),
    "api/v1/calls/<uuidstr:call_id>/test": Rule(Permission.EDIT_AGENTS, "POST", answers=(201,)),
    "api/v1/calls/<uuidstr:call_id>/analysis": Rule(Permission.SEE_WORDS),
    "api/v1/calls/<uuidstr:call_id>/fields/<str:key>": Rule(Permission.SEE_WORDS, "PUT", {"value": "Green"}),
    "api/v1/calls/<uuidstr:call_id>/scores/<uuidstr:scorecard_id>": Rule(
        Permission.SEE_WORDS, "PUT", {"overrides": {}}
    ),
    "api/v1/agents/<uuidstr:agent_id>/fields": Rule(
        Permission.SEE_CALLS,
        also=(
            Rule(
                Permission.EDIT_AGENTS,
                "POST",
                {"name": "Plan", "kind": "choice", "question": "Which?"},
                answers=(400,),
            ),
        ),
    ),
    **{
        f"api/v1/{kind}s/<uuidstr:{kind}_id>": Rule(
            Permission.SEE_CALLS, also=(Rule(Permission.EDIT_AGENTS, "PATCH"),)
        )
        for kind in ("field", "scorecard")
    },
    **{
        f"api/v1/{kind}s": Rule(
            Permission.SEE_CALLS, also=(Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),)
        )
        for kind in ("scorecard", "topic")
    },
    "api/v1/topics/<uuidstr:topic_id>": Rule(Permission.EDIT_AGENTS, "PATCH"),
    "api/v1/readings": Rule(
        Permission.EDIT_AGENTS, also=(Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),)
    ),
    "api/v1/readings/<uuidstr:reading_id>": Rule(Permission.EDIT_AGENTS),
    "api/v1/readings/<uuidstr:reading_id>/stop": Rule(Permission.EDIT_AGENTS, "POST"),
    "api/v1/chats": Rule(Permission.CHAT),
    "api/v1/chats/<str:chat_id>/messages": Rule(Permission.CHAT, answers=(200, 404)),
    "api/v1/chats/<str:chat_id>/suggestions": Rule(Permission.CHAT, answers=(200, 404)),
    "api/v1/providers": Rule(
        Permission.MANAGE_WORKSPACE, also=(Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),)
    ),
    "api/v1/providers/<uuidstr:provider>": Rule(
        Permission.MANAGE_WORKSPACE,
        "PATCH",
        {"name": "Renamed"},
        answers=(200, 404),
        also=(Rule(Permission.MANAGE_WORKSPACE, "DELETE", answers=(200, 404)),),
    ),
    "api/v1/models": Rule(
        Permission.MANAGE_WORKSPACE, also=(Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),)
    ),
    "api/v1/models/<uuidstr:model>": Rule(
        Permission.MANAGE_WORKSPACE,
        "PATCH",
        {"name": "renamed"},
        answers=(200, 404),
        also=(Rule(Permission.MANAGE_WORKSPACE, "DELETE", answers=(200, 404)),),
    ),
    "api/v1/tools": Rule(
        Permission.EDIT_AGENTS, also=(Rule(Permission.EDIT_AGENTS, "POST", answers=(400,)),)
    ),
    "api/v1/tools/own": Rule(Permission.SEE_CALLS),
    "api/v1/tools/figures": Rule(Permission.SEE_CALLS),
    "api/v1/tools/check": Rule(Permission.EDIT_AGENTS, "POST", {"schema": "{"}),
    "api/v1/tools/<uuidstr:tool>": Rule(
        Permission.EDIT_AGENTS,
        answers=(200, 404),
        also=(
            Rule(Permission.EDIT_AGENTS, "PATCH", {"description": "Looks."}, answers=(200, 404)),
            Rule(Permission.EDIT_AGENTS, "DELETE", answers=(200, 404)),
        ),
    ),
    "api/v1/tools/<uuidstr:tool>/try": Rule(
        Permission.EDIT_AGENTS, "POST", {"arguments": {}}, (200, 404, 429)
    ),
    "api/v1/insights": Rule(Permission.SEE_CALLS),
    "api/v1/model-calls": Rule(Permission.SEE_CALLS),
    "api/v1/spend": Rule(Permission.MANAGE_WORKSPACE),
    "api/v1/budgets": Rule(
        Permission.MANAGE_WORKSPACE, also=(Rule(Permission.MANAGE_WORKSPACE, "POST", answers=(400,)),)
    ),
    "api/v1/budgets/<uuidstr:budget_id>": Rule(
        Permission.MANAGE_WORKSPACE,
        "PUT",
        {"hard_usd": "5"},
        answers=(200, 404),
        also=(Rule(Permission.MANAGE_WORKSPACE, "DELETE", answers=(200, 404)),),
    ),
    "api/v1/connections": Rule(Permission.MANAGE_WORKSPACE),
    # It has no key, so nobody is asked.
    "api/v1/connections/<uuidstr:connection_id>/voices": Rule(Permission.EDIT_AGENTS, answers=(409,)),
    "api/v1/webhooks/deliveries": Rule(Permission.SEE_CALLS),
    "api/v1/webhooks/deliveries/<uuidstr:delivery_id>": Rule(Permission.SEE_CALLS),
    "api/v1/webhooks/deliveries/<uuidstr:delivery_id>/replay": Rule(
        Permission.MANAGE_WORKSPACE, "POST", answers=(202,)
    ),
    "api/v1/ui-errors": Rule(Permission.SEE_CALLS, "POST", {"kind": "error"}, answers=(202,)),
    "api/chat": Rule(Permission.CHAT, "POST", answers=(400,)),
    "api/chat/<str:chat_id>/stream": Rule(Permission.CHAT, answers=(204,)),
    "api/chat/<str:chat_id>/stop": Rule(Permission.CHAT, "POST"),
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
