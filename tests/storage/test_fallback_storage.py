"""H1 and H3: a disk that fails after the answer was paid for. The picture goes elsewhere, and comes home."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cometmagic.courier import spool
from cometmagic.courier.recovery import recover
from cometmagic.errors import ChargeStatus, CometError
from cometmagic.generation.generate import generate
from cometmagic.offline import service
from cometmagic.storage import fallback_storage
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallState
from cometmagic.storage.library import Library
from tests.faults.server import Held, recv_request, response, send, sliced
from tests.gemini.answers import answer, body, image, picture, text
from tests.storage.hostile_records import RECORD

WHOLE = response(body(answer(text("x " * 8000), image(), text("y " * 8000))))
SLICED = [recv_request(), sliced(WHOLE, 2048, 0.002)]


@pytest.fixture
def home(library_folder: Path) -> Library:
    return Library(library_folder)


def failing(monkeypatch: pytest.MonkeyPatch, name: str, root: Path, after: int, code: int = errno.ENOSPC) -> None:
    """Let an `os` function fail below `root`, from its `after`-th use on."""
    real: Callable[..., Any] = getattr(os, name)
    used = 0

    def fails(what: Any, *rest: Any, **more: Any) -> Any:
        nonlocal used
        where = str(Path(f"/proc/self/fd/{what}").readlink()) if isinstance(what, int) else os.fspath(what)
        if where.startswith(str(root)) and "ledger" not in where and "courier.log" not in where:
            used += 1
            if used > after:
                raise OSError(code, os.strerror(code))
        return real(what, *rest, **more)

    monkeypatch.setattr(os, name, fails)


@pytest.mark.usefixtures("carried_here")
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
class TestDiskThatFails:
    """The fault begins when the answer does: before that, nothing is sent."""

    @pytest.mark.parametrize("after", [0, 1, 5])
    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
    def test_while_the_answer_comes(
        self, serving: Any, home: Library, monkeypatch: pytest.MonkeyPatch, after: int, code: int
    ) -> None:
        def sent(event: dict[str, Any]) -> None:
            if event["event"] == "sent":
                failing(monkeypatch, "write", home.root, after, code)

        with serving(SLICED) as server:
            made = generate("a cat", progress=None if after < 0 else sent)

        self.check(made, home, monkeypatch)
        assert len(server.log) == 1

    def test_when_the_answer_is_flushed(self, serving: Any, home: Library, monkeypatch: pytest.MonkeyPatch) -> None:
        def flush(self: spool.ResponseSpool) -> None:
            failing(monkeypatch, "fsync", home.root, 0)
            original(self)

        original = spool.ResponseSpool.flush
        monkeypatch.setattr(spool.ResponseSpool, "flush", flush)
        with serving(SLICED):
            made = generate("a cat")

        self.check(made, home, monkeypatch)

    @pytest.mark.parametrize("after", range(0, 12, 3))
    def test_when_it_is_decoded(self, serving: Any, home: Library, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        def settling(event: dict[str, Any]) -> None:
            if event["event"] == "settling":
                failing(monkeypatch, "fsync", home.root, after)

        with serving(SLICED):
            made = generate("a cat", progress=settling)

        assert made.image.data == picture()
        monkeypatch.undo()

    def test_an_offline_call_that_cannot_be_recorded_cost_nothing(
        self, home: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def answer(*arguments: Any) -> tuple[int, bytes]:
            failing(monkeypatch, "fsync", home.root, 0)
            return original(*arguments)

        original = service.answer
        monkeypatch.setattr(service, "answer", answer)

        with pytest.raises(CometError, match="has not ended") as caught:
            generate("a cat", source="offline")

        assert caught.value.charge_status is ChargeStatus.OFFLINE

    def check(self, made: Any, home: Library, monkeypatch: pytest.MonkeyPatch) -> None:
        """Hold the call to what is promised: saved elsewhere, and home again once its disk is well."""
        assert made.image.data == picture()
        assert not made.folder.is_relative_to(home.root)
        assert str(fallback_storage.iter_fallback_roots().__next__()) in str(made.folder)
        [folder] = home.iter_folders()
        monkeypatch.undo()
        monkeypatch.setenv("XDG_STATE_HOME", str(made.folder.parents[1]))

        assert recover(folder) is CallState.SETTLED

        assert (folder.path / "image.png").read_bytes() == picture()
        assert not made.folder.exists()
        assert not folder.response_path.exists()
        assert not list(folder.path.glob(".*"))


def test_what_was_moved_is_found_by_its_home(tmp_path: Path, home: Library) -> None:
    home.root.mkdir()
    ours, theirs = CallFolder(home.root / "a"), CallFolder(tmp_path / "other" / "a")
    for folder in (ours, theirs):
        folder.path.mkdir(parents=True)
        (folder.path / "call.json").write_text(json.dumps(RECORD))

    away = fallback_storage.move_to_fallback(ours, 0)

    assert fallback_storage.find_fallback(ours) == away
    assert fallback_storage.find_fallback(theirs) is None


def give_away(root: Path) -> None:
    os.chown(root, 65534, -1)


def link(root: Path) -> None:
    root.symlink_to(root.rename(root.with_name("elsewhere")))


def let_everybody_write(root: Path) -> None:
    root.chmod(0o777)


def let_the_group_write(root: Path) -> None:
    root.chmod(0o770)


@pytest.mark.parametrize(
    "plant",
    [
        link,
        let_everybody_write,
        let_the_group_write,
        pytest.param(give_away, marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root may give away")),
    ],
)
def test_a_place_that_somebody_else_may_have_made_is_neither_read_nor_written(
    tmp_path: Path, home: Library, monkeypatch: pytest.MonkeyPatch, plant: Callable[[Path], None]
) -> None:
    """What lies in /tmp under our name may be a trap: files of ours, copied to where others read them."""
    folder, planted, own = CallFolder(home.root / "a"), tmp_path / "planted", tmp_path / "own"
    monkeypatch.setattr(fallback_storage, "iter_fallback_roots", lambda: iter([planted, own]))
    for path in (folder.path, planted / "a"):
        path.mkdir(parents=True)
        (path / "call.json").write_text(json.dumps(RECORD | {"home": str(folder.path)}))
    planted.chmod(0o700)
    assert fallback_storage.find_fallback(folder) == CallFolder(planted / "a")  # the control: here it is our own

    plant(planted)
    before = sorted(planted.rglob("*"))

    assert fallback_storage.find_fallback(folder) is None
    folder.path.rename(home.root / "b")
    assert list(fallback_storage.iter_orphaned_calls(home.root)) == []
    moved = fallback_storage.move_to_fallback(CallFolder(home.root / "b"), 0)
    assert moved.path == own / "b"
    assert sorted(planted.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="needs modes")
@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_an_empty_place_of_our_own_that_let_others_in_is_closed(
    tmp_path: Path, home: Library, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    own.chmod(mode)
    monkeypatch.setattr(fallback_storage, "iter_fallback_roots", lambda: iter([own]))
    folder = CallFolder(home.root / "a")
    folder.path.mkdir(parents=True)
    (folder.path / "call.json").write_text(json.dumps(RECORD))
    (folder.path / "image.jpg").write_bytes(picture())
    (folder.path / "image.jpg").chmod(0o644)

    away = fallback_storage.move_to_fallback(folder, 0)
    fallback_storage.restore_call(away, folder)

    assert own.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.path.iterdir()} == {0o600}


def test_a_call_is_moved_without_what_its_links_lead_to_and_back_to_where_it_was(tmp_path: Path, home: Library) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = CallFolder(home.root / "a")
    folder.path.mkdir(parents=True)
    (folder.path / "call.json").write_text(json.dumps(RECORD | {"home": str(tmp_path / "elsewhere" / "a")}))
    (folder.path / "image.jpg").symlink_to(tmp_path / "secret")
    (folder.path / "preview.jpg").write_bytes(b"preview")

    away = fallback_storage.move_to_fallback(folder, 0)

    assert sorted(path.name for path in away.path.iterdir()) == ["call.json", "preview.jpg"]
    assert away.read()["home"] == str(folder.path)
    assert fallback_storage.find_home(away, away.read()) == folder.path
    assert fallback_storage.find_home(folder, folder.read()) == folder.path


def test_without_any_place_the_error_is_that_of_the_disk(home: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    home.root.mkdir()
    folder = CallFolder(home.root / "a")
    folder.path.mkdir()
    blocked = home.root / "blocked"
    blocked.write_text("a file")
    monkeypatch.setattr(fallback_storage, "iter_fallback_roots", lambda: iter([blocked]))

    with pytest.raises(OSError, match="is not a folder"):
        fallback_storage.move_to_fallback(folder, 0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of its own that is nearly full, where the system lets us mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=80m", "none", place], check=False, capture_output=True
        ).returncode
    ):
        pytest.skip("no disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)  # noqa: S607  # the system's


def fill_up(path: Path) -> None:
    with path.open("wb", 0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017  # any other would be a fault of the test


def test_h1_a_disk_that_fills_up_in_truth(small_disk: Path, serving: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control is the disk itself: it takes no more bytes than it has."""
    monkeypatch.setenv("COMETMAGIC_LIBRARY", str(small_disk / "library"))
    held = Held()

    def fill(event: dict[str, Any]) -> None:
        if event["event"] == "sent":
            fill_up(small_disk / "filling")
            held.let_go.set()

    with serving(held.steps(send(WHOLE))):
        made = generate("a cat", progress=fill)

    assert made.image.data == picture()
    assert held.let_go.is_set()
    assert not made.folder.is_relative_to(small_disk)
    (small_disk / "filling").unlink()
    [folder] = Library(small_disk / "library").iter_folders()
    assert recover(folder) is CallState.SETTLED
    assert (folder.path / "image.png").read_bytes() == picture()
