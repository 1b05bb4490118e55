"""`python -m tests.bench`: the whole campaign, some minutes long."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bench.bodies import MAKERS, tiny
from tests.bench.campaign import Rounds, campaign, table
from tests.bench.server import serving


def main(arguments: list[str] | None = None) -> int:
    """Measure and print one table a body."""
    chosen = _parser().parse_args(arguments)
    rounds = Rounds(chosen.rounds, min(chosen.rounds, Rounds.sampled), Rounds.traced)
    for name in chosen.body or ["png-4k", "jpeg-4k"]:
        body = MAKERS[name]()
        with (
            tempfile.TemporaryDirectory(prefix="cometmagic-bench-") as folder,
            serving([body, tiny()], Path(folder), packed=chosen.gzip, rate=chosen.rate) as address,
        ):
            rows = campaign(body, address, rounds, _progress)
        sys.stdout.write(f"\n{table(body, rows)}\n\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--body", action="append", choices=sorted(MAKERS), help="repeatable; default: both of 4K")
    parser.add_argument("--rounds", type=int, default=Rounds.timed, help="timed rounds (default %(default)s)")
    parser.add_argument("--gzip", action="store_true", help="pack the answer for clients that accept it")
    parser.add_argument("--rate", type=float, default=0, metavar="MB/S", help="speed of the link; default: no limit")
    return parser


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
