"""The address that live calls are sent to: COMETAPI_BASE_URL, checked before the key goes there.

It opens no connection, and knows neither the key nor proxies.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from cometmagic.errors import OptionError

DEFAULT_BASE_URL = "https://api.cometapi.com"
_URL_PATTERN = re.compile(r"[a-z]+://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d+)?(?:/[\w.~-]+)*", re.ASCII | re.IGNORECASE)
_LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
# What documentation writes behind a base URL; the path of the API is added anyway.
_API_PATH = re.compile(r"/*(?:/v1(?:beta|alpha)?)?(?:/(?:models|chat/completions|images/generations))?/*$")


@dataclass(frozen=True)
class BaseURL:
    """A checked base URL, and its host with the port."""

    url: str
    host: str

    @property
    def is_trusted(self) -> bool:
        """Whether this is CometAPI itself."""
        return self.url == DEFAULT_BASE_URL


def read_base_url() -> BaseURL:
    """Return the base URL of live calls. Raises `OptionError` for an address that the key must not be sent to."""
    base_url, problem = _check_base_url()
    if base_url is None:
        raise _build_url_error(problem)
    return base_url


def _check_base_url() -> tuple[BaseURL | None, str]:
    """Return the base URL, or what is wrong with it. It raises nothing, as a password may be in a variable here."""
    text = os.environ.get("COMETAPI_BASE_URL", "").strip().strip("\"'") or DEFAULT_BASE_URL
    text = _API_PATH.sub("", text.rstrip("/"))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None, "is not an address"
    host = parts.hostname or ""
    if not _URL_PATTERN.fullmatch(text) or ".." in text:
        return None, "must be a plain address like https://api.cometapi.com"
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK_HOSTS):
        return None, "must begin with https:// (http:// only for this machine), or the key would travel in clear"
    return BaseURL(text, host if port is None else f"{host}:{port}"), ""


def _build_url_error(problem: str) -> OptionError:
    return OptionError(f"COMETAPI_BASE_URL {problem}.", advice="Correct it, or unset it for the default.")
