"""COMETAPI_BASE_URL: what it may be, and where a key must not be sent."""

from __future__ import annotations

import pytest

from cometmagic.errors import OptionError
from cometmagic.options.base_url import read_base_url


@pytest.mark.parametrize(
    ("written", "url", "host"),
    [
        ("", "https://api.cometapi.com", "api.cometapi.com"),
        (" https://api.cometapi.com/v1beta/ ", "https://api.cometapi.com", "api.cometapi.com"),
        ("https://api.cometapi.com/v1", "https://api.cometapi.com", "api.cometapi.com"),
        ("https://api.cometapi.com/v1beta/models", "https://api.cometapi.com", "api.cometapi.com"),
        ("'https://api.cometapi.com/v1/chat/completions'", "https://api.cometapi.com", "api.cometapi.com"),
        ("https://relay.example:8443/gemini/", "https://relay.example:8443/gemini", "relay.example:8443"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765", "127.0.0.1:8765"),
        ("http://localhost", "http://localhost", "localhost"),
        ("http://[::1]:80", "http://[::1]:80", "::1:80"),
    ],
)
def test_an_address(monkeypatch: pytest.MonkeyPatch, written: str, url: str, host: str) -> None:
    monkeypatch.setenv("COMETAPI_BASE_URL", written)
    assert (read_base_url().url, read_base_url().host) == (url, host)
    assert read_base_url().is_trusted == (url == "https://api.cometapi.com")


@pytest.mark.parametrize(
    "written",
    [
        "http://api.cometapi.com",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "https://user:secret@api.cometapi.com",
        "https://@api.cometapi.com",
        "https://api.cometapi.com\\@evil.example",
        "https://api.cometapi.com:99999",
        "https://api.cometapi.com:port",
        "https://api.cometapi.com?",
        "https://api.cometapi.com/?key=1",
        "https://api.cometapi.com#x",
        "https://api.cometapi.com/a/../b",
        "https://api .cometapi.com",
        "https://api.comet\u0430pi.com",
        "https://",
        "api.cometapi.com",
        "ftp://api.cometapi.com",
        "file:///etc/passwd",
        "https://[::1",
    ],
)
def test_an_address_a_key_must_not_be_sent_to(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("COMETAPI_BASE_URL", written)

    with pytest.raises(OptionError, match=r"^COMETAPI_BASE_URL .*Correct it, or unset it") as caught:
        read_base_url()

    assert "secret" not in str(caught.value)
    frames = "".join(repr(entry.locals) for entry in caught.traceback[1:])
    assert "problem" in frames
    assert repr(written) not in frames
    assert "secret" not in frames
