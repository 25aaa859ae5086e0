"""What one reader was shown of one topic. Fails at the first gap, repeat or step back, not at the end."""

from dataclasses import dataclass, field

from tests.streaming.churn.source import Truth


@dataclass(eq=False)
class Witness:
    """`part` raises AssertionError for what must not be shown at this moment.

    After a reset the record is told, and what it told may come once more from the log, for "the log first,
    the record second" is told twice rather than lost. Whoever is cut off while the story so far is told goes
    on behind pictures that it was not given: of turns that had begun by then it may see the end only, until
    their picture comes.
    """

    truth: Truth
    shown: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    resets_before: int = 0  # losses of the log that it has been told of, or came after
    ended: bool = False
    _retellable: int = -1  # keys up to this number may come from the record, and then once more
    _told_again: set[str] = field(default_factory=set)
    _torn: set[str] = field(default_factory=set)
    _torn_until: int = 0  # keys up to this number may begin in the middle
    _has_story: bool = True

    def cut_off(self) -> None:
        """The connection has broken."""
        if self._has_story:
            self._torn_until = self.truth.begun

    def part(self, part: dict) -> None:
        # That it is over may be said by the record, and then by the log.
        assert not self.ended or part["type"] == "finish", f"{part} after the end of {self.truth.topic}"
        if self._retellable < 0:
            self._retellable = self.truth.begun
        match part["type"]:
            case "data-reset":
                self._reset()
            case "text-start":
                self._begin(part["id"])
            case "text-delta":
                self._hear(part["id"], part["delta"])
            case "text-end":
                self._complete(part["id"])
            case "data-turn":
                self._see(part["id"], **part["data"])
            case "data-gone":
                self.shown.pop(part["id"], None)
            case "finish":
                self._end()
            case _:
                raise AssertionError(f"unexpected {part}")

    def _reset(self) -> None:
        self.shown, self.versions = {}, {}
        self._told_again, self._torn, self._torn_until = set(), set(), 0
        self._retellable, self._has_story = self.truth.begun, True

    def _begin(self, key: str) -> None:
        self._met(key)
        if key in self.shown:
            self._once_more(key, "begins")
        self.shown[key] = ""
        self.versions.pop(key, None)

    def _hear(self, key: str, words: str) -> None:
        if key in self._torn:
            return
        if key not in self.shown:
            assert number(key) <= self._torn_until, f"{key} begins in the middle: {words!r}"
            self._torn.add(key)
            return
        text, so_far = self.truth.shown[key], self.shown[key]
        assert text.startswith(words, len(so_far)), (
            f"{key}: {words!r} follows on {so_far[-30:]!r} of {text!r}"
        )
        self.shown[key] += words

    def _complete(self, key: str) -> None:
        if key in self._torn or (key not in self.shown and number(key) <= self._torn_until):
            return
        assert self.shown[key] == self.truth.shown[key], f"{key} ends after {self.shown[key][-30:]!r}"

    def _see(self, key: str, version: int, text: str) -> None:
        self._met(key)
        if version <= self.versions.get(key, 0):
            self._once_more(key, f"version {version} after {self.versions[key]}")
        if key.startswith("r"):
            assert text == self.truth.shown[key], f"{key} is shown as {text!r}"
        else:
            assert text.startswith(f"{key}.{version} "), (
                f"{key}, version {version}, is shown as {text[:40]!r}"
            )
        self.versions[key] = version
        self.shown[key] = text
        self._torn.discard(key)

    def _met(self, key: str) -> None:
        if number(key) > self._retellable:
            self._has_story = False  # this began after the story did: it is told

    def _once_more(self, key: str, what: str) -> None:
        told = number(key) <= self._retellable and key not in self._told_again
        assert told, f"{key} {what}: it was shown twice"
        self._told_again.add(key)

    def _end(self) -> None:
        assert self.truth.ended, "it ends before its end"
        self.ended = True
        assert self.differs() == [], (
            f"{self.truth.topic} ended, and {self.differs()} are not as they were said"
        )

    def differs(self) -> list[str]:
        """The keys of what is shown otherwise than it is."""
        truth = dict(self.truth.shown)
        return sorted(
            key for key in truth.keys() | self.shown.keys() if truth.get(key) != self.shown.get(key)
        )


def number(key: str) -> int:
    return int(key[1:])
