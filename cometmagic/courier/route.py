"""Where a call is sent, as a value that can be passed to the courier.

This module knows no HTTP, so that the kernel can build a route without importing any.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cometmagic.options.declaration import Limits
from cometmagic.options.settings import Key


@dataclass(frozen=True)
class LiveRoute:
    """The route to the live service: base URL, key and limits; and what is stopped together, "" for a single call."""

    base_url: str
    key: Key
    limits: Limits = field(default_factory=Limits)
    batch_id: str = ""


@dataclass(frozen=True)
class OfflineRoute:
    """The route to the built-in offline service."""


Route = LiveRoute | OfflineRoute
