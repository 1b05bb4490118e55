"""Open files: read whole and left where they were; what could block, or is text, is refused."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import urllib.response
import zipfile
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from cometmagic.errors import OptionError
from cometmagic.images.inputs import open_files
from cometmagic.images.references import load_reference
from tests.gemini.answers import picture

PNG = picture()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.png"
    file.write_bytes(PNG)
    return file


def pack(path: Path) -> Path:
    packed = path.with_suffix(".gz")
    packed.write_bytes(gzip.compress(PNG))
    return packed


def archive(path: Path) -> zipfile.ZipFile:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as writing:
        writing.write(path, "a.png")
    return zipfile.ZipFile(path.with_suffix(".zip"))


def close(file: Any) -> Any:
    file.close()
    return file


def write(file: Any) -> Any:
    """Return a file that was written and not rewound, as people leave it."""
    file.write(PNG)
    return file


# ruff: noqa: SIM115  # each is closed by the test that opens it
OPENERS: dict[str, Callable[[Path], Any]] = {
    "buffered": lambda path: path.open("rb"),
    "raw": lambda path: path.open("rb", buffering=0),
    "updated": lambda path: path.open("r+b"),
    "in memory": lambda _: io.BytesIO(PNG),
    "reader of memory": lambda _: io.BufferedReader(io.BytesIO(PNG)),
    "packed": lambda path: gzip.GzipFile(pack(path)),
    "in an archive": lambda path: archive(path).open("a.png"),
    "response": lambda _: urllib.response.addinfourl(io.BytesIO(PNG), Message(), "http://x"),
    "temporary": lambda _: write(tempfile.TemporaryFile()),
    "temporary with a name": lambda _: write(tempfile.NamedTemporaryFile()),
    "spooled": lambda _: write(tempfile.SpooledTemporaryFile()),
    "spooled on the disk": lambda _: write(tempfile.SpooledTemporaryFile(max_size=10)),
}


@pytest.mark.parametrize("kind", OPENERS)
@pytest.mark.parametrize("times", [1, 2])
def test_an_open_file_is_read_whole_and_again(kind: str, times: int, path: Path) -> None:
    with OPENERS[kind](path) as file:
        for _ in range(times if kind != "response" else 1):
            assert load_reference(file).part.data == PNG


@pytest.mark.parametrize("kind", [kind for kind in OPENERS if kind != "response"])
def test_the_position_of_a_file_stays(kind: str, path: Path) -> None:
    with OPENERS[kind](path) as file:
        file.seek(7)
        load_reference(file)

        assert file.tell() == 7


def test_a_spooled_file_stays_in_memory() -> None:
    with tempfile.SpooledTemporaryFile() as file:
        file.write(PNG)
        load_reference(file)

        assert not file._rolled  # type: ignore[attr-defined]


class Upload:
    """What Starlette and FastAPI make of an uploaded file."""

    filename = "a.png"

    def __init__(self, file: Any) -> None:
        self.file = file

    async def read(self) -> bytes:
        raise AssertionError

    async def seek(self, offset: int) -> int:
        raise AssertionError


def test_an_upload_that_is_awaited_is_read_where_it_lies(path: Path) -> None:
    with path.open("rb") as file:
        assert load_reference(Upload(file)).part.data == PNG
    with pytest.raises(OptionError, match=r"a\.png has to be awaited\. .*await file\.read"):
        load_reference(Upload(None))


def test_a_path_in_an_archive_is_read_and_an_archive_is_none(path: Path) -> None:
    with archive(path) as opened:
        assert load_reference(zipfile.Path(opened, "a.png")).part.data == PNG
        with pytest.raises(OptionError, match=r"b\.png cannot be read\."):
            load_reference(zipfile.Path(opened, "b.png"))
        with pytest.raises(OptionError, match=r"^A (ZipFile|FastLookup) is not an image"):
            load_reference(opened)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("closed", "a.png is closed. "),
        ("closed in memory", "The open file is closed. "),
        ("text", "a.png is open as text. "),
        ("text in memory", "The open file holds text. "),
        ("spooled text", "The open file holds text, not bytes. "),
        ("for writing", "a.png is not open for reading. "),
        ("empty", "b.png is empty. "),
        ("no image", "c.png holds no picture that can be sent. "),
    ],
)
def test_a_file_that_holds_no_image_says_why(kind: str, message: str, path: Path) -> None:
    path.with_name("b.png").touch()
    path.with_name("c.png").write_bytes(b"junk")
    openers: dict[str, Callable[[], Any]] = {
        "closed": lambda: close(path.open("rb")),
        "closed in memory": lambda: close(io.BufferedReader(io.BytesIO(PNG))),
        "text": path.open,
        "text in memory": lambda: io.StringIO("x"),
        "spooled text": lambda: tempfile.SpooledTemporaryFile(mode="w+"),
        "for writing": lambda: path.open("ab"),
        "empty": lambda: path.with_name("b.png").open("rb"),
        "no image": lambda: path.with_name("c.png").open("rb"),
    }
    file = openers[kind]()
    with file if not file.closed else io.BytesIO(), pytest.raises(OptionError) as caught:
        load_reference(file)

    assert message in str(caught.value).replace(f"{path.parent}{os.sep}", "")
    assert str(caught.value).isprintable()


@pytest.mark.skipif(os.name == "nt", reason="pipes are other things there")
def test_a_pipe_is_refused_and_never_waited_for() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as file, open(writing, "wb"), pytest.raises(OptionError, match="is no regular file"):  # noqa: PTH123
        load_reference(file)


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            return b"x" * size

    monkeypatch.setattr(open_files, "MAX_FILE_BYTES", 1000)

    with pytest.raises(OptionError, match="too large for a reference image"):
        load_reference(Endless())


def test_a_file_that_fails_says_so_in_a_line() -> None:
    class Failing(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            raise ValueError("two\nlines")

    with pytest.raises(OptionError, match=r"The open file cannot be read: two lines\."):
        load_reference(Failing())
