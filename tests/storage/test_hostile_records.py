"""Whatever stands in a call.json of somebody else: that call is used or unreadable, and every other one is as before.

Each field of the declaration meets each odd value. A library holds one call for each field; by default there is one
library, in which every field and every value come up, and `-m full` plays all pairs.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from cometmagic import CometError, ImageResult, LibraryError, generate, plan
from cometmagic.costs.spending_report import format_spending
from cometmagic.courier.recovery import find_recoverable_calls, recover
from cometmagic.courier.recovery_report import format_running_calls
from cometmagic.display import caption, edit_tree, gallery, library_table, result_output
from cometmagic.display.batch_output import build_sheet_caption
from cometmagic.generation.result_list import ImageResults
from cometmagic.options.declaration import Options
from cometmagic.storage import call_record
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallRecord, parse_call
from cometmagic.storage.index import read_calls
from cometmagic.storage.library import Library
from cometmagic.storage.recording_pack import pack
from cometmagic.storage.unfinished_calls import find_unfinished_calls
from cometmagic.widget.cell.text import restore_settings
from cometmagic.widget.result_view import describe_result
from tests.notebook.answers import full

OLD = Path(__file__).with_name("old_library") / "library"
GOOD, BASE = next(OLD.glob("*-a-red-bicycle-*")), next(OLD.glob("*-and-at-night-*"))
GOOD_PROMPT = "a red bicycle leaning on a sunlit wall"
STATES = ("settled", "received")
MISSING = object()
FieldPath = tuple[str | int, ...]


def _nest(wrap: Callable[[Any], Any], depth: int = 500) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = wrap(value)
    return value


VALUES: list[Any] = [
    MISSING, None, True, "", " ", "x" * 200_000, "x" * 200_001, "\ud800", "\x1b]0;x\x07", "\x9b31mred", "\u202ea\u200b",
    0, -1, 10**400, 2**63, 1e308, 0.5, math.nan, -math.inf, [], {}, [None], [[]], {"a": 1}, ["x"] * 30_000,
    _nest(lambda value: [value]), _nest(lambda value: {"a": value}), {"x" * 200_000: 1},
    "../x", "/nowhere/x", "a\0b", "C:\\x", "<script>", "%s {0} {{x}}",
    "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-23:59", "2026-11-22T10:00:00",
]  # fmt: skip
RAW = [
    b"",
    b"null",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a": 1' + b"0" * 5000 + b"}",
    b"\xff\xfe{\0}\0",
    b" " * 10**7,
]
ERROR = {"type": "APIError", "what": "Wrong.", "fate": "UNKNOWN", "do": "Wait."}
RECORD: dict[str, Any] = json.loads((BASE / "call.json").read_bytes()) | {
    "alt": "cats",
    "number": 1,
    "limits": {"retry_unknown": 1, "total_timeout": 9},
    "abandoned": "2026-11-22T10:00:00+00:00",
    "home": None,
    "tries": [{"ended": "2026-11-22T10:00:00+00:00", "error": ERROR}],
    "error": ERROR,
    "damage": "It was damaged.",
    "newer": 1,
}
PART = {"inlineData": {"mimeType": "image/png", "data": {"file": "../x"}}, "thoughtSignature": {"file": "/nowhere/x"}}
FOREIGN_TEXT = "\x1b]0;x\x07\ud800\u202e"
ODD_FILES: dict[str, list[Any]] = {
    "call.json": [{}, [], RECORD | {"x" * 2000: 1}, RECORD | {"state": "exploded"}],
    "request.json": [
        {},
        {"contents": []},
        {"contents": 10**400},
        {"contents": [{"parts": 5}, None, {"role": [], "parts": [PART, {"text": FOREIGN_TEXT}, {"text": {}}]}]},
        {"contents": [{"parts": [{"text": "x"}]}], "generationConfig": _nest(lambda value: [value])},
        {"contents": [{"parts": []}] * 20_000},
    ],
    "answer.json": [
        {},
        {"candidates": math.nan},
        {"candidates": [{"content": {"parts": [PART, {"text": FOREIGN_TEXT}]}}], "usageMetadata": 10**400},
        {"candidates": _nest(lambda value: [value])},
        {"candidates": [{"content": {"parts": [{"text": "x", "thought": True}] * 3000}}]},
    ],
}


def iter_paths(declaration: Any) -> Iterator[FieldPath]:
    """Yield the paths to all fields of a declaration, and to those of the records inside."""
    for name, hint in get_type_hints(declaration).items():
        yield (name,)
        is_list = get_origin(hint) is list
        inner = get_args(hint)[0] if is_list else hint
        if is_typeddict(inner):
            yield from ((name, *([0] * is_list), *path) for path in iter_paths(inner))


PATHS = [
    *iter_paths(CallRecord),
    *(("options", name) for name in Options.list_options()),
    ("options", "glow"),
    ("newer",),
]


def replace(record: Any, path: FieldPath, value: Any) -> Any:
    """Return a copy of a record with another value at a path."""
    copy = json.loads(json.dumps(record))
    node = copy
    for step in path[:-1]:
        node = node.setdefault(step, {}) if isinstance(step, str) else node[step]
    if value is MISSING:
        node.pop(path[-1], None)
    else:
        node[path[-1]] = value
    return copy


def encode(record: Any) -> bytes:
    return json.dumps(record).encode()


def plant(root: Path, contents: list[bytes], name: str = "call.json") -> list[CallFolder]:
    """Make a library of a good call, and of copies of another with these contents in one of its files."""
    shutil.copytree(GOOD, root / GOOD.name)
    folders = [CallFolder(root / f"20261122-101502-odd-{number:06x}") for number in range(len(contents))]
    folders[-1] = CallFolder(root / "20261122-101502-odd-\x1b]0;x\x07-ffffff")
    for folder, content in zip(folders, contents, strict=True):
        shutil.copytree(BASE, folder.path)
        folder.response_path.write_bytes(full())
        (folder.path / name).write_bytes(content)
    return folders


def plant_fields(root: Path, shift: int = 0) -> list[CallFolder]:
    """Make a library with an odd call for each field, one half of them settled and the other half interrupted."""
    turn, offset = divmod(shift, len(VALUES))
    records = (
        replace(RECORD | {"state": STATES[(number + turn) % 2]}, path, VALUES[(number + offset) % len(VALUES)])
        for number, path in enumerate(PATHS)
    )
    return plant(root, list(map(encode, records)))


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
    yield lambda: [recover(folder) for folder in find_recoverable_calls(library)]


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
