"""What is said, as points in a space where like lies near like: turns of ended calls, and their summaries.

A row knows who made it, and a call who made all of its rows. Once `EMBEDDINGS` names another, all are made
again in the background, and until then only the new ones are found.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import isfinite
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from pgvector.django import CosineDistance

from agents.llm import paid
from agents.llm.chain import Candidate
from agents.llm.events import Finish, Usage
from agents.llm.providers.base import Endpoint, Model
from agents.llm.request import Message, Request
from calls import embedders, points
from calls.embedders import Embedder, embedder
from calls.models import Call, Embedding, Turn
from calls.search.texts import may_be_kept

logger = logging.getLogger(__name__)

LONGEST = 2_000  # characters of one text that count
BATCH = 256  # texts given to a model at once
ALIKE = 0.3  # less than that in common is nothing in common: cosine similarity


# --- What is asked --------------------------------------------------------------------------------------


def vectors_of(texts: Sequence[str], call: Call) -> list[list[float]]:
    """One for each text of a call. For a task: halts its thread. Raises ProviderError."""
    by, texts = embedder(), [text[:LONGEST] for text in texts]
    if by.prices is None:
        return by.embed(texts)[0]
    request = _request(texts, call.workspace_id, call.agent_id, call.pk)
    return paid.run(_bought(by, request, lambda: asyncio.to_thread(by.embed, texts)))


# A vendor that hangs keeps none of the threads busy that everybody else needs.
_asking = ThreadPoolExecutor(2, thread_name_prefix="query")


async def query_for(
    text: str, workspace_id: UUID, *, agent_id: UUID | None = None, call_id: UUID | None = None
) -> list[float]:
    """The vector of what is looked for; no longer than a few seconds. The rest says whom to book it on.

    Raises ProviderError.
    """
    run, texts = asyncio.get_running_loop().run_in_executor, [text[:LONGEST]]
    by = await run(_asking, embedder)
    ask = partial(run, _asking, partial(by.embed, texts, at_once=True))
    if by.prices is None:
        return (await ask())[0][0]
    return (await _bought(by, _request(texts, workspace_id, agent_id, call_id), ask))[0]


def _request(
    texts: Sequence[str], workspace_id: UUID, agent_id: UUID | None, call_id: UUID | None
) -> Request:
    return Request(
        workspace_id=workspace_id,
        feature="embedding",
        system="",
        messages=[Message("user", text) for text in texts],
        max_tokens=0,
        agent_id=agent_id,
        call_id=call_id,
    )


async def _bought(
    by: Embedder, request: Request, ask: Callable[[], Awaitable[tuple[list[list[float]], int]]]
) -> list[list[float]]:
    model = Model(Endpoint(settings.EMBEDDINGS, "", ""), by.name, embedders.OPENAI_SECONDS)
    candidate = Candidate(model, by.provider, tier="", prices=by.prices)
    async with paid.attempt(request, candidate) as attempt:
        vectors, tokens = await ask()
        attempt.saw(Usage(tokens, 0, 0))
        attempt.saw(Finish("stop"))
    return vectors


# --- What is kept ---------------------------------------------------------------------------------------


def waiting(most: int, *, but: Collection[UUID] = ()) -> list[Call]:
    """Calls with words that have not been placed, oldest first; then those that somebody else has placed. One
    that goes on changes too often yet."""
    over = Q(ended_at__isnull=False) | Q(channel=Call.Channel.CHAT)
    due = Call.objects.real().due("embed_after").filter(over).exclude(pk__in=list(but))
    found = list(due.filter(embedded_at=None).order_by("started_at")[:most])
    placed, name = due.exclude(embedded_at=None), embedders.name()
    # Each a range of an index that has next to nothing in it: `!=` would read it from end to end.
    for others in (placed.filter(embedded_by__lt=name), placed.filter(embedded_by__gt=name)):
        found += others.order_by("embedded_by", "started_at")[: most - len(found)]
    return found


def set_aside(call: Call) -> None:
    """Others first: with this one something is wrong."""
    Call.objects.filter(pk=call.pk).update(embed_after=call.next_try())


def take_in(call: Call, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """Place what is new of a call, and say how many texts that was. What was taken back goes.

    Done twice, it does nothing the second time. Of a long call a part is placed where `may_go_on` says so
    before its next batch; the rest still waits. Raises ProviderError.
    """
    name, texts, known = embedders.name(), dict(_texts(call)), {}
    for row in Embedding.objects.filter(call=call).defer("vector"):
        if row.turn_id in texts:
            known[row.turn_id] = (row.model, row.digest)
        else:
            row.delete()
    new = [(turn_id, text) for turn_id, text in texts.items() if known.get(turn_id) != (name, _digest(text))]
    for start in range(0, len(new), BATCH):
        if start and not may_go_on():
            return start
        batch = new[start : start + BATCH]
        try:
            _keep(call, name, batch, _placed(call, name, [text for _, text in batch]))
        except IntegrityError:
            # A turn was folded into another meanwhile, or the call is gone. What is left is still waiting.
            logger.info("call %s changed while it was embedded", call.pk)
            return 0
    unchanged = Call.objects.filter(pk=call.pk, revision=call.revision)
    unchanged.update(embedded_at=timezone.now(), embedded_by=name)
    return len(new)


def _texts(call: Call) -> Iterator[tuple[UUID | None, str]]:
    if call.summary.strip():
        yield None, call.summary
    spoken = call.standing().exclude(role=Turn.Role.TOOL).values_list("pk", "text")
    yield from ((turn_id, text) for turn_id, text in spoken.iterator() if text.strip())


def _digest(text: str) -> str:
    return hashlib.sha256(text[:LONGEST].encode(errors="replace")).hexdigest()[:16]


def _placed(call: Call, model: str, texts: Sequence[str]) -> dict[str, Sequence[float]]:
    """Where they lie, by digest. What somebody has said before is known, and need not be paid for again."""
    said = {_digest(text): text for text in texts}
    known: dict[str, Sequence[float]] = dict(points.known(call.workspace_id, model, said))
    new = {digest: text for digest, text in said.items() if digest not in known}
    if new:
        vectors = vectors_of(list(new.values()), call)
        known |= {
            digest: vector for digest, vector in zip(new, vectors, strict=True) if all(map(isfinite, vector))
        }
    return known


@transaction.atomic
def _keep(call: Call, model: str, texts: Sequence[tuple], vectors: Mapping[str, Sequence[float]]) -> None:
    if not may_be_kept(call):
        return
    points.keep(call.workspace_id, model, vectors)
    Embedding.objects.bulk_create(
        [
            Embedding(
                workspace_id=call.workspace_id,
                call=call,
                turn_id=turn_id,
                model=model,
                digest=digest,
                vector=vectors[digest],
            )
            for turn_id, digest in ((turn_id, _digest(text)) for turn_id, text in texts)
            if digest in vectors
        ],
        update_conflicts=True,
        unique_fields=["call", "turn"],
        update_fields=["model", "digest", "vector"],
    )


# --- What is found --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    call: Call
    turn: Turn | None  # None: it is the summary that says so
    likeness: float  # from 0 to 1


def nearest(
    workspace_id: UUID, vector: list[float], *, among: QuerySet[Call] | None = None, most: int = 5
) -> list[Found]:
    """What of a workspace's calls says the like, nearest first. `among`: only of these, a few calls."""
    rows = Embedding.objects.for_workspace(workspace_id).filter(model=embedders.name())
    if among is None:
        near = points.nearest(workspace_id, vector, most=most, of_each=most)
        rows = rows.filter(pk__in=[one.embedding_id for one in near])
    else:
        rows = rows.filter(call__in=among)
    rows = rows.defer("vector", "turn__stream", "turn__words").select_related("call", "call__agent", "turn")
    nearest_first = rows.annotate(distance=CosineDistance("vector", vector)).order_by("distance")[:most]
    found = [Found(row.call, row.turn, 1 - row.distance) for row in nearest_first]
    return [one for one in found if one.likeness >= ALIKE]
