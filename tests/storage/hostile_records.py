"""Call records as somebody else could write them: every field with every odd value, and files that are no records."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from cometmagic.options.declaration import Options
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.call_record import CallRecord
from cometmagic.storage.library import Library
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
ERROR = {"type": "APIError", "what": "Wrong.", "fate": "UNKNOWN", "do": "Wait.", "claim": "free"}
RECORD: dict[str, Any] = json.loads((BASE / "call.json").read_bytes()) | {
    "alt": "cats",
    "number": 1,
    "limits": {"retry_unknown": 1, "total_timeout": 9, "price_ratio": 0.8},
    "references": 1,
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
    Library(root).trust()  # so that recovery and the ledger are tried too
    return folders


def plant_fields(root: Path, shift: int = 0) -> list[CallFolder]:
    """Make a library with an odd call for each field, one half of them settled and the other half interrupted."""
    turn, offset = divmod(shift, len(VALUES))
    records = (
        replace(RECORD | {"state": STATES[(number + turn) % 2]}, path, VALUES[(number + offset) % len(VALUES)])
        for number, path in enumerate(PATHS)
    )
    return plant(root, list(map(encode, records)))
