"""A table of calls and the facts of one: aligned, cleaned, and never at a loss over what a folder holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cometmagic import generate
from cometmagic.display.library_table import TABLE_WIDTH, describe_call, explain_missing_image, format_table, list_calls
from cometmagic.errors import CometError
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from tests.faults.server import Step, limit, recv_request, response
from tests.notebook.answers import answering, painted, serving
from tests.storage.test_library import request

Ask = Callable[..., CallFolder]
BAD = answering(b'{"error": {"message": "wrong"}}', status="400 Bad Request")
REFUSED = answering(b'{"candidates": [{"finishReason": "IMAGE_SAFETY"}]}')
CUT = [recv_request(), limit(response(b'{"candidates": [' + b" " * 999), 60)]


@pytest.fixture
def library(library_folder: Path) -> Library:
    return Library(library_folder)


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, library: Library) -> Ask:
    """Return a function that makes a real call, whatever becomes of it, and returns its folder."""

    def asked(steps: list[Step] | None = None, prompt: Any = "a red bicycle", **options: Any) -> CallFolder:
        before = set(library.iter_folders())
        with serving(monkeypatch, steps or answering()):
            try:
                generate(prompt, **options)
            except CometError as error:
                assert steps, error  # noqa: PT017
        [folder] = set(library.iter_folders()) - before
        return folder

    return asked


def told_table(library: Library, words: str = "", width: int = TABLE_WIDTH) -> str:
    return format_table(list_calls(library, words), width)


def rows(told: str) -> list[list[str]]:
    """Return the cells of a table, header first."""
    lines = told.split("\n\n")[1].splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_a_call_is_a_row(ask: Ask, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(library.root.parent)
    folder = ask(prompt="a red bicycle", model="gemini-3-pro-image")

    told = told_table(library)

    assert told.startswith("1 call in library, newest first\n\n")
    planned = folder.read()["planned"]
    when = f"{planned[:10]} {planned[11:16]}"
    assert rows(told) == [
        ["id", "when", "source", "state", "cost", "model", "prompt"],
        [folder.id[-6:], when, "live", "settled", "$0.138", "gemini-3-pro-image", "a red bicycle"],
    ]


@pytest.mark.parametrize(
    ("steps", "options", "state", "cost"),
    [
        (None, {}, "settled", "$0.068"),
        (BAD, {}, "failed", "-"),
        (REFUSED, {}, "failed", "$0.067?"),
        (CUT, {}, "unknown", "$0.067?"),
        (CUT, {"model": "unheard-of"}, "unknown", "??"),
        (None, {"source": "offline"}, "settled", "free"),
    ],
)
def test_what_became_of_a_call_and_what_it_may_have_cost(
    ask: Ask, library: Library, steps: list[Step] | None, options: dict[str, Any], state: str, cost: str
) -> None:
    ask(steps, **options)

    told = told_table(library)

    assert rows(told)[1][3:5] == [state, cost]
    assert told.endswith("it may have been charged") == cost.endswith("?")


def test_the_newest_call_is_on_top(library: Library) -> None:
    folders = [library.create_folder(request(), source="live") for _ in range(3)]
    for folder, second in zip(folders, (2, 3, 1), strict=True):
        folder.update(planned=f"2026-11-22T10:15:0{second}+00:00")

    assert [row[0] for row in rows(told_table(library))[1:]] == [folders[at].id[-6:] for at in (1, 0, 2)]


def test_thirty_are_shown_and_the_others_counted(library: Library) -> None:
    for _ in range(33):
        library.create_folder(request(), source="live")

    told = told_table(library)

    assert len(rows(told)) == 31
    assert told.startswith("33 calls in ")
    assert told.endswith("and 3 older ones; %gemini_library list WORDS finds those with certain words")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("bicycle", {"a red bicycle"}),
        ("RED", {"a red bicycle", "a red cat"}),
        ("red cat", {"a red cat"}),
        ("cat red", {"a red cat"}),
        ("seed", set()),
        ("pro-image", {"a red cat"}),
        ("offline", {"a blue cat"}),
        ("planned live", {"a red bicycle", "a red cat"}),
        ("far away", {"a blue cat"}),
    ],
)
def test_words_choose_calls(library: Library, words: str, found: set[str]) -> None:
    library.create_folder(request("a red bicycle"), source="live")
    library.create_folder(request("a red cat", model="gemini-3-pro-image"), source="live")
    library.create_folder(request("a blue cat" + " " * 900 + "far away"), source="offline")

    told = told_table(library, words)

    if found:
        assert {row[-1].removesuffix(" far away") for row in rows(told)[1:]} == found
        assert told.startswith(f"{len(found)} call")
    else:
        assert told.startswith("None of the 3 calls in ")
        assert told.endswith(f" has {words!r}.")


def test_an_empty_library_is_told(library: Library) -> None:
    assert told_table(library) == f"There is no call in {library.root} yet."
    assert told_table(library, "cat") == f"There is no call in {library.root} yet."


@pytest.mark.parametrize(("width", "has_model"), [(80, False), (103, False), (104, True), (200, True)])
def test_the_table_fits(library: Library, width: int, has_model: bool) -> None:
    library.create_folder(request("a red bicycle leaning on a sunlit wall " * 9), source="live")
    library.create_folder(request("a cat", model="gemini-2.5-flash-image"), source="offline")

    told = told_table(library, width=width)

    lines = told.splitlines()[2:]
    assert max(map(len, lines)) == width
    assert len({line.index("  a ") + 2 for line in lines[1:]} | {lines[0].index("prompt")}) == 1
    assert ("gemini-2.5-flash-image" in told) == has_model


HOSTILE = "\x1b[31m<b>red</b>\x1b]52;c;ZXZpbA==\x07\u202e\nline\ttab"


def test_what_strangers_wrote_is_cleaned(library: Library) -> None:
    folder = library.create_folder(request(), source="live")
    folder.update(
        prompt=HOSTILE, model=HOSTILE, options={HOSTILE: HOSTILE}, state="failed",
        error={"type": "APIError", "what": HOSTILE, "fate": "REFUSED", "do": HOSTILE},
    )  # fmt: skip
    table = told_table(library)
    strange = CallFolder(folder.path.rename(library.root / "\x1b[31mred\x07"))
    (strange.path / "\x1b[2Jfile").write_bytes(b"")
    assert HOSTILE in strange.read()["prompt"]
    assert list(library) == []  # no call of ours has such a name

    for told in (table, describe_call(strange), explain_missing_image(strange)):
        assert "red" in told
        assert [letter for letter in told if not letter.isprintable() and letter != "\n"] == []


ODD: list[dict[str, Any]] = [
    {},
    {"state": 5, "source": [], "model": {}, "prompt": None, "planned": 7, "options": "x", "files": 5, "error": "x"},
    {"state": "settled", "source": "live", "files": [], "usage": 5, "model": "gemini-3-pro-image"},
    {"state": "settled", "source": "live", "files": [{}], "usage": {"x": 1}},
    {"state": "failed", "source": "live", "error": {"type": "x", "what": 5, "fate": [], "self": 1}},
    {"state": "unknown", "source": "live", "estimate": {"usd": "x"}, "error": []},
    {"state": "unknown", "source": "live", "estimate": 5, "error": {"fate": "UNSENT"}},
]


@pytest.mark.parametrize("call", ODD, ids=range(len(ODD)))
def test_odd_calls_are_listed_all_the_same(library: Library, call: dict[str, Any]) -> None:
    folder = library.create_folder(request(), source="live")
    (folder.path / "call.json").write_text(json.dumps(call))

    assert folder.id[-6:] in told_table(library)
    assert "\n" not in explain_missing_image(folder)
    assert folder.id in describe_call(folder)


def test_an_unreadable_call_is_listed(library: Library) -> None:
    folder = library.create_folder(request(), source="live")
    (folder.path / "call.json").write_bytes(b"{")

    assert rows(told_table(library))[1][:5] == [folder.id[-6:], "?", "?", "unreadable", "?"]
    assert explain_missing_image(folder).endswith("call.json is unreadable: it is not JSON.")
    assert "unreadable" in describe_call(folder)


def told_facts(folder: CallFolder) -> dict[str, str]:
    return {line[:12].strip(): line[12:] for line in describe_call(folder).splitlines() if line[:1] != " "}


def test_the_facts_of_a_call(ask: Ask, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(library.root.parent)
    folder = ask(prompt="a\nred bicycle", images=[painted("PNG")], safety={"hate": "none"}, thoughts=True)

    known = told_facts(folder)

    assert known["prompt"] == "a red bicycle"
    assert known["options"] == "--model gemini-3.1-flash-image-preview --thoughts --safety hate=none"
    assert known["state"] == "settled, live"
    assert known["folder"] == f"library/{folder.id}"
    assert known["files"].startswith("answer.json 0.")
    for name in ("image.jpg", "reference-1.png", "thought-1.png", "preview.jpg"):
        assert f"{name} 0." in describe_call(folder)


def test_long_facts_are_wrapped(ask: Ask, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(library.root.parent)
    lines = describe_call(ask(prompt="a red bicycle leaning on a sunlit wall " * 20)).splitlines()

    assert max(map(len, lines)) <= 100
    assert lines[1].startswith(" " * 12 + "bicycle leaning")


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (BAD, "APIError: The service answered 400: wrong. The service refused the request; that is not"),
        (REFUSED, "NoImageError: The model made no image (IMAGE_SAFETY)"),
        (CUT, "TransportError: The answer did not come whole"),
    ],
)
def test_a_call_without_a_picture_says_why(ask: Ask, steps: list[Step], told: str) -> None:
    said = explain_missing_image(ask(steps))

    assert said.startswith(told)
    assert "charged" in said


def test_a_picture_that_is_gone_is_told(ask: Ask) -> None:
    folder = ask()
    (folder.path / "image.jpg").unlink()

    assert explain_missing_image(folder) == "The call made a picture, but not all of its files are here."


@pytest.mark.parametrize("state", ["planned", "sent", "received"])
def test_a_call_that_has_not_ended_is_told(library: Library, state: str) -> None:
    folder = library.create_folder(request(), source="live")
    folder.update(state=state)

    assert explain_missing_image(folder).startswith(
        f"The call has not ended; its state is {state}. %gemini_library pending tells"
    )
