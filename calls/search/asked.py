"""What is asked for, read as words: which there are, how each may stand in a call, and how rare it is."""

import math
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import connection

from calls.search import spelling
from calls.search.languages import configs_of

LONGEST = 300  # characters of a query
MOST = 16  # words of it that count
RAREST = 1e-3  # of all calls: how many are taken to have a word that the statistics do not know
# A word that hardly any call has gives way to a likely other one only if so many have that.
COMMON = 1e-2
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
    meant: str = ""  # the word it is looked for by, too, since it may be misspelt

    @property
    def is_name(self) -> bool:
        """Or a number, or what is put in quotation marks: it stays as it is typed."""
        return self.is_phrase or self.text[:1].isupper() or any(map(str.isdigit, self.text))

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

    @property
    def corrected(self) -> dict[str, str]:
        """The words that are likely misspelt, as typed, and what each is looked for by, too."""
        return {term.text: term.meant for term in self.terms if term.meant}


def read(text: str, workspace_id: UUID) -> Question:
    """A query as people type it: words, "phrases in quotation marks", -words that must not be there. For a
    thread."""
    configs = configs_of(workspace_id)
    text = " ".join(text.replace("\0", " ").split())[:LONGEST]
    units = [
        (minus, phrase or bare(word) or word, bool(phrase)) for minus, phrase, word in _UNIT.findall(text)
    ]
    if not units or not configs:
        return Question(text)
    terms = _terms(units[:MOST], configs)
    rare = [term for term in terms if term.part <= RAREST and not term.is_phrase]
    missing = set(rare) - set(_that_are_there(rare, workspace_id))
    spelt = _spelt([one for one in rare if not one.is_unwanted], missing, configs, workspace_id)
    there = [spelt.get(term, term) for term in terms if term in spelt or term not in missing]
    digits = re.sub(r"\D", "", text)
    number = digits if _NUMBER.fullmatch(text) and 7 <= len(digits) <= 15 else ""
    return Question(text, tuple(there), number, len(terms) - len(there))


def bare(word: str) -> str:
    """A word without the marks around it."""
    return word.strip(".,;:!?¿¡…()[]“”‘’'")


def _terms(units: Sequence[tuple[str, str, bool]], configs: Sequence[str]) -> list[Term]:
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
    return terms


def _spelt(
    rare: Sequence[Term], missing: Collection[Term], configs: Sequence[str], workspace_id: UUID
) -> dict[Term, Term]:
    """Those of the terms that are likely misspelt, each as it is looked for then: by both."""
    likely = spelling.corrected(workspace_id, [term.text for term in rare if not term.is_name])
    spelt = {}
    for term in rare:
        meant = likely.get(term.text)
        if meant is None or term.is_name:
            continue
        for other in _terms([("", meant, False)], configs):
            if term in missing or other.part >= COMMON:
                query = f"{term.query} | {other.query}"
                spelt[term] = replace(term, query=query, part=max(term.part, other.part), meant=meant)
    return spelt


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


def _that_are_there(rare: Sequence[Term], workspace_id: UUID) -> list[Term]:
    """Without words that no call has: they say nothing of which calls are meant."""
    if not rare:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT query FROM unnest(%s::text[]) AS query WHERE EXISTS (
                SELECT FROM calls_searchtext WHERE workspace_id = %s AND words @@ query::tsquery)
            """,
            [[term.query for term in rare], workspace_id],
        )
        there = {query for (query,) in cursor.fetchall()}
    return [term for term in rare if term.query in there]


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
