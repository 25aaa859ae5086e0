"""Who may ask what of the API: a line for every path, as in rules.py."""

from accounts.permissions import Permission
from tests.access.rule import ANYBODY, Rule

API = {
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
}
