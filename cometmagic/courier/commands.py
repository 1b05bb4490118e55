"""The commands to a courier's process, one a line: what to do with which call, and the environment to do it in.

A line holds the key, and perhaps the password of a proxy. It is written to a pipe only, never to a file or a log, and
no variable of this program holds it or what it is made of, as debuggers show variables.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Any

from cometmagic.courier.route import LiveRoute, OfflineRoute
from cometmagic.options.declaration import Limits
from cometmagic.options.settings import MEGAPIXELS_VARIABLE, Key
from cometmagic.storage.trust_records import get_session_records, set_session_records

# The variables a delivery reads; they are sent with each command, as they may have changed since the process started.
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
ENVIRONMENT_VARIABLES = (
    *_PROXY_VARIABLES,
    *map(str.upper, _PROXY_VARIABLES),
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_STATE_HOME",
    MEGAPIXELS_VARIABLE,
)


def encode_command(command: dict[str, Any]) -> bytes:
    """Return a command as one line, with the environment of this process.

    An interrupt may have cut the last line short, so the line starts with a line break.
    """
    return b"\n%b\n" % json.dumps([command, _Environment()], default=_to_json).encode()


class _Environment:
    """What a job depends on in the kernel's process; it is read while the command is written."""


def _to_json(value: object) -> Any:
    match value:
        case Key():
            return {"text": value.reveal(), "origin": value.origin}
        case LiveRoute():
            limits = asdict(value.limits)
            return {"base_url": value.base_url, "key": value.key, "limits": limits, "batch_id": value.batch_id}
        case OfflineRoute():
            return None
        case _Environment():
            variables = {name: os.getenv(name) for name in ENVIRONMENT_VARIABLES}
            return {"variables": variables, "trust_records": get_session_records()}
    raise TypeError(f"{type(value).__name__} is no part of a command")


def decode_command(line: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a command and its environment. Raises `ValueError` for an empty line, or half of one."""
    command, environment = json.loads(line)
    if "route" in command:
        command["route"] = _build_route(**command["route"]) if command["route"] else OfflineRoute()
    if key_fields := command.get("recover"):
        command["recover"] = Key(**key_fields)
    return command, environment


def _build_route(base_url: str, key: dict[str, str], limits: dict[str, Any], batch_id: str) -> LiveRoute:
    return LiveRoute(base_url, Key(**key), Limits(**limits), batch_id)


def apply_environment(environment: dict[str, Any]) -> None:
    """Copy what a job depends on from the kernel: environment variables, and what is trusted until it ends."""
    set_session_records(environment["trust_records"])
    for name, value in environment["variables"].items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
