"""Whatever stands in a call.json of somebody else: that call is used or unreadable, and every other one is as before.

Each field of the declaration meets each odd value. A library holds one call for each field; by default there is one
library, in which every field and every value come up, and `-m full` plays all pairs.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cometmagic import CometError, ImageResult, LibraryError, generate, plan
from cometmagic.costs.spending_report import format_spending
from cometmagic.courier.recovery import find_recoverable_calls, recover
from cometmagic.courier.recovery_report import format_running_calls
from cometmagic.display import caption, edit_tree, gallery, library_table, result_output
from cometmagic.display.batch_output import build_sheet_caption
from cometmagic.generation.result_list import ImageResults
from cometmagic.storage import call_record
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallRecord, parse_call
from cometmagic.storage.index import read_calls
from cometmagic.storage.library import Library
from cometmagic.storage.recording_pack import pack
from cometmagic.storage.unfinished_calls import find_unfinished_calls
from cometmagic.widget.cell.text import restore_settings
from cometmagic.widget.result_view import describe_result
from tests.storage.hostile_records import (
    GOOD,
    GOOD_PROMPT,
    ODD_FILES,
    PATHS,
    RAW,
    RECORD,
    VALUES,
    encode,
    iter_paths,
    plant,
    plant_fields,
    replace,
)


def iter_call_actions(folder: CallFolder) -> Iterator[Callable[[], object]]:
    """Yield what people do with a call; each returns what is shown."""
    result = ImageResult(folder.path, is_replay=True)
    yield lambda: library_table.describe_call(folder)
    yield lambda: library_table.explain_missing_image(folder)
    yield lambda: caption.build_caption(result)[0]
    yield lambda: result_output.build_image(result)
    yield lambda: build_sheet_caption(ImageResults([result]))[0]
    yield lambda: describe_result(result)
    yield lambda: [result.price, result.usage, result.seconds, result.warnings, result.source, result]
    yield lambda: plan("more", edit=folder.id, source="offline").warnings
    yield lambda: plan("more", chat=folder.id, source="offline").warnings
    yield lambda: len(restore_settings(result).prompt)  # which is exact, as in its cell
    for kind in ("curl", "httpx", "google-genai", "magic"):
        yield functools.partial(result.as_code, kind)


def iter_library_actions(library: Library, destination: Path) -> Iterator[Callable[[], object]]:
    """Yield what people do with a library; each returns what is shown."""
    yield lambda: library_table.format_table(library_table.list_calls(library))
    yield lambda: library_table.format_table(library_table.list_calls(library, "odd"))
    yield lambda: gallery.build_gallery(library_table.list_calls(library))[0]
    yield lambda: [edit_tree.render_tree(library, folder) for folder in list(library)[:3]]
    yield lambda: generate("another prompt", source="replay")
    yield lambda: pack(library, destination)
    yield lambda: format_spending(library.root, "")
    yield lambda: find_unfinished_calls(library.root, 200)
    yield lambda: list(format_running_calls(library.root))
    yield lambda: recover_all(library)


def recover_all(library: Library) -> None:
    for folder in find_recoverable_calls(library):
        with contextlib.suppress(CometError):
            recover(folder)


def collect_findings(root: Path, folders: list[CallFolder], destination: Path, step: int = 1) -> list[str]:
    """Do everything; return the foreign exceptions, and the special characters that are shown.

    With each call only every `step`-th thing is done, in turn.
    """
    call_actions = (
        action
        for number, folder in enumerate(folders)
        for action in itertools.islice(iter_call_actions(folder), number % step, None, step)
    )
    findings = []
    for action in (*call_actions, *iter_library_actions(Library(root), destination)):
        try:
            shown = str(action())
        except CometError as error:
            shown = str(error)
        except Exception as error:  # noqa: BLE001  # what this is about
            findings.append(f"{type(error).__name__}: {str(error)[:80]}")
            continue
        findings += [f"{letter!r} is shown" for letter in "\x1b\x07\x9b\u202e\ud800" if letter in shown]
    return findings


def check_good(root: Path, destination: Path) -> None:
    """Check that the call beside the odd ones is replayed, listed and packed."""
    result = generate(GOOD_PROMPT, aspect_ratio="16:9", thoughts=True, source="replay")
    assert (result.folder.name, result.image.data) == (GOOD.name, (GOOD / "image.jpg").read_bytes())
    assert [row.state for _, row in library_table.list_calls(Library(root), "sunlit").rows] == ["settled"]
    assert (destination / GOOD.name / "image.jpg").is_file()


@pytest.mark.parametrize(
    "shift", [0, *(pytest.param(number, marks=pytest.mark.full) for number in range(1, 2 * len(VALUES)))]
)
def test_an_odd_field_spoils_its_call_at_most(library_folder: Path, tmp_path: Path, shift: int) -> None:
    folders = plant_fields(library_folder, shift)

    assert collect_findings(library_folder, folders, tmp_path / "pack", step=1 if shift else 3) == []
    check_good(library_folder, tmp_path / "pack")
    assert "received" not in {call["state"] for _, call in read_calls(Library(library_folder)) if call}


@pytest.mark.parametrize("name", ODD_FILES)
def test_an_odd_file_spoils_its_call_at_most(library_folder: Path, tmp_path: Path, name: str) -> None:
    folders = plant(library_folder, [*RAW, *map(encode, ODD_FILES[name])], name)

    assert collect_findings(library_folder, folders, tmp_path / "pack") == []
    check_good(library_folder, tmp_path / "pack")


def test_control_without_checks_foreign_exceptions_come_through(
    library_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = plant_fields(library_folder)
    monkeypatch.setattr(call_record, "find_misfit", lambda *_: None)

    findings = collect_findings(library_folder, folders[:12], tmp_path / "pack")

    assert {"TypeError", "AttributeError"} <= {finding.partition(":")[0] for finding in findings}


def test_odd_calls_are_shown_or_listed_as_unreadable(library_folder: Path) -> None:
    plant_fields(library_folder)

    calls = [call for _, call in read_calls(Library(library_folder))]
    table = library_table.format_table(library_table.list_calls(Library(library_folder), "unreadable"))

    assert len(PATHS) / 4 < calls.count(None) < len(PATHS)
    assert f"{calls.count(None)} calls with 'unreadable'" in table


def test_every_declared_field_is_checked() -> None:
    parse_call(encode(RECORD))
    for path in iter_paths(CallRecord):
        with pytest.raises(LibraryError, match=f"call.json is unreadable: its field '{path[0]}' is missing or wrong"):
            parse_call(encode(replace(RECORD, path, [[True]])))
