"""The proxies and certificates that the environment sets.

They are read by the rules of httpx, without importing it, so that problems can be shown before a call fails.
Texts for people never contain the passwords in the addresses of proxies.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from cometmagic.system.secret import Secret

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def find_proxy(url: str) -> str | None:
    """Return the address of the proxy that a request to `url` uses, or None. It may contain a password."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or any(_is_exempt(entry, host, parts.netloc) for entry in _read_no_proxy()):
        return None
    return _read_https_proxy()


def describe_proxy(url: str) -> str:
    """Return a text that says which proxy a request to `url` uses, or why it uses none."""
    parts = urlsplit(url)
    if proxy := find_proxy(url):
        return _mask_credentials(proxy)
    if parts.scheme != "https":
        return "none, which an address with plain http:// never uses"
    return f"none, because NO_PROXY spares {parts.hostname or ''}" if _read_https_proxy() else "none"


def find_proxy_problems(url: str) -> Iterator[str]:
    """Yield what is wrong with the proxies. A proxy that would not be used stops a call as well."""
    if urlsplit(url).scheme != "https" or "*" in _read_no_proxy():
        return
    for kind, address in _read_proxies().items():
        text, variable = _mask_credentials(address), f"{kind.upper()}_PROXY"
        scheme = address.partition("://")[0].lower()
        if scheme not in PROXY_SCHEMES:
            yield f"{variable} is {text}, and no address of a proxy ({', '.join(PROXY_SCHEMES)}). Correct or unset it."
        elif scheme.startswith("socks") and find_spec("socksio") is None:
            yield f"{variable} is {text}, which needs the package socksio. Install it with: pip install 'httpx[socks]'"


def list_passwords() -> list[Secret]:
    """Return the passwords in the addresses of the proxies, as written and without escapes."""
    credentials = [address.partition("://")[2].rpartition("@")[0] for address in _read_proxies().values()]
    passwords = {login.partition(":")[2] for login in credentials}
    return [Secret(password) for password in passwords | set(map(unquote, passwords)) if password]


def _read_proxies() -> dict[str, str]:
    """Return the addresses of the proxies by what they are for: `http`, `https` or `all`."""
    proxies = getproxies()  # on Windows and macOS, these include the settings of the system
    addresses = {kind: proxies[kind] for kind in ("http", "https", "all") if proxies.get(kind)}
    return {kind: address if "://" in address else f"http://{address}" for kind, address in addresses.items()}


def _read_https_proxy() -> str | None:
    proxies = _read_proxies()
    return proxies.get("https") or proxies.get("all")


def _read_no_proxy() -> list[str]:
    return [name.strip().lower() for name in getproxies().get("no", "").split(",") if name.strip()]


def _is_exempt(entry: str, host: str, netloc: str) -> bool:
    """Return whether an entry of NO_PROXY covers this host. With a leading dot it covers subdomains only."""
    if "://" in entry:
        return entry.partition("://")[2] in (host, netloc)
    return entry in ("*", host, netloc) or host.endswith(entry if entry.startswith(".") else f".{entry}")


def _mask_credentials(address: str) -> str:
    """Return an address without its user, password, path and query."""
    scheme, _, location = address.partition("://")
    _, at_sign, server = location.rpartition("@")
    server = server.partition("/")[0].partition("?")[0]
    return f"{scheme}://{'***@' if at_sign else ''}{server}"


def describe_certificates() -> str:
    """Return whose certificates are trusted."""
    settings = [f"{name} {os.environ[name]}" for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    return ", ".join(settings) or "those that come with httpx"


def find_certificate_problem() -> str:
    """Return what is wrong with the certificates, or nothing."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file or folder:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file or None, folder or None)
    except OSError as error:
        reason = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        return f"SSL_CERT_FILE names {file}, which cannot be read ({reason}). Correct it or unset it."
    return ""
