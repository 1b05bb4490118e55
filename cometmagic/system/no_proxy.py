"""The hosts that NO_PROXY exempts from a proxy: names, wildcards, addresses and networks, each with or without a port.

It takes what curl, Go and httpx take together, as people set the variable once for all programs.
"""

from __future__ import annotations

import ipaddress
import re
from fnmatch import fnmatchcase

_ENTRY_WITH_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})")


def is_exempt(entries: str, host: str, port: int) -> bool:
    """Return whether one of the `entries` of NO_PROXY covers `host` (without brackets) on this port."""
    name = host.lower().rstrip(".")
    return any(_covers(entry, name, port) for entry in re.split(r"[\s,]+", entries.lower()) if entry)


def _covers(entry: str, host: str, port: int) -> bool:
    scheme, separator, location = entry.partition("://")
    if separator and scheme not in ("https", "all"):
        return False
    pattern = location.partition("/")[0] if separator else entry
    if match := _ENTRY_WITH_PORT.fullmatch(pattern):
        pattern, entry_port = match.groups()
        if int(entry_port) != port:
            return False
    return _is_in_network(pattern, host) or _matches_name(pattern.rstrip("."), host)


def _is_in_network(pattern: str, host: str) -> bool:
    try:
        network = ipaddress.ip_network(pattern.replace("[", "").replace("]", ""), strict=False)
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False


def _matches_name(pattern: str, host: str) -> bool:
    """Return whether a name covers a host. With a leading dot it covers subdomains only."""
    if "*" in pattern:
        return fnmatchcase(host, pattern)
    return pattern == host or (bool(pattern) and host.endswith(f".{pattern.removeprefix('.')}"))
