"""An answer in a chat: read, not spoken."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agents.llm.events import Event, Started, ToolCall, Usage
from agents.llm.request import Message, Request
from agents.llm.tools import BUILT_IN, ToolResult
from agents.variables import MEMORY, fill
from base.trace import current_trace_id
from calls import parts
from calls.models import Turn
from live.answer import Answer
from live.chat import record, wire
from live.interrupted import dropped
from live.line import Line
from live.whispers import told_before, whispered
from platforms.events import TurnSpoken
from streaming.log import Entry


class ChatAnswer(Answer):
    """Its words and tools are one group of the call's topic, in their order.

    `tiers`: of the models that may answer, by provider and name. `anew`: what was said before will not do.
    """

    feature = "chat"

    def __init__(
        self,
        line: Line,
        key: str,
        *,
        messages: Sequence[Message],
        asked_ms: int,
        tier: str,
        chain: Sequence[str],
        provider: str,
        anew: bool,
        tiers: Mapping[tuple[str, str], str],
    ) -> None:
        # Nobody is known by a number here.
        system = fill(line.agent.prompt, {**line.agent.variables, MEMORY: ""})
        system += whispered(line.call, told_before(line.call, line.turns.values()))
        super().__init__(line, key, system=system, messages=messages, asked_ms=asked_ms)
        self.turn: Turn | None = None  # once it is in the record
        self._tier, self._chain, self._provider, self._anew = tier, chain, provider, anew
        self._tiers = tiers
        self._floor = 0  # what comes next was not before this
        self._answered_by = Started("", "", 0)
        self._used = Usage(0, 0, 0)

    @property
    def failed(self) -> bool:
        return bool(self._error) and self._error != parts.SUPERSEDED

    def _request(self, *, last: bool) -> Request:
        request = super()._request(last=last)
        # Nobody can be put through, and there is nothing to hang up.
        tools = tuple(tool for tool in request.tools if tool.name not in BUILT_IN)
        kept = 0 if self._anew else request.cache_seconds
        asked = replace(request, tier=self._tier, chain=self._chain, provider=self._provider)
        return replace(asked, tools=tools, cache_seconds=kept)

    def _heard(self, event: Event) -> None:
        match event:
            case Started():
                self._answered_by = event
            case Usage():
                used = self._used
                self._used = Usage(
                    used.tokens_in + event.tokens_in,
                    used.tokens_cached + event.tokens_cached,
                    used.tokens_out + event.tokens_out,
                    cost_usd=used.cost_usd + event.cost_usd,
                )

    # From its times the record knows which words came before a tool was used, and which after.

    def _ms(self) -> int:
        self._floor = max(self._floor, self.line.ms())
        return self._floor

    def _tool_key(self, n: int) -> tuple[str, str]:
        return wire.tool_key(self.key, n), self.key

    def _tool_ended(self, call: ToolCall, result: ToolResult) -> None:
        self._floor = self._ms() + 1

    # Its end.

    def _leaves_something(self) -> bool:
        # Nobody is apologised to, so that it failed has to be kept even where nothing was said.
        return bool(self.stream) or self.failed

    def _write(self, said: TurnSpoken) -> None:
        self.line.write(said, shown=self._is_kept)

    def _is_kept(self, turn: Turn) -> bool:
        # This one is shown when the lease has been given back.
        if turn.key == self.key:
            self.turn = turn
        return turn.key != self.key

    def _drop(self) -> None:
        self.line.give_back(self.n)

    def last_words(self) -> list[Entry]:
        """What is told once all is over."""
        if self.turn is None and self._leaves_something():
            # The database was away for too long: what was said is nowhere but with those who have read it.
            self._fail("internal", "The answer could not be kept.", retryable=True)
            lost = [Entry(part, group=self.key) for part in self._failure()]
            return [*lost, dropped(self.key, self.n)]
        if self.turn is None:
            return [dropped(self.key, self.n)]
        metadata = {"type": "message-metadata", "messageMetadata": self.metadata(self.turn)}
        return [Entry(metadata, group=self.key), parts.turn_entry(self.turn)]

    def metadata(self, turn: Turn) -> dict:
        """As `record.metadata_of` has it from the attempts, which may not be stored yet."""
        answered_by = self._answered_by
        known = {
            "model": self._model,
            "provider": answered_by.provider,
            "tier": self._tiers.get((answered_by.provider, answered_by.model), ""),
            "fallback": self._fallback,
            "usage": {
                "inputTokens": self._used.tokens_in,
                "outputTokens": self._used.tokens_out,
                "cachedTokens": self._used.tokens_cached,
            },
            "costUsd": f"{self._used.cost_usd:.8f}",
            "cached": answered_by.cached,
            "traceId": current_trace_id(),
            "finishReason": record.finish_reason(turn.error, self._finish),
        }
        return known if turn.reply_ms is None else known | {"firstTokenMs": turn.reply_ms}
