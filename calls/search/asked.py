"""What is asked for, read as words: which there are, how each may stand in a call, and how rare it is."""

import math
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import connection

from agents.llm import paid
from agents.llm.errors import ProviderError
from base.pool import leave_database
from calls.embedders import embedder
from calls.embeddings import query_for
from calls.personal import seeing
from calls.search import spelling
from calls.search.languages import EACH, PLAIN

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
    typed: str = ""  # then a tsquery of it as it is typed

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


def trimmed(text: str) -> str:
    return " ".join(text.replace("\0", " ").split())[:LONGEST]


def read(text: str, workspace_id: UUID) -> Question:
    """A query as people type it: words, "phrases in quotation marks", -words that must not be there. For a
    thread."""
    text = trimmed(text)
    units = [
        (minus, phrase or bare(word) or word, bool(phrase)) for minus, phrase, word in _UNIT.findall(text)
    ]
    if not units:
        return Question(text)
    terms, configs = _terms(units[:MOST], workspace_id)
    rare = [term for term in terms if term.part <= RAREST and not term.is_phrase]
    missing = set(rare) - set(_that_are_there(rare, workspace_id))
    spelt = _spelt([one for one in rare if not one.is_unwanted], missing, configs, workspace_id)
    there = [spelt.get(term, term) for term in terms if term in spelt or term not in missing]
    digits = re.sub(r"\D", "", text)
    number = digits if _NUMBER.fullmatch(text) and 7 <= len(digits) <= 15 else ""
    unknown = sum(not term.is_unwanted for term in terms) - sum(not term.is_unwanted for term in there)
    return Question(text, tuple(there), number, unknown)


def vector_of(text: str, workspace_id: UUID) -> list[float] | None:
    """What it means; None: whoever makes that out is away. For a thread."""
    try:
        if (by := embedder()).prices is None:  # here, and at once: nobody is waited for
            return by.embed([text[:LONGEST]], at_once=True)[0][0]
        leave_database()
        return paid.wait(query_for(text, workspace_id))
    except ProviderError:
        return None


def bare(word: str) -> str:
    """A word without the marks around it."""
    return word.strip(".,;:!?¿¡…()[]“”‘’'")


def _terms(
    units: Sequence[tuple[str, str, bool]], workspace_id: UUID, *, all_count: bool = False
) -> tuple[list[Term], list[str]]:
    """And the configurations that they were read by. `all_count`: words that say nothing, too."""
    known = statistics().parts
    ways = _ways([said for _, said, _ in units], workspace_id)
    terms = []
    for (minus, said, is_phrase), by_config in zip(units, ways, strict=True):
        stems = {query for config, query in by_config.items() if query and config != PLAIN}
        # "the" says nothing; but "Will", or "It" if that is all there is, may be meant.
        says_nothing = not stems and by_config[PLAIN] and not said[:1].isupper()
        if says_nothing and len(units) > 1 and not all_count:
            continue
        queries = sorted(stems | {query for query in by_config.values() if query})
        if queries:
            query = " | ".join(f"({one})" for one in queries)
            terms.append(Term(said, query, _part(queries, known), is_phrase, bool(minus)))
    return terms, sorted({config for by_config in ways for config in by_config})


def _spelt(
    rare: Sequence[Term], missing: Collection[Term], configs: Sequence[str], workspace_id: UUID
) -> dict[Term, Term]:
    """Those of the terms that are likely misspelt, each as it is looked for then: by both."""
    if seeing.mask().hides_words:  # a word that was said may be just what is hidden
        return {}
    likely = spelling.corrected(workspace_id, [term.text for term in rare if not term.is_name], configs)
    if not likely:
        return {}
    units = [("", meant, False) for meant in sorted(set(likely.values()))]
    others, _ = _terms(units, workspace_id, all_count=True)
    by_text = {other.text: other for other in others}
    spelt = {}
    for term in rare:
        other = None if term.is_name else by_text.get(likely.get(term.text, ""))
        if other and (term in missing or other.part >= COMMON):
            query = f"{term.query} | {other.query}"
            part = max(term.part, other.part)
            spelt[term] = replace(term, query=query, part=part, meant=other.text, typed=term.query)
    return spelt


def _ways(said: Sequence[str], workspace_id: UUID) -> list[dict[str, str]]:
    """How each unit is looked for, by configuration; empty where all of it are words that say nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            {EACH}, read AS (SELECT config FROM each WHERE config IS NOT NULL UNION SELECT %(plain)s)
            SELECT number, config, phraseto_tsquery(config::regconfig, said)::text
            FROM unnest(%(said)s::text[]) WITH ORDINALITY AS unit (said, number), read
            """,  # noqa: S608  all that is said are parameters
            {"workspace": workspace_id, "plain": PLAIN, "said": list(said)},
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


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the calls of all workspaces, as PostgreSQL counted and sampled them last by itself."""

    calls: float = 0.0  # about how many there are
    parts: Mapping[str, float] = field(default_factory=dict)  # which have each of the commonest lexemes


_kept: tuple[float, Statistics] = (-KNOWN_FOR_S, Statistics())


def statistics() -> Statistics:
    """Remembered for some minutes."""
    global _kept
    at, known = _kept
    if time.monotonic() - at < KNOWN_FOR_S:
        return known
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT reltuples, most_common_elems::text::text[], most_common_elem_freqs
            FROM pg_class LEFT JOIN pg_stats
                ON schemaname = current_schema() AND tablename = relname AND attname = 'words'
            WHERE pg_class.oid = 'calls_searchtext'::regclass
            """
        )
        count, lexemes, parts = cursor.fetchone()
    known = Statistics(max(0.0, count), dict(zip(lexemes or (), parts or (), strict=False)))
    _kept = (time.monotonic(), known)
    return known
