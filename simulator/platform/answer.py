"""What the agent says to one response id: it arrives faster than it can be spoken."""

import asyncio
import time
from typing import Any


class Answer:
    """Text that arrives in pieces and is spoken word by word.

    Events: `begun` (first word spoken, or never any), `over` (all spoken, or cut).
    """

    def __init__(self, response_id: int, *, interrupt_id: int | None = None) -> None:
        self.response_id = response_id
        self.interrupt_id = interrupt_id
        self.asked_at = time.monotonic()
        self.text = ""
        self.complete = False
        self.spoken = 0
        self.cut = False
        self.end_call = False
        self.transfer_number = ""
        self.no_interruption = False
        self.begun = asyncio.Event()
        self.over = asyncio.Event()
        self._news = asyncio.Event()

    def take(self, frame: dict[str, Any]) -> None:
        """One `response` frame for this id. Pieces are joined as they are: spaces are the sender's."""
        if self.complete:
            return
        self.text += str(frame.get("content") or "")
        self.complete = frame.get("content_complete") is True
        self.end_call = self.end_call or frame.get("end_call") is True
        self.transfer_number = str(frame.get("transfer_number") or self.transfer_number)
        self.no_interruption = self.no_interruption or frame.get("no_interruption_allowed") is True
        self._news.set()

    def end(self) -> None:
        """Nothing more will be spoken: whoever waits for this answer need not."""
        self.begun.set()
        self.over.set()

    async def next_word(self) -> str | None:
        """The next word that can be spoken; None when there will be none."""
        while True:
            words = self.text.split()
            # The last word may still be growing.
            whole = self.complete or self.text[-1:].isspace()
            ready = len(words) if whole else len(words) - 1
            if self.spoken < ready:
                self.spoken += 1
                return words[self.spoken - 1]
            if self.complete:
                return None
            self._news.clear()
            await self._news.wait()

    @property
    def metadata(self) -> dict[str, Any]:
        if self.interrupt_id is not None:
            return {"interrupt_id": self.interrupt_id}
        return {"response_id": self.response_id}
