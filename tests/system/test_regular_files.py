"""The opener: regular files only, whatever lies under the name, and nothing outside is read, changed or waited for."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from cometmagic.system import regular_files
from cometmagic.system.regular_files import (
    check_folder,
    check_private_folder,
    create_private_folder,
    is_link,
    is_plain_name,
    is_real_folder,
    is_regular,
    measure_regular,
    open_private,
    open_regular,
    read_regular,
)

SECRET = b"export TOKEN=hunter2\n"
posix = pytest.mark.skipif(os.name == "nt", reason="needs links, pipes, devices and owners")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return a file of the user's that is no business of a library."""
    path = tmp_path / "outside"
    path.write_bytes(SECRET)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a name in a library."""
    folder = tmp_path / "library"
    folder.mkdir()
    return folder / "image.jpg"


def bind_socket(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)  # the address of a socket has a hundred letters at most


def set_user(monkeypatch: pytest.MonkeyPatch, user: int | None) -> None:
    """Run as a user, or on a system without any."""
    if user is None:
        monkeypatch.delattr(os, "geteuid", raising=False)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: user)


PLANTS: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "link": (lambda path, outside: path.symlink_to(outside), "is a link"),
    "link-to-folder": (lambda path, outside: path.symlink_to(outside.parent), "is a link"),
    "link-to-nothing": (lambda path, _: path.symlink_to("nothing"), "is a link"),
    "link-to-itself": (lambda path, _: path.symlink_to(path.name), "is a link"),
    "link-to-device": (lambda path, _: path.symlink_to("/dev/zero"), "is a link"),
    "folder": (lambda path, _: path.mkdir(), "is a folder"),
    "pipe": (lambda path, _: os.mkfifo(path), "is no regular file"),
    "socket": (lambda path, _: bind_socket(path), "is no regular file"),
}
READERS: dict[str, Callable[[Path], object]] = {
    "read": read_regular,
    "open": open_regular,
    "measure": measure_regular,
}
WRITERS: dict[str, Callable[[Path], object]] = {
    mode: lambda path, mode=mode: open_private(path, mode)  # type: ignore[misc]
    for mode in ("r+", "a+", "x+")
}


@posix
@pytest.mark.timeout(20)  # a pipe that is opened blocks for ever
@pytest.mark.parametrize("use", [*READERS, *WRITERS])
@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_no_regular_file_is_not_opened(outside: Path, path: Path, plant: str, use: str) -> None:
    place, reason = PLANTS[plant]
    place(path, outside)

    assert not is_regular(path)
    with pytest.raises(OSError, match=reason):
        (READERS | WRITERS)[use](path)
    assert outside.read_bytes() == SECRET
    assert not path.with_name("nothing").exists()


@posix
@pytest.mark.parametrize("use", [*READERS, *WRITERS])
@pytest.mark.parametrize("plant", ["link", "pipe"])
def test_what_is_planted_after_the_first_look_is_not_opened_either(
    monkeypatch: pytest.MonkeyPatch, outside: Path, path: Path, plant: str, use: str
) -> None:
    PLANTS[plant][0](path, outside)
    if use == "measure":
        return  # it opens nothing
    status = os.lstat(outside)
    monkeypatch.setattr(os, "lstat", lambda _: status)

    with pytest.raises(OSError, match=PLANTS[plant][1] if use != "x+" else "exists"):
        (READERS | WRITERS)[use](path)
    assert outside.read_bytes() == SECRET


@posix
def test_control_the_plants_reach_a_naive_reader_and_writer(outside: Path, path: Path) -> None:
    path.symlink_to(outside)

    assert path.read_bytes() == SECRET
    with path.open("ab") as file:
        file.write(b"more")
    assert outside.read_bytes() == SECRET + b"more"


def test_a_regular_file_is_read_and_measured(path: Path) -> None:
    path.write_bytes(b"x" * 70_000)

    assert is_regular(path)
    assert read_regular(path) == b"x" * 70_000
    assert measure_regular(path) == 70_000
    with open_regular(path) as file:
        assert file.read(4) == b"xxxx"


@pytest.mark.parametrize("use", [*READERS, "r+"])
def test_a_file_that_is_not_there_is_told_as_such(path: Path, use: str) -> None:
    with pytest.raises(FileNotFoundError):
        (READERS | WRITERS)[use](path)
    assert not is_regular(path)


def test_more_than_the_limit_is_not_read(path: Path) -> None:
    path.write_bytes(b"x" * 2_000_001)

    assert len(read_regular(path, 2_000_001)) == 2_000_001
    with pytest.raises(OSError, match=r"image\.jpg is larger than 2 MB"):
        read_regular(path, 2_000_000)
    with open_regular(path, None) as file:
        assert len(file.read()) == 2_000_001


@posix
def test_a_new_file_or_folder_is_private_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        open_private(path, "a+").close()
        create_private_folder(path.with_name("above") / "folder")
    finally:
        os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600
    folders = [folder for folder in path.parent.rglob("*") if folder.is_dir()]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o700] * 2


@posix
def test_a_file_with_a_second_name_is_read_and_not_written(outside: Path, path: Path) -> None:
    os.link(outside, path)

    assert read_regular(path) == SECRET
    for mode in ("r+", "a+"):
        with pytest.raises(OSError, match="has a second name"):
            WRITERS[mode](path)


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize(
    ("file_owner", "folder_owner", "user", "is_read"),
    [
        (0, 0, 0, True),
        (65534, 65534, 0, True),
        (0, 65534, 0, True),
        (65534, 0, 0, False),
        (65533, 65534, 0, False),
        (65534, 65533, 65534, True),
        (0, 65533, 65534, True),
        (65534, 65533, 65532, False),
        (65534, 65533, None, True),  # as on Windows, where a file has no such owner
    ],
)
def test_the_owner_of_a_file_is_this_user_or_root_or_that_of_its_folder(
    monkeypatch: pytest.MonkeyPatch, path: Path, file_owner: int, folder_owner: int, user: int | None, is_read: bool
) -> None:
    set_user(monkeypatch, user)
    path.write_bytes(b"x")
    os.chown(path, file_owner, -1)
    os.chown(path.parent, folder_owner, -1)

    if is_read:
        assert read_regular(path) == b"x"
        return
    for use in (*READERS, *WRITERS):
        with pytest.raises(PermissionError, match="belongs to another user"):
            (READERS | WRITERS)[use](path)


@posix
@pytest.mark.parametrize("is_linked", [False, True])
def test_a_folder_is_one_itself(tmp_path: Path, is_linked: bool) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert check_folder(folder) == folder.stat()
    if is_linked:
        (tmp_path / "link").symlink_to(folder)
        folder = tmp_path / "link"
        for check in (check_folder, create_private_folder):
            with pytest.raises(NotADirectoryError, match="is a link"):
                check(folder)
    assert is_real_folder(folder) is (not is_linked)
    assert is_link(folder) is is_linked
    for name in ("nothing", "a\0b"):
        assert [check(tmp_path / name) for check in (is_real_folder, is_link, is_regular)] == [False] * 3
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        check_folder(tmp_path / "file")


def test_a_junction_is_a_link(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on Windows, where it is a folder for all but its tag."""
    monkeypatch.setattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", 3, raising=False)
    for tag, is_junction in ((3, True), (1, False)):
        status = SimpleNamespace(st_mode=stat.S_IFDIR, st_reparse_tag=tag)
        monkeypatch.setattr(os, "lstat", lambda _, status=status: status)
        assert is_link(tmp_path) is is_junction
        assert is_real_folder(tmp_path) is (not is_junction)


@posix
@pytest.mark.parametrize(
    ("mode", "is_own", "reason"),
    [
        (0o700, True, ""),
        (0o755, True, ""),
        (0o720, True, "folder can be written by other users"),
        (0o702, True, "folder can be written by other users"),
        (0o700, False, "folder belongs to another user"),
        (0o777, None, ""),
    ],
)
def test_a_private_folder_is_this_users_and_no_other_may_write_to_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: int, is_own: bool | None, reason: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    owner = folder.stat().st_uid
    set_user(monkeypatch, None if is_own is None else owner if is_own else owner + 1)

    if not reason:
        check_private_folder(folder)
        return
    with pytest.raises(PermissionError, match=reason):
        check_private_folder(folder)


NAMES = {
    "a+b": True,
    "image.jpg": True,
    "reference-1.png": True,
    "a b (2).png": True,
    "x" * 255: True,
    "x" * 256: False,
    "": False,
    ".": False,
    "..": False,
    ".hidden": False,
    "a/b": False,
    "../a": False,
    "/etc/passwd": False,
    "a\\b": False,
    "C:a": False,
    "file:stream": False,
    "a\0b": False,
    "a\nb": False,
    "a\n": False,
    "\ud800": False,
    "-rf": False,
    "*": False,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_name(name: str) -> None:
    assert is_plain_name(name) is NAMES[name]


@pytest.mark.parametrize("value", [None, 5, b"image.jpg", ["image.jpg"], {}, Path("image.jpg")])
def test_what_is_no_text_is_no_name(value: object) -> None:
    assert not is_plain_name(value)


def test_without_flags_of_the_system_a_link_is_seen_all_the_same(
    monkeypatch: pytest.MonkeyPatch, outside: Path, path: Path
) -> None:
    """As on Windows, which does not have O_NOFOLLOW."""
    monkeypatch.setattr(regular_files, "_OPEN_FLAGS", 0)
    path.symlink_to(outside)

    for use in (*READERS, *WRITERS):
        with pytest.raises(OSError, match="is a link"):
            (READERS | WRITERS)[use](path)
