"""The proxy that the environment sets for a request, and whether it can be used.

The doctor and the request itself ask the same functions, so that a proxy is never called good by one and refused by
the other. Texts for people never contain what is set where it may hold a password. This module does not know httpx.
"""

from __future__ import annotations

import ipaddress
import os
import re
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from cometmagic.system.no_proxy import is_exempt
from cometmagic.system.secret import Secret

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
HTTPS_PORT = 443
_SCHEME_PATTERN = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII | re.IGNORECASE)
_ADDRESS_PATTERN = re.compile(
    r"[a-z0-9]+://(?:[^/?#]*@)?(?P<host>\[[^\[\]]*\]|[^:@/?#\[\]]*)(?::(?P<port>\d{0,5}))?(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_MAX_LENGTH, _MAX_PORT = 4096, 65535
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_PATTERN = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\.?", re.ASCII | re.IGNORECASE)
_IPV4_PATTERN = re.compile(r"[\d.]+", re.ASCII)


class _ProxySetting(NamedTuple):
    """The name of a variable, and the address it holds, which may contain a password."""

    variable: str
    address: str

    @property
    def scheme(self) -> str:
        return self.address.partition("://")[0].lower()


def find_proxy(url: str) -> str | None:
    """Return the address of the proxy that a request to `url` uses, or None. It may contain a password."""
    setting = _find_setting(url)
    return setting.address if setting else None


def find_proxy_variable(url: str) -> str:
    """Return the name of what sets the proxy that a request to `url` uses, or an empty string."""
    setting = _find_setting(url)
    return setting.variable if setting else ""


def find_proxy_problem(url: str) -> str:
    """Return what is wrong with the proxy that a request to `url` would use, or an empty string.

    Proxies that it would not use do not matter.
    """
    setting = _find_setting(url)
    flaw = _find_flaw(setting) if setting else ""
    return f"{setting.variable} {flaw}" if setting and flaw else ""


def describe_proxy(url: str) -> str:
    """Return a text that says which proxy a request to `url` uses, or why it uses none."""
    setting = _read_https_proxy()
    if urlsplit(url).scheme != "https":
        return "none, which an address with plain http:// never uses"
    if setting is None:
        return "none"
    if _is_spared(url):
        return f"none, because NO_PROXY spares {urlsplit(url).hostname}"
    return f"{setting.variable}, which cannot be used" if _find_flaw(setting) else _mask_credentials(setting.address)


def list_passwords() -> list[Secret]:
    """Return the passwords in the addresses of the proxies, as written and without escapes."""
    settings = filter(None, map(_read_proxy, ("http", "https", "all")))
    credentials = [setting.address.partition("://")[2].rpartition("@")[0] for setting in settings]
    passwords = {login.partition(":")[2] for login in credentials}
    return [Secret(password) for password in passwords | set(map(unquote, passwords)) if password]


def _find_setting(url: str) -> _ProxySetting | None:
    """Return the proxy that a request to `url` uses, whether it can be used or not, or None."""
    return None if _is_spared(url) else _read_https_proxy()


def _read_https_proxy() -> _ProxySetting | None:
    return _read_proxy("https") or _read_proxy("all")


def _read_proxy(kind: str) -> _ProxySetting | None:
    """Return the proxy for a kind of address: `http`, `https` or `all`."""
    address = getproxies().get(kind, "").strip()  # on Windows and macOS, also the settings of the system
    if not address:
        return None
    names = (name for name in sorted(os.environ, reverse=True) if name.lower() == f"{kind}_proxy")  # lower case first
    variable = next(names, f"The system's {kind.upper()} proxy")
    return _ProxySetting(variable, address if _SCHEME_PATTERN.match(address) else f"http://{address}")


def _is_spared(url: str) -> bool:
    """Whether a request to `url` goes around the proxies."""
    parts = urlsplit(url)
    no_proxy = getproxies().get("no", "")
    return parts.scheme != "https" or is_exempt(no_proxy, parts.hostname or "", parts.port or HTTPS_PORT)


def _find_flaw(setting: _ProxySetting) -> str:
    """Return why a proxy cannot be used, or an empty string. It quotes nothing but the scheme."""
    if setting.scheme not in PROXY_SCHEMES:
        return (
            f"begins with {setting.scheme}://, and only {', '.join(PROXY_SCHEMES)} are supported. Correct or unset it."
        )
    if not _is_address(setting.address):
        return "is not the address of a proxy, such as http://host:3128. Correct or unset it."
    if setting.scheme.startswith("socks") and find_spec("socksio") is None:
        return "is a SOCKS proxy, which needs the package socksio. Install it with: pip install 'httpx[socks]'"
    return ""


def _is_address(address: str) -> bool:
    """Whether the address has a valid host and port, and no blanks or control characters."""
    match = _ADDRESS_PATTERN.fullmatch(address)
    if match is None or len(address) > _MAX_LENGTH or " " in address or not address.isprintable():
        return False
    host, port = match["host"], match["port"]
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
        elif _IPV4_PATTERN.fullmatch(host):
            ipaddress.IPv4Address(host)
        elif not _HOST_PATTERN.fullmatch(host) or host.lower() in PROXY_SCHEMES:  # `http:/host`
            return False
    except ValueError:
        return False
    return not port or 0 < int(port) <= _MAX_PORT


def _mask_credentials(address: str) -> str:
    """Return an address without its user, password, path and query."""
    scheme, _, location = address.partition("://")
    _, at_sign, server = location.rpartition("@")
    server = re.split("[/?#]", server, maxsplit=1)[0]
    return f"{scheme}://{'***@' if at_sign else ''}{server}"
