"""The way out of this machine as the environment sets it: proxies and certificates.

They are read here by the rules of httpx, without importing it, so that they can be told before a call
fails on them. Passwords in the addresses of proxies are not told.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import urlsplit
from urllib.request import getproxies

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def describe_proxy(url: str) -> str:
    """Return which proxy a call to `url` uses."""
    parts, found = urlsplit(url), _read_proxies()
    if parts.scheme != "https":
        return "none, which an address with plain http:// never uses"
    used = found.get("https") or found.get("all")
    if not used:
        return "none"
    host = parts.hostname or ""
    is_spared = any(_is_exempt(name, host, parts.netloc) for name in _read_no_proxy())
    return f"none, because NO_PROXY spares {host}" if is_spared else _mask_credentials(used)


def find_proxy_problems(url: str) -> Iterator[str]:
    """Yield what is wrong with the proxies; one that would not be used stops a call as well."""
    if urlsplit(url).scheme != "https" or "*" in _read_no_proxy():
        return
    for kind, address in _read_proxies().items():
        told, variable = _mask_credentials(address), f"{kind.upper()}_PROXY"
        scheme = address.partition("://")[0].lower()
        if scheme not in PROXY_SCHEMES:
            yield f"{variable} is {told}, and no address of a proxy ({', '.join(PROXY_SCHEMES)}). Correct or unset it."
        elif scheme.startswith("socks") and find_spec("socksio") is None:
            yield f"{variable} is {told}, which needs the package socksio. Install it with: pip install 'httpx[socks]'"


def _read_proxies() -> dict[str, str]:
    """Return the addresses of the proxies by what they are for."""
    found = getproxies()  # on Windows and macOS also what the system is set to
    addresses = {kind: found[kind] for kind in ("http", "https", "all") if found.get(kind)}
    return {kind: address if "://" in address else f"http://{address}" for kind, address in addresses.items()}


def _read_no_proxy() -> list[str]:
    return [name.strip().lower() for name in getproxies().get("no", "").split(",") if name.strip()]


def _is_exempt(entry: str, host: str, netloc: str) -> bool:
    """Whether an entry of NO_PROXY means this host: itself and what is below it, or with a dot in front only that."""
    if "://" in entry:
        return entry.partition("://")[2] in (host, netloc)
    return entry in ("*", host, netloc) or host.endswith(entry if entry.startswith(".") else f".{entry}")


def _mask_credentials(address: str) -> str:
    """Return an address without what may be secret in it: user, password, path and query."""
    scheme, _, rest = address.partition("://")
    _, at, server = rest.rpartition("@")
    server = server.partition("/")[0].partition("?")[0]
    return f"{scheme}://{'***@' if at else ''}{server}"


def describe_certificates() -> str:
    """Return whose certificates are trusted."""
    set_ = [f"{name} {os.environ[name]}" for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    return ", ".join(set_) or "those that come with httpx"


def find_certificate_problem() -> str:
    """Return what is wrong with the certificates, or nothing."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file or folder:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file or None, folder or None)
    except OSError as error:
        why = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        return f"SSL_CERT_FILE names {file}, which cannot be read ({why}). Correct it or unset it."
    return ""
