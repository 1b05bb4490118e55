"""Placeholder until merged."""

from __future__ import annotations

from cometmagic.request import ImageRequest


def as_code(request: ImageRequest, kind: str) -> str:
    """Placeholder until merged."""
    return kind
