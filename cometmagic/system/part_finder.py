"""Finds parts of a secret in megabytes, without a loop in Python over each character.

Each part contains a gram, a few characters, at a multiple of some step. Only hashes are stored, for debuggers show
variables. This module does not know what the parts stand for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import compress, count

Span = tuple[int, int]  # the beginning and the end of a piece of text


class PartFinder:
    """Finds the parts of some forms of a secret in a text."""

    __slots__ = ("_gram", "_grams", "_hashes", "_step")

    def __init__(self, forms: Iterable[tuple[bytes, int]], gram: int) -> None:
        """Of each form, all parts of a length are found; `gram` characters, no more than that, are looked up first."""
        self._gram = gram
        self._grams: set[int] = set()
        self._hashes: dict[int, set[int]] = {}  # of the parts, by their length
        for form, length in forms:
            if len(form) >= length:
                self._hashes.setdefault(length, set()).update(map(hash, _iter_slices(form, length)))
                self._grams.update(self._iter_gram_hashes(form, 1))
        self._step = min(self._hashes, default=gram) - gram + 1

    def find(self, content: bytes) -> Iterator[Span]:
        """Yield where parts stand in a text; they overlap."""
        grams = self._iter_gram_hashes(content, self._step) if self._hashes else ()
        for index in compress(count(0, self._step), map(self._grams.__contains__, grams)):
            for length, hashes in self._hashes.items():
                for start in range(max(0, index + self._gram - length), index + 1):
                    if hash(content[start : start + length]) in hashes:
                        yield start, start + length

    def _iter_gram_hashes(self, content: bytes, step: int) -> Iterator[int]:
        return map(hash, zip(*(content[offset::step] for offset in range(self._gram)), strict=False))


def _iter_slices(form: bytes, length: int) -> Iterator[bytes]:
    return (form[start : start + length] for start in range(len(form) - length + 1))


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Return spans in their order; those that touch become one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
