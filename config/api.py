"""The JSON API at `/api/v1/`: every room's paths, their description, and the page that shows it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja.openapi.docs import DocsBase

from agents.api import router as model_calls
from agents.drafting.api import router as drafting
from agents.publishing.api import router as publishing
from agents.roster.api import router as roster
from agents.setup.api import router as models
from agents.spending.api import router as spending
from agents.testing.api import router as tests
from agents.tooling.api import router as tools
from base.api import Api, sayings
from calls.api import router as calls
from calls.exports.api import router as exports
from calls.insights.api import router as insights
from calls.judging.api import router as judging
from calls.notes.api import router as notes
from calls.privacy.api import router as privacy
from calls.recordings.api import router as recordings
from calls.saved.api import router as views
from calls.search.api import router as search
from calls.tagging.api import router as tagging
from calls.tallies.api import agents as figures_of_agents
from calls.tallies.api import tools as figures_of_tools
from live.api import backtests
from live.api import router as chats
from live.playground.api import router as playground
from observability.api import router as observability
from platforms.api import router as platforms
from webhooks.api import router as webhooks

DESCRIPTION = f"""
What Earshot knows of agents, calls, webhooks and models, for programs.

**Who is asking.** `Authorization: Bearer es_…`, made in Settings, API tokens, or the session of
somebody who signed in; a session needs `X-CSRFToken` for anything but reading. Each sees one workspace; what
belongs to another is not there. A viewer sees no words; a role that is too small is told which one it takes.

**Lists** answer `{{"items": […], "next": cursor or null}}`. Ask again with that `cursor` and the same filters
until `next` is null. What is written meanwhile moves nothing and hides nothing.

**Values.** Times are ISO 8601 in UTC, durations whole milliseconds (`…_ms`), money decimal strings, and what
is not known null.

**Chatting** with an agent is beside this: `POST /api/chat` speaks the stream of the AI SDK (docs/chat.md).

**Errors** have one shape, and every answer has an `X-Trace-Id`. Any path may answer:

{sayings()}
""".strip()


class Docs(DocsBase):
    """ninja's Swagger UI from our own origin: its page would load it from somebody else's."""

    def render_page(self, request: HttpRequest, api, **kwargs) -> HttpResponse:
        return render(request, "api/docs.html", {"address": self.get_openapi_url(api, kwargs)})


api = Api(
    title="Earshot API",
    version="1",
    urls_namespace="api",
    description=DESCRIPTION,
    docs=Docs(),
    openapi_extra={
        "tags": [
            {"name": "Agents", "description": "Who answers, and what they were told."},
            {"name": "Tools", "description": "What agents can do beside talking."},
            {"name": "Tests", "description": "Conversations that an agent has to pass, and how it did."},
            {"name": "Calls", "description": "What happened, and what was said."},
            {"name": "Reviews", "description": "What people say about calls among themselves."},
            {
                "name": "Privacy",
                "description": "How long what is kept, who is forgotten, and what must not be.",
            },
            {"name": "Analysis", "description": "What is asked of calls that are over, and what they say."},
            {"name": "Chats", "description": "What people typed to agents, and what they were answered."},
            {"name": "Webhooks", "description": "What platforms told us, as it came."},
            {"name": "Models", "description": "Where models are asked, and which there are."},
            {"name": "Model calls", "description": "Every attempt at a model."},
            {"name": "Spend", "description": "What models cost, and the budgets that bound it."},
            {"name": "Connections", "description": "Accounts at voice platforms."},
            {"name": "Browser reports", "description": "What went wrong in pages of ours."},
        ]
    },
)
api.add_router("", model_calls)
api.add_router("", roster)
api.add_router("", drafting)
api.add_router("", publishing)
api.add_router("", models)
api.add_router("", tools)
api.add_router("", tests)
api.add_router("", spending)
api.add_router("", calls)
api.add_router("", recordings)
api.add_router("", judging)
api.add_router("", search)
api.add_router("", tagging)
api.add_router("", views)
api.add_router("", exports)
api.add_router("", privacy)
api.add_router("", insights)
api.add_router("", notes)
api.add_router("", figures_of_agents)
api.add_router("", figures_of_tools)
api.add_router("", chats)
api.add_router("", backtests)
api.add_router("", playground)
api.add_router("", platforms)
api.add_router("", webhooks)
api.add_router("", observability, tags=["Browser reports"])
