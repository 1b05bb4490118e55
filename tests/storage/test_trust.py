"""Libraries from elsewhere: shown and replayed, and nothing of them is sent, recovered or counted before `trust`."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cometmagic import ImageResult, LibraryError, generate, generate_many, plan
from cometmagic.costs.spending_report import format_spending
from cometmagic.courier import client
from cometmagic.courier.recovery import recover
from cometmagic.courier.recovery_report import format_running_calls, recover_calls
from cometmagic.storage import trust_records
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from cometmagic.storage.trust import (
    LEDGER_FILE_NAME,
    MARK_NAME,
    MAX_MARK_BYTES,
    create_library_folder,
    describe_untrusted,
    is_trusted,
)
from cometmagic.storage.trust_records import RECORDS_FOLDER
from tests.notebook.answers import answering, serving

NOBODY = 65534
IS_ROOT = hasattr(os, "getuid") and os.getuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can give a folder away")
needs_modes = pytest.mark.skipif(sys.platform == "win32", reason="needs modes")
EARLIER = "2026-01-02T03:04:05.678+00:00"
UNFINISHED = {"state": CallState.SENT, "planned": EARLIER}


@pytest.fixture
def own(library_folder: Path) -> Library:
    """Return a library that this user's program made."""
    generate("a cat", source="offline")
    return Library(library_folder)


@pytest.fixture
def foreign(tmp_path: Path, library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return a library with a recording and a ledger that came as a copy of another, mark included."""
    origin = tmp_path / "origin"
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(origin))
    with serving(monkeypatch, answering()):
        generate("a cat")
    shutil.copytree(origin, library_folder)
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(library_folder))
    return Library(library_folder)


def find_result(library: Library) -> ImageResult:
    """Return the oldest result of a library."""
    return ImageResult(list(library)[-1].path)


def unpack_archive(source: Path, target: Path) -> None:
    shutil.unpack_archive(shutil.make_archive(str(target), "zip", source), target)


def clone(source: Path, target: Path) -> None:
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
        subprocess.run([*git, *arguments], cwd=source, check=True)
    subprocess.run([*git, "clone", "-q", source, target], check=True)


@pytest.mark.parametrize("copy", [shutil.copytree, unpack_archive, clone])
def test_a_copy_of_a_library_is_not_trusted_whatever_mark_it_brings(
    own: Library, tmp_path: Path, copy: Callable[[Path, Path], object]
) -> None:
    copy(own.root, tmp_path / "copy")

    assert (tmp_path / "copy" / MARK_NAME).read_bytes() == (own.root / MARK_NAME).read_bytes()
    assert own.is_trusted
    assert not Library(tmp_path / "copy").is_trusted


def test_the_mark_and_its_record_are_private_and_name_no_path(own: Library, tmp_path: Path) -> None:
    mark, [record] = own.root / MARK_NAME, list_records(tmp_path)

    assert [stat.S_IMODE(path.stat().st_mode) for path in (mark, record, record.parent)] == [0o600, 0o600, 0o700]
    assert (len(mark.read_bytes()), record.read_bytes()) == (MAX_MARK_BYTES, b"")


def list_records(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "state" / "cometmagic" / RECORDS_FOLDER).iterdir())


def test_a_renamed_library_stays_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = tmp_path / "project"
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(project / "gemini_images"))
    generate("a cat", source="offline")

    assert Library(project.rename(tmp_path / "renamed") / "gemini_images").is_trusted


def clone_again(root: Path) -> None:
    clone(root.rename(root.with_name("hub")), root)


def unpack_again(root: Path) -> None:
    archive = shutil.make_archive(str(root), "tar", root)
    shutil.rmtree(root)
    shutil.unpack_archive(archive, root, filter="data")


def copy_back(root: Path) -> None:
    shutil.copytree(root, root.with_name("backup"))
    shutil.rmtree(root)
    root.with_name("backup").rename(root)


def write_mark_again(root: Path) -> None:
    """Write what is there, as if all inodes and times of a new library were those of the old one by chance."""
    mark = root / MARK_NAME
    inode, time = mark.stat().st_ino, mark.stat().st_mtime_ns
    mark.write_bytes(mark.read_bytes())
    os.utime(mark, ns=(time, time))
    assert (mark.stat().st_ino, mark.stat().st_mtime_ns) == (inode, time)


@pytest.mark.skipif(sys.platform == "win32", reason="the time of a change is that of creation there")
@pytest.mark.parametrize("change", [clone_again, unpack_again, copy_back, write_mark_again])
def test_a_library_that_comes_back_to_its_place_is_not_trusted(own: Library, change: Callable[[Path], None]) -> None:
    mark = (own.root / MARK_NAME).read_bytes()
    assert own.is_trusted  # the control
    change(own.root)

    assert (own.root / MARK_NAME).read_bytes() == mark
    assert len(list(own)) == 1
    assert not is_trusted(own.root)
    own.trust()
    assert is_trusted(own.root)


def test_a_library_is_trusted_by_everybody_who_creates_it_at_the_same_time(library_folder: Path) -> None:
    def create() -> bool:
        barrier.wait()
        create_library_folder(library_folder)
        return is_trusted(library_folder)

    barrier = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        assert all(future.result() for future in [pool.submit(create) for _ in range(8)])
    assert [path.name for path in library_folder.parent.iterdir() if path.suffix == ".tmp"] == []


def remove_mark(library: Library, _: Path) -> None:
    (library.root / MARK_NAME).unlink()


def forge_mark(library: Library, _: Path) -> None:
    (library.root / MARK_NAME).write_bytes(b"0" * MAX_MARK_BYTES)


def link_mark(library: Library, _: Path) -> None:
    mark = library.root / MARK_NAME
    mark.rename(library.root.parent / "mark")
    mark.symlink_to(library.root.parent / "mark")


def pipe_mark(library: Library, _: Path) -> None:
    remove_mark(library, _)
    os.mkfifo(library.root / MARK_NAME)


def swell_mark(library: Library, _: Path) -> None:
    with (library.root / MARK_NAME).open("ab") as file:
        file.write(b"\n" * 10_000)


def remove_record(_: Library, record: Path) -> None:
    record.unlink()


def link_record(_: Library, record: Path) -> None:
    record.symlink_to(record.rename(record.parent.with_name("elsewhere")))


def open_records(_: Library, record: Path) -> None:
    record.parent.chmod(0o770)


def open_state_folder(_: Library, record: Path) -> None:
    record.parent.parent.chmod(0o770)


def link_records(_: Library, record: Path) -> None:
    record.parent.symlink_to(record.parent.rename(record.parent.with_name("elsewhere")))


def give_away_records(_: Library, record: Path) -> None:
    os.chown(record.parent, NOBODY, NOBODY)


CHANGES = [
    *(remove_mark, forge_mark, link_mark, pipe_mark, swell_mark),
    *(remove_record, link_record, open_records, open_state_folder, link_records),
    pytest.param(give_away_records, marks=needs_root),
]


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes")
@pytest.mark.parametrize("change", CHANGES)
def test_without_a_valid_mark_a_library_is_not_trusted_until_the_user_says_so(
    own: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Library, Path], None]
) -> None:
    monkeypatch.setattr(trust_records, "_session_records", set())
    change(own, *list_records(tmp_path))

    assert not own.is_trusted
    own.trust()
    assert Library(own.root).is_trusted
    assert stat.S_ISREG((own.root / MARK_NAME).lstat().st_mode)


@needs_root
def test_a_library_of_another_user_cannot_be_trusted(own: Library) -> None:
    os.chown(own.root, NOBODY, NOBODY)

    assert not own.is_trusted
    with pytest.raises(LibraryError, match="it belongs to another user"):
        own.trust()


def give_away(root: Path) -> None:
    os.chown(root, NOBODY, NOBODY)


def link_as_another(root: Path) -> None:
    root.symlink_to(root.rename(root.with_name("elsewhere")))
    os.chown(root, NOBODY, NOBODY, follow_symlinks=False)


def let_everybody_write(root: Path) -> None:
    root.chmod(0o777)


@needs_modes
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(give_away, "another user.*Set COMETMAGIC_LIBRARY to a folder of your own", marks=needs_root),
        pytest.param(link_as_another, "another user.*Set COMETMAGIC_LIBRARY", marks=needs_root),
        (let_everybody_write, "every user of this machine.*%gemini_library trust"),
    ],
)
@pytest.mark.parametrize("source", ["offline", "live"])
def test_where_others_could_exchange_a_call_none_is_written_and_recordings_are_replayed(
    foreign: Library, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], reason: str, source: str
) -> None:
    generate("a dog", source="offline")  # the control
    change(foreign.root)
    before = sorted(foreign.root.rglob("*"))

    with serving(monkeypatch) as server, pytest.raises(LibraryError, match=reason) as refused:
        generate("a bird", source=source)

    assert server.log == []
    assert "Nothing was sent, so nothing was charged." in str(refused.value)
    assert sorted(foreign.root.rglob("*")) == before
    assert generate("a cat", source="replay").source == "replay"


@needs_modes
@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_that_every_user_can_write_to_is_used_only_after_it_is_trusted_by_name(
    library_folder: Path, mode: int
) -> None:
    library_folder.mkdir()
    library_folder.chmod(mode)
    library = Library(library_folder)

    assert not library.is_trusted
    with pytest.raises(LibraryError, match="every user of this machine"):
        generate("a cat", source="offline")
    library.trust()
    assert Library(library_folder).is_trusted
    assert generate("a cat", source="offline").source == "offline"


@needs_modes
def test_a_new_library_the_secret_and_the_folders_above_them_are_private_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "local" / "state"))
    before = os.umask(0)
    try:
        create_library_folder(tmp_path / "project" / "library")
    finally:
        os.umask(before)

    names = ("project", "project/library", "local", "local/state", "local/state/cometmagic")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in names] == [0o700] * len(names)


@needs_modes
def test_a_folder_of_ones_own_that_its_group_may_write_to_is_used(library_folder: Path) -> None:
    """As every folder is where the umask is 002."""
    library_folder.mkdir()
    library_folder.chmod(0o2775)

    assert generate("a cat", source="offline").source == "offline"
    assert Library(library_folder).is_trusted


def test_an_empty_folder_is_trusted_and_a_missing_one_until_calls_are_put_there(own: Library, tmp_path: Path) -> None:
    empty, missing = Library(tmp_path / "empty"), Library(tmp_path / "missing")
    empty.root.mkdir()
    (empty.root / "notes.txt").write_text("mine")

    assert empty.is_trusted
    assert missing.is_trusted
    for library in (empty, missing):
        shutil.copytree(next(iter(own)).path, library.root / "20260102-030405-a-cat-7f3a9c")
        assert not library.is_trusted


def test_several_machines_can_trust_a_library_that_they_share(own: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.environ["XDG_STATE_HOME"]
    monkeypatch.setenv("XDG_STATE_HOME", f"{here}-of-another")
    assert not own.is_trusted
    own.trust()
    assert Library(own.root).is_trusted
    monkeypatch.setenv("XDG_STATE_HOME", here)
    assert Library(own.root).is_trusted


@pytest.fixture
def _no_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the state folder one that nobody can write, not even root."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(trust_records, "_session_records", set())


@pytest.mark.usefixtures("_no_state_folder")
def test_without_a_state_folder_a_new_library_is_trusted_until_the_process_ends(
    library_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(library_folder)
    with serving(monkeypatch, answering()) as server:
        result = generate("a cat")
    assert library.is_trusted
    assert len(server.log) == 1
    assert '"ended"' in (library.root / "ledger.jsonl").read_text()  # the courier trusts it too
    leave_unfinished(result.folder)
    assert len(list(recover_calls(library.root))) == 1  # as above

    monkeypatch.setattr(trust_records, "_session_records", set())
    assert not library.is_trusted


def leave_unfinished(folder: Path) -> None:
    """Bring a call to the state that a crash leaves while it is sent."""
    call = json.loads((folder / "call.json").read_bytes()) | UNFINISHED
    (folder / "call.json").write_text(json.dumps(call))


LIVE: dict[str, Callable[[Library], object]] = {
    "new": lambda _: generate("a dog"),
    "several": lambda _: generate_many(["a dog"]),
    "edit": lambda _: generate("make it blue", edit=True),
    "edit-by-id": lambda library: generate("make it blue", edit=find_result(library).folder.name),
    "chat": lambda _: generate("and at night", chat=True),
    "result.edit": lambda library: find_result(library).edit("make it blue"),
    "result.chat": lambda library: find_result(library).chat("and at night"),
    "plan": lambda _: (plan("a dog"), generate("a dog")),
}


@pytest.mark.parametrize("name", LIVE)
def test_nothing_of_a_foreign_library_is_sent_before_it_is_trusted(
    foreign: Library, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    ledger = (foreign.root / "ledger.jsonl").read_bytes()
    with serving(monkeypatch, answering()) as server:
        with pytest.raises(LibraryError, match="somebody else") as refused:
            LIVE[name](foreign)
        assert server.log == []
        assert (foreign.root / "ledger.jsonl").read_bytes() == ledger
        assert len(list(foreign)) == 1

        foreign.trust()
        LIVE[name](foreign)
        assert len(server.log) == 1  # the control
    assert "Nothing was sent, so nothing was charged. If you trust it, run %gemini_library trust;" in str(refused.value)


OF_A_RESULT: dict[str, Callable[[ImageResult], object]] = {
    "edit": lambda result: result.edit("make it blue"),
    "chat": lambda result: result.chat("make it blue"),
    "reference": lambda result: generate("make it blue", images=[result]),
    "its image": lambda result: generate("make it blue", images=result.image),
    "in the prompt": lambda result: generate(["make this blue", result.image]),
}


@pytest.mark.parametrize("use", OF_A_RESULT)
def test_nothing_of_a_foreign_library_is_sent_from_a_library_of_ones_own(
    foreign: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(tmp_path / "mine"))
    result = find_result(foreign)
    with serving(monkeypatch, answering(), answering()) as server:
        with pytest.raises(LibraryError, match="somebody else"):
            OF_A_RESULT[use](result)
        assert server.log == []
        generate("a dog")  # the control: only what is foreign is refused
        foreign.trust()
        OF_A_RESULT[use](result)
    assert len(server.log) == 2


def test_everything_else_works_with_a_foreign_library(foreign: Library, tmp_path: Path) -> None:
    ledger = (foreign.root / "ledger.jsonl").read_bytes()
    replay = generate("a cat")
    assert replay.source == "replay"
    assert replay.save(tmp_path / "saved").read_bytes() == replay.image.data
    assert "curl" in replay.as_code("curl")
    assert foreign.pack(tmp_path / "lesson").new_count == 1
    sketch = generate("a dog", source="offline")
    assert sketch.chat("and at night", source="offline").source == "offline"
    assert replay.edit("make it blue", source="offline").source == "offline"

    assert len(list(foreign)) == 4
    assert not foreign.is_trusted
    assert (foreign.root / "ledger.jsonl").read_bytes() == ledger


def test_a_packed_lesson_has_no_mark_and_is_replayed(
    own: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(monkeypatch, answering()):
        generate("a dog")
    own.pack(tmp_path / "lesson")

    assert not (tmp_path / "lesson" / MARK_NAME).exists()
    assert not Library(tmp_path / "lesson").is_trusted
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(tmp_path / "lesson"))
    assert generate("a dog").source == "replay"


def test_the_calls_of_a_foreign_library_are_not_recovered_before_it_is_trusted(foreign: Library) -> None:
    [folder] = foreign
    leave_unfinished(folder.path)
    (foreign.root / "courier.log").write_text("theirs\n")
    before = {path: path.read_bytes() for path in foreign.root.rglob("*") if path.is_file()}

    [line] = recover_calls(foreign.root)
    assert "nothing is sent or recovered" in line
    assert list(format_running_calls(foreign.root)) == [line]
    with pytest.raises(LibraryError, match="somebody else"):
        recover(folder)
    assert client.start_recovery(folder.path, None).done_event.wait(20)  # a job the courier refuses itself
    assert {path: path.read_bytes() for path in foreign.root.rglob("*") if path.is_file()} == before

    foreign.trust()
    assert len(list(recover_calls(foreign.root))) == 1  # the control
    assert folder.read()["state"] == CallState.UNKNOWN
    assert (foreign.root / "courier.log").read_bytes() != before[foreign.root / "courier.log"]
    assert (foreign.root / "ledger.jsonl").read_bytes() != before[foreign.root / "ledger.jsonl"]


def test_the_ledger_of_a_foreign_library_is_not_read(foreign: Library) -> None:
    assert "somebody else" in format_spending(foreign.root, "")
    foreign.trust()
    assert "1 call" in format_spending(foreign.root, "")


def test_an_image_that_was_saved_elsewhere_because_its_disk_was_full_can_be_edited(
    own: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cometmagic.storage.fallback_storage import move_to_fallback

    moved = move_to_fallback(next(iter(own)), 0)
    with serving(monkeypatch, answering()) as server:
        ImageResult(moved.path).edit("make it blue")
    assert len(server.log) == 1


@pytest.mark.parametrize("name", [MARK_NAME, LEDGER_FILE_NAME])
def test_a_folder_with_something_of_a_library_is_not_new(tmp_path: Path, name: str) -> None:
    assert is_trusted(tmp_path)  # the control
    (tmp_path / name).write_text("theirs")

    assert not is_trusted(tmp_path)
    create_library_folder(tmp_path)
    assert not is_trusted(tmp_path)
    assert (tmp_path / name).read_text() == "theirs"


def test_the_name_of_a_folder_is_shown_without_its_escape_sequences(own: Library) -> None:
    library = Library(own.root.rename(own.root.with_name("week\x1b[2J\u202e")))
    (library.root / MARK_NAME).unlink()

    for text in (repr(library), describe_untrusted(library.root)):
        assert "week" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
