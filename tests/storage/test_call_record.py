"""What the program writes into call.json can be read again, and what could not be is refused before it is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cometmagic import CometError, generate
from cometmagic.gemini.parts import TextPart
from cometmagic.gemini.request import ImageRequest, Turn
from cometmagic.options.declaration import Options
from cometmagic.storage.call_folder import now
from cometmagic.storage.call_record import MAX_FILES, MAX_TEXT_LENGTH, parse_call
from cometmagic.storage.library import Library
from cometmagic.system.sanitize import LINE_CAP, TEXT_CAP
from tests.notebook.answers import answering, serving

OLD = Path(__file__).with_name("old_library")


def test_every_call_of_the_first_version_is_read() -> None:
    contents = [path.read_bytes() for path in OLD.rglob("call.json")]

    assert len(contents) == 17
    assert [parse_call(content) for content in contents] == [json.loads(content) for content in contents]


def test_fields_of_a_later_version_are_kept(library_folder: Path) -> None:
    folder = Library(library_folder).create_folder(ImageRequest((Turn((TextPart("x"),)),), Options()), source="live")

    folder.update(newer={"a": [1, None]}, estimate={"usd": 0.1, "basis": "", "newer": "x"})
    folder.update(state="sent")

    call: Any = folder.read()
    assert (call["state"], call["newer"], call["estimate"]["newer"]) == ("sent", {"a": [1, None]}, "x")


@pytest.mark.parametrize(
    "options",
    [
        {"alt": "x" * (MAX_TEXT_LENGTH + 1)},
        {"system": "x" * 3_500_000},
        {"extra": {"a": [0] * 30_000}},
    ],
    ids=range(3),
)
def test_what_could_not_be_read_again_is_not_sent(
    monkeypatch: pytest.MonkeyPatch, library_folder: Path, options: dict[str, Any]
) -> None:
    with serving(monkeypatch, answering()) as server:
        with pytest.raises(CometError, match=r"^The call cannot be recorded: it.*Nothing was sent"):
            generate("x", **options)

        assert server.log == []
        assert list(Library(library_folder)) == []
        assert generate("x").source == "live"  # the control


def test_the_largest_outcome_of_the_largest_request_fits(library_folder: Path) -> None:
    """As many files as are kept, a note on each of them twice, and errors of the longest texts."""
    text = "é" * MAX_TEXT_LENGTH
    request = ImageRequest((Turn((TextPart(text),)),), Options(system=text))
    folder = Library(library_folder).create_folder(request, source="live", alt=text)
    row = {"name": "thought-1000.webp", "role": "thought", "mime_type": "application/octet-stream", "size": 10**9}
    row |= {"sha256": "0" * 64, "width": 16384, "height": 16384}
    error = CometError("x" * TEXT_CAP, advice="x" * LINE_CAP, request_id="x" * 100)

    folder.update(files=[row] * MAX_FILES, notes=["x" * 150] * (2 * MAX_FILES + 3), usage={"total": 10**12 - 1})
    folder.update(tries=[{"ended": now(), "error": error.to_dict()}] * 3)
    folder.fail(error)

    assert len(folder.read()["files"]) == MAX_FILES
