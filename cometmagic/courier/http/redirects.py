"""Keeps httpx from parsing the target of a redirect, which it does even where redirects are not followed.

Many targets make that fail with exceptions of several kinds, and an error after the response has come would look as if
nobody knew what became of the request. Nothing here follows a redirect or judges its target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

_LOCATION_EXTENSION = "cometmagic.location"


async def detach_location(response: httpx.Response) -> None:
    """Move the Location header where only `get_location` finds it; a `response` hook for `httpx.AsyncClient`."""
    response.extensions[_LOCATION_EXTENSION] = response.headers.pop("location", "")


def get_location(response: httpx.Response) -> str:
    """Return the Location header of a response, empty when it has none."""
    return str(response.extensions.get(_LOCATION_EXTENSION, ""))
