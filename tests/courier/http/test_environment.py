"""Calls under the proxies and keys that environments set: they work, or the variable is named and nothing leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

import cometmagic
from cometmagic import doctor
from cometmagic.courier.http.catalogue_fetch import fetch_public_document
from cometmagic.errors import ChargeStatus, CometError
from tests.faults.leaks import KEY
from tests.faults.server import FaultServer, encrypted, fin, recv_request, send
from tests.gemini.answers import answer, answering, image, picture
from tests.key_scan import leaks, shown_frames

pytestmark = pytest.mark.usefixtures("carried_here", "soon")

DEAD = "http://127.0.0.1:1"

# Variables under which a call to this machine works, with or without a proxy that refuses everything.
WORKING: list[dict[str, str]] = [
    {},
    {"HTTP_PROXY": "htp://x"},
    {"http_proxy": "http://[::1"},
    {"ALL_PROXY": "socks://127.0.0.1:1", "NO_PROXY": "*"},
    {"HTTPS_PROXY": ":8080", "NO_PROXY": "127.0.0.1"},
    {"HTTPS_PROXY": DEAD, "NO_PROXY": "[::1], 127.0.0.0/8"},
    {"HTTPS_PROXY": DEAD, "no_proxy": "::1,fe80::/10,127.0.0.1"},
    {"HTTPS_PROXY": DEAD, "NO_PROXY": "localhost 127.0.0.1 , *.example.com"},
    {"HTTPS_PROXY": DEAD, "NO_PROXY": "https://127.0.0.1"},
    {"HTTPS_PROXY": DEAD, "NO_PROXY": "[fe80::/999],127.*"},
    {"HTTPS_PROXY": "  ", "ALL_PROXY": ""},
]

# A variable that stops the call.
STOPPING = [
    ("ALL_PROXY", "socks://127.0.0.1:1080"),
    ("all_proxy", "socks4://127.0.0.1:1080"),
    ("ALL_PROXY", "socks5://127.0.0.1:1080"),
    ("HTTPS_PROXY", ":8080"),
    ("HTTPS_PROXY", "http://"),
    ("https_proxy", "http://host:notaport"),
    ("HTTPS_PROXY", "http://[::1"),
    ("HTTPS_PROXY", "host:99999"),
    ("HTTPS_PROXY", "http://my proxy:80"),
    ("HTTPS_PROXY", "htp://x"),
    ("HTTPS_PROXY", "http://\u2603.example"),
    ("HTTPS_PROXY", "ada:secret"),
    ("SSL_CERT_FILE", "/no/such/file"),
    ("SSL_CERT_DIR", "/no/such/folder"),
]

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    authority.cert_pem.write_to_path(tmp_path / "trusted.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    monkeypatch.setenv("COMETAPI_KEY", KEY)


def secure_server(patch: pytest.MonkeyPatch, authority: trustme.CA) -> FaultServer:
    server = FaultServer([encrypted(authority, "127.0.0.1"), *answering(answer(image())), fin()])
    patch.setenv("COMETAPI_BASE_URL", server.url.replace("http:", "https:"))
    return server


@pytest.mark.parametrize("variables", WORKING)
@pytest.mark.usefixtures("library_folder")
def test_a_call_goes_past_proxies_that_are_not_for_it(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    with secure_server(monkeypatch, authority) as server:
        made = cometmagic.generate("a cat")

    assert made.image.data == picture()
    assert server.posts == 1
    assert not doctor.examine().has_errors


@pytest.mark.parametrize(("variable", "value"), STOPPING)
@pytest.mark.usefixtures("library_folder")
def test_a_variable_that_stops_a_call_is_named_before_anything_leaves_and_marked_by_the_doctor(
    monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, variable: str, value: str
) -> None:
    if variable == "SSL_CERT_DIR":
        monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv(variable, value)

    with secure_server(monkeypatch, authority) as server, pytest.raises(CometError) as caught:
        cometmagic.generate("a cat")

    assert str(caught.value).startswith(f"{variable} ")
    assert "\n" not in str(caught.value)
    assert caught.value.charge_status is ChargeStatus.UNSENT
    assert server.log == []
    assert [problem for problem in doctor.examine().problems if problem.startswith(f"✗ {variable} ")]
    assert leaks(shown_frames(caught.value), KEY) == []


@pytest.mark.usefixtures("library_folder")
def test_without_an_exemption_the_proxy_is_asked(monkeypatch: pytest.MonkeyPatch, authority: trustme.CA) -> None:
    """The control of the first table."""
    refusing = [recv_request(), send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")]
    with FaultServer(*[refusing] * 4) as proxy, secure_server(monkeypatch, authority) as server:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "[::1], 10.0.0.0/8, *.example.com")
        with pytest.raises(CometError):
            cometmagic.generate("a cat")

    assert proxy.log[0].start_line == f"CONNECT {server.url.removeprefix('http://')} HTTP/1.1"
    assert server.log == []


@pytest.mark.usefixtures("library_folder")
def test_a_proxy_that_cannot_be_used_stops_no_call_to_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://[::1")
    with FaultServer(answering(answer(image()))) as server:
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)

        assert cometmagic.generate("a cat").image.data == picture()


@pytest.mark.usefixtures("library_folder")
@pytest.mark.parametrize("text", ["Bearer {}", 'export COMETAPI_KEY="bearer  {}"', "Authorization: Bearer {}"])
def test_the_key_within_what_was_pasted_is_what_is_sent(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("COMETAPI_KEY", text.format(KEY))
    with FaultServer(answering(answer(image()))) as server:
        monkeypatch.setenv("COMETAPI_BASE_URL", server.url)
        cometmagic.generate("a cat")

    assert server.log[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_public_document_is_fetched_by_the_same_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(answering(b"{}")) as server:
        monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1")
        assert fetch_public_document(server.url, 100) == b"{}"
        with pytest.raises(ValueError, match=r"^ALL_PROXY begins with socks://"):
            fetch_public_document(server.url.replace("http:", "https:"), 100)

    assert server.posts == 1
