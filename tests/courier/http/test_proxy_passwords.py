"""The password of a proxy is shown by nothing, whatever is wrong with the proxy."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

import cometmagic
from cometmagic import doctor
from cometmagic.system import proxies
from tests.faults.server import FaultServer, recv_request, send
from tests.key_scan import KEYS, leaks, shown_frames
from tests.ports import listening

pytestmark = pytest.mark.usefixtures("carried_here", "soon")

PASSWORD = "pW7xQ2vB9mZ4"
ADDRESSES = {
    "closed": "http://user:{password}@127.0.0.1:{port}",
    "odd-sign": "http://user:{password}#x@127.0.0.1:{port}",
    "odd-path": "http://user:{password}/x@127.0.0.1:{port}",
    "odd-port": "http://user:{password}@127.0.0.1:{port}x",
    "unknown-scheme": "ftp://user:{password}@127.0.0.1:{port}",
    "no-scheme": "user:{password}@127.0.0.1:{port}",
    "escaped": "http://user:%70W7xQ2vB9mZ4@127.0.0.1:{port}",
    "only-password": "http://:{password}@127.0.0.1:{port}",
}


def seen_of_a_call(patch: pytest.MonkeyPatch, library: Path, proxy: str) -> str:
    patch.setenv("COMETAPI_KEY", KEYS["hex"])
    patch.setenv("COMETAPI_BASE_URL", "https://127.0.0.1:9")
    patch.setenv("HTTPS_PROXY", proxy)
    events: list[dict[str, object]] = []
    with pytest.raises(cometmagic.CometError) as caught:
        cometmagic.generate("a cat", progress=events.append)
    files = [path.read_text("utf-8", "replace") for path in library.rglob("*") if path.is_file()]
    caught.value.__traceback__ = caught.tb.tb_next  # the test's own frame holds the password
    return "\n".join([json.dumps(events), shown_frames(caught.value), str(doctor.examine()), *files])


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_proxy_that_does_not_work(monkeypatch: pytest.MonkeyPatch, library_folder: Path, name: str) -> None:
    with listening() as closed:
        port = closed.getsockname()[1]
    proxy = ADDRESSES[name].format(password=PASSWORD, port=port)

    seen = seen_of_a_call(monkeypatch, library_folder, proxy)

    assert "Nothing was sent" in seen
    assert leaks(seen, PASSWORD) == []


def test_a_proxy_that_quotes_what_it_got(monkeypatch: pytest.MonkeyPatch, library_folder: Path) -> None:
    login = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    refusing = [recv_request(), send(f"HTTP/1.1 407 No {login} {PASSWORD}\r\nContent-Length: 0\r\n\r\n".encode())]
    with FaultServer(*[refusing] * 5) as server:
        proxy = server.url.replace("//", f"//user:{PASSWORD}@")
        seen = seen_of_a_call(monkeypatch, library_folder, proxy)

    assert server.log[0].headers["proxy-authorization"] == f"Basic {login}"  # the control: it was sent there
    assert "407" in seen
    assert leaks(seen, PASSWORD) == []


def test_passwords_are_listed_as_written_and_without_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:a%20b@host")
    monkeypatch.setenv("ALL_PROXY", "socks5://user@host")

    assert {password.reveal() for password in proxies.list_passwords()} == {"a%20b", "a b"}
