"""What is asked for, read as words: which there are, how each may stand in a call, and how rare it is."""

import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from calls.search import texts

LONGEST = 300  # characters of a query
MOST = 16  # words of it that count
RAREST = 1e-3  # of all calls: how many are taken to have a word that the statistics do not know
KNOWN_FOR_S = 600.0
_UNIT = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')
LEXEME = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"\+?[\d\s().-]{7,25}")


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a "phrase". `query`: a tsquery for each way it may stand in a call."""

    text: str
    query: str
    part: float  # of all calls that have it, as far as is known
    is_phrase: bool = False
    is_unwanted: bool = False

    @property
    def weight(self) -> float:
        """Its information: a word in one of a thousand calls says more than one in every second."""
        return math.log(1 / self.part) + 0.1


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    terms: tuple[Term, ...] = ()
    number: str = ""  # if all of it is a telephone number: its digits
    unknown: int = 0  # how many of its words no call has

    @property
    def wanted(self) -> list[Term]:
        return [term for term in self.terms if not term.is_unwanted]


def read(text: str, workspace_id: UUID) -> Question:
    """A query as people type it: words, "phrases in quotation marks", -words that must not be there. For a
    thread."""
    configs = texts.configs_of(workspace_id)
    text = " ".join(text.replace("\0", " ").split())[:LONGEST]
    units = [(minus, phrase or word, bool(phrase)) for minus, phrase, word in _UNIT.findall(text)][:MOST]
    if not units or not configs:
        return Question(text)
    known = _frequencies()
    ways = _ways([said for _, said, _ in units], [*configs, "simple"])
    terms = []
    for (minus, said, is_phrase), by_config in zip(units, ways, strict=True):
        stems = {query for config, query in by_config.items() if query and config != "simple"}
        # "the" says nothing; but "Will", or "It" if that is all there is, may be meant.
        if not stems and by_config["simple"] and not said[:1].isupper() and len(units) > 1:
            continue
        queries = sorted(stems | {query for query in by_config.values() if query})
        if queries:
            query = " | ".join(f"({one})" for one in queries)
            terms.append(Term(said, query, _part(queries, known), is_phrase, bool(minus)))
    there = _that_are_there(terms, workspace_id)
    digits = re.sub(r"\D", "", text)
    number = digits if _NUMBER.fullmatch(text) and 7 <= len(digits) <= 15 else ""
    return Question(text, tuple(there), number, len(terms) - len(there))


def _ways(said: Sequence[str], configs: Sequence[str]) -> list[dict[str, str]]:
    """How each unit is looked for, by configuration; empty where all of it are words that say nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT number, config, phraseto_tsquery(config::regconfig, said)::text
            FROM unnest(%s::text[]) WITH ORDINALITY AS unit (said, number), unnest(%s::text[]) AS config
            """,
            [list(said), sorted(set(configs))],
        )
        ways: list[dict[str, str]] = [{} for _ in said]
        for number, config, query in cursor.fetchall():
            ways[number - 1][config] = query
    return ways


def _that_are_there(terms: list[Term], workspace_id: UUID) -> list[Term]:
    """Without words that no call has: they say nothing of which calls are meant. A phrase stays, and finds
    none."""
    rare = [term for term in terms if term.part <= RAREST and not term.is_phrase]
    if not rare:
        return terms
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT query FROM unnest(%s::text[]) AS query WHERE EXISTS (
                SELECT FROM calls_searchtext WHERE workspace_id = %s AND words @@ query::tsquery)
            """,
            [[term.query for term in rare], workspace_id],
        )
        there = {query for (query,) in cursor.fetchall()}
    return [term for term in terms if term not in rare or term.query in there]


def _part(queries: Sequence[str], known: Mapping[str, float]) -> float:
    def often(query: str) -> float:
        lexemes = (found.replace("''", "'") for found in LEXEME.findall(query))
        return min((known.get(lexeme, RAREST) for lexeme in lexemes), default=RAREST)

    return max(map(often, queries))


_kept: tuple[float, dict[str, float]] = (-KNOWN_FOR_S, {})


def _frequencies() -> Mapping[str, float]:
    """In what part of all calls each of the commonest lexemes is, as PostgreSQL sampled them last."""
    global _kept
    at, known = _kept
    if time.monotonic() - at < KNOWN_FOR_S:
        return known
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT most_common_elems::text::text[], most_common_elem_freqs FROM pg_stats
            WHERE schemaname = current_schema() AND tablename = 'calls_searchtext' AND attname = 'words'
            """
        )
        found = cursor.fetchone()
    known = dict(zip(found[0], found[1], strict=False)) if found and found[0] else {}
    _kept = (time.monotonic(), known)
    return known
