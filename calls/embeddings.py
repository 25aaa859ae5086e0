"""What is said, as points in a space where like lies near like: turns of ended calls, and their summaries.

`EMBEDDINGS` says who places them: a small model that comes along in its wheel (`local`), or OpenAI's. A row
knows which of them made it; after a change all are made again, and until then only the new ones are found.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import import_module
from math import isfinite
from pathlib import Path
from threading import Lock
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from pgvector.django import CosineDistance

from agents.models import ModelCall
from calls.models import DIMENSIONS, Call, Embedding, Turn

logger = logging.getLogger(__name__)

LONGEST = 2_000  # characters of one text that count
BATCH = 256  # texts given to a model at once
ALIKE = 0.3  # less than that in common is nothing in common: cosine similarity
OPENAI_SECONDS = 20.0
QUERY_SECONDS = 4.0  # less than a tool has (agents/registry.py)
OPENAI_PRICE = Decimal("0.02")  # USD per million tokens


class EmbeddingFailed(Exception):
    """Whoever makes the vectors could not, for now. Names no words."""


class EmbeddingRefused(Exception):
    """It is these texts that the vendor will not have; others may do."""


class Embedder(Protocol):
    name: str
    provider: str

    def embed(self, texts: Sequence[str], *, at_once: bool = False) -> tuple[list[list[float]], int]:
        """A vector of length 1 for each, and the tokens that are paid for.

        `at_once`: somebody waits, so not for long. Raises EmbeddingFailed, EmbeddingRefused.
        """
        ...


class Local:
    """100,000 sentences a second, no network; 100 MB once it is there."""

    name, provider = "wordllama-l2-256", "local"

    def __init__(self) -> None:
        package = import_module("wordllama")
        folder = Path(package.__file__).parent
        self._model: Any = package.WordLlama.load(cache_dir=folder, disable_download=True)

    def embed(self, texts: Sequence[str], *, at_once: bool = False) -> tuple[list[list[float]], int]:
        return self._model.embed(list(texts), norm=True).tolist(), 0


class OpenAI:
    name, provider = "text-embedding-3-small", "OpenAI"

    def __init__(self) -> None:
        self._sdk = import_module("openai")
        self._client = self._sdk.OpenAI(
            api_key=settings.OPENAI_API_KEY,
            base_url=settings.OPENAI_BASE_URL or None,
            timeout=OPENAI_SECONDS,
            max_retries=1,
        )

    def embed(self, texts: Sequence[str], *, at_once: bool = False) -> tuple[list[list[float]], int]:
        client = self._client.with_options(timeout=QUERY_SECONDS, max_retries=0) if at_once else self._client
        try:
            told = client.embeddings.create(
                model=self.name, input=list(texts), dimensions=DIMENSIONS, encoding_format="float"
            )
        except self._sdk.OpenAIError as error:
            # By name only: the vendor may quote what it was sent.
            refused = isinstance(error, self._sdk.BadRequestError | self._sdk.UnprocessableEntityError)
            raise (EmbeddingRefused if refused else EmbeddingFailed)(type(error).__name__) from error
        vectors = [one.embedding for one in sorted(told.data, key=lambda one: one.index)]
        if [len(vector) for vector in vectors] != [DIMENSIONS] * len(texts):
            raise EmbeddingFailed("vectors of another size")
        return vectors, told.usage.prompt_tokens


KINDS: dict[str, type[Local] | type[OpenAI]] = {"local": Local, "openai": OpenAI}
_loading = Lock()


@cache
def _made(kind: str) -> Embedder:
    return KINDS[kind]()


def embedder() -> Embedder:
    """Who makes the vectors here. Slow the first time in a process, so only for a thread or a worker."""
    with _loading:
        return _made(settings.EMBEDDINGS)


def vectors_of(texts: Sequence[str], workspace_id: UUID, call_id: UUID | None = None) -> list[list[float]]:
    """One for each text. What it costs is written down. Raises EmbeddingFailed, EmbeddingRefused."""
    vectors, tokens = embedder().embed([text[:LONGEST] for text in texts])
    _write_down(tokens, workspace_id, call_id)
    return vectors


def _write_down(tokens: int, workspace_id: UUID, call_id: UUID | None) -> None:
    if tokens:
        by = embedder()
        ModelCall.objects.create(
            workspace_id=workspace_id,
            call_id=call_id,
            feature="embedding",
            provider=by.provider,
            model=by.name,
            tokens_in=tokens,
            cost_usd=OPENAI_PRICE * tokens / 1_000_000,
            finish="stop",
        )


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, as a point; and the tokens that cost."""

    vector: list[float]
    tokens: int


# A vendor that hangs keeps none of the threads busy that everybody else needs.
_asking = ThreadPoolExecutor(2, thread_name_prefix="query")


def query_of(text: str) -> Query:
    """For a thread. Asks nothing of the database. Raises EmbeddingFailed, EmbeddingRefused."""
    (vector,), tokens = embedder().embed([text[:LONGEST]], at_once=True)
    return Query(vector, tokens)


async def query_for(text: str) -> Query:
    """The same for somebody who waits; no longer than a few seconds."""
    return await asyncio.get_running_loop().run_in_executor(_asking, query_of, text)


# --- What is kept ---------------------------------------------------------------------------------------


def waiting(most: int, *, but: Collection[UUID] = ()) -> QuerySet[Call]:
    """Calls with words that have not been placed, oldest first. One that goes on changes too often yet."""
    over = Q(ended_at__isnull=False) | Q(channel=Call.Channel.CHAT)
    rows = Call.objects.due("embed_after").filter(over, embedded_at=None).exclude(pk__in=list(but))
    return rows.order_by("started_at")[:most]


def set_aside(call: Call) -> None:
    """Others first: with this one something is wrong."""
    Call.objects.filter(pk=call.pk).update(embed_after=call.next_try())


def take_in(call: Call, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """Place what is new of a call, and say how many texts that was. What was taken back goes.

    Done twice, it does nothing the second time. Of a long call a part is placed where `may_go_on` says so
    before its next batch; the rest still waits. Raises EmbeddingFailed, EmbeddingRefused.
    """
    name, texts, known = embedder().name, dict(_texts(call)), {}
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
        vectors = vectors_of([text for _, text in batch], call.workspace_id, call.pk)
        try:
            _keep(call, name, batch, vectors)
        except IntegrityError:
            # A turn was folded into another meanwhile, or the call is gone. What is left is still waiting.
            logger.info("call %s changed while it was embedded", call.pk)
            return 0
    Call.objects.filter(pk=call.pk, revision=call.revision).update(embedded_at=timezone.now())
    return len(new)


def _texts(call: Call) -> Iterator[tuple[UUID | None, str]]:
    if call.summary.strip():
        yield None, call.summary
    spoken = call.standing().exclude(role=Turn.Role.TOOL).values_list("pk", "text")
    yield from ((turn_id, text) for turn_id, text in spoken.iterator() if text.strip())


def _digest(text: str) -> str:
    return hashlib.sha256(text[:LONGEST].encode(errors="replace")).hexdigest()[:16]


def _keep(call: Call, model: str, texts: Sequence[tuple], vectors: Sequence[list[float]]) -> None:
    Embedding.objects.bulk_create(
        [
            Embedding(
                workspace_id=call.workspace_id,
                call=call,
                turn_id=turn_id,
                model=model,
                digest=_digest(text),
                vector=vector,
            )
            for (turn_id, text), vector in zip(texts, vectors, strict=True)
            if all(map(isfinite, vector))
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
    workspace_id: UUID, query: Query, *, among: QuerySet[Call] | None = None, most: int = 5
) -> list[Found]:
    """What of a workspace's calls (`among` them) says the like, nearest first. What the query cost is written
    down."""
    _write_down(query.tokens, workspace_id, None)
    rows = Embedding.objects.for_workspace(workspace_id).filter(model=embedder().name)
    if among is not None:
        rows = rows.filter(call__in=among)
    rows = rows.defer("vector", "turn__stream", "turn__words").select_related("call", "call__agent", "turn")
    nearest_first = rows.annotate(distance=CosineDistance("vector", query.vector)).order_by("distance")[:most]
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The index looks on until it has found so many of this workspace.
            cursor.execute("SELECT set_config('hnsw.iterative_scan', 'strict_order', true)")
        found = [Found(row.call, row.turn, 1 - row.distance) for row in nearest_first]
    return [one for one in found if one.likeness >= ALIKE]
