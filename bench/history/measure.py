"""How long history takes with a million turns, through the application itself, in this process.

python -m bench.history.measure
"""

import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from time import perf_counter
from urllib.parse import urlencode

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.http import QueryDict  # noqa: E402
from django.test import Client  # noqa: E402
from pgvector.django import CosineDistance  # noqa: E402

from accounts.models import Membership, Role, User, Workspace  # noqa: E402
from accounts.tokens import create_token  # noqa: E402
from agents.models import Agent  # noqa: E402
from bench import corpus  # noqa: E402
from bench.history.queries import queries  # noqa: E402
from bench.targets import Target  # noqa: E402
from calls.filters import Filters  # noqa: E402
from calls.insights import tallies  # noqa: E402
from calls.models import Call, Embedding, Tally  # noqa: E402
from calls.search import asked, meaning  # noqa: E402
from calls.search.words import by_words  # noqa: E402

ROUNDS = 3
TENTH = 10
JUDGED = 60  # queries that the index is compared by with all that there is
SAME = 1e-6  # of a distance: what arithmetic makes of one and the same

Times = list[float]  # milliseconds


def main() -> None:
    workspace = Workspace.objects.get(name="A million turns")
    _, token = create_token(workspace, "Bench", Role.OPERATOR, None)
    program = Client(headers={"authorization": f"Bearer {token}"})
    person = Client()
    person.force_login(_person(workspace))
    typed = queries(corpus.conversations())
    print(f"history: {_about(workspace)}", flush=True)
    print(f"  {'milliseconds':<52} {'p50':>7} {'p95':>7} {'n':>6}", flush=True)
    targets = [
        *_searches(program, workspace, typed),
        *_lists(person, program, workspace),
        *_insights(person, workspace),
        _recall(workspace, [query for some in typed.values() for query in some]),
    ]
    for line in Target.table(targets):
        print(line, flush=True)


def _person(workspace: Workspace) -> User:
    user, made = User.objects.get_or_create(email="bench@earshot.example")
    if made:
        Membership.objects.create(workspace=workspace, user=user, role=Role.OPERATOR)
    return user


def _about(workspace: Workspace) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), pg_size_pretty(pg_relation_size('nearest_points')) FROM calls_turn")
        turns, size = cursor.fetchone()
    calls = Call.objects.for_workspace(workspace.pk).count()
    return f"{turns:,} turns of {calls:,} calls; the index of their meaning has {size}"


# --- Searching ------------------------------------------------------------------------------------------


def _searches(program: Client, workspace: Workspace, asked: dict[str, list[str]]) -> Iterator[Target]:
    def search(**query: str) -> Callable[[], object]:
        return lambda: _get(program, "/api/v1/search", **query)

    everything = []
    for kind, some in asked.items():
        times = _timed([search(q=query) for query in some])
        _told(f"search, {kind}", times)
        everything += times
    yield _target("search p95", everything, 50)
    mixed = [query for some in asked.values() for query in some[:15]]
    for name, filters in _filters(workspace).items():
        times = _timed([search(q=query, **filters) for query in mixed])
        _told(f"search, {name} ({_count(workspace, filters)})", times)
        yield _target(f"search, {name}: p95", times, 80)


def _filters(workspace: Workspace) -> dict[str, dict[str, str]]:
    last = Call.objects.for_workspace(workspace.pk).latest("started_at").started_at.date()
    agent = str(Agent.objects.for_workspace(workspace.pk).get(name="Agent 2").pk)
    ago = {days: (last - timedelta(days=days)).isoformat() for days in (3, 30, 73)}
    return {
        "an agent's last month": {"agent": agent, "from": ago[30]},
        "a rare outcome": {"outcome": "not_connected"},
        "the last three days": {"from": ago[3]},
        "a fifth of all calls": {"from": ago[73]},
        "a fifth, all over the year": {"sentiment": "negative"},
    }


def _count(workspace: Workspace, filters: dict[str, str]) -> str:
    calls = Filters.of(QueryDict(urlencode(filters))).narrow(Call.objects.for_workspace(workspace.pk))
    return f"{calls.count():,} calls"


# --- Listing --------------------------------------------------------------------------------------------


def _lists(person: Client, program: Client, workspace: Workspace) -> Iterator[Target]:
    filters = _filters(workspace)
    deep = {"limit": "100"}
    for _ in range(20):
        deep["cursor"] = _get(program, "/api/v1/calls", **deep)["next"]
    lists = {
        "the page of calls": lambda: _get(person, "/calls/"),
        "the page, an agent's last month": lambda: _get(
            person, "/calls/", **filters["an agent's last month"]
        ),
        "the page, a rare outcome": lambda: _get(person, "/calls/", **filters["a rare outcome"]),
        "the API, first calls": lambda: _get(program, "/api/v1/calls", limit="50"),
        "the API, 2,000 calls further on": lambda: _get(program, "/api/v1/calls", **deep),
    }
    for name, ask in lists.items():
        times = _timed([ask] * 15)
        _told(name, times)
        yield _target(f"{name}: p95", times, 50)


def _insights(person: Client, workspace: Workspace) -> Iterator[Target]:
    """The year, as its page tells it."""
    if not Tally.objects.for_workspace(workspace.pk).exists():
        for _ in tallies.rebuild(workspace.pk):
            pass
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE calls_tally, calls_tallypart")
    last = Call.objects.for_workspace(workspace.pk).latest("started_at").started_at.date()
    year = {"from": (last - timedelta(days=364)).isoformat(), "to": last.isoformat()}
    times = _timed([lambda: _get(person, "/insights/", **year)] * 7)
    _told("insights of the year", times)
    yield _target("insights of the year: p95", times, 1_000)


# --- The index ------------------------------------------------------------------------------------------


def _recall(workspace: Workspace, asked_for: Sequence[str]) -> Target:
    """The part of the nearest ten that the index finds: any is as good that is as near as the tenth. And what
    a search finds, which compares the calls that have the words, too."""
    step = max(1, len(asked_for) // JUDGED)
    found, alone = [], []
    for query in asked_for[::step]:
        question = asked.read(query, workspace.pk)
        vector = asked.vector_of(question.text, workspace.pk)
        worded = [one.call_id for one in by_words(workspace.pk, question)]
        tenth = _exact(workspace, vector)[-1] + SAME
        around = meaning.around(workspace.pk, vector)
        for near, told in (
            (meaning.nearest(around, meaning.in_those(worded, workspace.pk, vector)), found),
            (around, alone),
        ):
            told.append(sum(one.distance <= tenth for one in near[:TENTH]) / TENTH)
    recall = statistics.mean(alone)
    for name, parts in (("recall@10 of the index", alone), ("of a search, with what has the words", found)):
        print(f"  {name:<52} {statistics.mean(parts):>7.4f} {'':>7} {len(parts):>6}", flush=True)
    return Target("missed of the nearest ten (recall@10 is the rest)", 100 * (1 - recall), 3, "%")


def _exact(workspace: Workspace, vector: list[float]) -> list[float]:
    """The distances of the nearest ten of all that was said."""
    rows = Embedding.objects.for_workspace(workspace.pk)
    near = rows.annotate(distance=CosineDistance("vector", vector)).order_by("distance")
    return list(near.values_list("distance", flat=True)[:TENTH])


# --- Measuring ------------------------------------------------------------------------------------------


def _get(client: Client, path: str, **query: str) -> dict:
    answer = client.get(path, query)
    assert answer.status_code == 200, (path, query, answer.status_code, answer.content[:300])
    return answer.json() if path.startswith("/api/") else {}


def _timed(asks: Sequence[Callable[[], object]]) -> Times:
    """Each of them a few times; the first round finds things cold and does not count."""
    times = []
    for number in range(ROUNDS + 1):
        for ask in asks:
            began = perf_counter()
            ask()
            if number:
                times.append((perf_counter() - began) * 1_000)
    return times


def _p95(times: Times) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _told(name: str, times: Times) -> None:
    print(f"  {name:<52} {statistics.median(times):>7.1f} {_p95(times):>7.1f} {len(times):>6}", flush=True)


def _target(name: str, times: Times, most: float) -> Target:
    return Target(name, _p95(times), most, "ms")


if __name__ == "__main__":
    main()
