"""Who makes points of texts, as `EMBEDDINGS` says: a small model that comes in its wheel, or OpenAI's."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from django.conf import settings

from agents.llm.clients import adapter
from agents.llm.errors import ProviderError
from agents.llm.pricing import Prices
from calls.models import DIMENSIONS

OPENAI_SECONDS = 20.0
QUERY_SECONDS = 4.0  # less than a tool has (agents/registry.py)


class Embedder(Protocol):
    name: str
    provider: str
    prices: Prices | None  # None: nobody is paid

    def embed(self, texts: Sequence[str], *, at_once: bool = False) -> tuple[list[list[float]], int]:
        """A vector of length 1 for each, and the tokens that are paid for. Halts its thread.

        `at_once`: somebody waits, so not for long. Raises ProviderError.
        """
        ...


class Local:
    """100,000 sentences a second, no network; 100 MB once it is there."""

    name, provider = "wordllama-l2-256", "local"
    prices: Prices | None = None

    def __init__(self) -> None:
        package = import_module("wordllama")
        folder = Path(package.__file__).parent
        self._model: Any = package.WordLlama.load(cache_dir=folder, disable_download=True)

    def embed(self, texts: Sequence[str], *, at_once: bool = False) -> tuple[list[list[float]], int]:
        return self._model.embed(list(texts), norm=True).tolist(), 0


class OpenAI:
    name, provider = "text-embedding-3-small", "OpenAI"
    prices: Prices | None = Prices(tokens_in=Decimal("0.02"), tokens_out=Decimal(0))

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
            raise adapter("openai").fault_of(error) from error
        vectors = [one.embedding for one in sorted(told.data, key=lambda one: one.index)]
        if [len(vector) for vector in vectors] != [DIMENSIONS] * len(texts):
            raise ProviderError("internal", code="other_size", falls_through=True)
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


def name() -> str:
    """The same one's, without having it loaded."""
    return KINDS[settings.EMBEDDINGS].name


def are_bought() -> bool:
    """Whether a vendor makes them, who may take long."""
    return KINDS[settings.EMBEDDINGS].prices is not None
