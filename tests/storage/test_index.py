"""What lies in a library is found: newest first, by its request, and by a part of its name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cometmagic import generate
from cometmagic.costs.charges import compute_outcome
from cometmagic.errors import LibraryError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.index import find_call, find_recording, iter_recordings, read_calls, shorten_id
from cometmagic.storage.library import Library
from tests.notebook.answers import answering, serving
from tests.storage.test_library import request


@pytest.fixture
def library(library_folder: Path) -> Library:
    return Library(library_folder)


def test_calls_are_sorted_by_when_they_were_planned(library: Library) -> None:
    """Also those of one second, and of one whose clock was in another time zone."""
    times = ["2026-11-22T10:00:00.002+01:00", "2026-11-22T10:00:00.001+01:00", "2026-11-22T09:00:00.003+00:00"]
    folders = [library.create_folder(request(), source="live") for _ in times]
    for folder, planned in zip(folders, times, strict=True):
        folder.update(planned=planned)

    assert [folder for folder, _ in read_calls(library)] == [folders[2], folders[0], folders[1]]


@pytest.mark.parametrize("planned", [None, 5, "yesterday", "", "0001-01-01T00:00:00"])
def test_a_call_without_a_time_is_the_oldest(library: Library, planned: Any) -> None:
    odd, good = library.create_folder(request(), source="live"), library.create_folder(request(), source="live")
    odd.update(planned=planned)

    assert [folder for folder, _ in read_calls(library)] == [good, odd]


def test_a_call_that_cannot_be_read_is_listed_without_a_record(library: Library) -> None:
    damaged, good = library.create_folder(request(), source="live"), library.create_folder(request(), source="live")
    (damaged.path / "call.json").write_bytes(b"{")

    assert [(folder, call is None) for folder, call in read_calls(library)] == [(good, False), (damaged, True)]


def test_of_many_calls_only_a_summary_is_kept(library: Library) -> None:
    error = {"type": "APIError", "what": "long " * 9999, "fate": "UNKNOWN", "do": "Wait."}
    folder = library.create_folder(request(), source="live")
    call = folder.update(notes=["long " * 9999], newer="long " * 9999, error=error, tries=[{"error": error}])

    [(_, summary)] = read_calls(library)

    assert summary is not None
    assert len(str(summary)) < 1000
    assert summary["prompt"] == call["prompt"]
    assert summary["error"] == {"fate": "UNKNOWN"}
    assert compute_outcome(summary) == compute_outcome(call)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> CallFolder:
    """Return a recording, made by a real call."""
    with serving(monkeypatch, answering()):
        return CallFolder(generate("a cat").folder)


def test_only_live_calls_that_made_a_picture_are_recordings(library: Library, recorded: CallFolder) -> None:
    digest = recorded.read()["request_hash"]
    assert find_recording(library, digest) == recorded
    assert [folder for folder, _ in iter_recordings(library)] == [recorded]
    assert find_recording(library, "0" * 64) is None

    spoilt: list[Callable[[], object]] = [
        *[partial(recorded.update, state=state) for state in ("failed", "sent", "unknown", "received")],
        partial(recorded.update, source="offline"),
        partial((recorded.path / "call.json").write_bytes, b"{"),
        (recorded.path / "image.jpg").unlink,
        (recorded.path / "answer.json").unlink,
    ]
    kept = library.root.with_name("kept")
    shutil.copytree(recorded.path, kept)
    for spoil in spoilt:
        shutil.rmtree(recorded.path)
        shutil.copytree(kept, recorded.path)
        spoil()
        assert find_recording(library, digest) is None
        assert list(iter_recordings(library)) == []


def test_of_several_recordings_of_a_request_the_newest_is_found(library: Library, recorded: CallFolder) -> None:
    """Also of those made within one second, whose names do not tell."""
    copies = [CallFolder(library.root / f"{recorded.id[:-6]}{end}") for end in ("000000", "7f3a9c", "ffffff")]
    for copy in copies:
        shutil.copytree(recorded.path, copy.path)
    shutil.rmtree(recorded.path)
    for newest in copies:
        for copy in copies:
            copy.update(planned=f"2026-11-22T10:15:02.{500 if copy == newest else 400}+01:00")

        assert find_recording(library, newest.read()["request_hash"]) == newest


NAMES = [
    "20261122-101502-a-red-bicycle-7f3a9c",
    "20261122-101503-a-red-cat-7f3a9d",
    "20261123-101503-a-red-cat-000000",
    "my bike",
]


@pytest.fixture
def named(library: Library) -> Library:
    """Return a library with calls of these names."""
    for name in NAMES:
        library.create_folder(request(), source="live").path.rename(library.root / name)
    return library


@pytest.mark.parametrize(
    ("word", "name"),
    [
        (NAMES[0], NAMES[0]),
        ("7f3a9c", NAMES[0]),
        ("7F3A9C", NAMES[0]),
        ("bicycle", NAMES[0]),
        (f"gemini_images/{NAMES[1]}/", NAMES[1]),
        ("20261123", NAMES[2]),
        ("my bike", NAMES[3]),
        ("bike", NAMES[3]),
    ],
)
def test_a_part_of_the_name_is_enough(named: Library, word: str, name: str) -> None:
    assert find_call(named, word).id == name


def test_a_name_that_is_a_part_of_another_is_its_own(named: Library) -> None:
    named.create_folder(request(), source="live").path.rename(named.root / "my bike 2")

    assert find_call(named, "my bike").id == "my bike"


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("7f3a9e", r"^There is no call '7f3a9e' in .*; did you mean 7f3a9[cd]\? .*%gemini_library list shows the ids"),
        ("zebra", r"^There is no call 'zebra' in [^;]*\. %gemini_library list"),
        ("", r"^There is no call '' in "),
        ("..", r"^There is no call '\.\.' in "),
        ("../library", r"^There is no call '\.\./library' in "),
        ("\x1b[31mx", r"^There is no call 'x' in "),
        ("red", r"^'red' is a part of 3 ids in .*: 000000, 7f3a9d, 7f3a9c\. "),
    ],
)
def test_what_names_no_call_is_told(named: Library, word: str, told: str) -> None:
    with pytest.raises(LibraryError, match=told) as caught:
        find_call(named, word)

    assert "sent" not in str(caught.value)


def test_many_ids_are_not_all_told(library: Library) -> None:
    for _ in range(7):
        library.create_folder(request("a cat"), source="live")

    with pytest.raises(LibraryError, match=r"'a-cat' is a part of 7 ids in .*: ([0-9a-f]{6}, ){5}…\."):
        find_call(library, "a-cat")


def test_the_short_id_is_the_end_of_our_names_and_the_whole_of_others() -> None:
    assert [shorten_id(CallFolder(Path(name))) for name in NAMES] == ["7f3a9c", "7f3a9d", "000000", "my bike"]
    assert shorten_id(CallFolder(Path("\x1b[31mred\nline"))) == "red line"
