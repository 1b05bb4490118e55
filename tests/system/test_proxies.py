"""What is told of proxies is what httpx does with them, and no password shows; certificates are tried."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from cometmagic.system.proxies import (
    describe_certificates,
    describe_proxy,
    find_certificate_problem,
    find_proxy,
    find_proxy_problems,
)

HERE = "https://api.cometapi.com"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
SECRETS = [
    "http://ada:secret@proxy:3128",
    "http://secret@proxy:3128",
    "ada:se@cret@proxy:3128",
    "http://proxy:3128/?secret",
]

# Variables, an address, and what is told.
PROXIES = [
    ({}, HERE, "none"),
    ({"HTTPS_PROXY": "http://proxy:3128"}, HERE, "http://proxy:3128"),
    ({"HTTPS_PROXY": "proxy:3128"}, HERE, "http://proxy:3128"),
    ({"ALL_PROXY": "http://proxy:3128"}, HERE, "http://proxy:3128"),
    ({"ALL_PROXY": "http://other:1", "HTTPS_PROXY": "http://proxy:3128"}, HERE, "http://proxy:3128"),
    ({"HTTP_PROXY": "http://proxy:3128"}, HERE, "none"),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "cometapi.com"}, HERE, "none, because NO_PROXY spares api."),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "x, .cometapi.com"}, HERE, "none, because NO_PROXY spares api."),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "API.cometapi.com"}, HERE, "none, because NO_PROXY spares api."),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "x,*"}, HERE, "none, because NO_PROXY spares api."),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "https://api.cometapi.com"}, HERE, "none, because NO_PROXY"),
    ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "metapi.com,.api.cometapi.com"}, HERE, "http://proxy:3128"),
    (
        {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "relay.example:8443"},
        "https://relay.example:8443",
        "none, because",
    ),
    (
        {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "relay.example:8444"},
        "https://relay.example:8443",
        "http://proxy",
    ),
    (
        {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "127.0.0.1"},
        "https://127.0.0.1",
        "none, because NO_PROXY spares",
    ),
]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def setting(patch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        patch.setenv(name, value)


@pytest.mark.parametrize(("variables", "url", "told"), PROXIES)
def test_the_proxy_that_is_told_is_the_one_that_httpx_uses(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, told: str
) -> None:
    setting(monkeypatch, variables)
    client = httpx.Client()
    used = client._transport_for_url(httpx.URL(url)) is not client._transport

    assert describe_proxy(url).startswith(told)
    assert (find_proxy(url) is not None) == used
    assert used == (not told.startswith("none"))


def test_an_address_with_plain_http_uses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")

    assert describe_proxy("http://127.0.0.1:8765") == "none, which an address with plain http:// never uses"
    assert list(find_proxy_problems("http://127.0.0.1:8765")) == []


@pytest.mark.parametrize("address", SECRETS)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY"])
def test_no_password_is_told(monkeypatch: pytest.MonkeyPatch, address: str, variable: str) -> None:
    for scheme in ("", "ftp://", "socks5://"):
        monkeypatch.setenv(variable, f"{scheme}{address.removeprefix('http://')}" if scheme else address)

        told = " ".join([describe_proxy(HERE), *find_proxy_problems(HERE)])

        assert "proxy" in told
        assert [word for word in ("secret", "cret", "ada") if word in told] == []


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"HTTPS_PROXY": "htp://proxy"}, "HTTPS_PROXY is htp://proxy, and no address of a proxy"),
        ({"HTTP_PROXY": "socks5://proxy:1080"}, "HTTP_PROXY is socks5://proxy:1080, which needs the package socksio"),
    ],
)
def test_a_proxy_that_stops_httpx_is_told(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    """Also one that this address would not use: httpx looks at all of them."""
    setting(monkeypatch, variables)
    with pytest.raises((ValueError, ImportError)):
        httpx.Client()

    [problem] = find_proxy_problems(HERE)

    assert problem.startswith(told)


@pytest.mark.parametrize(
    "variables", [{}, {"HTTPS_PROXY": "http://proxy"}, {"HTTPS_PROXY": "htp://x", "NO_PROXY": "*"}]
)
def test_a_proxy_that_stops_nothing_is_no_problem(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    setting(monkeypatch, variables)
    httpx.Client()

    assert list(find_proxy_problems(HERE)) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "which cannot be read (No such file or directory)"),
        (b"", "which cannot be read (it holds no certificates)"),
        (b"certificates, surely", "which cannot be read (it holds no certificates)"),
    ],
)
def test_certificates_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "own.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    assert describe_certificates() == f"SSL_CERT_FILE {file}"
    assert find_certificate_problem() == f"SSL_CERT_FILE names {file}, {told}. Correct it or unset it."


def test_certificates_that_can_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import certifi

    assert (describe_certificates(), find_certificate_problem()) == ("those that come with httpx", "")

    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))

    assert describe_certificates() == f"SSL_CERT_FILE {certifi.where()}, SSL_CERT_DIR {tmp_path}"
    assert find_certificate_problem() == ""
