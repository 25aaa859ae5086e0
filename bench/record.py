"""The calls that a benchmark's readers watch, and the token they come with, in the environment's database.

python -m bench.record RUNS
"""

import json
import os
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import Role, Workspace  # noqa: E402
from accounts.tokens import create_token  # noqa: E402
from bench.speech import CALLS, call_id  # noqa: E402
from calls.models import Call  # noqa: E402


def main(runs: int) -> None:
    workspace = Workspace.objects.create(name="Bench")
    _, token = create_token(workspace, "Bench", Role.OPERATOR, None)
    # Over, so that the board shows none of them; not closed, so that their streams go on.
    long_ago = timezone.now() - timedelta(days=2)
    ids = [call_id(run, call) for run in range(runs) for call in range(CALLS)]
    Call.objects.bulk_create(
        Call(
            id=id,
            workspace=workspace,
            platform="retell",
            platform_call_id=id,
            level=Call.Level.TOKEN,
            started_at=long_ago,
            ended_at=long_ago,
        )
        for id in ids
    )
    print(json.dumps({"workspace": str(workspace.pk), "token": token}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
