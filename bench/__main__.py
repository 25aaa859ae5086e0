"""`make bench`: every workload, in ratios side by side, in less than 15 minutes.

`make bench ARGS="--only A1000"` for one of them, `--loops 8` for steadier figures.
"""

import argparse
import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

from bench import corpus, fanout, ingest, machine, processes, token_to_dom, wallboard
from bench.history import kept
from bench.stack import Stack, running

FAN_OUT = [*fanout.NAMES, "deaf"]
OTHERS = ["ingest", "first-token", "token-to-dom", "wallboard", "search-quality"]
# Queries are not noted down, as they are while developing. Nothing is kept secret here.
AS_SERVED = {
    "DEBUG": "0",
    "ALLOWED_HOSTS": "testserver",
    "SECRET_KEY": "for benchmarks alone, and as long as such a key has to be",
    "FIELD_ENCRYPTION_KEY": base64.urlsafe_b64encode(b"for benchmarks alone, like that.").decode(),
}
ALONE = ["history"]  # what takes too long to be part of all of it
INGEST_LOOPS = 3  # a turn of it takes twenty times as long


def first_token(stack: Stack) -> None:
    """In a process of its own, since Django is set up for the stack's database there."""
    subprocess.run([sys.executable, "-m", "bench.first_token"], env=stack.env, check=True)


def search_quality() -> None:
    with processes.own_redis() as redis_env, processes.own_postgres() as postgres_env:
        env = os.environ | redis_env | postgres_env
        kept.migrate(env)
        subprocess.run([sys.executable, "-m", "bench.judged.quality"], env=env, check=True)


def history(folder: Path, *, anew: bool) -> None:
    """A million turns, in a database that is kept."""
    if anew or kept.is_half(folder):
        kept.forget(folder)
    with processes.own_redis() as redis_env, kept.own_postgres(folder) as postgres_env:
        env = os.environ | redis_env | postgres_env | AS_SERVED
        kept.migrate(env)
        with kept.whole(folder):
            subprocess.run([sys.executable, "-m", "bench.history.load"], env=env, check=True)
        subprocess.run([sys.executable, "-m", "bench.history.measure"], env=env, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--loops", type=int, default=4, help="how often each system has its turn")
    parser.add_argument("--seconds", type=float, default=2.5, help="how long each is spoken to")
    parser.add_argument("--only", default="", choices=["", *FAN_OUT, *OTHERS, *ALONE], help="one workload")
    parser.add_argument("--systems", default="", help="of a fan-out, only those with this in their name")
    parser.add_argument("--keep", type=Path, default=kept.FOLDER, help="where history's database is kept")
    parser.add_argument("--anew", action="store_true", help="throw that away, and load it again")
    chosen = parser.parse_args()
    # Whoever ends us by name ends our servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(machine.described(), flush=True)
    if chosen.only in ("", "ingest"):
        for line in ingest.run(min(chosen.loops, INGEST_LOOPS)):
            print(line, flush=True)
    if chosen.only in ("", *FAN_OUT):
        for line in fanout.run(chosen.loops, chosen.seconds, chosen.only, chosen.systems):
            print(line, flush=True)
    if chosen.only in ("", "first-token", "token-to-dom", "wallboard"):
        with running() as stack:
            if chosen.only in ("", "first-token"):
                print("\ntime to the first token, routed beside the bare SDK", flush=True)
                first_token(stack)
            if chosen.only in ("", "token-to-dom"):
                print("\n" + token_to_dom.report(token_to_dom.run(stack)), flush=True)
            if chosen.only in ("", "wallboard"):
                print("\n" + wallboard.report(wallboard.run(stack)), flush=True)
    if chosen.only == "search-quality" or (chosen.only == "" and corpus.path()):
        print("\nsearch quality, on judged queries", flush=True)
        search_quality()
    if chosen.only == "history":
        history(chosen.keep, anew=chosen.anew)


if __name__ == "__main__":
    main()
