"""A pack replays with no key and no network, holds nothing of this machine, and appears whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cometmagic
from cometmagic import ImageResult, generate
from cometmagic.errors import LibraryError
from cometmagic.gemini.encode import hash_request
from cometmagic.storage import recording_pack
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from cometmagic.storage.recording_pack import pack
from cometmagic.system.atomic_files import write_atomic
from tests.faults.leaks import KEY, leaks
from tests.notebook.answers import DRAFT, FINAL, answering, body, full, image, painted, serving

SIGNATURE = "c2lnbmF0dXJl" * 1000
HEIC = b"\0\0\0\x18ftypheic" + b"\0" * 64  # which notebooks do not show, so that a note says where it lies
SKETCH = painted("PNG", color="red")
Record = Callable[..., CallFolder]
SIGNED = {"a": [{"thoughtSignature": SIGNATURE, "thought_signature": SIGNATURE, "kept": 1}]}


def signed() -> bytes:
    """Return an answer with signatures wherever some service has put them."""
    google: dict[str, Any] = {"extra_content": {"google": {"thought_signature": SIGNATURE}}}
    return body(
        {"text": "Thinking of wheels.", "thought": True},
        image(DRAFT, thought=True),
        {"text": "Here it is.", "thoughtSignature": SIGNATURE},
        image(FINAL, thought_signature=SIGNATURE, **google),
    )


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Record:
    """Return a function that makes a recording by a real call."""

    def made(prompt: Any = "a red bicycle", answer: bytes | None = None, **options: Any) -> CallFolder:
        with serving(monkeypatch, answering(answer)):
            return CallFolder(generate(prompt, **options).folder)

    return made


@pytest.fixture
def library(library_folder: Path) -> Library:
    return Library(library_folder)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the folder to pack into; nothing has made it yet."""
    return tmp_path / "lesson"


def having(needle: str | bytes, place: Path) -> list[str]:
    """Return the files below a folder that hold a text, in their names or in themselves."""
    wanted = needle.encode() if isinstance(needle, str) else needle
    files = [path for path in place.rglob("*") if path.is_file()]
    return sorted({path.name for path in files if wanted in path.read_bytes() or wanted in bytes(path.name, "utf-8")})


def test_a_pack_replays_with_no_key_and_no_network(
    record: Record, library: Library, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {
        "prompt": ["put", SKETCH, "on it"],
        "aspect_ratio": "16:9",
        "thoughts": True,
        "extra": SIGNED,
    }
    live = ImageResult(record(answer=signed(), **asked).path)
    plain = ImageResult(record("a cat").path)
    pack(library, target)
    shutil.rmtree(library.root)
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(target))
    monkeypatch.setattr(socket, "socket", None)

    for source in ("auto", "replay"):
        replayed = generate(**asked, source=source)
        assert replayed.source == "replay"
        assert replayed.folder == target / live.folder.name
        assert replayed.image.data == FINAL
        assert [draft.data for draft in replayed.thoughts] == [DRAFT]
        assert (replayed.text, replayed.thought_text) == ("Here it is.", "Thinking of wheels.")
        assert [part.data for part in replayed.request.references] == [SKETCH]
        assert (replayed.usage.total, replayed.model_version) == (1432, "gemini-test")
        assert replayed.preview()[0] == "image/jpeg"
    assert generate("a cat", source="replay").folder.name == plain.folder.name
    assert [folder.id for folder in Library(target).iter_folders()] == sorted(
        [live.folder.name, plain.folder.name], reverse=True
    )


def test_what_is_packed_asks_for_the_same(record: Record, library: Library, target: Path) -> None:
    for asked in ({"images": [SKETCH]}, {"extra": SIGNED}, {"safety": {"hate": "none"}, "seed": 0}):
        record(answer=signed(), **asked)
    pack(library, target)

    hashes = {folder.id: folder.read()["request_hash"] for folder in library.iter_folders()}
    assert {
        folder.id: hash_request(ImageResult(folder.path).request) for folder in Library(target).iter_folders()
    } == hashes
    assert len(set(hashes.values())) == 3


def test_a_packs_folders_hold_these_files(record: Record, library: Library, target: Path) -> None:
    folder = record(answer=full(), images=[SKETCH], thoughts=True)

    pack(library, target)

    assert sorted(path.name for path in (target / folder.id).iterdir()) == [
        "answer.json",
        "call.json",
        "image.jpg",
        "preview-thought-1.jpg",
        "preview.jpg",
        "reference-1.png",
        "request.json",
        "thought-1.png",
    ]
    assert [path.name for path in target.iterdir()] == [folder.id]
    for name in ("image.jpg", "thought-1.png", "preview.jpg", "reference-1.png"):
        assert (target / folder.id / name).read_bytes() == (folder.path / name).read_bytes()


def test_a_pack_holds_the_small_picture_too(record: Record, library: Library, target: Path) -> None:
    folder = record(answer=full(painted(width=1600, height=900)))

    pack(library, target)

    assert (target / folder.id / "preview-small.jpg").read_bytes() == (folder.path / "preview-small.jpg").read_bytes()


def test_no_signature_is_packed(record: Record, library: Library, target: Path) -> None:
    record(answer=signed(), extra=SIGNED)
    assert having(SIGNATURE, library.root) == ["answer.json", "call.json", "request.json"]

    pack(library, target)

    assert having(SIGNATURE[:100], target) == []
    assert having("ignature", target) == []
    assert having('"kept"', target) == ["call.json", "request.json"]


def test_no_key_is_packed(record: Record, library: Library, target: Path) -> None:
    """Wherever a log, a raw answer or an editor may have left one."""
    folder = record()
    for name in ("response.part", ".call.json.swp", "notes.txt", "image.jpg~", "reference.png"):
        (folder.path / name).write_text(f"Bearer {KEY}")
    for name in ("courier.log", "ledger.jsonl", ".hidden"):
        (library.root / name).write_text(f"Bearer {KEY}")
    assert len({found.partition(":")[0] for found in leaks(library.root)}) == 8

    pack(library, target)

    assert leaks(target) == []
    assert len(list(target.rglob("*"))) > 5


def test_no_path_of_this_machine_is_packed(record: Record, library: Library, target: Path, tmp_path: Path) -> None:
    strange = record("strange", answer=body(image(HEIC)))
    told = record("told")
    error = {
        "type": "CometError",
        "fate": "ANSWERED",
        "what": "It broke.",
        "do": f"What came is kept in {told.response_path}.",
    }
    told.update(
        error=error,
        notes=[
            "SSL_CERT_FILE names /home/graceh/certificates.pem, which cannot be read",
            r"see C:\Users\graceh\x.png, \\server\share\y or '~/z' (file:///home/graceh/w).",
            f"moved from /home/Ada Quux/my notebooks/{told.id}/image.jpg",
            "1/2 of and/or 16:9, https://example.com/a/b and / alone",
        ],
    )
    machine = [str(tmp_path), "graceh", "Quux", "server"]
    assert [bool(having(name, library.root)) for name in machine] == [True] * 4

    pack(library, target)

    assert [having(name, target) for name in machine] == [[]] * 4
    kept = CallFolder(target / told.id).read()
    assert kept["error"]["do"] == f"What came is kept in {told.id}/response.part."
    assert kept["notes"] == [
        "SSL_CERT_FILE names [path], which cannot be read",
        "see [path], [path] or '[path]' ([path]).",
        f"moved from {told.id}/image.jpg",
        "1/2 of and/or 16:9, https://example.com/a/b and / alone",
    ]
    [note] = CallFolder(target / strange.id).read()["notes"]
    assert note == f"image.heic is of a kind that notebooks do not show; it is kept in {strange.id}."


def test_a_megabyte_of_what_looks_like_paths_is_packed_at_once(record: Record, library: Library, target: Path) -> None:
    """A search that begins again at each of them would take days."""
    told = record()
    texts = [start * (190_000 // max(9, len(start))) for start in (":/", "=/.", "file://", "C:/", " ~", "('/")]
    told.update(notes=[*texts, *(f"{text}{told.id}" for text in texts)])

    pack(library, target)

    assert len(CallFolder(target / told.id).read()["notes"]) == len(texts) * 2


def test_what_the_user_wrote_stays_as_it_is(record: Record, library: Library, target: Path) -> None:
    """A recording is found by it, and the report says that it is in there."""
    prompt = f"a sign with /home/graceh/x on it, in {library.root}"
    folder = record(prompt, system="/home/graceh is a path", alt="/home/graceh")

    packed = pack(library, target)

    call = CallFolder(target / folder.id).read()
    assert (call["prompt"], call["options"], call["alt"]) == (
        prompt,
        {"system": "/home/graceh is a path"},
        "/home/graceh",
    )
    assert "prompts and reference images are in it as they were sent" in str(packed)


def test_what_is_no_recording_is_left_out(record: Record, library: Library, target: Path) -> None:
    whole, gone, damaged, unread = record(), record(), record(), record()
    generate("a sketch", source="offline")
    (gone.path / "image.jpg").unlink()
    (damaged.path / "request.json").write_bytes(b"{")
    (unread.path / "call.json").write_bytes(b"{")

    packed = pack(library, target)

    assert [path.name for path in target.iterdir()] == [whole.id]
    assert (packed.new_count, packed.old_count, packed.skipped_count) == (1, 0, 4)


@pytest.mark.parametrize(
    ("limit", "suffixes"), [("MAX_ANSWER_BYTES", (".json",)), ("MAX_IMAGES_BYTES", (".jpg", ".png"))]
)
def test_a_call_that_would_take_too_much_memory_is_left_out(
    record: Record,
    library: Library,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    suffixes: tuple[str, ...],
) -> None:
    folder = record(answer=signed())
    sizes = [path.stat().st_size for path in folder.list_files() if path.suffix in suffixes]
    size = max(sizes) if limit == "MAX_ANSWER_BYTES" else sum(sizes)

    for excess, counts in ((1, (0, 1)), (0, (1, 0))):
        monkeypatch.setattr(recording_pack, limit, size - excess)
        packed = pack(library, target)
        assert (packed.new_count, packed.skipped_count) == counts


def test_a_second_pack_adds_what_is_new_and_leaves_the_rest_alone(
    record: Record, library: Library, target: Path
) -> None:
    first = record()
    assert (pack(library, target).new_count, pack(library, target).new_count) == (1, 0)
    (target / first.id / "call.json").write_text("mine")
    (target / "notes.txt").write_text("mine")
    second = record("a cat")

    packed = pack(library, target)

    assert (packed.new_count, packed.old_count, packed.skipped_count) == (1, 1, 0)
    assert sorted(path.name for path in target.iterdir()) == sorted([first.id, second.id, "notes.txt"])
    assert (target / first.id / "call.json").read_text() == (target / "notes.txt").read_text() == "mine"


def test_it_is_told_what_was_packed_and_how_to_use_it(
    record: Record, library: Library, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(target.parent)
    record(answer=full(painted("PNG", 400, 400)))

    told = str(pack(library, Path("lesson"))).splitlines()

    assert re.fullmatch(r"Calls in lesson: 1 \(1 new\), \d+\.\d kB\.", told[0])
    assert told[1].startswith("To use it, set COMETMAGIC_LIBRARY=lesson: without a key ")
    assert len(told) == 3
    generate("a sketch", source="offline")
    assert str(pack(library, target)).splitlines()[3].endswith(" or are too large or damaged: 1.")


def test_a_pack_of_a_pack_is_the_same(record: Record, library: Library, target: Path, tmp_path: Path) -> None:
    folder = record(answer=signed(), images=[SKETCH])
    pack(library, target)

    pack(Library(target), tmp_path / "again")

    for path in (target / folder.id).iterdir():
        assert (tmp_path / "again" / folder.id / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("place", ["{library}", "{library}/inner", "{library}/../library/x", "{link}/x"])
def test_a_folder_in_the_library_is_refused(record: Record, library: Library, tmp_path: Path, place: str) -> None:
    record()
    (tmp_path / "link").symlink_to(library.root)
    before = sorted(library.root.rglob("*"))

    with pytest.raises(LibraryError, match=r"lies in the library itself\. Name a folder outside it\."):
        pack(library, Path(place.format(library=library.root, link=tmp_path / "link")))

    assert sorted(library.root.rglob("*")) == before


@pytest.mark.parametrize("place", ["file", "file/below", "~no-such-user/x", "x" * 300, "a\0b", "\ud800"])
def test_a_folder_that_cannot_be_written_is_told(record: Record, library: Library, tmp_path: Path, place: str) -> None:
    record()
    (tmp_path / "file").write_text("")

    with pytest.raises(LibraryError, match=r"^Cannot write in .* Name another folder\.$"):
        pack(library, Path(place) if place.startswith("~") else tmp_path / place)


@pytest.mark.parametrize("exists", [True, False])
def test_a_library_without_recordings_is_told(library: Library, target: Path, exists: bool) -> None:
    if exists:
        generate("a cat", source="offline")

    with pytest.raises(LibraryError, match=r"There is no recording in .* to pack\. A live call with a key makes one"):
        pack(library, target)

    assert not target.exists()


def test_a_full_disk_leaves_nothing_half_made(
    record: Record, library: Library, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(), record()
    written: list[Path] = []

    def full(path: Path, content: bytes, mode: int) -> None:
        written.append(path)
        if len(written) > 10:
            raise OSError(28, "No space left on device")
        write_atomic(path, content, mode)

    monkeypatch.setattr("cometmagic.storage.recording_pack.write_atomic", full)
    with pytest.raises(LibraryError, match="No space left on device"):
        pack(library, target)

    assert len(list(target.iterdir())) == 1
    assert CallFolder(next(target.iterdir())).is_complete


KILLED = """
import os, signal, sys
from pathlib import Path
from cometmagic.storage import recording_pack
from cometmagic.system.atomic_files import write_atomic
from cometmagic.storage.library import Library
count = [0]
def dying(*given):
    count[0] += 1
    if count[0] == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    write_atomic(*given)
recording_pack.write_atomic = dying
recording_pack.pack(Library(Path(sys.argv[1])), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("step", [1, 4, 8])
def test_a_pack_that_is_killed_leaves_nothing_that_is_seen(
    record: Record, library: Library, target: Path, step: int
) -> None:
    folders = {record().id, record().id}

    killed = subprocess.run(
        [sys.executable, "-c", KILLED, library.root, target, str(step)], env=os.environ, check=False, timeout=60
    )

    assert killed.returncode == -signal.SIGKILL
    left = {path.name for path in target.iterdir() if path.name.startswith(".")}
    assert len(left) == 1  # the control: it was killed in the middle
    assert all(folder.is_complete for folder in Library(target).iter_folders())
    assert pack(library, target).new_count + pack(library, target).old_count >= 2
    assert {path.name for path in target.iterdir()} == folders


def test_no_folder_is_seen_before_it_is_whole(
    record: Record, library: Library, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record()
    seen: list[int] = []

    def looking(path: Path, content: bytes, mode: int) -> None:
        seen.append(len(list(Library(target).iter_folders())))
        write_atomic(path, content, mode)
        assert path.exists()
        assert json.loads(content) if path.suffix == ".json" else content

    monkeypatch.setattr("cometmagic.storage.recording_pack.write_atomic", looking)
    pack(library, target)

    assert len(seen) == 7
    assert set(seen) == {0}
    assert len(list(Library(target).iter_folders())) == 1


def test_a_library_packs_itself(record: Record, library: Library, target: Path) -> None:
    recording = record()

    summary = cometmagic.library().pack(str(target))

    assert str(summary).startswith(f"Calls in {target}: 1 (1 new)")
    assert [folder.id for folder in Library(target).iter_folders()] == [recording.id]
