"""A workspace with a connection and one linked agent, in the database that the environment names.

Run as a module; prints what a sender needs, as JSON.
"""

import json

import django

django.setup()

from accounts.models import Workspace  # noqa: E402
from agents.models import Agent  # noqa: E402
from platforms.models import Connection  # noqa: E402
from tests.webhooks.chaos.histories import KNOWN_AGENT  # noqa: E402

SECRET = "key_of_the_storm"


def prepare() -> Connection:
    workspace = Workspace.objects.create(name="In the storm")
    connection = Connection.objects.create(
        workspace=workspace, platform="retell", name="Storm", webhook_secret=SECRET
    )
    Agent.objects.create(
        workspace=workspace,
        connection=connection,
        platform_agent_id=KNOWN_AGENT,
        name="Odell",
        topic="Billing",
    )
    return connection


if __name__ == "__main__":
    print(json.dumps({"connection": str(prepare().pk)}))
