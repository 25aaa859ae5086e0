"""A call as the platform keeps it: who, when, and every word with its time."""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# What the platform charges, in US cents per second of call; of the two models, the one that was used.
UNIT_PRICES = {"elevenlabs_tts": 0.1167, "custom_llm": 0.0333, "gpt_4_1": 0.05, "us_telephony": 0.025}
SPOKEN = ("agent", "user")
LIVE = ("registered", "ongoing")


@dataclass(slots=True)
class Call:
    """One phone call. `clock` counts human seconds since the call began."""

    id: str
    agent_id: str
    agent_name: str
    direction: str
    from_number: str
    to_number: str
    clock: Callable[[], float]
    language: str = "en-GB"
    agent_version: int = 1
    started_at_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    entries: list[dict[str, Any]] = field(default_factory=list)
    status: str = "ongoing"
    disconnection_reason: str = ""
    transfer_destination: str = ""
    duration_ms: int = 0
    # Real milliseconds from "it is your turn" to the first word that arrived, and that was spoken.
    first_words_ms: list[float] = field(default_factory=list)
    first_sounds_ms: list[float] = field(default_factory=list)
    round_trips_ms: list[float] = field(default_factory=list)
    analysis: dict[str, Any] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    number: int = 0  # how many calls the platform had placed before
    hosted: bool = False  # the platform's own model answers
    tokens: list[int] = field(default_factory=list)  # of each request to that model
    ended_at_ms: int = 0
    transfer_ended_at_ms: int = 0
    recording: str = "kept"  # or "off": there is none, or "lost": the platform cannot find it
    recorded: Callable[[], dict[str, str]] = dict  # where it is, as the call object tells

    # --- words -----------------------------------------------------------------------------------

    def open_utterance(self, role: str, **metadata: Any) -> dict[str, Any]:
        entry: dict[str, Any] = {"role": role, "content": "", "words": []}
        if metadata:
            entry["metadata"] = metadata
        self.entries.append(entry)
        return entry

    @staticmethod
    def add_word(entry: dict[str, Any], word: str, start: float, end: float) -> None:
        entry["content"] += f" {word}" if entry["content"] else word
        entry["words"].append({"word": word, "start": round(start, 2), "end": round(end, 2)})

    def last_spoken(self) -> dict[str, Any] | None:
        return next((entry for entry in reversed(self.entries) if entry["role"] in SPOKEN), None)

    def tool_invoked(self, tool_call_id: str, name: str, arguments: str) -> None:
        self.entries.append(
            {
                "role": "tool_call_invocation",
                "tool_call_id": tool_call_id,
                "name": name,
                "arguments": arguments,
            }
        )

    def tool_answered(self, tool_call_id: str, content: str, successful: bool | None) -> None:
        entry: dict[str, Any] = {"role": "tool_call_result", "tool_call_id": tool_call_id, "content": content}
        if successful is not None:
            entry["successful"] = successful
        self.entries.append(entry)

    def transcript(self) -> list[dict[str, Any]]:
        return [entry for entry in self.entries if entry["role"] in SPOKEN]

    def said(self, role: str) -> list[str]:
        return [entry["content"] for entry in self.entries if entry["role"] == role]

    # --- end -------------------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        return self.status in LIVE

    def finish(self, reason: str) -> None:
        """It is over, for this reason. One that was still ringing never connected, and lasted no time."""
        if not self.live:
            return
        elapsed_ms = int(self.clock() * 1000)
        self.ended_at_ms = self.started_at_ms + elapsed_ms
        self.disconnection_reason = reason
        if self.status == "registered":
            self.status = "not_connected"
        else:
            self.duration_ms = elapsed_ms
            self.status = "error" if reason.startswith("error_") else "ended"

    # --- as the API and the webhooks tell it -------------------------------------------------------

    def basics(self) -> dict[str, Any]:
        """Who and when: what is known as soon as it rings."""
        call: dict[str, Any] = {
            "call_id": self.id,
            "call_type": "phone_call",
            "agent_id": self.agent_id,
            "agent_version": self.agent_version,
            "agent_name": self.agent_name,
            "call_status": self.status,
            "direction": self.direction,
            "from_number": self.from_number,
            "to_number": self.to_number,
            "start_timestamp": self.started_at_ms,
            "data_storage_setting": "everything",
            "opt_in_signed_url": False,
        }
        return call | ({"metadata": self.metadata} if self.metadata else {})

    def outcome(self) -> dict[str, Any]:
        """How it went, once it is over; nothing before."""
        if self.live:
            return {}
        told: dict[str, Any] = {
            "end_timestamp": self.ended_at_ms,
            "duration_ms": self.duration_ms,
            "disconnection_reason": self.disconnection_reason,
            "latency": self._latency(),
            "call_cost": self._cost(),
        }
        if self.tokens:
            told["llm_token_usage"] = {
                "average": round(statistics.mean(self.tokens), 1),
                "num_requests": len(self.tokens),
                "values": self.tokens,
            }
        if self.transfer_destination:
            told["transfer_destination"] = self.transfer_destination
        if self.transfer_ended_at_ms:
            told["transfer_end_timestamp"] = self.transfer_ended_at_ms
        return told | self.recorded()

    def words(self) -> dict[str, Any]:
        """The transcript so far, in the three ways the platform writes it."""
        names = {"agent": "Agent", "user": "User"}
        lines = (f"{names[entry['role']]}: {entry['content']}\n" for entry in self.transcript())
        return {
            "transcript": "".join(lines),
            "transcript_object": self.transcript(),
            "transcript_with_tool_calls": list(self.entries),
        }

    def brief(self) -> dict[str, Any]:
        """The call without its words: in `call_details` and in lists."""
        analysis = {"call_analysis": self.analysis} if self.analysis is not None else {}
        return self.basics() | self.outcome() | analysis

    def full(self) -> dict[str, Any]:
        """The call object of `GET /v2/get-call/{id}`."""
        return self.brief() | self.words()

    def told(self, event: str) -> dict[str, Any]:
        """The call object of a webhook."""
        match event:
            case "transcript_updated":
                return self.basics() | self.words()
            case "call_ended":
                return self.basics() | self.outcome() | self.words()
            case "call_analyzed" | "transfer_ended":
                return self.full()
        return self.basics()

    def _latency(self) -> dict[str, Any]:
        measured = {
            "e2e": self.first_sounds_ms,
            "llm": self.first_words_ms,
            "llm_websocket_network_rtt": self.round_trips_ms,
        }
        return {name: _percentiles(values) for name, values in measured.items() if values}

    def _cost(self) -> dict[str, Any]:
        seconds = round(self.duration_ms / 1000)
        spared = "custom_llm" if self.hosted else "gpt_4_1"
        prices = {name: price for name, price in UNIT_PRICES.items() if seconds and name != spared}
        products: list[dict[str, Any]] = [
            {"product": name, "unit_price": price, "cost": round(price * seconds, 4)}
            for name, price in prices.items()
        ]
        return {
            "combined_cost": round(sum(product["cost"] for product in products), 4),
            "product_costs": products,
            "total_duration_seconds": seconds,
            "total_duration_unit_price": round(sum(prices.values()), 4),
        }


def _percentiles(values: list[float]) -> dict[str, Any]:
    rounded = [round(value, 1) for value in values]
    cuts = statistics.quantiles(rounded, n=100, method="inclusive") if len(rounded) > 1 else rounded * 99
    return {
        "p50": round(cuts[49], 1),
        "p90": round(cuts[89], 1),
        "p95": round(cuts[94], 1),
        "p99": round(cuts[98], 1),
        "max": max(rounded),
        "min": min(rounded),
        "num": len(rounded),
        "values": rounded,
    }


def readable(arguments: Any) -> str:
    """Tool arguments as the platform keeps them: JSON in a string."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
