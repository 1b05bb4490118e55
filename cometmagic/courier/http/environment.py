"""What the environment sets for a connection: the proxy that it uses, and the certificates that it trusts."""

from __future__ import annotations

import functools
import os
import ssl

import httpx

from cometmagic.errors import OptionError
from cometmagic.system import proxies
from cometmagic.system.certificates import find_certificate_problem


def get_proxy(url: str) -> str | None:
    """Return the address of the proxy for `url`, which may contain a password, or None.

    Raises `OptionError` with the variable that is wrong.
    """
    if problem := proxies.find_proxy_problem(url):
        raise OptionError(problem)
    return proxies.find_proxy(url)


def load_certificates() -> ssl.SSLContext:
    """Return the trusted certificates. Raises `OptionError` with the variable that is wrong."""
    try:
        return _build_ssl_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    except OSError:
        raise OptionError("The certificates that come with httpx cannot be read. Install httpx again.") from None


@functools.lru_cache(maxsize=4)
def _build_ssl_context(certificate_file: str | None, certificate_folder: str | None) -> ssl.SSLContext:
    """Return the trusted certificates, cached because loading them takes longer than the rest of an attempt."""
    if not certificate_file and not certificate_folder:
        return httpx.create_ssl_context(trust_env=False)
    if problem := find_certificate_problem():
        raise OptionError(problem)
    return ssl.create_default_context(cafile=certificate_file or None, capath=certificate_folder or None)
