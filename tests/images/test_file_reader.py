"""K9 and K13: only regular files of this machine are read, and each other thing says what it is."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from cometmagic.errors import ChargeStatus, OptionError
from cometmagic.images import file_reader
from cometmagic.images.file_reader import is_url, read_file

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has none of these")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a picture.png"
    path.write_bytes(b"content")
    return path


def refused(path: str | os.PathLike[str]) -> str:
    with pytest.raises(OptionError) as caught:
        read_file(path)
    assert str(caught.value).isprintable()
    assert caught.value.charge_status is ChargeStatus.UNSENT
    return str(caught.value)


def test_a_file_is_read_by_text_path_link_and_home(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(file.parent))
    monkeypatch.setenv("USERPROFILE", str(file.parent))
    monkeypatch.chdir(file.parent)
    Path("link").symlink_to(file)

    for path in (str(file), file, "link", "~/a picture.png", Path("~/a picture.png"), "a picture.png", "./link"):
        assert read_file(path) == b"content"


@POSIX
def test_k13_what_is_no_regular_file_is_told_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to nowhere").symlink_to("gone")
    (tmp_path / "to a device").symlink_to("/dev/zero")

    assert "is a folder" in refused(tmp_path)
    assert "is no regular file" in refused(tmp_path / "pipe")
    assert "is no regular file" in refused("/dev/zero")
    assert "is no regular file" in refused("/dev/null")
    assert "is no regular file" in refused(tmp_path / "to a device")
    assert "There is no image file" in refused(tmp_path / "to nowhere")
    assert "There is no image file" in refused(tmp_path / "pipe" / "below")


@POSIX
def test_a_socket_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")

        assert "Cannot read s" in refused("s")


def test_empty_and_too_large_files_are_told(tmp_path: Path) -> None:
    empty, huge = tmp_path / "empty.png", tmp_path / "huge.png"
    empty.touch()
    with huge.open("wb") as made:
        made.truncate(file_reader.MAX_FILE_BYTES + 1)  # takes no room on the disk

    assert "is empty" in refused(empty)
    assert "too large for a reference image (256 MB)" in refused(huge)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_no_handle_stays_open(file: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))

    read_file(file)
    refused(file.parent)
    refused("/dev/null")

    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="nothing is closed to root")
def test_a_folder_without_access_is_told(file: Path) -> None:
    folder = file.parent / "closed"
    folder.mkdir(mode=0)
    try:
        for path in (folder, folder / "x.png", folder / "sub" / "x.png"):
            assert f"Cannot read {path}: Permission denied" in refused(path)
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("name", ["x" * 5000, "x" * 300 + "/y.png", "a/" * 3000, "é" * 2000])
def test_a_long_name_is_told_by_its_beginning_and_its_end(name: str) -> None:
    message = refused(name)

    assert name[:50] in message
    assert name[-6:] in message
    assert len(message) < 300


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="nothing is closed to root")
def test_a_file_of_another_user_is_told(file: Path) -> None:
    file.chmod(0)

    assert "Permission denied" in refused(file)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("no/such/file.png", "There is no image file no/such/file.png"),
        ("", "The path of an image is empty"),
        (" \t", "The path of an image is empty"),
        ("a\0b", "ab has a null character"),
        ("\ud800.png", "Cannot read ?.png"),
        ("x" * 5000, "Cannot read xxx"),
        ("~nobody-of-this-name/x.png", "Cannot read ~nobody-of-this-name/x.png: Could not determine home directory. "),
        ("\x1b[31mred\n.png", "There is no image file red .png"),
        (r"\\host\share\x.png", "may lie on another machine"),
        ("//host/share/x.png", "may lie on another machine"),
        (r"\/host/share/x.png", "may lie on another machine"),
        (r"\\?\C:\x.png", "may lie on another machine"),
        (r"\\.\pipe\x", "may lie on another machine"),
        ("file:///etc/passwd", "is an address, not a path"),
        ("FILE:x.png", "is an address, not a path"),
        (" file:x.png", "is an address, not a path"),
        ("ftp://host/x.png", "of a kind that is not fetched"),
        ("gopher://host/1", "of a kind that is not fetched"),
        ("data:image/png;base64,AAAA", "of a kind that is not fetched"),
        ("data:" + "A" * 10_000, "of a kind that is not fetched"),
        ("s3://bucket/x.png", "of a kind that is not fetched"),
        ("https://example.com/x.png", "is an address, not a file"),
        ("HTTP:x", "is an address, not a file"),
    ],
    ids=range(23),
)
def test_k9_what_is_no_path_of_this_machine_is_told(path: str, told: str) -> None:
    message = refused(path)

    assert told in message
    assert len(message) < 300


@POSIX
def test_k9_a_path_object_on_another_machine_is_told_too() -> None:
    assert "may lie on another machine" in refused(Path("//host/share/x.png"))


@POSIX
def test_a_name_with_a_colon_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a:b.png", "C:x.png", "12:30.png", "note: this.png"):
        Path(name).write_bytes(b"x")
        assert read_file(name) == b"x"


@pytest.mark.parametrize("text", ["http://x", "https://x/y", "HTTPS://X", "  https://x", "http:x", "http:\\\\x"])
def test_what_is_meant_as_an_address(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize("text", ["", "x.png", "httpx/x.png", "C:\\x", "ftp://x", "//x", "xhttp://x", "/http://x"])
def test_what_is_not(text: str) -> None:
    assert not is_url(text)
