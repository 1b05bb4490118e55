"""The certificates that the environment sets for TLS. Nothing here opens a connection."""

from __future__ import annotations

import os
import ssl
from pathlib import Path


def describe_certificates() -> str:
    """Return whose certificates are trusted."""
    settings = [f"{name} {os.environ[name]}" for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    return ", ".join(settings) or "those that come with httpx"


def find_certificate_problem() -> str:
    """Return what is wrong with the certificates that the environment sets, or an empty string."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if folder and not file and not Path(folder).is_dir():  # OpenSSL would trust nobody, and not say why
        return f"SSL_CERT_DIR names {folder}, which is no folder. Correct it or unset it."
    try:
        if file or folder:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file or None, folder or None)
    except OSError as error:
        reason = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        return f"SSL_CERT_FILE names {file}, which cannot be read ({reason}). Correct it or unset it."
    return ""
