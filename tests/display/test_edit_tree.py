"""The tree of edits: what a call was made from and what was made from it, whatever the library holds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from cometmagic.display.edit_tree import LINE_WIDTH, MAX_CALLS, render_tree
from cometmagic.storage.call_folder import CallFolder
from cometmagic.storage.library import Library
from tests.storage.test_library import request

Made = Callable[..., CallFolder]


@pytest.fixture
def library(library_folder: Any) -> Library:
    return Library(library_folder)


@pytest.fixture
def made(library: Library) -> Made:
    """Return a function that plans a call, perhaps from an earlier one, at a time of its own."""
    seconds = iter(range(10_000))

    def planned(prompt: str = "a cat", parent: CallFolder | None = None, how: str = "edit", **facts: Any) -> CallFolder:
        if parent is not None:
            facts["parent"] = {"id": parent.id, "how": how}
        folder = library.create_folder(request(prompt), source="live", **facts)
        at = next(seconds)
        folder.update(
            state=facts.get("state", "settled"),
            planned=f"2026-11-22T1{at // 3600}:{at // 60 % 60:02}:{at % 60:02}+00:00",
        )
        return folder

    return planned


def short(folder: CallFolder) -> str:
    return folder.id[-6:]


def test_a_call_of_its_own_has_no_tree(library: Library, made: Made) -> None:
    made()

    assert render_tree(library, made()) == ""


def test_steps_stand_below_each_other_and_branches_apart(library: Library, made: Made) -> None:
    bike = made("a red bicycle")
    blue = made("make it blue", bike)
    dog = made("add a dog", blue)
    night = made("and at night", blue, "chat")
    larger = made("a larger dog", dog)
    refused = made("a naked dog", larger, state="failed")
    small = made("a small dog", larger)

    assert render_tree(library, dog).splitlines() == [
        f"{short(bike)} a red bicycle",
        f"{short(blue)} edit: make it blue",
        f"├─ {short(dog)} edit: add a dog  ← this one",
        f"│  {short(larger)} edit: a larger dog",
        f"│  ├─ {short(refused)} edit: a naked dog  (no picture)",
        f"│  └─ {short(small)} edit: a small dog",
        f"└─ {short(night)} chat: and at night",
    ]


def test_every_call_of_a_family_draws_the_same_tree(library: Library, made: Made) -> None:
    family = [made("first")]
    for number in range(9):
        family.append(made(f"edit {number}", family[number // 3]))

    drawn = {render_tree(library, folder).replace("  ← this one", "") for folder in family}

    assert len(drawn) == 1
    assert all(render_tree(library, folder).count("← this one") == 1 for folder in family)


def test_a_parent_that_is_gone_is_told(library: Library, made: Made) -> None:
    bike = made("a red bicycle")
    blue = made("make it blue", bike)
    shutil.rmtree(bike.path)

    assert render_tree(library, blue).splitlines() == [
        f"{short(bike)}  is not here",
        f"{short(blue)} edit: make it blue  ← this one",
    ]


def test_a_circle_is_cut(library: Library, made: Made) -> None:
    one = made("one")
    two = made("two", one)
    three = made("three", two)
    one.update(parent={"id": three.id, "how": "edit"})

    for folder in (one, two, three):
        lines = render_tree(library, folder).splitlines()
        assert lines[0].endswith("is named again")
        assert len(lines) == 4
        assert sum("← this one" in line for line in lines) == 1


def test_a_call_that_is_its_own_parent_is_drawn_once(library: Library, made: Made) -> None:
    odd = made("odd")
    odd.update(parent={"id": odd.id, "how": "edit"})

    assert render_tree(library, odd).count("odd") == 1


def test_of_a_long_chain_the_end_is_drawn(library: Library, made: Made) -> None:
    last = made("step 0")
    for number in range(1, 201):
        last = made(f"step {number}", last)

    lines = render_tree(library, last).splitlines()

    assert lines[0] == "… 181 earlier ones"
    assert lines[-1].endswith("step 200  ← this one")
    assert len(lines) == 21


def test_of_many_branches_some_are_drawn_and_the_others_counted(library: Library, made: Made) -> None:
    bike = made("a red bicycle")
    edits = [made(f"edit {number}", bike) for number in range(200)]

    for shown in (bike, edits[0], edits[150]):
        lines = render_tree(library, shown).splitlines()
        assert len(lines) == MAX_CALLS + 1
        assert lines[-1] == f"└─ … {201 - MAX_CALLS} more"
        assert sum("← this one" in line for line in lines) == 1


def test_branches_of_branches_stay_on_the_page(library: Library, made: Made) -> None:
    last = made("long " * 40)
    for _ in range(28):
        made("aside " * 40, last)
        last = made("long " * 40, last)

    assert max(map(len, render_tree(library, last).splitlines())) <= LINE_WIDTH + 15


@pytest.mark.parametrize(
    "parent", [None, 5, "x", [], {}, {"id": None}, {"id": 7}, {"id": []}, {"id": "../../x\0", "how": {}}], ids=range(9)
)
def test_odd_parents_are_drawn_all_the_same(library: Library, made: Made, parent: object) -> None:
    odd = made("odd")
    edit = made("an edit", odd)
    call = json.loads((odd.path / "call.json").read_bytes())
    (odd.path / "call.json").write_text(json.dumps(call | {"parent": parent}))

    assert "odd" in render_tree(library, edit) or "(unreadable)" in render_tree(library, edit)


def test_what_strangers_wrote_is_cleaned(library: Library, made: Made) -> None:
    hostile = "\x1b[31m<b>red</b>\x1b]52;c;ZXZpbA==\x07\u202e\nline\ttab" + "x" * 5000
    first = made("first")
    odd = made("odd", first)
    odd.update(prompt=hostile, parent={"id": first.id, "how": hostile[:40]}, state="failed")

    drawn = render_tree(library, odd)

    assert "<b>red</b>" in drawn
    assert [letter for letter in drawn if not letter.isprintable() and letter != "\n"] == []
    assert len(drawn.splitlines()) == 2
    assert max(map(len, drawn.splitlines())) <= LINE_WIDTH
