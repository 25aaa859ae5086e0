"""How good search is: the judged queries asked of the calls that they were judged on, through the real code.

`make bench ARGS="--only search-quality"`; by itself `python -m bench.judged.quality`, in the environment's
database: give it one of its own. `--each` tells of every query it may be tuned on.
"""

import json
import os
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection  # noqa: E402

from accounts.models import Workspace  # noqa: E402
from agents.models import Agent, AgentVersion  # noqa: E402
from bench import corpus  # noqa: E402
from calls import embeddings  # noqa: E402
from calls.models import Call, Turn  # noqa: E402
from calls.search import asked, texts  # noqa: E402
from calls.search.found import look_for  # noqa: E402
from calls.search.meaning import around, by_meaning  # noqa: E402
from calls.search.words import by_words  # noqa: E402

QUERIES = Path(__file__).parent / "queries.jsonl"
FIRST = 10  # ranks that recall looks at
SETS, KINDS = ("dev", "held out"), ("keyword", "paraphrase", "mixed", "all")
BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Score:
    reciprocal: float  # of the rank of the first that answers; 0: none does
    recall: float  # of those that answer, or of the ten that there is room for


def score(ranked: Sequence[str], relevant: set[str]) -> Score:
    first = next((rank for rank, one in enumerate(ranked, 1) if one in relevant), None)
    shown = len(relevant.intersection(ranked[:FIRST]))
    return Score(1 / first if first else 0.0, shown / min(FIRST, len(relevant)))


def load() -> Workspace:
    """Every conversation as a call that is over, found as any call is."""
    workspace = Workspace.objects.create(name="Judged")
    agent = Agent.objects.create(workspace=workspace, name="Judged")
    version = AgentVersion.objects.create(workspace=workspace, agent=agent, number=1, prompt="You help.")
    for n, conversation in enumerate(corpus.conversations()):
        began = BEGAN + timedelta(minutes=n)
        call = Call.objects.create(
            workspace=workspace,
            agent=agent,
            version=version,
            platform="retell",
            platform_call_id=conversation.id,
            started_at=began,
            ended_at=began,
        )
        Turn.objects.bulk_create(
            Turn(workspace=workspace, call=call, key=f"t{n}", n=n, role=role, text=text, start_ms=n * 1_000)
            for n, (role, text) in enumerate(conversation.turns, 1)
        )
        texts.keep(call)
        embeddings.take_in(call)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return workspace


def rankings(workspace: Workspace, text: str) -> dict[str, list]:
    """The ids of calls, the best first, by each search."""
    question = asked.read(text, workspace.pk)
    vector = asked.vector_of(question.text, workspace.pk)
    return {
        "words": [one.call_id for one in by_words(workspace.pk, question)],
        "meaning": [one.call_id for one in by_meaning(around(workspace.pk, vector))],
        "both": [hit.call_id for hit in look_for(text, workspace.pk).hits],
    }


def measured(workspace: Workspace, *, each: bool) -> Iterator[str]:
    ids = dict(Call.objects.values_list("pk", "platform_call_id"))
    scores = defaultdict[tuple[str, str, str], list[Score]](list)
    for line in QUERIES.read_text().splitlines():
        query = json.loads(line)
        told = []
        for search, ranked in rankings(workspace, query["q"]).items():
            one = score([ids[pk] for pk in ranked], set(query["relevant"]))
            told.append(f"{search} {one.reciprocal:.2f} {one.recall:.2f}")
            for kind in (query["kind"], "all"):
                scores[search, query["set"], kind].append(one)
        if each and query["set"] == "dev":
            yield f"  {query['id']} {' | '.join(told)}  {query['q']}"
    yield f"{'':<10}" + "".join(f"{f'{which}, {kind}':>22}" for which in SETS for kind in KINDS)
    for search in ("words", "meaning", "both"):
        figures = (_means(scores[search, which, kind]) for which in SETS for kind in KINDS)
        yield f"  {search:<8}" + "".join(f"{figure:>22}" for figure in figures)
    yield f"  (mean reciprocal rank, recall@{FIRST}; {len(ids)} calls)"


def _means(scores: Sequence[Score]) -> str:
    reciprocal = statistics.mean(one.reciprocal for one in scores)
    return f"{reciprocal:.3f} {statistics.mean(one.recall for one in scores):.3f}"


if __name__ == "__main__":
    for line in measured(Workspace.objects.first() or load(), each="--each" in sys.argv):
        print(line, flush=True)
