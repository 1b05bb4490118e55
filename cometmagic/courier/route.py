"""The way a call goes, as a value that can cross to the courier's process.

It knows no HTTP, so that the kernel can build one without importing any.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from cometmagic.options.declaration import Limits
from cometmagic.options.settings import Key


@dataclass(frozen=True)
class LiveRoute:
    """The way to a service: its address and the key."""

    base_url: str
    key: Key
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class OfflineRoute:
    """The way to the service that is built in."""


Route = LiveRoute | OfflineRoute


def encode_route(route: Route) -> dict[str, Any]:
    """Return a route as JSON values. They hold the key: for a pipe only, never for a file or a log."""
    if isinstance(route, OfflineRoute):
        return {"source": "offline"}
    key = {"key": route.key.reveal(), "origin": route.key.origin}
    return {"source": "live", "base_url": route.base_url, "limits": asdict(route.limits)} | key


def decode_route(fields: dict[str, Any]) -> Route:
    """Return the route that `pack` wrote."""
    if fields["source"] == "offline":
        return OfflineRoute()
    return LiveRoute(fields["base_url"], Key(fields["key"], fields["origin"]), Limits(**fields["limits"]))
