"""Placeholder until merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Piece:
    """A stretch of a prompt: text, or a value that becomes an image; `name` is the variable it came from."""

    value: Any
    name: str = ""


def render(text: str, names: Mapping[str, Any]) -> list[Piece]:
    """Placeholder until merged."""
    return [Piece(text)]
