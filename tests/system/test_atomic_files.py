"""New files: whole or not there, never over another, whoever saves beside and whenever the power goes.

A name is taken in one of two ways, and both are held to the same: by a link, and, where a drive has none, by
creating the file under it. What concerns crashes, limits and other processes runs in processes of its own; the
functions that run there stand at the end.
"""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cometmagic.system import atomic_files
from cometmagic.system.atomic_files import MAX_NAME_BYTES, RETRY_DELAYS, save_new_file, write_atomic
from tests.faults.pressed import Pressed, counts_open_files, open_files

ROOT = Path(__file__).parents[2]
NAME = "bike.png"
SECOND = "bike-2.png"
CONTENT = bytes(range(256)) * 80
OLD = b"an earlier picture"

COUNTED = ["open", "fsync", "link", "unlink", "rename", "replace", "close", "stat", "listdir", "scandir"]
CODES = ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EMLINK", "EXDEV", "EIO"]

posix = pytest.mark.skipif(os.name == "nt", reason="needs fork, SIGKILL and file size limits")


def refuse(number: int) -> Callable[..., Any]:
    """Return a system call that fails."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refused


def after(do: Callable[[], object], call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call that does something else first."""

    def called(*arguments: Any, **named: Any) -> Any:
        do()
        return call(*arguments, **named)

    return called


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=["link", "create"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test where there are links and where there are none."""
    if request.param == "create":
        monkeypatch.setattr(os, "link", refuse(errno.ENOTSUP))
    return str(request.param)


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in which the name is taken, and see that what has it stays as it is."""
    (tmp_path / NAME).write_bytes(OLD)
    yield tmp_path
    assert (tmp_path / NAME).read_bytes() == OLD


@pytest.mark.usefixtures("way")
def test_h5_a_taken_name_gets_a_number(taken: Path) -> None:
    saved = [save_new_file(taken / NAME, CONTENT + bytes([number])) for number in range(3)]

    assert [path.name for path in saved] == ["bike-2.png", "bike-3.png", "bike-4.png"]
    assert [path.read_bytes() for path in saved] == [CONTENT + bytes([number]) for number in range(3)]
    assert names(taken) == ["bike-2.png", "bike-3.png", "bike-4.png", NAME]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", ["folder", "dangling link", "empty file"])
def test_h5_whatever_has_the_name_keeps_it(tmp_path: Path, kind: str) -> None:
    path, elsewhere = tmp_path / NAME, tmp_path / "elsewhere"
    {"folder": path.mkdir, "dangling link": lambda: path.symlink_to(elsewhere), "empty file": path.touch}[kind]()

    assert save_new_file(path, CONTENT) == tmp_path / SECOND
    assert not elsewhere.exists()
    assert (path.is_dir(), path.is_symlink()) == (kind == "folder", kind == "dangling link")


def test_a_number_that_is_part_of_another_name_is_nobodys_measure(taken: Path) -> None:
    (taken / "bike-2024.png").touch()

    assert save_new_file(taken / NAME, CONTENT).name == SECOND


def test_a_free_number_is_found_with_one_look(monkeypatch: pytest.MonkeyPatch, taken: Path) -> None:
    for number in range(2, 500):
        (taken / f"bike-{number}.png").touch()
    done: list[str] = []
    for call in ("link", "listdir", "scandir"):
        monkeypatch.setattr(os, call, after(lambda call=call: done.append(call), getattr(os, call)))  # type: ignore[misc]

    assert save_new_file(taken / NAME, CONTENT).name == "bike-500.png"
    assert len(done) == 3
    assert done.count("link") == 2


def test_a_folder_that_may_not_be_listed_is_saved_in(monkeypatch: pytest.MonkeyPatch, taken: Path) -> None:
    (taken / SECOND).touch()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "iterdir", refuse(errno.EACCES))
        saved = save_new_file(taken / NAME, CONTENT)

    assert saved.name == "bike-3.png"


def test_h13_names_that_differ_in_case_only_may_be_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    link = os.link

    def caseless(source: Path, target: Path, **named: Any) -> None:
        if target.name.lower() in {name.lower() for name in names(tmp_path)}:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        link(source, target, **named)

    monkeypatch.setattr(os, "link", caseless)
    (tmp_path / "BIKE.PNG").write_bytes(OLD)
    (tmp_path / "Bike-2.png").write_bytes(OLD)

    assert save_new_file(tmp_path / NAME, CONTENT).name == "bike-3.png"
    assert names(tmp_path) == ["BIKE.PNG", "Bike-2.png", "bike-3.png"]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("stem", ["x" * 251, "é" * 125 + "e", "🚲" * 62 + "abc", "e\u0301" * 83 + "ab"])
def test_h11_a_name_as_long_as_the_disk_takes_is_numbered(tmp_path: Path, stem: str) -> None:
    wanted = tmp_path / f"{stem}.png"
    assert len(os.fsencode(wanted.name)) == MAX_NAME_BYTES

    saved = [save_new_file(wanted, bytes([number])) for number in range(12)]  # to two digits, which cut the stem anew

    assert saved[0] == wanted
    assert [path.read_bytes() for path in saved] == [bytes([number]) for number in range(12)]
    for number, path in enumerate(saved[1:], 2):
        assert MAX_NAME_BYTES - 6 <= len(os.fsencode(path.name)) <= MAX_NAME_BYTES
        assert stem.startswith(path.name.removesuffix(f"-{number}.png"))
    assert len(names(tmp_path)) == 12


def test_h11_an_encrypted_folder_takes_shorter_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opening, used = os.open, list[str]()

    def noted(path: str, *arguments: int, **named: int) -> int:
        used.append(Path(path).name)
        return opening(path, *arguments, **named)

    monkeypatch.setattr(os, "pathconf", lambda *_: 143)
    monkeypatch.setattr(os, "open", noted)
    wanted = tmp_path / f"{'x' * 139}.png"

    saved = [save_new_file(wanted, CONTENT), save_new_file(wanted, CONTENT)]
    write_atomic(wanted, CONTENT)

    assert [len(path.name) for path in saved] == [143, 143]
    assert [len(name) for name in used if name.endswith(".tmp")] == [143, 143, 143]


@pytest.mark.parametrize("limit", [-1, 1530])
def test_h11_a_disk_that_counts_in_another_way_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: int
) -> None:
    monkeypatch.setattr(os, "pathconf", lambda *_: limit)

    assert save_new_file(tmp_path / f"{'x' * 251}.png", CONTENT).exists()


@pytest.mark.usefixtures("way")
def test_h11_a_name_too_long_for_the_disk_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="File name too long"):
        save_new_file(tmp_path / f"{'x' * 252}.png", CONTENT)

    assert names(tmp_path) == []


@pytest.mark.usefixtures("way")
def test_h15_a_picture_has_the_rights_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        assert save_new_file(tmp_path / NAME, CONTENT).stat().st_mode & 0o777 == 0o640
    finally:
        os.umask(before)


def test_the_bytes_are_on_the_disk_before_the_name_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done: list[str] = []
    for call in ("fsync", "link", "unlink"):
        monkeypatch.setattr(os, call, after(lambda call=call: done.append(call), getattr(os, call)))  # type: ignore[misc]

    save_new_file(tmp_path / NAME, CONTENT)

    assert done == ["fsync", "link", "unlink", "fsync"]  # the last one is the folder's


@pytest.mark.parametrize("code", CODES)
def test_h7_a_drive_without_links_may_say_so_in_any_way(
    monkeypatch: pytest.MonkeyPatch, taken: Path, code: str
) -> None:
    monkeypatch.setattr(os, "link", refuse(getattr(errno, code)))
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("nobody holds a file here"))

    assert save_new_file(taken / NAME, CONTENT).read_bytes() == CONTENT
    assert names(taken) == [SECOND, NAME]


def test_h7_a_system_may_not_know_links(monkeypatch: pytest.MonkeyPatch, taken: Path) -> None:
    def missing(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(Path, "hardlink_to", missing)

    assert save_new_file(taken / NAME, CONTENT).read_bytes() == CONTENT


def test_h7_a_drive_may_link_nothing_and_say_it_did(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "link", lambda *_, **__: None)

    assert save_new_file(tmp_path / NAME, CONTENT) == tmp_path / NAME
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_h7_a_drive_without_links_need_have_room_for_one_only(monkeypatch: pytest.MonkeyPatch, taken: Path) -> None:
    fsync, flushed = os.fsync, list[list[str]]()

    def seeing(handle: int) -> None:
        flushed.append([name for name in names(taken) if name != NAME])
        fsync(handle)

    monkeypatch.setattr(os, "link", refuse(errno.ENOTSUP))
    monkeypatch.setattr(os, "fsync", seeing)
    save_new_file(taken / NAME, CONTENT)

    assert [len(seen) for seen in flushed] == [1, 1, 1]


@pytest.mark.parametrize("kept", [CONTENT[:-1], CONTENT[:-1] + b"?", b""])
def test_h7_a_drive_that_keeps_something_else_is_found_out(
    monkeypatch: pytest.MonkeyPatch, taken: Path, kept: bytes
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "link", refuse(errno.EPERM))
        patched.setattr(Path, "read_bytes", lambda _: kept)
        with pytest.raises(OSError, match="reads back differently"):
            save_new_file(taken / NAME, CONTENT)

    assert names(taken) == [NAME]


def as_on_windows(monkeypatch: pytest.MonkeyPatch, held: int) -> list[float]:
    """Rename as Windows does, after refusing `held` times; return the list of the pauses to come."""
    refusals, link, slept = iter(range(held)), os.link, list[float]()

    def rename(path: Path, to: Path) -> None:
        if next(refusals, None) is not None:
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        link(path, to)
        path.unlink()

    monkeypatch.setattr(atomic_files, "IS_WINDOWS", True)
    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr(os, "link", refuse(errno.EINVAL))
    monkeypatch.delattr(os, "pathconf")
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_windows_renames_to_a_free_name(monkeypatch: pytest.MonkeyPatch, taken: Path) -> None:
    slept = as_on_windows(monkeypatch, held=0)

    assert save_new_file(taken / NAME, CONTENT).name == SECOND
    assert save_new_file(taken / NAME, CONTENT).read_bytes() == CONTENT
    assert names(taken) == [SECOND, "bike-3.png", NAME]
    assert slept == []


def test_h8_windows_is_asked_again_while_a_scanner_holds_the_file(monkeypatch: pytest.MonkeyPatch, taken: Path) -> None:
    slept = as_on_windows(monkeypatch, held=3)

    assert save_new_file(taken / NAME, CONTENT).name == SECOND
    assert slept == list(RETRY_DELAYS[:3])


def test_h8_a_file_that_is_held_for_ever_is_an_error(monkeypatch: pytest.MonkeyPatch, taken: Path) -> None:
    slept = as_on_windows(monkeypatch, held=1000)

    with pytest.raises(PermissionError):
        save_new_file(taken / NAME, CONTENT)

    assert slept == list(RETRY_DELAYS)
    assert names(taken) == [NAME]


@pytest.mark.usefixtures("way")
def test_h3_whatever_step_fails_nothing_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    failed = []
    for nth in itertools.count(1):
        folder = tmp_path / str(nth)
        folder.mkdir()
        (folder / NAME).write_bytes(OLD)
        with monkeypatch.context() as patched:
            steps = Steps(nth, refuse(errno.EDQUOT))
            for call in ("open", "fsync", "link"):
                patched.setattr(os, call, steps.counted(call))
            patched.setattr(atomic_files, "open", steps.opened, raising=False)
            try:
                assert save_new_file(folder / NAME, CONTENT).read_bytes() == CONTENT
            except OSError as error:
                assert error.errno == errno.EDQUOT  # noqa: PT017  # not every step's failure is the save's
                failed.append(steps.done[nth - 1])
                assert names(folder) == [NAME]
            else:
                assert names(folder) == [SECOND, NAME]
        assert (folder / NAME).read_bytes() == OLD
        if len(steps.done) < nth:
            break

    assert {"open", "write", "fsync", "close"} <= set(failed)


@pytest.mark.usefixtures("way")
def test_i4_an_interrupt_leaves_nothing(monkeypatch: pytest.MonkeyPatch, taken: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_new_file(taken / NAME, CONTENT)

    assert names(taken) == [NAME]


@pytest.mark.usefixtures("way")
@counts_open_files
@pytest.mark.parametrize("save", [write_atomic, save_new_file])
def test_i4_an_interrupt_at_any_moment_leaves_nothing_open(tmp_path: Path, save: Callable[..., object]) -> None:
    for nth in itertools.count(1):
        path = tmp_path / str(nth) / NAME
        path.parent.mkdir()
        path.write_bytes(OLD)
        before = open_files()
        with Pressed(nth, atomic_files) as pressed, contextlib.suppress(KeyboardInterrupt):
            save(path, CONTENT)

        assert open_files() == before, pressed.where
        assert path.read_bytes() in ((OLD, CONTENT) if save is write_atomic else (OLD,))
        hidden = [name for name in names(path.parent) if name.startswith(".")]
        assert not hidden or pressed.where.startswith("save_new"), pressed.where  # before it deletes, when all is done
        if not pressed.where:
            break

    assert nth > 100


@counts_open_files
def test_control_an_interrupt_between_opening_and_keeping_a_number_leaves_it_open(tmp_path: Path) -> None:
    left = 0
    for nth in itertools.count(1):
        before = open_files()
        with Pressed(nth, open_in_two_steps) as pressed, contextlib.suppress(KeyboardInterrupt):
            open_in_two_steps(tmp_path / str(nth))
        left += len(open_files() - before)
        for handle in open_files() - before:
            os.close(handle)
        if not pressed.where:
            break

    assert left > 0


def test_a_saved_picture_is_saved_though_its_second_name_stays(monkeypatch: pytest.MonkeyPatch, taken: Path) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse(errno.EIO))
        saved = save_new_file(taken / NAME, CONTENT)

    assert saved.read_bytes() == CONTENT
    assert [name for name in names(taken) if not name.startswith(".")] == [SECOND, NAME]


@posix
@pytest.mark.parametrize("way", ["link", "create"])
def test_h1_a_disk_that_is_full_in_mid_write_keeps_nothing(taken: Path, way: str) -> None:
    with child(save_beyond_the_limit, taken, way) as saver:
        assert hear(saver) == f"{errno.EFBIG}\n"

    assert names(taken) == [NAME]


TAKEN_BY = {"link": "link", "create": "open", "over": "replace", "in place": "open"}


@posix
@pytest.mark.parametrize("before", [None, OLD], ids=["free", "taken"])
@pytest.mark.parametrize("way", TAKEN_BY)
def test_h4_a_kill_at_any_step_leaves_no_part(tmp_path: Path, way: str, before: bytes | None) -> None:
    """A kill may leave a hidden file and, where there are no links, a part under the new name; that is all.

    Those parts, and what a saver leaves that writes in place, show that the same eyes would see one elsewhere.
    """
    with child(be_killed_everywhere, tmp_path, way, (before or b"").decode()) as saver:
        steps = json.loads(hear(saver))
    assert steps.count("write") >= 2
    assert {"fsync", "close", TAKEN_BY[way]} <= set(steps)

    *killed, done = sorted(tmp_path.iterdir())
    assert len(killed) == len(steps)
    written = NAME if way == "over" or not before else SECOND
    others = {} if way == "over" or not before else {NAME: before}
    contents = []
    for folder in (*killed, done):
        found = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}
        contents.append(found.pop(written, None))
        assert found == others
        assert len(list(folder.glob(".*"))) <= 1
    assert contents[-1] == CONTENT
    assert not list(done.glob(".*"))
    parts = [content for content in contents if content not in (before if way == "over" else None, CONTENT)]
    assert bool(parts) == (way in ("create", "in place"))


CROWDS = [
    pytest.param(4, 40, id="4x40"),
    pytest.param(8, 200, id="8x200", marks=[pytest.mark.full, pytest.mark.timeout(600)]),
]


@pytest.mark.parametrize(("savers", "saves"), CROWDS)
@pytest.mark.parametrize("way", ["link", "create"])
def test_h6_all_may_save_under_one_name_at_once(taken: Path, way: str, savers: int, saves: int) -> None:
    told = crowd(taken, way, savers, saves)

    assert [len(one) for one in told] == [saves] * savers
    assert lost(taken, told) == 0
    assert len(names(taken)) == savers * saves + 1
    assert not list(taken.glob(".*"))


@pytest.mark.parametrize(("savers", "saves"), CROWDS)
def test_h6_the_same_judge_sees_what_a_naive_saver_loses(taken: Path, savers: int, saves: int) -> None:
    """The control: each looks for a free name, and all write once all have looked, so one of each round is kept."""
    told = crowd(taken, "naive", savers, saves)

    assert [len(one) for one in told] == [saves] * savers
    assert lost(taken, told) == (savers - 1) * saves


def crowd(folder: Path, way: str, savers: int, saves: int) -> list[dict[str, str]]:
    """Let processes save under one name, in step; return for each what it saved where."""
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(child(save_often, folder, way, str(who), str(saves))) for who in range(savers)]
        for _ in range(saves):
            for saver in started:
                assert hear(saver) == "ready\n"
            for saver in started:
                tell(saver, "go\n")
        return [json.loads(hear(saver)) for saver in started]


def lost(folder: Path, told: list[dict[str, str]]) -> int:
    """Count the pictures that do not lie where their savers say."""
    return sum((folder / name).read_bytes() != picture(what) for one in told for name, what in one.items())


def picture(what: str) -> bytes:
    return f"{what} ".encode() * 500


@contextlib.contextmanager
def child(function: Callable[..., None], *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run a function of this module in a process of its own, which ends with the block."""
    program = f"import sys; from {__name__} import {function.__name__} as run; run(*sys.argv[1:])"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line)


def open_in_two_steps(path: Path) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    with os.fdopen(handle, "wb") as file:
        file.write(CONTENT)


class Steps:
    """Counts what is asked of the disk, and does something else at the nth time."""

    def __init__(self, nth: int, act: Callable[[], object]) -> None:
        self.nth = nth
        self.act = act
        self.done: list[str] = []

    def step(self, name: str) -> None:
        self.done.append(name)
        if len(self.done) == self.nth:
            self.act()

    def counted(self, name: str) -> Callable[..., Any]:
        """Return the function of `os` of that name, counted."""
        return after(lambda: self.step(name), getattr(os, name))

    def opened(self, path: Path, mode: str, opener: Any) -> Torn:
        """Open a file as `open` does, its writing counted."""
        return Torn(path, mode, opener, self)


class Torn(io.FileIO):
    """A file whose writing has a middle."""

    def __init__(self, path: Path, mode: str, opener: Any, steps: Steps) -> None:
        super().__init__(path, mode, opener=opener)
        self.steps = steps

    def write(self, content: Any) -> int:
        half = len(content) // 2
        for piece in (content[:half], content[half:]):
            self.steps.step("write")
            super().write(piece)
        return len(content)

    def close(self) -> None:
        try:
            if not self.closed:
                self.steps.step("close")
        finally:
            super().close()


# What runs in processes of its own.


def save_beyond_the_limit(folder: str, way: str) -> None:
    """Save where a file may be half as long as the picture, and tell which error that is."""
    import resource

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if way == "create":  # the file beside still has its room
        os.link = after(fill, refuse(errno.ENOTSUP))
    else:
        fill()
    try:
        save_new_file(Path(folder, NAME), CONTENT)
    except OSError as error:
        say(str(error.errno))


def be_killed_everywhere(root: str, way: str, before: str) -> None:
    """Save in a folder of its own each time, killed at the first step, at the second, ... until none is left."""
    for nth in itertools.count(1):
        folder = Path(root, f"{nth:03}")
        folder.mkdir()
        if before:
            (folder / NAME).write_text(before)
        pid = os.fork()
        if not pid:
            say(json.dumps(be_killed(nth, folder / NAME, way)))
            os._exit(0)
        if os.waitpid(pid, 0)[1] != signal.SIGKILL:
            return


def be_killed(nth: int, path: Path, way: str) -> list[str]:
    """Save, killed at the nth step; return the steps when there were not so many."""
    if way == "create":
        os.link = refuse(errno.ENOTSUP)
    steps = Steps(nth, lambda: os.kill(os.getpid(), signal.SIGKILL))
    for name in COUNTED:
        setattr(os, name, steps.counted(name))
    atomic_files.open = steps.opened  # type: ignore[attr-defined]  # before the one that is built in
    if way == "over":
        write_atomic(path, CONTENT)
    elif way == "in place":
        path = path.with_name(SECOND) if path.exists() else path
        with steps.opened(path, "xb", os.open) as file:
            file.write(CONTENT)
            os.fsync(file.fileno())
    else:
        save_new_file(path, CONTENT)
    return steps.done


def save_often(folder: str, way: str, who: str, saves: str) -> None:
    """Save under one name again and again; wait for the others each time a name is about to be taken."""
    take = refuse(errno.ENOTSUP) if way == "create" else os.link
    told: dict[str, str] = {}
    for number in range(int(saves)):
        os.link = after(once(meet), take)
        what = f"{who}/{number}"
        path = (save_naively if way == "naive" else save_new_file)(Path(folder, NAME), picture(what))
        told[path.name] = what
    say(json.dumps(told))


def once(do: Callable[[], object]) -> Callable[[], object]:
    """Return a call that does something the first time only."""
    left = [do]
    return lambda: left.pop()() if left else None


def save_naively(wanted: Path, content: bytes) -> Path:
    """Save as is often done: look for a free name, then write."""
    tries = itertools.chain([wanted], (wanted.with_stem(f"{wanted.stem}-{number}") for number in itertools.count(2)))
    path = next(path for path in tries if not path.exists())
    meet()
    path.write_bytes(content)
    return path


def meet() -> None:
    """Wait until all have come this far."""
    say("ready")
    if sys.stdin.readline() != "go\n":
        sys.exit("the others are gone")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
