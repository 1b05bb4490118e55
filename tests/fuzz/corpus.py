"""The inputs of each target that are kept: one a line, as Python writes bytes. Those that found a bug stay for good."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent / "corpus"
TOKENS = (
    b"",
    b"\0",
    b"\xff",
    b'"',
    b"\\",
    b"\\ud800",
    b"[",
    b"{",
    b"null",
    b"-1",
    b"1e999",
    b"\x1b[",
    b"\n",
    b"=",
    b"..",
)


def read_corpus(name: str) -> list[bytes]:
    """Return the inputs of a target."""
    return [ast.literal_eval(line) for line in (FOLDER / f"{name}.txt").read_text("ascii").splitlines()]


def mutate(random: Random, inputs: Sequence[bytes]) -> bytes:
    """Return one of the inputs with a few pieces cut out, doubled, or replaced by others."""
    content = bytearray(random.choice(inputs))
    for _ in range(random.randint(1, 4)):
        start = random.randint(0, len(content))
        end = start + random.choice((0, 1, 1, 4, 30))
        other = random.choice(inputs)
        other_start = random.randint(0, len(other))
        pieces = (content[start:end] * 2, other[other_start : other_start + 30], random.randbytes(1))
        content[start:end] = random.choice((*pieces, random.choice(TOKENS)))
    return bytes(content)
