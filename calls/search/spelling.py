"""Misspelt words, and what they may have been meant to be: a word that was said, and is spelt nearly so or
sounds alike. What a recogniser hears it writes as it sounds, and so do people: "pet sematary".

Only words of the same workspace are thought of, and only such as one of its calls still has: no tenant is
told another's, and nobody what was erased.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from django.db import connection, transaction

from base.ids import uuid7
from calls.search.languages import PLAIN, configs_of

SHORTEST, LONGEST = 4, 30  # letters of a word that is known by its spelling
LONG = 8  # letters of a word in which two may be wrong; if it sounds the same, three
ALIKE = 0.2  # of the trigrams of two words: of a short one with two letters changed about not many are left
LOOKED_AT = 40  # words, for each that is misspelt
TRIMMED = 2_000  # words looked at together
_WORD = re.compile(rf"[^\W\d_]{{{SHORTEST},{LONGEST}}}")
VOWELS = "aeiouyhw"
# Whoever learns words shares this lock until the call that has them is written; whoever forgets some has it
# alone, and sees then what was written. Else a word could go that somebody just found to be known.
_SHARED = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 12))"
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 12))"
_SOUNDS = {
    letter: sound
    for sound, letters in enumerate(("bfpv", "cgjkqsxzß", "dt", "l", "mn", "r"), 1)
    for letter in letters
}


def words_of(text: str) -> list[str]:
    """Those of a text that are kept for their spelling, each once, in small letters."""
    return sorted({word.lower() for word in _WORD.findall(text) if len(word.lower()) <= LONGEST})


def sound(word: str) -> str:
    """What a word is to the ear: its consonants by how they are made, and where there is a vowel between.

    As Soundex, but with the first letter among them, and whole.
    """
    heard = ""
    for letter in word.lower():
        made = "" if letter in "hw" else str(_SOUNDS.get(letter, "a"))
        heard += made if not heard.endswith(made) else ""
    return heard


def learn(workspace_id: UUID, text: str) -> None:
    """Know the words of a text from now on. Within the transaction that writes by what its call is found."""
    words = words_of(text)
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, [str(workspace_id)])
        # In the order of the alphabet, so that two who learn the same wait for each other and no more.
        cursor.execute(
            """
            INSERT INTO calls_word (id, created_at, workspace_id, text, sound)
            SELECT new.id, now(), %s, new.text, new.sound
            FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS new (id, text, sound)
            WHERE NOT EXISTS (
                SELECT FROM calls_word known WHERE known.workspace_id = %s AND known.text = new.text)
            ORDER BY new.text ON CONFLICT DO NOTHING
            """,
            [workspace_id, [uuid7() for _ in words], words, [sound(word) for word in words], workspace_id],
        )


def forget(workspace_id: UUID, words: Iterable[str] | None = None) -> int:
    """Of these words, or of all, those that no call has any more; how many that were. For a thread."""
    if words is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT text FROM calls_word WHERE workspace_id = %s", [workspace_id])
            words = [text for (text,) in cursor.fetchall()]
    configs = configs_of(workspace_id)
    # All are looked for before the first goes: from then on, in a longer transaction, nobody else learns any.
    unsaid = [word for some in _batches(words) for word in _unsaid(workspace_id, some, configs)]
    return sum(_drop(workspace_id, some, configs) for some in _batches(unsaid))


def _batches(words: Iterable[str]) -> Iterator[list[str]]:
    words = list(words)
    for start in range(0, len(words), TRIMMED):
        yield words[start : start + TRIMMED]


@transaction.atomic
def _drop(workspace_id: UUID, words: list[str], configs: Sequence[str]) -> int:
    """Those of them that are unsaid still, now that nobody learns any: for a moment, as they are few."""
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [str(workspace_id)])
        cursor.execute(
            "DELETE FROM calls_word WHERE workspace_id = %s AND text = ANY(%s)",
            [workspace_id, _unsaid(workspace_id, words, configs)],
        )
        return cursor.rowcount


def _unsaid(workspace_id: UUID, words: list[str], configs: Sequence[str]) -> list[str]:
    there = _that_are_there(workspace_id, words, configs)
    return [word for word in words if word not in there]


def corrected(workspace_id: UUID, words: Sequence[str], configs: Sequence[str]) -> dict[str, str]:
    """For each of the words that was likely meant to be another one, that one. `configs`: what the calls are
    read by."""
    wanted = {word: word.lower() for word in words if _WORD.fullmatch(word)}
    if not wanted:
        return {}
    near = _near(workspace_id, sorted(set(wanted.values())))
    # The likeliest first; of most there is none, and whether calls have a common word takes long to say.
    likely = {
        word: sorted(
            (one for one in near.get(small, ()) if _is_likely(small, one)),
            key=lambda one: (edits(small, one), one),
        )
        for word, small in wanted.items()
    }
    there = _that_are_there(workspace_id, sorted({one for some in likely.values() for one in some}), configs)
    meant = {word: next((one for one in some if one in there), "") for word, some in likely.items()}
    return {word: one for word, one in meant.items() if one}


def _near(workspace_id: UUID, words: list[str]) -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        # It is said how alike they have to be before the first of them is looked for.
        cursor.execute(
            """
            WITH wanted AS MATERIALIZED (
                SELECT word, sound, set_config('pg_trgm.similarity_threshold', %s, true)
                FROM unnest(%s::text[], %s::text[]) AS given (word, sound))
            SELECT wanted.word, near.text FROM wanted,
            LATERAL (
                (SELECT text FROM calls_word WHERE workspace_id = %s AND text %% wanted.word
                 ORDER BY similarity(text, wanted.word) DESC LIMIT %s)
                UNION
                (SELECT text FROM calls_word WHERE workspace_id = %s AND calls_word.sound = wanted.sound
                 ORDER BY similarity(text, wanted.word) DESC LIMIT %s)
            ) AS near
            """,
            [
                str(ALIKE),
                words,
                [sound(word) for word in words],
                *(workspace_id, LOOKED_AT),
                *(workspace_id, LOOKED_AT),
            ],
        )
        near: dict[str, list[str]] = {}
        for word, text in cursor.fetchall():
            near.setdefault(word, []).append(text)
    return near


def _that_are_there(workspace_id: UUID, words: list[str], configs: Sequence[str]) -> set[str]:
    """Those that a call of this workspace has, and by which it is found."""
    if not words:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT text FROM unnest(%s::text[]) AS text WHERE EXISTS (
                SELECT FROM calls_searchtext kept, unnest(%s::regconfig[]) AS read (by)
                WHERE kept.workspace_id = %s AND kept.words @@ plainto_tsquery(read.by, text))
            """,
            [words, sorted({*configs, PLAIN}), workspace_id],
        )
        return {text for (text,) in cursor.fetchall()}


def _is_likely(word: str, other: str) -> bool:
    """Whether whoever typed the word may have meant the other one."""
    alike = sound(word) == sound(other)
    # What begins otherwise is another word, and one with an ending more is a form of it: "driver" of "drive".
    if word[0] != other[0] and (word[0] in VOWELS or sound(word[0]) != sound(other[0])):
        return False
    if word.startswith(other) and not alike:
        return False
    most = 1 if len(word) < LONG else 2
    return 0 < edits(word, other) <= most + (alike and len(word) >= LONG)


def edits(one: str, other: str) -> int:
    """Letters put in, left out, changed, or changed about with the next, to make one word of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, above, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            count = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                count = min(count, above[j - 2] + 1)
            row.append(count)
    return row[-1]
