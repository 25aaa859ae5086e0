"""A million turns in the environment's database, as production would have them; nothing where they are there.

python -m bench.history.load
"""

import hashlib
import os
import random
import shutil
import struct
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import django
import numpy
import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, models  # noqa: E402
from django.utils import timezone  # noqa: E402
from psycopg import sql  # noqa: E402

from accounts.models import Workspace  # noqa: E402
from agents.models import Agent, AgentVersion  # noqa: E402
from base.ids import uuid7  # noqa: E402
from bench import corpus  # noqa: E402
from bench.history import copies  # noqa: E402
from calls.embedders import embedder, name  # noqa: E402
from calls.models import Call, Embedding, Point, SearchText, Turn, Word  # noqa: E402
from calls.search import spelling, texts  # noqa: E402
from calls.search.languages import config_of  # noqa: E402

EDITION = 2  # goes up with whatever changes what is loaded
TURNS = int(os.environ.get("EARSHOT_BENCH_TURNS", 1_000_000))  # fewer for a quick look
OVER = timedelta(days=365)
AGENTS = 8
WORD_MS, PAUSE_MS = 400, (400, 1_200)  # 150 words a minute
OUTCOMES = {
    "completed": 60,
    "caller_hung_up": 22,
    "agent_hung_up": 8,
    "transferred": 7,
    "failed": 2,
    "not_connected": 1,
}
SENTIMENTS = {"positive": 35, "neutral": 45, "negative": 20}
SHARED, ROOM = Path("/dev/shm"), 3 * 2**30  # where two who build an index share memory, and how much
TABLES: tuple[type[models.Model], ...] = (Call, Turn, Embedding, Point, SearchText, Word)
_WORDS = sql.SQL("""
INSERT INTO calls_searchtext (id, created_at, workspace_id, call_id, started_at, config, words)
SELECT id, now(), {workspace}, call, started_at, {config},
    to_tsvector({config}::regconfig, said) || to_tsvector('simple', written) FROM said
""")


def digest() -> str:
    """Of all that makes the rows what they are, so that they are made again when that changes. Their indexes
    are those of the migrations."""
    made = hashlib.sha256(corpus.path().read_bytes())
    vector = Embedding._meta.get_field("vector").db_type(connection)
    made.update(repr((EDITION, TURNS, name(), vector)).encode())
    return made.hexdigest()[:16]


def main() -> None:
    wanted = digest()
    with psycopg.connect(os.environ["BENCH_SUPERUSER_URL"], autocommit=True) as database:
        [there] = database.execute("SELECT obj_description('calls_turn'::regclass)").fetchone()
        if there == wanted:
            return
        print(f"  loading {TURNS:,} turns; the next run finds them there", flush=True)
        began = time.monotonic()
        database.execute(
            "SET session_replication_role = replica"
        )  # rows that fit each other need no looking up
        database.execute("SET maintenance_work_mem = '2GB'")
        database.execute(f"SET max_parallel_maintenance_workers = {_helpers()}")
        database.execute("COMMENT ON TABLE calls_turn IS NULL")
        database.execute("TRUNCATE accounts_workspace CASCADE")
        with _indexes_later(database):
            _load(database)
        database.execute("VACUUM ANALYZE")
        database.execute(
            sql.SQL("COMMENT ON TABLE calls_turn IS {wanted}").format(wanted=sql.Literal(wanted))
        )
        print(f"  loaded in {time.monotonic() - began:.0f} s", flush=True)


def _helpers() -> int:
    """How many build the index of meaning beside the one that does anyway. The migration has none; here that
    would take an hour. More than one make a graph in which less is found, and they need memory to share."""
    return int(SHARED.is_dir() and shutil.disk_usage(SHARED).free > ROOM)


@contextmanager
def _indexes_later(database: psycopg.Connection) -> Iterator[None]:
    """Built when all is there, as the migrations have them: an index that grows by a row takes longer."""
    indexes = database.execute(
        """
        SELECT index.indexname, index.indexdef FROM pg_indexes index
        WHERE index.tablename = ANY(%s) AND index.schemaname = 'public' AND NOT EXISTS (
            SELECT FROM pg_constraint WHERE conname = index.indexname)
        """,
        [[table._meta.db_table for table in TABLES]],
    ).fetchall()
    for index, _ in indexes:
        database.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))
    yield
    for index, definition in indexes:
        began = time.monotonic()
        database.execute(definition)
        if time.monotonic() - began > 5:
            print(f"  index {index}: {time.monotonic() - began:.0f} s", flush=True)


def _load(database: psycopg.Connection) -> None:
    workspace = Workspace.objects.create(name="A million turns")
    versions = []
    for number in range(AGENTS):
        agent = Agent.objects.create(workspace=workspace, name=f"Agent {number + 1}")
        version = AgentVersion(workspace=workspace, agent=agent, number=1, prompt="You help.")
        version.save()
        versions.append(version)
    conversations = corpus.conversations()
    count = -(-TURNS // sum(len(one.turns) for one in conversations))
    draw = random.Random(7)
    now = timezone.now()
    # In the order in which they began, as they are written in production.
    starts = sorted(now - draw.random() * OVER for _ in range(count * len(conversations)))
    database.execute(
        "CREATE TEMP TABLE said (id uuid, call uuid, started_at timestamptz, said text, written text)"
    )
    known: set[str] = set()
    placed: dict[str, bytes] = {}
    for number, some in enumerate(copies.copies(conversations, count)):
        draw.shuffle(some)
        calls = [
            _call(workspace.pk, versions, starts[number * len(some) + n], one, draw)
            for n, one in enumerate(some)
        ]
        turns = [turn for call, one in zip(calls, some, strict=True) for turn in _turns(call, one, draw)]
        _copy(database, Call, calls)
        _copy(database, Turn, turns)
        _place(database, turns, placed)
        _say(database, calls, turns)
        known.update(word for turn in turns for word in spelling.words_of(turn.text))
        if number % 20 == 19:
            print(f"  {(number + 1) * len(turns):,} turns", flush=True)
    config = config_of(versions[0].language)
    database.execute(_WORDS.format(workspace=sql.Literal(workspace.pk), config=sql.Literal(config)))
    _copy(
        database,
        Word,
        [Word(workspace_id=workspace.pk, text=one, sound=spelling.sound(one)) for one in sorted(known)],
    )


def _call(
    workspace: UUID,
    versions: Sequence[AgentVersion],
    began: datetime,
    conversation: corpus.Conversation,
    draw: random.Random,
) -> Call:
    version = versions[min(int(draw.expovariate(0.4)), AGENTS - 1)]
    words = sum(len(text.split()) for _, text in conversation.turns)
    cost = Decimal(draw.randrange(20_000, 600_000)) / 1_000_000
    ended = began + timedelta(milliseconds=words * WORD_MS + len(conversation.turns) * sum(PAUSE_MS) // 2)
    return Call(
        workspace_id=workspace,
        platform=draw.choice(["retell", "retell", "vapi", "elevenlabs"]),
        platform_call_id=conversation.id,
        agent_id=version.agent_id,
        version_id=version.pk,
        direction="inbound",
        from_number=f"+4420{draw.randrange(10_000_000, 99_999_999)}",
        started_at=began,
        ended_at=ended,
        closed_at=ended,
        outcome=_drawn(OUTCOMES, draw),
        sentiment=_drawn(SENTIMENTS, draw),
        cost_usd=cost,
        total_usd=cost,
        reply_p95_ms=int(draw.lognormvariate(6.8, 0.4)),
        score=draw.choice([None, None, draw.randrange(40, 101)]),
        turn_count=len(conversation.turns),
        kept_at=ended,
        embedded_at=ended,
        embedded_by=name(),
        judged_at=ended,
    )


def _drawn(choices: dict[str, int], draw: random.Random) -> str:
    return draw.choices(list(choices), list(choices.values()))[0]


def _turns(call: Call, conversation: corpus.Conversation, draw: random.Random) -> Iterator[Turn]:
    at = 0
    for n, (role, text) in enumerate(conversation.turns, 1):
        pause = draw.randrange(*PAUSE_MS)
        start = at + pause
        at = start + WORD_MS * len(text.split())
        yield Turn(
            workspace_id=call.workspace_id,
            call_id=call.pk,
            key=f"t{n}",
            n=n,
            role=role,
            text=text,
            start_ms=start,
            end_ms=at,
            reply_ms=pause if role == "agent" and n > 1 else None,
        )


def _place(database: psycopg.Connection, turns: Sequence[Turn], placed: dict[str, bytes]) -> None:
    """Each text once, then who says it. `placed`: where those lie that were said before, by digest."""
    said = {hashlib.sha256(turn.text.encode()).hexdigest()[:16]: turn.text for turn in turns}
    new = {digest: text for digest, text in said.items() if digest not in placed}
    if new:
        vectors, _ = embedder().embed(list(new.values()))
        halves = numpy.asarray(vectors, dtype=">f2")
        head = struct.pack(">HH", halves.shape[1], 0)
        placed |= {digest: head + half.tobytes() for digest, half in zip(new, halves, strict=True)}
    digests = {text: digest for digest, text in said.items()}
    now, workspace, model = timezone.now(), turns[0].workspace_id, name()
    kept = {"id": "uuid", "created_at": "timestamptz", "workspace_id": "uuid", "model": "varchar"}
    kept |= {"digest": "varchar", "vector": "bytea"}
    points = ((uuid7(), now, workspace, model, digest, placed[digest]) for digest in new)
    _copy_points(database, Point, kept, points)
    kept |= {"call_id": "uuid", "turn_id": "uuid"}
    spoken = ((turn, digests[turn.text]) for turn in turns)
    rows = (
        (uuid7(), now, workspace, model, digest, placed[digest], turn.call_id, turn.pk)
        for turn, digest in spoken
    )
    _copy_points(database, Embedding, kept, rows)


def _copy_points(
    database: psycopg.Connection, table: type[models.Model], kept: dict[str, str], rows: Iterable[tuple]
) -> None:
    """`kept`: the columns with their types, of which `vector` comes as the database sends it."""
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table._meta.db_table), sql.SQL(", ").join(map(sql.Identifier, kept))
    )
    with database.cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types(list(kept.values()))
        for row in rows:
            copy.write_row(row)


def _say(database: psycopg.Connection, calls: Sequence[Call], turns: Sequence[Turn]) -> None:
    said: dict[UUID, list[str]] = {call.pk: [] for call in calls}
    for turn in turns:
        said[turn.call_id].append(turn.text)
    with database.cursor() as cursor, cursor.copy("COPY said FROM STDIN") as copy:
        for call in calls:
            text = "\n".join(said[call.pk])
            copy.write_row((uuid7(), call.pk, call.started_at, text, texts.as_written(text)))


def _copy(database: psycopg.Connection, table: type[models.Model], rows: Iterable[Any]) -> None:
    fields = table._meta.concrete_fields
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table._meta.db_table),
        sql.SQL(", ").join(sql.Identifier(field.column) for field in fields),
    )
    with database.cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(
                [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
            )


if __name__ == "__main__":
    sys.exit(main())
