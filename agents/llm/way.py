"""One request on its way along its chain: whom to ask first, and whom after a failure."""

import asyncio
from collections.abc import Sequence
from time import monotonic

from agents.llm import backoff, context
from agents.llm.attempt import Attempt, AttemptFailed
from agents.llm.chain import Candidate
from agents.llm.circuit import Circuits
from agents.llm.errors import ProviderError
from agents.llm.request import Request


class Way:
    def __init__(self, request: Request, models: Sequence[Candidate], circuits: Circuits) -> None:
        self.error = ProviderError("internal", "No model is set up and enabled.", code="no_models")
        self._request = request
        self._models = models
        self._circuits = circuits
        self._began = monotonic()
        self._at = -1  # the model that is being asked, in the chain
        self._before = ""  # the name of the one before it
        self._tries = 0  # of it
        self._number = 0  # attempts at all of them
        self._failed = False
        self._shortened = False

    def next(self) -> Attempt | None:
        """An attempt at the next model that is not left alone. None: there is no other."""
        while self._at + 1 < len(self._models):
            self._before = self._models[self._at].model.name if self._at >= 0 else ""
            self._at += 1
            candidate = self._models[self._at]
            if self._circuits.admits(candidate, last=self._is_last()):
                self._tries = 0
                return self._attempt(candidate, context.fit(self._request, candidate.context_tokens))
            if not self._failed:
                self.error = self._circuits.refusal(candidate)
        return None

    async def onward(self, failure: AttemptFailed) -> Attempt | None:
        """The attempt after one that failed, when it is time for it. None: that was all."""
        error, attempt = failure.error, failure.attempt
        self.error, self._failed = error, True
        if error.type == "context_length":
            return self._shorter(attempt)
        if not error.falls_through:
            return None
        if attempt.candidate is self._models[self._at]:
            pause = backoff.pause(
                error,
                tries=self._tries,
                retries=attempt.candidate.retries,
                took=attempt.seconds,
                elapsed=monotonic() - self._began,
                last=self._is_last(),
            )
            if pause is not None:
                await asyncio.sleep(pause)
                return self._attempt(attempt.candidate, attempt.request)
        return self.next()

    def _is_last(self) -> bool:
        """Nobody else is left who might be asked."""
        return not any(map(self._circuits.allows, self._models[self._at + 1 :]))

    def _shorter(self, attempt: Attempt) -> Attempt | None:
        """The same model with less to read, once. Its vendor counts in another way than we do."""
        if self._shortened:
            return None
        self._shortened = True
        request = context.tighter(attempt.request, attempt.candidate.context_tokens)
        return self._attempt(attempt.candidate, request) if request else None

    def _attempt(self, candidate: Candidate, request: Request) -> Attempt:
        self._tries += 1
        self._number += 1
        return Attempt(request, candidate, number=self._number, fallback=self._at, fallback_from=self._before)
