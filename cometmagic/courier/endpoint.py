"""The way a call goes, as a value that can cross to the courier's process.

It knows no HTTP, so that the kernel can build one without importing any.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from cometmagic.options.declaration import Limits
from cometmagic.options.settings import Key


@dataclass(frozen=True)
class Live:
    """The way to a service: its address and the key."""

    base_url: str
    key: Key
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Offline:
    """The way to the service that is built in."""


Route = Live | Offline


def pack(route: Route) -> dict[str, Any]:
    """Return a route as JSON values. They hold the key: for a pipe only, never for a file or a log."""
    if isinstance(route, Offline):
        return {"source": "offline"}
    key = {"key": route.key.reveal(), "origin": route.key.origin}
    return {"source": "live", "base_url": route.base_url, "limits": asdict(route.limits)} | key


def unpack(packed: dict[str, Any]) -> Route:
    """Return the route that `pack` wrote."""
    if packed["source"] == "offline":
        return Offline()
    return Live(packed["base_url"], Key(packed["key"], packed["origin"]), Limits(**packed["limits"]))
