"""What lies on disk and may come from somebody else: call.json, the ledger, notebooks."""

from __future__ import annotations

import contextlib
import json
import math
import tempfile
from pathlib import Path

from cometmagic.costs.ledger_entries import parse_entries, sum_entries
from cometmagic.errors import LibraryError
from cometmagic.images.notebook_images import NotebookShrinker
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.slim_notebook import _encode_notebook, _parse_notebook
from cometmagic.storage.unfinished_calls import find_unfinished_calls

PREVIEW_SIDE = 8  # pixels


def fuzz_call_record(data: bytes) -> None:
    """Check that a call.json is read, or this one call is unreadable."""
    with tempfile.TemporaryDirectory(prefix="cometmagic-fuzz-") as root:
        folder = CallFolder(Path(root, "20261122-101502-red-bicycle-7f3a9c"))
        folder.path.mkdir()
        (folder.path / "call.json").write_bytes(data)
        assert len(find_unfinished_calls(Path(root))) <= 1
        with contextlib.suppress(LibraryError):
            folder.read()
            assert not folder.is_complete  # no other file is there


def fuzz_ledger(data: bytes) -> None:
    """Check that sums are finite, whatever the lines."""
    entries = list(parse_entries(data))
    spending = sum_entries(entries, None, None)
    assert 0 <= spending.usd < math.inf
    assert spending.call_count <= len(entries) <= data.count(b"\n") + 1


def fuzz_notebook(data: bytes) -> None:
    """Check that a notebook is written again as JSON that says the same, or is `LibraryError`."""
    try:
        notebook = _parse_notebook(data, Path("lesson.ipynb"))
        before = json.dumps(notebook)
        shrinker = NotebookShrinker(PREVIEW_SIDE)
        shrinker.shrink(notebook)
        content = _encode_notebook(notebook, data.decode())
    except LibraryError:
        return
    assert json.dumps(json.loads(content)) == json.dumps(notebook)
    assert shrinker.originals or json.dumps(notebook) == before
