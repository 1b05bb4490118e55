"""Where a call is sent, as a value that can be passed to the courier's process.

This module knows no HTTP, so that the kernel can build a route without importing any.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from cometmagic.options.declaration import Limits
from cometmagic.options.settings import Key


@dataclass(frozen=True)
class LiveRoute:
    """The route to the live service: base URL, key and limits."""

    base_url: str
    key: Key
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class OfflineRoute:
    """The route to the built-in offline service."""


Route = LiveRoute | OfflineRoute


def encode_route(route: Route) -> dict[str, Any]:
    """Return a route as JSON values. They include the key, so send them over a pipe only, never to a file or a log."""
    if isinstance(route, OfflineRoute):
        return {"source": "offline"}
    key = {"key": route.key.reveal(), "origin": route.key.origin}
    return {"source": "live", "base_url": route.base_url, "limits": asdict(route.limits)} | key


def decode_route(fields: dict[str, Any]) -> Route:
    """Return the route that `encode_route` encoded."""
    if fields["source"] == "offline":
        return OfflineRoute()
    return LiveRoute(fields["base_url"], Key(fields["key"], fields["origin"]), Limits(**fields["limits"]))
