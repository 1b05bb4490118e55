"""Calls that may need recovery are found by a quick look, whatever stands in a call.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cometmagic.storage.call_folder import encode_call
from cometmagic.storage.unfinished_calls import find_unfinished_calls

CALL: dict[str, Any] = {"version": 1, "state": "sent", "options": {"extra": {"state": "settled"}}, "prompt": "x" * 9000}


def encode(state: str) -> bytes:
    return encode_call(CALL | {"state": state})


@pytest.mark.parametrize(
    ("content", "is_unfinished"),
    [
        *((encode(state), True) for state in ("planned", "sent", "received")),
        *((encode(state), False) for state in ("settled", "failed", "unknown")),
        (json.dumps(dict(reversed(CALL.items()))).encode(), True),
        (json.dumps(dict(reversed(CALL.items())) | {"state": "failed"}).encode(), False),
        (b"", False),
        (b"[" * 100_000, False),
        (b'{"state": 5}', True),  # a full look follows
        (b'{"prompt": "%s", "state": "sent"}' % (b"x" * 5_000_000), False),
    ],
)
def test_the_state_decides(tmp_path: Path, content: bytes, is_unfinished: bool) -> None:
    folder = tmp_path / "20261122-101502-a-cat-7f3a9c"
    folder.mkdir()
    (folder / "call.json").write_bytes(content)

    assert find_unfinished_calls(tmp_path) == [folder.name] * is_unfinished


@pytest.mark.parametrize("name", ["response.part", ".image.1a2b.tmp"])
def test_a_file_that_was_left_behind_is_found(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "20261122-101502-a-cat-7f3a9c"
    folder.mkdir()
    (folder / "call.json").write_bytes(encode("settled"))
    assert find_unfinished_calls(tmp_path) == []

    (folder / name).touch()

    assert find_unfinished_calls(tmp_path) == [folder.name]
