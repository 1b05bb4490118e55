"""A picture that comes as an address: got at once with --fetch, or later, from public https hosts only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trustme

import cometmagic
from cometmagic.errors import LibraryError, NoImageError
from cometmagic.generation.result import ImageResult
from tests.courier.http.test_image_fetch import (  # noqa: F401  # fixtures: what leaves the process, and certificates
    PUBLIC,
    Wire,
    authority,
    public,
    wire,
)
from tests.courier.http.test_image_fetch import answering as page
from tests.faults.asking import Asker
from tests.faults.leaks import KEY
from tests.faults.server import FaultServer, encrypted, fin
from tests.gemini.answers import answer, answering, image, picture, text

pytestmark = pytest.mark.usefixtures("carried_here")
ADDRESS = "https://pictures.example/a/b.png?sig=AKIAIOSFODNN7EXAMPLE%2F20261201&x=1"
IN_MARKDOWN = answer(text("Look: ![a bicycle](" + ADDRESS + ")"))


@pytest.fixture
def host(wire: Wire, public: Any, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:  # noqa: F811
    """Return a function that serves a picture, or what is given, as https://pictures.example/."""
    authority.cert_pem.write_to_path(tmp_path / "trusted.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))

    def serve(content: bytes = picture("JPEG")) -> FaultServer:
        server: FaultServer = public([encrypted(authority, "pictures.example"), *page(content), fin()])
        return server

    return serve


def test_the_picture_is_got_at_once(ask: Asker, host: Any, wire: Wire) -> None:  # noqa: F811
    server = host()

    made = ask(
        *answering(answer(image(thought=True), *IN_MARKDOWN["candidates"][0]["content"]["parts"])), fetch=True
    ).made

    assert (made.image.data, made.image.mime_type) == (picture("JPEG"), "image/jpeg")
    assert [part.data for part in made.thoughts] == [picture()]
    assert "the picture was fetched from pictures.example (0.7 kB)" in "\n".join(made.warnings)
    assert "Look: " in made.text
    assert ImageResult(made.folder).image.data == picture("JPEG")
    assert dict(made.call)["error"] is None
    assert PUBLIC in wire.connected
    assert KEY not in repr(server.log)
    assert server.log[0].start_line == f"GET {ADDRESS.removeprefix('https://pictures.example')} HTTP/1.1"


def test_without_the_option_nothing_is_got(ask: Asker, host: Any, wire: Wire) -> None:  # noqa: F811
    host()

    told = ask(*answering(IN_MARKDOWN)).told

    assert f"Address: {ADDRESS} " in str(told)
    assert "%gemini_library fetch" in told.advice
    assert PUBLIC not in wire.connected


def test_the_picture_is_got_later_without_another_request(ask: Asker, host: Any) -> None:
    outcome = ask(*answering(IN_MARKDOWN))
    host()

    result = cometmagic.fetch_image(outcome.folder.path)

    assert result.folder == outcome.folder.path
    assert result.image.data == picture("JPEG")
    assert "was fetched from pictures.example" in "\n".join(result.warnings)
    with pytest.raises(LibraryError, match="holds only the address"):
        cometmagic.fetch_image(outcome.folder.path)


REFUSED = {
    "not an image": (ADDRESS, b"<html>expired</html>", "is no image"),
    "not https": ("http://pictures.example/a.png", b"", "is not https"),
    "a file": ("file:///etc/passwd", b"", "is not https"),
    "this machine": ("https://127.0.0.1/a.png", b"", "of this machine"),
    "a private network": ("https://192.168.1.1/a.png", b"", "of this machine or its network"),
    "metadata": ("https://169.254.169.254/a.png", b"", "metadata"),
    "a name of this machine": ("https://printer.local/a.png", b"", "of this machine"),
    "a storage bucket": ("gs://bucket/a.png", b"", "is not https"),
    "an unknown host": ("https://nowhere.example/a.png", b"", "There is no host"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_got_keeps_its_address(ask: Asker, host: Any, wire: Wire, name: str) -> None:  # noqa: F811
    address, content, reason = REFUSED[name]
    host(content)

    outcome = ask(*answering(answer({"fileData": {"fileUri": address}})), fetch=True)

    assert isinstance(outcome.told, NoImageError)
    assert f"Address: {address} " in str(outcome.told)
    assert reason in str(outcome.told)
    assert outcome.folder.response_path.exists()
    may_be_opened = name in ("not an image", "a storage bucket", "an unknown host")
    assert outcome.told.advice.startswith("Open the address" if may_be_opened else "Do not open the address")
    assert (PUBLIC in wire.connected) is (name == "not an image")


def test_an_answer_with_a_picture_gets_nothing(ask: Asker, host: Any, wire: Wire) -> None:  # noqa: F811
    host()

    made = ask(*answering(answer(image(), text(ADDRESS))), fetch=True).made

    assert made.image.data == picture()
    assert PUBLIC not in wire.connected


def test_a_call_without_an_address_has_nothing_to_get(ask: Asker) -> None:
    outcome = ask(*answering(answer(text("no"))))

    with pytest.raises(LibraryError, match="holds only the address"):
        cometmagic.fetch_image(outcome.folder.path)
