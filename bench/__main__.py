"""`make bench`: every workload, one table of ratios. `python -m bench --loops 4 --only A1000` for a part."""

import argparse

from bench import fanout


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--loops", type=int, default=3, help="how often each system has its turn")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each is spoken to")
    parser.add_argument("--only", default="", help="one workload: A100, A1000 or C")
    parser.add_argument("--systems", default="", help="only those with this in their name")
    chosen = parser.parse_args()
    for line in fanout.run(chosen.loops, chosen.seconds, chosen.only, chosen.systems):
        print(line)


if __name__ == "__main__":
    main()
