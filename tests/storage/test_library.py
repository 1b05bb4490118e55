"""Call folders: made before anything is sent, whole at every moment, private, and never mixed up."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cometmagic
from cometmagic.costs.ledger import Ledger
from cometmagic.errors import ChargeStatus, CometError, LibraryError, TransportError
from cometmagic.gemini.parts import ImagePart, Part, TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.generation.generate import generate
from cometmagic.options.declaration import Options
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from cometmagic.storage.save_paths import check_target, slugify
from cometmagic.system.atomic_files import write_atomic
from cometmagic.system.formatting import format_path
from tests.notebook.answers import answering, full, painted, serving

SLUGS = [
    ("A red bicycle!", "a-red-bicycle"),
    ("../../etc/passwd", "etc-passwd"),
    ("C:\\Windows\\a:b", "c-windows-a-b"),
    ("..", "image"),
    ("", "image"),
    ("\0\n\r\t", "image"),
    ("\u202egnp.exe", "gnp-exe"),
    ("🐱🐱🐱", "image"),
    ("日本の猫", "image"),
    ("Crème brûlée", "creme-brulee"),
    ("-rf --force", "rf-force"),
    ("CON", "con"),
    ("trailing dot. ", "trailing-dot"),
    ("a\ud800b", "ab"),
    ("é" * 128, "e" * 40),
    ("word " * 100, "word-word-word-word-word-word-word-word"),
    ('"><img onerror=x>', "img-onerror-x"),
]


def request(prompt: str = "a cat", *images: bytes, **options: Any) -> ImageRequest:
    parts: tuple[Part, ...] = (TextPart(prompt), *(ImagePart("image/png", content=content) for content in images))
    return ImageRequest((Turn(parts),), Options.build(options))


@pytest.fixture
def library(library_folder: Path) -> Library:
    return Library(library_folder)


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """Do without the rights of root, which may write anywhere."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield
    if is_root:
        os.seteuid(0)


@pytest.mark.parametrize(("prompt", "expected"), SLUGS)
def test_a_prompt_makes_a_harmless_name(library: Library, prompt: str, expected: str) -> None:
    assert slugify(prompt) == expected
    if prompt.isprintable():
        folder = library.create_folder(request(prompt or "?"), source="live")
        assert re.fullmatch(rf"\d{{8}}-\d{{6}}-{expected}-[0-9a-f]{{6}}", folder.id)
        assert folder.path.parent == library.root


@given(st.text(st.characters(codec=None)))
def test_every_text_makes_a_harmless_name(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slugify(text))
    assert len(slugify(text)) <= 40


def test_calls_in_the_same_second_have_folders_of_their_own(library: Library) -> None:
    folders = [library.create_folder(request(), source="live") for _ in range(50)]
    assert len({folder.path for folder in folders}) == 50
    assert {folder.path for folder in library.iter_folders()} == {folder.path for folder in folders}


def test_a_planned_call_holds_all_that_is_sent(library: Library) -> None:
    content = painted("PNG")
    folder = library.create_folder(request("a cat", content, seed=5), source="live", alt="cats")

    assert (folder.path / "reference-1.png").read_bytes() == content
    assert folder.read_body()["contents"][0]["parts"][1] == {
        "inlineData": {"mimeType": "image/png", "data": {"file": "reference-1.png"}}
    }
    call = folder.read()
    assert (call["state"], call["prompt"], call["options"]) == ("planned", "a cat", {"seed": 5})
    assert (call["source"], call["alt"]) == ("live", "cats")


def test_what_says_something_about_the_user_is_private(library: Library) -> None:
    folder = library.create_folder(request(), source="live")
    for name in ("call.json", "request.json"):
        assert stat.S_IMODE((folder.path / name).stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="needs modes")
@pytest.mark.usefixtures("carried_here")
def test_a_call_is_private_whatever_the_umask_and_copies_follow_it(
    monkeypatch: pytest.MonkeyPatch, library: Library, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        with serving(monkeypatch, answering(full()), answering(full())):
            first = generate("a cat", images=[painted("PNG")], save=str(tmp_path / "cat.jpg"))
            first.chat("again").as_code("httpx")
        library.pack(tmp_path / "lesson")
    finally:
        os.umask(before)

    assert count_modes(library.root) == {0o700, 0o600}
    assert {path.name for path in library.root.rglob("*.*")} >= {"signature-1.txt", "preview.jpg", "reference-1.png"}
    assert stat.S_IMODE((tmp_path / "cat.jpg").stat().st_mode) == 0o666
    assert count_modes(tmp_path / "lesson") == {0o777, 0o666}


def count_modes(root: Path) -> set[int]:
    return {stat.S_IMODE(path.lstat().st_mode) for path in (root, *root.rglob("*"))}


def test_a_file_is_flushed_before_it_takes_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def flushing(handle: int) -> None:
        done.append("flush")
        fsync(handle)

    def renaming(path: Path, to: Path) -> Path:
        done.append("rename")
        return replace(path, to)

    monkeypatch.setattr(os, "fsync", flushing)
    monkeypatch.setattr(Path, "replace", renaming)

    write_atomic(tmp_path / "call.json", b"{}")

    assert done == ["flush", "rename", "flush"]  # the last one is the folder's


@pytest.mark.parametrize("step", ["fsync", "open"])
def test_a_write_that_fails_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step: str) -> None:
    (tmp_path / "call.json").write_bytes(b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(tmp_path / "call.json", b"new")
    monkeypatch.undo()

    assert [path.name for path in tmp_path.iterdir()] == ["call.json"]
    assert (tmp_path / "call.json").read_bytes() == b"old"


@pytest.mark.usefixtures("carried_here")
def test_every_step_of_a_call_is_on_disk_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    replace = Path.replace

    def seen(path: Path, to: Path) -> Path:
        if to.name == "call.json":
            steps.append(json.loads(path.read_bytes())["state"])
        return replace(path, to)

    monkeypatch.setattr(Path, "replace", seen)
    with serving(monkeypatch, answering()):
        result = generate("a cat")

    assert list(dict.fromkeys(steps)) == [CallState.PLANNED, CallState.SENT, CallState.RECEIVED, CallState.SETTLED]
    assert [path.name for path in result.folder.iterdir() if path.name.startswith(".")] == []


def test_a_nearly_full_disk_is_told_before_paying(monkeypatch: pytest.MonkeyPatch, library: Library) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024  # as shutil's own
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 99, 10 * 2**20))

    with serving(monkeypatch, answering()) as server, pytest.raises(LibraryError, match="only 10 MB left") as caught:
        generate("a cat")

    assert server.log == []
    assert "Nothing was sent" in str(caught.value)
    assert list(library.iter_folders()) == []
    assert Ledger(library.root).sum_spending().usd == 0


@pytest.mark.parametrize("where", ["file", "file/below", "sealed/new"])
def test_a_library_that_cannot_be_written_is_told_before_paying(tmp_path: Path, unprivileged: None, where: str) -> None:
    euid = os.geteuid()
    os.seteuid(os.getuid())
    (tmp_path / "file").write_text("")
    (tmp_path / "sealed").mkdir(0o500)
    os.seteuid(euid)

    with pytest.raises(LibraryError, match=r"^Cannot write in .*Nothing was sent.*COMETMAGIC_LIBRARY"):
        Library(tmp_path / where).create_folder(request(), source="live")


def test_a_folder_that_is_still_being_made_is_no_call(library: Library) -> None:
    folder = library.create_folder(request(), source="live")
    assert len(list(library.iter_folders())) == 1

    folder.path.rename(library.root / ".half-made")

    assert list(library.iter_folders()) == []


def test_a_library_that_cannot_be_looked_into_is_told(tmp_path: Path) -> None:
    assert list(Library(tmp_path / "nowhere").iter_folders()) == []
    with pytest.raises(LibraryError, match=r"^Cannot read .*: File name too long\..*COMETMAGIC_LIBRARY"):
        list(Library(tmp_path / ("x" * 300)).iter_folders())


def test_a_sealed_folder_in_the_library_is_passed_over(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, lstat = library.create_folder(request(), source="live"), os.lstat
    refused = []

    def refuse(path: Path) -> os.stat_result:  # root may look anywhere
        if path.parent.name == "lost+found":
            refused.append(path)
            raise PermissionError(13, "Permission denied")
        return lstat(path)

    (library.root / "lost+found").mkdir()
    monkeypatch.setattr(os, "lstat", refuse)

    assert list(library.iter_folders()) == [folder]
    assert refused


@pytest.mark.parametrize(
    "files",
    [
        None,
        {},
        "x",
        [None],
        ["image.jpg"],
        [{"name": None}],
        *([{"name": name}] for name in (5, "..", "../other/image.jpg")),
    ],
)
def test_files_that_do_not_lie_in_the_folder_make_no_whole_call(library: Library, files: Any) -> None:
    """A library may be somebody else's, and what it names must not lead out of it."""
    (library.root / "other").mkdir(parents=True)
    (library.root / "other" / "image.jpg").write_bytes(painted())
    folder = library.create_folder(request(), source="live")
    for name in ("answer.json", "image.jpg"):
        (folder.path / name).write_bytes(b"{}")
    row = {"name": "image.jpg", "role": "image", "mime_type": "image/jpeg"}
    folder.update(state="settled", files=[row])
    assert folder.is_complete

    folder.update(files=[row | file if isinstance(file, dict) else file for file in files] if files else files)

    assert not folder.is_complete


@pytest.mark.parametrize("content", [None, b"{", b"[]", b"\xff"])
def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "call.json").write_bytes(content)
    with pytest.raises(LibraryError, match=r"call\.json") as caught:
        CallFolder(tmp_path).read()
    assert "sent" not in str(caught.value)


@pytest.mark.parametrize(
    ("fate", "source", "state", "told"),
    [
        (ChargeStatus.UNSENT, "live", CallState.FAILED, ChargeStatus.UNSENT),
        (ChargeStatus.UNKNOWN, "live", CallState.UNKNOWN, ChargeStatus.UNKNOWN),
        (ChargeStatus.UNKNOWN, "offline", CallState.FAILED, ChargeStatus.OFFLINE),
    ],
)
def test_a_failure_is_written_down(
    library: Library, fate: ChargeStatus, source: str, state: CallState, told: ChargeStatus
) -> None:
    folder = library.create_folder(request(), source=source)

    error: CometError = folder.fail(TransportError("It broke.", charge_status=fate))

    assert error.charge_status is told
    assert folder.read()["state"] == state
    assert folder.read()["error"]["fate"] == told.name


@pytest.mark.parametrize("path", ["cat.png", "new/deep/cat", "folder", "folder/", "folder/cat.png", "there.png"])
def test_a_place_to_save(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "there.png").write_bytes(b"")

    assert check_target(path) == f"{tmp_path}/{path}"


@pytest.mark.parametrize("path", ["file/cat.png", "x" * 300, "~no-such-user/cat.png"])
def test_no_place_to_save(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(LibraryError, match=r"^Cannot save to .*Nothing was sent.*Change --save"):
        check_target(path)


def test_the_library_of_the_settings_is_a_name_of_the_package(library_folder: Path) -> None:
    assert list(cometmagic.library()) == []

    result = generate("a cat", source="offline", image_size="512")

    assert cometmagic.library().root == library_folder
    assert [folder.path for folder in cometmagic.library()] == [result.folder]
    assert repr(cometmagic.library()) == f"<cometmagic library {format_path(library_folder)}, 1 call>"
