"""When the same model is asked once more, and when the next one is asked instead."""

from random import uniform

from agents.llm.errors import ProviderError

# A person on the phone takes two seconds of silence for thinking; then they say "hello?". So nobody is asked
# twice later than this after the question.
PATIENCE_SECONDS = 2.0
# While another model is free nobody waits longer than this for one that is not.
SHORT_SECONDS = 0.25
BASE_SECONDS = 0.1  # the first pause, at most; each further one is twice as long
# A connection that broke this early was probably kept open too long by us: a fresh one costs little.
EARLY_SECONDS = 1.0


def pause(
    error: ProviderError, *, tries: int, retries: int, took: float, elapsed: float, last: bool
) -> float | None:
    """Seconds until the same model is asked again. None: never, on to the next.

    It failed with `error` after `took` seconds, for the `tries`th time of this request, which is `elapsed`
    seconds old. `last`: no other model is left. Pauses differ by chance, so that those who failed together
    do not come back together, and are never shorter than the vendor asks for.
    """
    if tries > retries or not error.retryable:
        return None
    if error.type == "connection" and tries == 1 and took < EARLY_SECONDS:
        return 0.0
    longest = PATIENCE_SECONDS - elapsed
    if not last:
        longest = min(longest, SHORT_SECONDS)
    most = BASE_SECONDS * 2 ** (tries - 1)
    wait = uniform(most / 2, most)  # noqa: S311
    if error.retry_after is not None:
        wait = error.retry_after + uniform(0, BASE_SECONDS)  # noqa: S311
        longest += BASE_SECONDS  # what chance adds is not the vendor's doing
    return wait if wait <= longest else None
