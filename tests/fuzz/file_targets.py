"""What lies on disk and may come from somebody else: call.json, the ledger, notebooks."""

from __future__ import annotations

import json
import math
from pathlib import Path

from cometmagic.costs.ledger_entries import parse_entries, sum_entries
from cometmagic.errors import LibraryError, restore_error
from cometmagic.images.notebook_images import NotebookShrinker
from cometmagic.storage.call_folder import encode_call
from cometmagic.storage.call_record import find_worst_charge_status, parse_call, read_usage
from cometmagic.storage.slim_notebook import _encode_notebook, _parse_notebook
from cometmagic.storage.unfinished_calls import _parse_state
from cometmagic.system.regular_files import is_plain_name
from tests.fuzz.checks import check_error

PREVIEW_SIDE = 8  # pixels


def fuzz_call_record(data: bytes) -> None:
    """Check that a call.json can be used, saved and read again, or that this one call is unreadable."""
    assert _parse_state(data).isascii()
    try:
        call = parse_call(data)
    except LibraryError as error:
        check_error(error)
        return
    assert json.dumps(parse_call(encode_call(call))) == json.dumps(call)
    assert all(is_plain_name(row["name"]) for row in call.get("files", ()))
    read_usage(call)
    find_worst_charge_status(call)
    if error_record := call.get("error"):
        check_error(restore_error(error_record))


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
