"""One attempt at one model, as it will be remembered."""

from dataclasses import replace
from time import monotonic

from agents.llm import context, pricing
from agents.llm.chain import Candidate
from agents.llm.errors import ProviderError
from agents.llm.events import Event, Finish, TextDelta, ToolCall, Usage
from agents.llm.request import Request
from agents.models import ModelCall
from base.ids import uuid7
from base.trace import current_trace_id


class AttemptFailed(Exception):
    """An attempt came to its end before the first of the answer. Nothing of it has been passed on."""

    def __init__(self, attempt: "Attempt", error: ProviderError) -> None:
        self.attempt = attempt
        self.error = error
        super().__init__(str(error))


class Attempt:
    """Watches an answer pass and keeps what the record needs: times, counts, how it ended."""

    def __init__(
        self, request: Request, candidate: Candidate, *, number: int, fallback: int, fallback_from: str
    ) -> None:
        self.id = uuid7()
        self.request = request
        self.candidate = candidate
        self.fallback = fallback  # how many models of the chain come before it
        self.begun = False  # something of the answer has been passed on
        self._number = number
        self._fallback_from = fallback_from
        self._asked_at = monotonic()
        self._first_token_ms: int | None = None
        self._bytes_out = 0
        self._words: list[str] | None = [] if request.cache_seconds else None  # None: not to be kept
        self._again = False
        self._said: Usage | None = None  # by the vendor
        self._finish = ""
        self._error: ProviderError | None = None

    def saw(self, event: Event) -> None:
        match event:
            case Usage():
                self._said = event
            case Finish():
                self._finish = event.reason
            case TextDelta():
                self._begin()
                self._bytes_out += len(event.text.encode())
                if self._words is not None:
                    self._words.append(event.text)
            case ToolCall():
                self._begin()
                self._words = None
                self._bytes_out += len(event.name) + len(event.raw.encode())

    def failed(self, error: ProviderError) -> None:
        self._error = error
        self._finish = "content_filter" if error.type == "content_filter" else "error"

    def cancelled(self) -> None:
        # Whoever has got the end and leaves has missed nothing.
        self._finish = self._finish or "cancelled"

    def given_again(self) -> None:
        """Nobody is asked: this model has said it before, and nothing is paid for."""
        self._again, self._said, self._words = True, Usage(0, 0, 0), None

    @property
    def whole(self) -> str:
        """All that was said, where it may be said again: a complete answer of words alone, else empty."""
        return "".join(self._words) if self._words and self._finish == "stop" and not self._error else ""

    @property
    def seconds(self) -> float:
        """Since it was asked."""
        return monotonic() - self._asked_at

    @property
    def cost_something(self) -> bool:
        return self.begun or self._said is not None

    def usage(self) -> Usage:
        """What was used, with its cost: the vendor's counts, or ours where there are none.

        A refused request costs nothing; one that was answered in part, timed out or was cancelled is
        paid for by most vendors, though they never tell how much.
        """
        said = self._said
        if said is None:
            paid = self.begun or self._finish == "cancelled" or _timed_out(self._error)
            prompt = pricing.prompt_tokens(self.request) if paid else 0
            said = Usage(prompt, 0, self._tokens_out(), estimated=paid)
        elif said.estimated:
            said = replace(said, tokens_out=max(said.tokens_out, self._tokens_out()))
        return pricing.priced(self._measured(said), self.candidate.prices)

    def _measured(self, used: Usage) -> Usage:
        """With what the next request of the conversation may know of its length."""
        counted = self._said is not None and used.tokens_in > 0
        return replace(
            used,
            measure=context.measure(self.request, used.tokens_in) if counted else self.request.measure,
            fullness=min(1.0, (used.tokens_in + used.tokens_out) / self.candidate.context_tokens),
        )

    def row(self) -> ModelCall:
        request, usage, error = self.request, self.usage(), self._error
        return ModelCall(
            id=self.id,
            workspace_id=request.workspace_id,
            agent_id=request.agent_id,
            call_id=request.call_id,
            turn=request.turn,
            trace_id=request.trace_id or current_trace_id(),
            feature=request.feature,
            provider=self.candidate.provider,
            model=self.candidate.model.name,
            tier=self.candidate.tier,
            attempt=self._number,
            fallback_from=self._fallback_from,
            cache_hit=self._again,
            tokens_in=usage.tokens_in,
            tokens_cached=usage.tokens_cached,
            tokens_out=usage.tokens_out,
            estimated=usage.estimated,
            cost_usd=usage.cost_usd,
            first_token_ms=self._first_token_ms,
            duration_ms=self._ms(),
            finish=self._finish,
            error_type=error.type if error else "",
            error_code=error.code if error else "",
            request_id=error.request_id if error else "",
        )

    def _begin(self) -> None:
        if not self.begun:
            self.begun = True
            self._first_token_ms = self._ms()

    def _tokens_out(self) -> int:
        return -(-self._bytes_out // pricing.BYTES_PER_TOKEN)

    def _ms(self) -> int:
        return round(self.seconds * 1_000)


def _timed_out(error: ProviderError | None) -> bool:
    return error is not None and error.type == "timeout"
