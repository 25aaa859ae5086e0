"""An answer as AI SDK clients read it: parts of a call's topic in, parts of the UI message stream out. Pure.

Only what every client since 5.0.0 accepts is told: no other types, no keys beside the known ones, no nulls.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from calls import wording

DONE = b"data: [DONE]\n\n"
HEARTBEAT = b": still here\n\n"
RETRYABLE = frozenset({"timeout", "rate_limited", "overloaded", "connection", "interrupted"})


def event(part: dict) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(part)


class Teller:
    """Tells one answer, once, however often it hears its parts: what was told is known by its place.

    `hear` what the topic says, from the beginning after `again()`; `end` when it is over.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.picture: dict | None = None  # the answer's turn, once it is final
        self.metadata: dict | None = None
        self.failure: tuple[dict, dict] | None = None  # data-error, error
        self._told: dict[str, int] = {}  # text id → characters
        self._seen: set[tuple[str, str]] = set()  # (type, id) of all else
        self.again()

    @property
    def characters(self) -> int:
        return sum(self._told.values())

    def begin(self) -> list[dict]:
        return [{"type": "start", "messageId": self.key}, {"type": "start-step"}]

    def again(self) -> None:
        """What is heard next begins with the beginning."""
        self._number = 0  # of the text
        self._at = 0  # characters heard of it
        self._used = False  # tools, since its last word
        self._error: dict = {}

    def hear(self, part: dict) -> list[dict]:
        match part["type"]:
            case "text-delta":
                return self._text(part["delta"])
            case "tool-input-available" | "tool-output-available" | "tool-output-error":
                return self._tool(part)
            case "message-metadata":
                self.metadata = part["messageMetadata"]
            case "data-error":
                self._error = part
            case "error":
                self.failure = (self._error, part)
            case "data-turn" if part["id"] == self.key and part["data"]["state"] != "thinking":
                self.picture = part["data"]
        return []

    def hear_all(self, heard: Iterable[dict]) -> list[dict]:
        return [told for part in heard for told in self.hear(part)]

    @property
    def complete(self) -> bool:
        """Whether all words of the final picture were told."""
        text = (self.picture or {}).get("text", "")
        return self.characters == len(text)

    def end(self, metadata: dict | None = None) -> list[dict]:
        """What closes the stream, once the answer's last picture is known, or will never be."""
        told: list[dict] = self._close()
        metadata = self.metadata or metadata
        closing: list[dict] = [{"type": "message-metadata", "messageMetadata": metadata}] if metadata else []
        error = (self.picture or {}).get("error")
        if self.failure or error or self.picture is None:
            return told + closing + list(self.failure or failure(error or "interrupted"))
        if self.picture["state"] in ("interrupted", "dropped"):
            return [*told, {"type": "finish-step"}, *closing, {"type": "abort"}]
        finish: dict[str, Any] = {"type": "finish"}
        if metadata:
            finish["messageMetadata"] = metadata
        return [*told, {"type": "finish-step"}, finish]

    def _once(self, part: dict, name: str) -> list[dict]:
        if (part["type"], name) in self._seen:
            return []
        self._seen.add((part["type"], name))
        return [part]

    def _text(self, text: str) -> list[dict]:
        told: list[dict] = []
        if self._used or not self._number:
            if self._used:
                told += self._once({"type": "finish-step"}, f"{self._number}")
                told += self._once({"type": "start-step"}, f"{self._number}")
            self._number, self._at, self._used = self._number + 1, 0, False
        name = f"t{self._number}"
        told += self._once({"type": "text-start", "id": name}, name)
        known = self._told.get(name, 0)
        fresh = text[max(0, known - self._at) :]
        self._at += len(text)
        if fresh:
            self._told[name] = known + len(fresh)
            told.append({"type": "text-delta", "id": name, "delta": fresh})
        return told

    def _close(self) -> list[dict]:
        """The end of a text, where one is open."""
        name = f"t{self._number}"
        return self._once({"type": "text-end", "id": name}, name) if name in self._told else []

    def _tool(self, part: dict) -> list[dict]:
        told = self._close() if part["type"] == "tool-input-available" else []
        self._used = True
        return told + self._once(part, part["toolCallId"])


def failure(error: str, *, trace_id: str = "") -> tuple[dict, dict]:
    """What says that an answer failed: for us, and for the SDK."""
    data = {"type": error, "retryable": error in RETRYABLE, "trace_id": trace_id}
    return {"type": "data-error", "data": data}, {"type": "error", "errorText": wording.error(error)}


def of_answer(heard: Iterable[dict], key: str) -> list[dict]:
    """Of a whole call's parts, those of one answer and its tools."""

    def is_ours(part: dict) -> bool:
        name = part.get("id", part.get("toolCallId", ""))
        return name == key or tool_of(name) == key

    return [part for part in heard if is_ours(part)]


def tool_key(answer: str, n: int | str) -> str:
    return f"{answer}.x{n}"


def tool_of(key: str) -> str:
    """Which answer a tool was used for."""
    return key.rpartition(".x")[0]
